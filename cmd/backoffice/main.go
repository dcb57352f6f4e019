// Command backoffice serves the integration API of one tenant. It reads the tenant's
// settings and the address of its database from two mounted directories and follows
// both without a restart.
package main

import (
	"net/http"
	"os"

	"github.com/foyerhq/foyer/internal/integration/backoffice"
	"github.com/foyerhq/foyer/internal/process"
)

// version is set by the linker.
var version = "development"

func main() { os.Exit(process.Main(program())) }

func program() process.Program {
	return process.Program{Component: "backoffice", Version: version, Listen: ":8082", Handler: handler}
}

func handler(r *process.Runtime) (http.Handler, error) {
	api := backoffice.New(backoffice.Options{
		Store:    r.Store,
		Settings: r.Settings,
		Log:      r.Log,
		Version:  r.Version,
		Stopping: r.Stopping,
	})
	return process.NewObserver(r.Log, r.Metrics, r.Flags.TrustedProxies).Observe(api), nil
}

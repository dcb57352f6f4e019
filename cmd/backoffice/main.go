// Command backoffice serves the integration API of one tenant.
package main

import (
	"net/http"
	"os"

	"github.com/foyerhq/foyer/internal/integration/backoffice"
	"github.com/foyerhq/foyer/internal/process"
)

var version = "dev" // set when linked

func main() {
	os.Exit(process.Main(process.Program{
		Component: "backoffice",
		Version:   version,
		Listen:    ":8082",
		Handler:   handler,
	}))
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

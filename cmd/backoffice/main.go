// Command backoffice serves the integration API of one tenant. It reads the tenant's
// settings and the address of its database from two mounted directories and follows
// both without a restart.
package main

import (
	"fmt"
	"net/http"
	"os"

	"github.com/foyerhq/foyer/internal/integration/backoffice"
	"github.com/foyerhq/foyer/internal/process"
)

// version is set by the linker.
var version = "development"

func main() { os.Exit(process.Main(program())) }

func program() process.Program {
	limits := backoffice.DefaultLimits()
	return process.Program{
		Component: "backoffice", Version: version, Listen: ":8082",
		Flags:   limits.Flags,
		Handler: func(r *process.Runtime) (http.Handler, error) { return handler(r, limits) },
	}
}

func handler(r *process.Runtime, limits backoffice.Limits) (http.Handler, error) {
	if limits.PerSecond < 1 {
		return nil, fmt.Errorf("--requests-per-second: %d is out of range, allowed is 1 or more", limits.PerSecond)
	}
	if limits.Burst < 1 {
		return nil, fmt.Errorf("--request-burst: %d is out of range, allowed is 1 or more", limits.Burst)
	}
	api := backoffice.New(backoffice.Options{
		Store:          r.Store,
		Settings:       r.Settings,
		Log:            r.Log,
		Version:        r.Version,
		Stopping:       r.Stopping,
		TrustedProxies: r.Flags.TrustedProxies,
		Limits:         limits,
	})
	return process.NewObserver(r.Log, r.Metrics, r.Flags.TrustedProxies).Observe(api), nil
}

// Command backoffice serves the integration API of one tenant. It reads the tenant's
// settings and the address of its database from two mounted directories and follows
// both without a restart.
package main

import (
	"flag"
	"fmt"
	"net/http"
	"os"

	"github.com/foyerhq/foyer/internal/integration/backoffice"
	"github.com/foyerhq/foyer/internal/process"
)

// version is set by the linker.
var version = "development"

func main() { os.Exit(process.Main(program())) }

// flags are those that only this binary has.
type flags struct {
	limits          backoffice.Limits
	eventSigningDir string
}

func (f *flags) declare(set *flag.FlagSet) {
	f.limits.Flags(set)
	set.StringVar(&f.eventSigningDir, "event-signing-dir", "", "directory with the file secret, which signs events that come without a token; empty: none do")
}

func program() process.Program {
	f := &flags{limits: backoffice.DefaultLimits()}
	return process.Program{
		Component: "backoffice", Version: version, Listen: ":8082",
		Flags:   f.declare,
		Handler: func(r *process.Runtime) (http.Handler, error) { return handler(r, *f) },
	}
}

func handler(r *process.Runtime, f flags) (http.Handler, error) {
	if f.limits.PerSecond < 1 {
		return nil, fmt.Errorf("--requests-per-second: %d is out of range, allowed is 1 or more", f.limits.PerSecond)
	}
	if f.limits.Burst < 1 {
		return nil, fmt.Errorf("--request-burst: %d is out of range, allowed is 1 or more", f.limits.Burst)
	}
	options := backoffice.Options{
		Store:          r.Store,
		Settings:       r.Settings,
		Log:            r.Log,
		Version:        r.Version,
		Stopping:       r.Stopping,
		TrustedProxies: r.Flags.TrustedProxies,
		Limits:         f.limits,
	}
	if f.eventSigningDir != "" {
		options.EventKeys = backoffice.EventKeys(f.eventSigningDir)
	}
	return process.NewObserver(r.Log, r.Metrics, r.Flags.TrustedProxies, classes...).Observe(backoffice.New(options)), nil
}

// classes are what the metrics tell apart besides reads and writes: what takes as long as
// there are lines, and what other systems are waiting to be rid of.
var classes = []process.Class{
	{Name: "import", Prefixes: []string{"/api/v1/import/"}},
	{Name: "event", Prefixes: []string{"/api/v1/events"}},
}

// Command portal serves the customers' site of one tenant. It reads the tenant's settings,
// its keys and the address of its database from mounted directories and follows all of
// them without a restart.
package main

import (
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/portal"
	"github.com/foyerhq/foyer/internal/process"
)

// version is set by the linker.
var version = "development"

// Bounds of the queue in front of password hashing: each hash takes 19 MiB, each one
// that waits only a goroutine.
const (
	hashesWaiting = 64
	hashWait      = 5 * time.Second
)

func main() {
	var files process.KeyFiles
	os.Exit(process.Main(process.Program{Component: "portal", Version: version, Listen: ":8080", Flags: files.Flags,
		Handler: func(r *process.Runtime) (http.Handler, error) { return handler(r, files) }}))
}

func handler(r *process.Runtime, files process.KeyFiles) (http.Handler, error) {
	keys, err := files.Follow(r)
	if err != nil {
		return nil, err
	}
	atOnce := identity.HashesAtOnce(runtime.GOMAXPROCS(0), debug.SetMemoryLimit(-1), identity.DefaultParams) // -1 only asks
	queue := identity.NewQueue(atOnce, hashesWaiting, hashWait)
	site := portal.New(portal.Options{
		Store:    r.Store,
		Settings: r.Settings,
		Hasher:   identity.NewHasher(identity.DefaultParams, queue),
		Keys:     keys,
		Log:      r.Log,
		Metrics:  r.Metrics,
		Trusted:  r.Flags.TrustedProxies,
		Now:      time.Now,
	})
	r.Go(site.Run)
	return site.Handler(process.NewObserver(r.Log, r.Metrics, r.Flags.TrustedProxies, classes...)), nil
}

// classes are what the metrics tell apart besides reads and writes: what waits for password
// hashes and is where people are kept out, and what costs nothing.
var classes = []process.Class{
	{Name: "sign-in", Prefixes: []string{"/sign-in", "/confirm", "/credentials/", "/forgot", "/invitation/", "/set-up", "/verify/"}},
	{Name: "asset", Prefixes: []string{"/assets/"}},
}

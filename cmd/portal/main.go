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

	"github.com/prometheus/client_golang/prometheus"

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
	r.Metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "foyer_portal_hashes_waiting", Help: "Sign-ins that wait for their password to be checked.",
	}, func() float64 { return float64(queue.Waiting()) }))
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
	return site.Handler(process.NewObserver(r.Log, r.Metrics, r.Flags.TrustedProxies)), nil
}

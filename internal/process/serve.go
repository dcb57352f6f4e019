package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Bounds of a connection. A handler that streams moves its own deadlines with
// http.ResponseController.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = 60 * time.Second
	idleTimeout       = 120 * time.Second
	maxHeaderBytes    = 32 << 10

	// shutdownTimeout is for requests in flight after the drain. With the drain it
	// stays below the 30 s after which Kubernetes kills a pod.
	shutdownTimeout = 20 * time.Second
)

// NewServer returns a server with the bounds that a server on a network needs.
func NewServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// Serve serves until ctx ends, and then stops without cutting requests: the replica
// turns unready, keeps serving for the drain so that every proxy has noticed and has given
// up the connections that it keeps, then takes no new connections and waits for the requests
// in flight. It returns nil after a clean stop.
func Serve(ctx context.Context, server *http.Server, listener net.Listener, health *Health, drain time.Duration) error {
	var draining atomic.Bool
	server.Handler = retiring(server.Handler, &draining)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve on %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	health.Fail(needProcess, "is stopping")
	draining.Store(true)
	select {
	case err := <-failed:
		return fmt.Errorf("serve on %s: %w", listener.Addr(), err)
	case <-time.After(drain):
	}
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(deadline); err != nil {
		server.Close() //nolint:errcheck // the error of Shutdown says it
		return fmt.Errorf("requests were still running %s after the drain: %w", shutdownTimeout, err)
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", listener.Addr(), err)
	}
	return nil
}

// retiring has each answer during the drain end its connection. A proxy keeps connections
// and sends on over them, whatever the Service says by then. One that is closed while it is
// idle may have a request on its way, and a POST or PATCH that is lost so cannot be repeated
// by the proxy; after an answer that says so, nothing is on its way.
func retiring(next http.Handler, draining *atomic.Bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if draining.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

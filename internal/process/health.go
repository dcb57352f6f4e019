package process

import (
	"fmt"
	"net/http"
	"sort"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Health decides whether a replica is ready. Each requirement is either met or has a
// reason in plain words. Safe for concurrent use.
type Health struct {
	mu      sync.Mutex
	reasons map[string]string
}

// NewHealth returns a Health with requirements that are not met yet.
func NewHealth(waitingFor map[string]string) *Health {
	h := &Health{reasons: map[string]string{}}
	for requirement, reason := range waitingFor {
		h.reasons[requirement] = reason
	}
	return h
}

// Meet marks a requirement as met.
func (h *Health) Meet(requirement string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.reasons, requirement)
}

// Fail says why a requirement is not met.
func (h *Health) Fail(requirement, reason string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reasons[requirement] = reason
}

// Reasons returns why the replica is not ready, sorted; none means ready.
func (h *Health) Reasons() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	reasons := make([]string, 0, len(h.reasons))
	for requirement, reason := range h.reasons {
		reasons = append(reasons, requirement+": "+reason)
	}
	sort.Strings(reasons)
	return reasons
}

// Admin answers on the admin listener: /livez says that the process runs, /readyz
// whether it should get requests and if not, why; /metrics is for Prometheus.
func Admin(health *Health, metrics *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		plainText(w, http.StatusOK, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if reasons := health.Reasons(); len(reasons) > 0 {
			plainText(w, http.StatusServiceUnavailable, strings.Join(reasons, "\n"))
			return
		}
		plainText(w, http.StatusOK, "ok")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{Registry: metrics}))
	return mux
}

func plainText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	fmt.Fprintln(w, text) //nolint:errcheck // the prober has gone: nothing to do
}

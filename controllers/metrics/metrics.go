// Package metrics declares what the control plane counts. Every collector is in
// controller-runtime's registry, which the manager serves.
package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// Results of a pass.
const (
	ResultDone     = "done"
	ResultConflict = "conflict" // another writer was faster: the pass starts again
	ResultError    = "error"
)

var (
	// Passes counts passes over a tenant by result.
	Passes = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "foyer_passes_total",
		Help: "Passes over a tenant, by result (done, conflict, error).",
	}, []string{"result"})

	// PassSeconds is how long a pass takes.
	PassSeconds = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "foyer_pass_duration_seconds",
		Help:    "Duration of a pass over a tenant.",
		Buckets: prometheus.ExponentialBuckets(0.001, 2, 14),
	})

	// Rejected is the number of objects of a tenant of which the newest generation is
	// not accepted.
	Rejected = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "foyer_rejected_objects",
		Help: "Objects of a tenant of which the newest generation is not accepted.",
	}, []string{"namespace", "tenant"})

	// Propagation is the time from writing a settings document to its acknowledgement
	// by every ready replica.
	Propagation = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "foyer_propagation_seconds",
		Help:    "From a settings document being written to every ready replica running it.",
		Buckets: []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 2, 3, 5, 10, 30, 60, 120},
	})

	// Writes counts writes to the API server.
	Writes = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "foyer_api_writes_total",
		Help: "Writes to the API server, by kind of object (a status is Kind/status).",
	}, []string{"kind"})

	// ServerUp says for each database server whether it answered last.
	ServerUp = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "foyer_database_server_up",
		Help: "1 while the database server answers, 0 while it does not.",
	}, []string{"server"})
)

func init() {
	metrics.Registry.MustRegister(Passes, PassSeconds, Rejected, Propagation, Writes, ServerUp)
}

// Forget drops the series of a tenant that is gone.
func Forget(namespace, tenant string) { Rejected.DeleteLabelValues(namespace, tenant) }

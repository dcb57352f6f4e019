// Package metrics declares what the control plane counts. Every collector is in
// controller-runtime's registry, which the manager serves.
package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// Results of a pass, and of what runs beside it.
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

	// failedPasses says of which tenants the passes fail: what else is said of such a one is what
	// was so before.
	failedPasses = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "foyer_tenant_failed_passes",
		Help: "How many passes over a tenant in a row have ended with an error; there is none of a tenant whose last pass was done.",
	}, []string{"namespace", "tenant"})

	// PassSeconds is how long a pass takes.
	PassSeconds = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "foyer_pass_duration_seconds",
		Help:    "Duration of a pass over a tenant.",
		Buckets: prometheus.ExponentialBuckets(0.001, 2, 14),
	})

	// LastPass is when a pass ended, whatever came of it.
	LastPass = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "foyer_last_pass_timestamp_seconds",
		Help: "When this manager last ended a pass over a tenant; 0 while it has made none, as a standby.",
	})

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

	// WriteErrors counts writes that the API server refused or did not answer.
	WriteErrors = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "foyer_api_write_errors_total",
		Help: "Writes to the API server that failed, by kind of object (a status is Kind/status). Conflicts, after which a pass starts again, are not in it.",
	}, []string{"kind"})

	// WatchErrors counts interrupted lists and watches of the caches.
	WatchErrors = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "foyer_watch_errors_total",
		Help: "Lists and watches of the API server that failed, by reason: Forbidden is a right that is missing, Expired and Closed are usual now and then.",
	}, []string{"reason"})

	// Preparations is how long it takes to bring schema, roles and Secrets of a tenant to
	// what they should be.
	Preparations = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "foyer_preparation_duration_seconds",
		Help:    "Duration of a look at a tenant's schema, roles and Secrets, with what it mended, by result (done, error).",
		Buckets: prometheus.ExponentialBuckets(0.01, 3, 12),
	}, []string{"result"})

	// Migrations is how long the migrations of a schema take.
	Migrations = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "foyer_migration_duration_seconds",
		Help:    "Duration of the migrations of a tenant's schema, by result (done, error).",
		Buckets: prometheus.ExponentialBuckets(0.05, 3, 10),
	}, []string{"result"})

	// Upkeeps is how long the upkeep of a schema takes.
	Upkeeps = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "foyer_upkeep_duration_seconds",
		Help:    "Duration of the upkeep of a tenant's schema, by result (done, error).",
		Buckets: prometheus.ExponentialBuckets(0.01, 3, 10),
	}, []string{"result"})

	// UpkeepFailures says for each tenant whether its upkeep works.
	UpkeepFailures = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "foyer_upkeep_failures",
		Help: "How often in a row the upkeep of a tenant's schema has failed; 0 after it was done.",
	}, []string{"namespace", "tenant"})

	// ServerUp says for each database server whether it answered last.
	ServerUp = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "foyer_database_server_up",
		Help: "1 while the database server answers, 0 while it does not.",
	}, []string{"server"})
)

// The reasons of watch errors.
const (
	WatchForbidden = "Forbidden" // a right is missing
	WatchExpired   = "Expired"
	WatchClosed    = "Closed"
	WatchNotFound  = "NotFound" // the API server does not know the kind: its CRD is missing
	WatchOther     = "Other"
)

func init() {
	// A counter that begins at more than 0 has risen by nothing for Prometheus.
	for _, reason := range []string{WatchForbidden, WatchExpired, WatchClosed, WatchNotFound, WatchOther} {
		WatchErrors.WithLabelValues(reason)
	}
	for _, result := range []string{ResultDone, ResultConflict, ResultError} {
		Passes.WithLabelValues(result)
	}
	metrics.Registry.MustRegister(Passes, failedPasses, PassSeconds, LastPass, Propagation, Writes, WriteErrors, WatchErrors,
		Preparations, Migrations, Upkeeps, UpkeepFailures, ServerUp, known)
}

// Passed counts a pass over a tenant.
func Passed(key types.NamespacedName, result string) {
	Passes.WithLabelValues(result).Inc()
	switch result {
	case ResultDone:
		failedPasses.DeleteLabelValues(key.Namespace, key.Name)
	case ResultError:
		failedPasses.WithLabelValues(key.Namespace, key.Name).Inc()
	}
}

// Took is the result of what has ended with err.
func Took(err error) string {
	if err != nil {
		return ResultError
	}
	return ResultDone
}

// Wrote counts a write to the API server, or that it failed. A conflict is neither: another
// writer was faster, and the pass starts again.
func Wrote(kind string, err error) {
	switch {
	case err == nil:
		Writes.WithLabelValues(kind).Inc()
		WriteErrors.WithLabelValues(kind) // from 0 on, so that the first one is seen as well
	case !apierrors.IsConflict(err):
		WriteErrors.WithLabelValues(kind).Inc()
	}
}

package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// DriftHealed counts objects that somebody else had changed or deleted, and that are as
// declared again.
var DriftHealed = prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: "foyer_drift_healed_total",
	Help: "Objects of tenants that somebody else had changed or deleted and that were made as declared again, by kind.",
}, []string{"kind"})

func init() { metrics.Registry.MustRegister(DriftHealed) }

package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// ResultLeft is of a Tenant that went without its data.
const ResultLeft = "left"

// Deletions counts Tenants with deletionPolicy Delete that have gone.
var Deletions = prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: "foyer_tenant_deletions_total",
	Help: "Tenants with deletionPolicy Delete that have gone, by what became of their data: done (deleted), left (it could not be deleted and is still on its server).",
}, []string{"result"})

func init() {
	metrics.Registry.MustRegister(Deletions)
	Deletions.WithLabelValues(ResultDone)
	Deletions.WithLabelValues(ResultLeft)
}

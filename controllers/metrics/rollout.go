package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

var (
	// RolloutTenants is how far tenants are with the present release.
	RolloutTenants = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "foyer_rollout_tenants",
		Help: "Tenants by how far their pods are with the operator's release (waiting, rolling, failed, done). New and paused ones are not counted.",
	}, []string{"state"})

	// RolloutHalted is 1 while a tenant that has failed keeps others from rolling.
	RolloutHalted = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "foyer_rollout_halted",
		Help: "1 while no further tenant gets the operator's release because one that got it has failed, else 0.",
	})
)

func init() { metrics.Registry.MustRegister(RolloutTenants, RolloutHalted) }

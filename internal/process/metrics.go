package process

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// NewMetrics returns a registry with what every process has.
func NewMetrics(component, version string) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(BuildInfo(component, version), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return registry
}

// BuildInfo shows which release runs.
func BuildInfo(component, version string) prometheus.Collector {
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "foyer_build_info",
		Help:        "The release that runs; always 1.",
		ConstLabels: prometheus.Labels{"component": component, "version": version},
	})
	build.Set(1)
	return build
}

// documentMetrics say whether the replica runs the newest document that it was given.
type documentMetrics struct {
	successful prometheus.Gauge
	at         prometheus.Gauge
}

func newDocumentMetrics(registry prometheus.Registerer, document Document) documentMetrics {
	m := documentMetrics{
		successful: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "foyer_" + string(document) + "_last_reload_successful",
			Help: "1 if the newest " + string(document) + " document could be loaded, else 0: the last good one stays in force.",
		}),
		at: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "foyer_" + string(document) + "_loaded_timestamp_seconds",
			Help: "When the " + string(document) + " document in force was loaded.",
		}),
	}
	registry.MustRegister(m.successful, m.at)
	return m
}

func (m documentMetrics) loaded(err error) {
	if err != nil {
		m.successful.Set(0)
		return
	}
	m.successful.Set(1)
	m.at.SetToCurrentTime()
}

// poolCollector shows the current pool, whichever that is.
type poolCollector struct{ pool *Pool }

var (
	poolConns = prometheus.NewDesc("foyer_database_connections", "Connections of the pool, by state.", []string{"state"}, nil)
	poolMax   = prometheus.NewDesc("foyer_database_connections_max", "The most connections that the pool opens.", nil, nil)
	poolWaits = prometheus.NewDesc("foyer_database_waits_total", "Requests for a connection that had to wait for one.", nil, nil)
	poolWait  = prometheus.NewDesc("foyer_database_wait_seconds_total", "Time that requests waited for a connection.", nil, nil)
)

// Describe implements prometheus.Collector.
func (c poolCollector) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{poolConns, poolMax, poolWaits, poolWait} {
		descs <- d
	}
}

// Collect implements prometheus.Collector.
func (c poolCollector) Collect(metrics chan<- prometheus.Metric) {
	s := c.pool.Stat()
	metrics <- prometheus.MustNewConstMetric(poolConns, prometheus.GaugeValue, float64(s.AcquiredConns()), "used")
	metrics <- prometheus.MustNewConstMetric(poolConns, prometheus.GaugeValue, float64(s.IdleConns()), "idle")
	metrics <- prometheus.MustNewConstMetric(poolMax, prometheus.GaugeValue, float64(s.MaxConns()))
	metrics <- prometheus.MustNewConstMetric(poolWaits, prometheus.CounterValue, float64(s.EmptyAcquireCount()))
	metrics <- prometheus.MustNewConstMetric(poolWait, prometheus.CounterValue, s.EmptyAcquireWaitTime().Seconds())
}

package deliver

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// What is given up is counted from 0 on, so that the first is seen as well.
func TestDeadBeginsAtZero(t *testing.T) {
	m := newMetrics(prometheus.NewRegistry())
	if series := countSeries(m.dead); series != 20 {
		t.Errorf("%d series of 5 channels and 4 reasons", series)
	}
	m.dead.WithLabelValues("Email", reasonExpired).Inc()
	if series := countSeries(m.dead); series != 20 {
		t.Errorf("%d series, one of which began later", series)
	}
}

func countSeries(of prometheus.Collector) int {
	all := make(chan prometheus.Metric, 1000)
	of.Collect(all)
	return len(all)
}

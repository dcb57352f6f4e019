package deliver

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/foyerhq/foyer/internal/store"
)

// metrics are those of a dispatcher; docs/metrics.md lists them.
type metrics struct {
	planned, sent, failed, suppressed, events *prometheus.CounterVec
	dead                                      *prometheus.CounterVec
	rescued, unplanned                        prometheus.Counter
	breaker, waiting, oldest                  *prometheus.GaugeVec
	behind, failures                          *prometheus.GaugeVec // of webhooks
	capped, skew                              prometheus.Gauge
	sweep                                     prometheus.Histogram
	sendSeconds                               *prometheus.HistogramVec
}

// laneNames are those of the lanes in the metrics.
var laneNames = [2]string{"security", "usual"}

func newMetrics(registry prometheus.Registerer) metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "foyer_dispatcher_" + name, Help: help}, labels)
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: "foyer_dispatcher_" + name, Help: help})
	}
	gauges := func(name, help, label string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "foyer_dispatcher_" + name, Help: help}, []string{label})
	}
	m := metrics{
		planned:    counter("planned_total", "Notifications that were planned, by channel; those that were suppressed at once are not in it.", "channel"),
		sent:       counter("sent_total", "Notifications that their channel took.", "channel"),
		failed:     counter("failed_total", "Attempts that failed, by channel and class: temporary, permanent, broken, uncertain.", "channel", "class"),
		suppressed: counter("suppressed_total", "Notifications that were not sent on purpose, by reason.", "reason"),
		events:     counter("webhook_events_total", "Events that a webhook of the tenant has taken.", "webhook"),
		dead:       counter("dead_total", "Notifications that were given up, by channel and reason; staff see them as Dead and can have them tried again.", "channel", "reason"),
		rescued: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "foyer_dispatcher_rescued_total", Help: "Notifications that were with a process that has gone.",
		}),
		unplanned: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "foyer_dispatcher_unplanned_total", Help: "Events and accounts with unpaid invoices that could not be planned; each is on record as Dead with the reason unplanned.",
		}),
		behind:   gauges("webhook_behind_events", "Events that a webhook of the tenant has not taken yet, of all types and at most 10,000.", "webhook"),
		failures: gauges("webhook_failures", "Attempts that failed since a webhook of the tenant has last taken an event.", "webhook"),
		skew:     gauge("clock_skew_seconds", "How far the clock of this process is ahead of the database's. Beyond 5 seconds it plans and sends nothing."),
		breaker:  gauges("breaker_open", "1 while a channel works for nobody and is left alone.", "channel"),
		waiting:  gauges("waiting", "Notifications that wait, at most 10,000 of a state: due, leased, held, uncertain.", "state"),
		oldest:   gauges("oldest_wait_seconds", "How long the notification waits whose turn came first, by lane: security is about signing in, usual is all else.", "lane"),
		capped:   gauge("hourly_limit_reached", "1 while delivery.maxPerHour keeps mails and text messages back."),
		sweep: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "foyer_dispatcher_sweep_duration_seconds", Help: "Time of a look for unpaid invoices.",
			Buckets: []float64{.01, .05, .1, .5, 1, 2, 5, 10, 30, 60},
		}),
		sendSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "foyer_dispatcher_send_duration_seconds", Help: "Time from handing a message to its channel to the answer.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 60},
		}, []string{"channel"}),
	}
	// From 0 on: a counter that begins at more has risen by nothing for Prometheus.
	for _, channel := range []string{store.ChannelEmail, store.ChannelSMS, store.ChannelWebhook, store.ChannelBanner, store.ChannelLog} {
		for _, reason := range []string{reasonText, reasonRefused, reasonExpired, store.ReasonUnplanned} {
			m.dead.WithLabelValues(channel, reason)
		}
	}
	registry.MustRegister(m.planned, m.sent, m.failed, m.suppressed, m.dead, m.events, m.rescued, m.unplanned, m.breaker, m.waiting, m.behind, m.failures, m.skew, m.oldest, m.capped, m.sweep, m.sendSeconds)
	return m
}

func (m metrics) countPlanned(list []store.NewNotification) {
	for i := range list {
		switch n := &list[i]; {
		case n.Unplanned:
			m.unplanned.Inc()
			m.dead.WithLabelValues(n.Channel, store.ReasonUnplanned).Inc()
		case n.Suppressed != "":
			m.suppressed.WithLabelValues(n.Suppressed).Inc()
		default:
			m.planned.WithLabelValues(n.Channel).Inc()
		}
	}
}

// measureOnce counts what waits.
func (d *Dispatcher) measureOnce(ctx context.Context) time.Duration {
	now := d.Now()
	waiting, err := d.Store.Waiting(ctx, now)
	if err != nil {
		return d.failed(ctx, "count what waits", err)
	}
	for state, count := range map[string]int{"due": waiting.Due, "leased": waiting.Leased, "held": waiting.Held, "uncertain": waiting.Uncertain} {
		d.metrics.waiting.WithLabelValues(state).Set(float64(count))
	}
	for lane, name := range laneNames {
		oldest := 0.0
		if first := waiting.Lanes[lane]; first != nil {
			oldest = now.Sub(*first).Seconds()
		}
		d.metrics.oldest.WithLabelValues(name).Set(oldest)
	}
	if err := d.measureWebhooks(ctx); err != nil {
		return d.failed(ctx, "look how the webhooks are doing", err)
	}
	return queuePoll
}

// tally gathers failures, so that the log has a line for each kind and minute and not for
// each message.
type tally struct {
	log *slog.Logger

	mu     sync.Mutex
	counts map[failure]int
}

// failure is a kind of failures. The code is that of the other side, whose words may name
// people and stay on the attempt.
type failure struct{ channel, class, code string }

// mostFailures bounds the kinds that are told of in a minute: codes are of others.
const mostFailures = 100

func (t *tally) add(channel, class, code string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[failure]int{}
	}
	kind := failure{channel, class, code}
	if t.counts[kind] == 0 && len(t.counts) >= mostFailures {
		kind.code = "others"
	}
	t.counts[kind]++
}

// tell logs and forgets what was gathered.
func (t *tally) tell() {
	t.mu.Lock()
	counts := t.counts
	t.counts = nil
	t.mu.Unlock()
	kinds := slices.SortedFunc(maps.Keys(counts), func(a, b failure) int {
		return slices.Compare([]string{a.channel, a.class, a.code}, []string{b.channel, b.class, b.code})
	})
	for _, kind := range kinds {
		t.log.Warn("notifications failed", "channel", kind.channel, "class", kind.class, "code", kind.code, "count", counts[kind])
	}
}

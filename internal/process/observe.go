package process

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Class is a class of routes, which the metrics tell apart: so many routes would be too
// many series for each replica of each tenant. Route patterns that begin with one of the
// prefixes (of the path, without method) belong to it. All others are of class "read" or
// "write", by their method.
type Class struct {
	Name     string
	Prefixes []string
}

// Observer logs requests by route pattern, never by raw path, counts them by class, and
// records them as spans.
type Observer struct {
	Log     *slog.Logger
	Trusted []netip.Prefix

	classes   []Class
	seconds   *prometheus.HistogramVec
	requests  *prometheus.CounterVec
	panics    prometheus.Counter
	running   prometheus.Gauge
	forwarded *forwardedWatch
}

// NewObserver registers the metrics of requests.
func NewObserver(log *slog.Logger, metrics prometheus.Registerer, trusted []netip.Prefix, classes ...Class) *Observer {
	o := &Observer{
		Log:     log,
		Trusted: trusted,
		classes: classes,
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "foyer_http_request_duration_seconds",
			Help:    "Time from a request to the end of its answer, by class of route.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 60},
		}, []string{"class"}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "foyer_http_requests_total",
			Help: "Requests that were answered, by class of route and status.",
		}, []string{"class", "status"}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "foyer_panics_total",
			Help: "Requests that ended with a panic, which is a fault of Foyer; the log has the stack.",
		}),
		running: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "foyer_http_requests_in_flight",
			Help: "Requests that are being answered.",
		}),
		forwarded: newForwardedWatch(),
	}
	metrics.MustRegister(o.seconds, o.requests, o.panics, o.running, o.forwarded.count)
	return o
}

// observed is what a request carries with it.
type observed struct {
	id     string
	panics prometheus.Counter
}

type observedKey struct{}

// RequestID returns the id of the request that ctx belongs to; it stands in the log
// and in the header X-Request-Id.
func RequestID(ctx context.Context) string {
	of, _ := ctx.Value(observedKey{}).(observed)
	return of.id
}

// Observe gives every request an id, and logs and counts it when it ends. next must
// route by an http.ServeMux and hand it the request as it came: the mux leaves the
// pattern in it.
func (o *Observer) Observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		id := newRequestID()
		ctx, span := o.begin(r, id)
		r = r.WithContext(context.WithValue(ctx, observedKey{}, observed{id, o.panics}))
		w.Header().Set("X-Request-Id", id)
		recorder := &recorder{ResponseWriter: w}
		o.forwarded.watch(r, o.Trusted, o.Log)
		o.running.Inc()
		defer func() {
			o.running.Dec()
			o.record(r, recorder, id, time.Since(start))
			endRequest(span, r, recorder.answered())
		}()
		next.ServeHTTP(recorder, r)
	})
}

func (o *Observer) record(r *http.Request, w *recorder, id string, took time.Duration) {
	route := r.Pattern
	if route == "" {
		route = "unmatched"
	}
	status, class := w.answered(), o.classOf(r)
	o.seconds.WithLabelValues(class).Observe(took.Seconds())
	o.requests.WithLabelValues(class, strconv.Itoa(status)).Inc()
	o.Log.LogAttrs(r.Context(), slog.LevelInfo, "request",
		slog.String("id", id),
		slog.String("method", methodLabel(r.Method)),
		slog.String("route", route),
		slog.Int("status", status),
		slog.Int64("bytes", w.bytes),
		slog.Float64("seconds", took.Seconds()),
		slog.String("client", ClientIP(r, o.Trusted)))
}

// routeOf is the path of a route pattern.
func routeOf(pattern string) string {
	if _, path, found := strings.Cut(pattern, " "); found {
		return path
	}
	return pattern
}

// classOf is the class of the route of a request.
func (o *Observer) classOf(r *http.Request) string {
	path := routeOf(r.Pattern)
	for _, class := range o.classes {
		if slices.ContainsFunc(class.Prefixes, func(prefix string) bool { return strings.HasPrefix(path, prefix) }) {
			return class.Name
		}
	}
	switch {
	case r.Pattern == "":
		return "unmatched"
	case r.Method == http.MethodGet, r.Method == http.MethodHead:
		return "read"
	}
	return "write"
}

// methodLabel keeps made-up methods out of the metrics and the log.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "OTHER"
}

func newRequestID() string {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// Recover answers a panic of next by failed, if nothing was answered yet; otherwise
// it cuts the connection, so that half an answer is not taken for a whole one.
func Recover(log *slog.Logger, failed http.HandlerFunc, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		watched := &recorder{ResponseWriter: w}
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler { //nolint:errorlint // what net/http itself compares, and nobody wraps a panic
				panic(cause)
			}
			if of, ok := r.Context().Value(observedKey{}).(observed); ok {
				of.panics.Inc()
			}
			log.ErrorContext(r.Context(), "a handler panicked", "id", RequestID(r.Context()), "route", r.Pattern,
				"cause", cause, "stack", string(debug.Stack()))
			if watched.status != 0 {
				panic(http.ErrAbortHandler)
			}
			failed(w, r)
		}()
		next.ServeHTTP(watched, r)
	})
}

// recorder remembers what was answered. It supports http.ResponseController.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// answered is the status that was sent.
func (w *recorder) answered() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK { // 1xx come before the answer
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap is how http.ResponseController reaches deadlines and flushing.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

package process

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Observer logs and counts requests by route pattern, never by raw path.
type Observer struct {
	Log     *slog.Logger
	Trusted []netip.Prefix

	requests  *prometheus.HistogramVec
	running   prometheus.Gauge
	forwarded *forwardedWatch
}

// NewObserver registers the metrics of requests.
func NewObserver(log *slog.Logger, metrics prometheus.Registerer, trusted []netip.Prefix) *Observer {
	o := &Observer{
		Log:     log,
		Trusted: trusted,
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "foyer_http_request_duration_seconds",
			Help:    "Time from a request to the end of its answer, by route pattern, method and status.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 60},
		}, []string{"route", "method", "status"}),
		running: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "foyer_http_requests_in_flight",
			Help: "Requests that are being answered.",
		}),
		forwarded: newForwardedWatch(),
	}
	metrics.MustRegister(o.requests, o.running, o.forwarded.count)
	return o
}

type requestIDKey struct{}

// RequestID returns the id of the request that ctx belongs to; it stands in the log
// and in the header X-Request-Id.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// Observe gives every request an id, and logs and counts it when it ends. next must
// route by an http.ServeMux and hand it the request as it came: the mux leaves the
// pattern in it.
func (o *Observer) Observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		id := newRequestID()
		r = r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id))
		w.Header().Set("X-Request-Id", id)
		recorder := &recorder{ResponseWriter: w}
		o.forwarded.watch(r, o.Trusted, o.Log)
		o.running.Inc()
		defer func() {
			o.running.Dec()
			o.record(r, recorder, id, time.Since(start))
		}()
		next.ServeHTTP(recorder, r)
	})
}

func (o *Observer) record(r *http.Request, w *recorder, id string, took time.Duration) {
	route := r.Pattern
	if route == "" {
		route = "unmatched"
	}
	status := w.status
	if status == 0 {
		status = http.StatusOK
	}
	o.requests.WithLabelValues(route, methodLabel(r.Method), strconv.Itoa(status)).Observe(took.Seconds())
	o.Log.LogAttrs(r.Context(), slog.LevelInfo, "request",
		slog.String("id", id),
		slog.String("method", methodLabel(r.Method)),
		slog.String("route", route),
		slog.Int("status", status),
		slog.Int64("bytes", w.bytes),
		slog.Float64("seconds", took.Seconds()),
		slog.String("client", ClientIP(r, o.Trusted)))
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

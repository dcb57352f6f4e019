package operator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/foyerhq/foyer/controllers/metrics"
)

// shown is how many writes a report names.
const shown = 10

// answer answers questions until there are no more.
func answer(questions *json.Decoder, answers *json.Encoder, s *state) error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(metrics.Passes, metrics.Writes)
	for {
		var question Question
		if err := questions.Decode(&question); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read a question: %w", err)
		}
		report, err := s.report(question, registry)
		if err != nil {
			report.Failure = err.Error()
		}
		if err := answers.Encode(report); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
	}
}

func (s *state) report(question Question, registry *prometheus.Registry) (Report, error) {
	if question == Reset {
		s.writes.reset()
	}
	r := Report{Filled: s.filled.Load()}
	if question == Collect {
		runtime.GC() // the first only empties pools into their victims
		debug.FreeOSMemory()
	}
	if err := r.measureMemory(); err != nil {
		return r, err
	}
	r.Writes, r.First, r.Requests = s.writes.so(question == Requests)
	families, err := registry.Gather()
	if err != nil {
		return r, fmt.Errorf("read the metrics: %w", err)
	}
	r.Written = map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			value := metric.GetCounter().GetValue()
			if family.GetName() == "foyer_passes_total" {
				r.Passes += value
			} else {
				r.Written[metric.GetLabel()[0].GetValue()] = value
			}
		}
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return r, fmt.Errorf("ask for processor time: %w", err)
	}
	r.Processor = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	return r, nil
}

func (r *Report) measureMemory() error {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	r.Heap = stats.HeapAlloc
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return fmt.Errorf("read the size of the process: %w", err)
	}
	var size, resident uint64
	if _, err := fmt.Sscan(string(statm), &size, &resident); err != nil {
		return fmt.Errorf("read the size of the process: %w", err)
	}
	r.Resident = resident * uint64(os.Getpagesize()) //nolint:gosec // a page has some thousand bytes
	return nil
}

// state is what a child knows of itself.
type state struct {
	writes writes
	filled atomic.Bool
}

// await waits until a cache holds all that there is.
func (s *state) await(ctx context.Context, c cache.Cache) {
	if c.WaitForCacheSync(ctx) {
		s.filled.Store(true)
	}
}

// writes counts the requests that are no reads.
type writes struct {
	keep bool // their bodies

	mu    sync.Mutex
	total int
	first []string
	kept  []Request
}

func (w *writes) so(withKept bool) (int, []string, []Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var kept []Request
	if withKept {
		kept = w.kept
	}
	return w.total, w.first, kept
}

func (w *writes) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.total, w.first, w.kept = 0, nil, nil
}

func (w *writes) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		if request.Method != http.MethodGet {
			if err := w.record(request); err != nil {
				return nil, err
			}
		}
		return next.RoundTrip(request)
	})
}

func (w *writes) record(request *http.Request) error {
	var body []byte
	if w.keep && request.Body != nil {
		var err error
		if body, err = io.ReadAll(request.Body); err != nil {
			return fmt.Errorf("record a request: %w", err)
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.total++
	if len(w.first) < shown {
		w.first = append(w.first, request.Method+" "+request.URL.Path)
	}
	if w.keep {
		w.kept = append(w.kept, Request{
			Method: request.Method, URI: request.URL.RequestURI(), Body: string(body),
			ContentType: strings.Clone(request.Header.Get("Content-Type")),
		})
	}
	return nil
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

package kube

import (
	"net/http"
	"strings"
	"sync"

	"k8s.io/client-go/rest"
)

// Writes records the write requests of a client.
type Writes struct {
	mu   sync.Mutex
	list []string
}

// RecordWrites returns a copy of a configuration whose clients record every request
// that is not a read, except those of leases: a manager renews its lease all the time.
func RecordWrites(config *rest.Config) (*rest.Config, *Writes) {
	writes := &Writes{}
	recording := rest.CopyConfig(config)
	recording.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(request *http.Request) (*http.Response, error) {
			writes.record(request)
			return next.RoundTrip(request)
		})
	})
	return recording, writes
}

// List returns the requests so far, as "PATCH /apis/apps/v1/...".
func (w *Writes) List() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.list...)
}

// Reset forgets the requests so far.
func (w *Writes) Reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = nil
}

func (w *Writes) record(request *http.Request) {
	if request.Method == http.MethodGet || strings.Contains(request.URL.Path, "/leases") {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = append(w.list, request.Method+" "+request.URL.Path)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

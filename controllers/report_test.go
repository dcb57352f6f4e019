package controllers

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// storm answers writes of statuses of templates slowly, until something else is live that
// is declared when the first of them comes.
type storm struct {
	declare func()
	live    context.Context // over when the settings were written after that
	over    context.CancelFunc

	mu       sync.Mutex
	declared bool
	before   int // how many statuses were written until then
}

type stormyTransport struct {
	*storm
	next http.RoundTripper
}

func (s stormyTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	path := request.URL.Path
	switch {
	case request.Method == http.MethodGet:
	case strings.HasSuffix(path, "/configmaps/acme-settings"):
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
		if bytes.Contains(body, []byte("Edited")) {
			defer s.over()
		}
	case strings.Contains(path, "/eventtemplates/"):
		s.delay()
	}
	return s.next.RoundTrip(request)
}

func (s *storm) delay() {
	s.mu.Lock()
	first := !s.declared
	s.declared = true
	if s.live.Err() == nil {
		s.before++
	}
	s.mu.Unlock()
	if first {
		s.declare()
	}
	slow := time.NewTimer(400 * time.Millisecond)
	defer slow.Stop()
	select {
	case <-s.live.Done():
	case <-slow.C:
	}
}

// TestManyStatusesDoNotHoldUpAnEdit: the profile of two hundred templates is deleted, and
// while each of them is told, which takes long, another profile is edited.
func TestManyStatusesDoNotHoldUpAnEdit(t *testing.T) {
	t.Parallel()
	const templates = 200
	w := quietWorld(t)
	w.declareServer("default", w.uri, w.tenants)
	w.startOperator(cluster.Config, nil)
	w.replicas = startReplicas(w)
	gone, edited := w.accountProfile("acme", "gone"), w.accountProfile("acme", "edited")
	w.create(w.tenant("acme"), gone, edited)
	var all []*v1alpha1.EventTemplate
	for i := range templates {
		template := w.eventTemplate("acme", fmt.Sprintf("t%03d", i), "gone")
		template.Spec.Actions[0].Days = []int32{int32(i)} //nolint:gosec // a small number
		w.create(template)
		all = append(all, template)
	}
	for _, template := range all {
		w.expect(template, templateRuns...)
	}
	w.expect(edited, "Ready=True")
	w.stop()

	live, over := context.WithCancel(t.Context())
	slow := &storm{live: live, over: over, declare: func() {
		edit(w, edited, func(p *v1alpha1.AccountProfile) { p.Spec.DisplayName = "Edited" })
	}}
	limited := rest.CopyConfig(cluster.Config)
	limited.Wrap(func(next http.RoundTripper) http.RoundTripper { return stormyTransport{slow, next} })
	w.delete(gone)
	w.startOperator(limited, nil)
	w.expect(edited, "Ready=True")
	for _, template := range all {
		kube.Eventually(t, "it is told of every template", func() error {
			w.get(template)
			return want(strings.Contains(message(template, "Accepted"), `there is no AccountProfile "gone" any more`), true)
		})
	}
	slow.mu.Lock()
	defer slow.mu.Unlock()
	t.Logf("%d of %d templates were told before the edit was live", slow.before, templates)
	if slow.before >= templates {
		t.Error("an edit that came with the first of them waited for all of them")
	}
}

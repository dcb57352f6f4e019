package controllers

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

const (
	slowTenants = 20
	slowTime    = 2 * time.Second
)

// slowness is an API server of which every hundredth call takes its time, and calls about
// some tenants are not answered for now.
type slowness struct {
	mu     sync.Mutex
	random *rand.Rand
	slow   int // calls that were
	held   map[string]chan struct{}
	holds  map[string]int // calls that were held up, by tenant
}

func newSlowness() *slowness {
	return &slowness{random: rand.New(rand.NewPCG(1, 1)), held: map[string]chan struct{}{}, holds: map[string]int{}} //nolint:gosec // the same ones each time
}

func (s *slowness) wrap(base *rest.Config) *rest.Config {
	wrapped := rest.CopyConfig(base)
	wrapped.Wrap(func(next http.RoundTripper) http.RoundTripper { return &slowTransport{s, next} })
	return wrapped
}

type slowTransport struct {
	*slowness
	next http.RoundTripper
}

func (s *slowTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	late, held := s.judge(request)
	var timer <-chan time.Time
	if late {
		timer = time.After(slowTime)
	}
	if late || held != nil {
		select {
		case <-request.Context().Done():
			return nil, request.Context().Err()
		case <-timer:
		case <-held:
		}
	}
	return s.next.RoundTrip(request)
}

// judge says how a call is to be delayed.
func (s *slowness) judge(request *http.Request) (late bool, held <-chan struct{}) {
	if request.URL.Query().Has("watch") {
		return false, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if tenant := tenantIn(request.URL.Path); s.held[tenant] != nil {
		s.holds[tenant]++
		return false, s.held[tenant]
	}
	if late = s.random.IntN(100) == 0; late {
		s.slow++
	}
	return late, nil
}

// hold has calls about tenants wait until release.
func (s *slowness) hold(tenants ...*v1alpha1.Tenant) (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, tenant := range tenants {
		s.held[tenant.Name] = make(chan struct{})
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, tenant := range tenants {
			close(s.held[tenant.Name])
			delete(s.held, tenant.Name)
		}
	}
}

// TestSomeCallsAreSlow: with one call in a hundred slow, all tenants become ready and edits
// go live; tenants of whom no call is answered hold up no others, and their statuses do not
// say that anything of the edit is done.
func TestSomeCallsAreSlow(t *testing.T) {
	t.Parallel()
	w := crowdedWorld(t)
	w.declareServer("default", w.uri, w.tenants)
	s := newSlowness()
	recording, writes := kube.RecordWrites(cluster.Config)
	w.startOperator(s.wrap(recording), nil)
	w.replicas = startReplicas(w)
	tenants := createTenants(w, slowTenants)
	var profiles []*v1alpha1.AccountProfile
	for _, tenant := range tenants {
		profile := w.accountProfile(tenant.Name, tenant.Name+"-profile")
		profiles = append(profiles, profile)
		w.expect(tenant, "Ready=True")
		w.expect(profile, "Ready=True")
	}

	const stuck = 3 // of the places for passes
	release := s.hold(tenants[:stuck]...)
	for i, profile := range profiles {
		patch(w, profile, func(p *v1alpha1.AccountProfile) { p.Spec.DisplayName = fmt.Sprintf("Edited %d", i) })
	}
	for _, profile := range profiles[stuck:] {
		w.expect(profile, "Ready=True")
	}
	for i, profile := range profiles[:stuck] {
		w.get(profile)
		if profile.Status.ObservedGeneration != 1 || profile.Status.LiveGeneration != 1 {
			t.Errorf("nothing could be written for %s, and its status is of generation %d", profile.Name, profile.Status.ObservedGeneration)
		}
		s.mu.Lock()
		if s.holds[tenants[i].Name] == 0 {
			t.Errorf("no call about %s was held up", tenants[i].Name)
		}
		s.mu.Unlock()
	}
	release()
	for i, profile := range profiles {
		w.expect(profile, "Ready=True")
		w.expect(tenants[i], "Ready=True")
	}
	w.expectRest(writes)
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.Logf("%d calls were slow", s.slow); s.slow < slowTenants/4 {
		t.Error("too few calls were slow to prove anything")
	}
}

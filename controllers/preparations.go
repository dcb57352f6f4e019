package controllers

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/status"
	"github.com/foyerhq/foyer/internal/store/admin"
)

// preparations makes schemas, roles and Secrets of tenants beside the pass, because
// migrations may take long and a server may be slow: each server has a few places of
// its own, so that a slow one holds up nobody else's tenants.
//
// A preparation is repeated now and then, which only reads when nothing is to do, and
// heals what was taken away by hand.
type preparations struct {
	pace   pace
	work   func(context.Context, *v1alpha1.Tenant, *server) (prepared, error)
	notify func(context.Context, types.NamespacedName)

	ctx    context.Context // of the manager; ends with stop
	cancel context.CancelFunc
	jobs   sync.WaitGroup

	mu      sync.Mutex
	states  map[types.NamespacedName]*preparation
	atWork  map[types.NamespacedName]int // how many run, those included that nobody waits for
	places  map[string]places
	stopped bool
}

// placesPerServer is how many tenants of a server are prepared at the same time.
const placesPerServer = 4

// places are those on one server. The second kind is for tenants that are urgent only:
// when every tenant is looked at again, one whose edit somebody waits for does not
// queue behind a thousand others.
type places struct{ usual, urgent chan struct{} }

// prepareTimeout bounds one preparation, its migrations included.
const prepareTimeout = 10 * time.Minute

// maxRetry bounds the wait before a preparation that failed is tried again.
const maxRetry = time.Minute

// target is what a preparation is about. Another target needs another preparation.
type target struct {
	tenant  types.UID
	server  string
	version string // of the server's Secret
}

// preparation is the state of one tenant.
type preparation struct {
	target     target
	generation int64
	request    string // for new logins
	running    bool
	cancel     context.CancelFunc
	urgent     chan struct{} // closed when it is to go before others
	started    time.Time     // when it got its place; zero while it waits for one
	finished   time.Time
	again      time.Time // when it is repeated
	failures   int
	rotating   time.Time      // since when former logins are waited for; zero: none is
	looks      int            // at them
	prepared   *prepared      // the last success for this target
	problem    *admin.Problem // of the last attempt
}

func newPreparations(p pace, work func(context.Context, *v1alpha1.Tenant, *server) (prepared, error),
	notify func(context.Context, types.NamespacedName),
) *preparations {
	ctx, cancel := context.WithCancel(context.Background())
	return &preparations{
		pace: p, work: work, notify: notify, ctx: ctx, cancel: cancel,
		states: map[types.NamespacedName]*preparation{},
		atWork: map[types.NamespacedName]int{},
		places: map[string]places{},
	}
}

// stop ends what runs and starts nothing more.
func (p *preparations) stop() {
	p.mu.Lock()
	p.stopped = true
	p.mu.Unlock()
	p.cancel()
	p.jobs.Wait()
}

// ensure returns what is known of a tenant's preparation, and starts one if it is due.
func (p *preparations) ensure(t *v1alpha1.Tenant, s *server, hurry bool) preparation {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := types.NamespacedName{Namespace: t.Namespace, Name: t.Name}
	want := target{tenant: t.UID, server: s.name, version: s.version}
	state, ok := p.states[key]
	if !ok || state.target != want {
		state = &preparation{target: want}
		p.states[key] = state
	}
	if !state.running && !p.stopped && p.due(state, t, hurry) {
		state.running, state.started, state.generation = true, time.Time{}, t.Generation
		state.request = t.Annotations[provision.AnnotationRotateLogins]
		state.urgent = make(chan struct{})
		p.atWork[key]++
		ctx, cancel := context.WithCancel(p.ctx)
		state.cancel = cancel
		t = t.DeepCopy()
		p.jobs.Go(func() {
			defer p.ended(key)
			defer cancel()
			p.run(ctx, key, state, t, s)
		})
	}
	return *state
}

// due says whether it is time for the first or another attempt. A changed Tenant is a
// reason to look, as a person may be waiting for something to be healed.
func (p *preparations) due(s *preparation, t *v1alpha1.Tenant, hurry bool) bool {
	now := time.Now()
	return s.finished.IsZero() || !now.Before(s.again) || s.generation != t.Generation ||
		s.request != t.Annotations[provision.AnnotationRotateLogins] ||
		hurry && now.Sub(s.finished) > p.pace.retry
}

func (p *preparations) run(ctx context.Context, key types.NamespacedName, state *preparation, t *v1alpha1.Tenant, s *server) {
	place := p.await(ctx, p.placesOn(s.name), state.urgent)
	if place == nil {
		return
	}
	defer func() { <-place }()
	p.begin(state)
	// While it waited for its place there was nothing to say: a thousand new tenants wait for
	// minutes, and none of them is passed over again before its turn.
	long := time.AfterFunc(quiet, func() { p.notify(p.ctx, key) })
	defer long.Stop()
	limited, cancel := context.WithTimeout(ctx, prepareTimeout)
	defer cancel()
	began := time.Now()
	done, err := p.work(limited, t, s)
	if ctx.Err() != nil {
		return
	}
	measurePreparation(time.Since(began), done.Prepared, err)
	if err != nil {
		log.Log.WithName("prepare").Error(err, "could not prepare the database of a tenant, trying again",
			"namespace", key.Namespace, "tenant", key.Name, "server", s.name)
	}
	p.finish(state, done, err)
	p.notify(p.ctx, key)
}

func (p *preparations) begin(state *preparation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	state.started = time.Now()
}

// quiet says whether a preparation has not taken long yet. The wait for a place is not
// counted: after a restart of the operator every tenant waits for one, and that is no
// news of any of them.
func (s preparation) quiet() bool { return s.started.IsZero() || time.Since(s.started) < quiet }

func (p *preparations) finish(state *preparation, done prepared, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	state.running, state.finished = false, now
	if err == nil {
		state.prepared, state.problem, state.failures = &done, nil, 0
		state.again = now.Add(state.rest(p.pace, now))
		return
	}
	state.problem = problemOf(err)
	wait := p.pace.retry
	if state.problem.Reason != status.ReasonUnreachable { // a server that is away is polled, and tried when it is back
		wait = min(wait<<min(state.failures, 10), maxRetry)
		state.failures++
	}
	state.again = now.Add(wait + rand.N(wait/5))
}

// rest is how long nothing is looked at after a success: not long while former logins wait
// for pods to leave them, and longer the longer that takes, as with pods of a former release
// that wait for their turn.
func (s *preparation) rest(p pace, now time.Time) time.Duration {
	if len(s.prepared.Former) == 0 {
		s.rotating, s.looks = time.Time{}, 0
		return p.verify + rand.N(p.verify/5)
	}
	if s.rotating.IsZero() {
		s.rotating = now
	}
	s.looks++
	most := p.pollAtRest
	if waited := now.Sub(s.rotating); waited > p.rotation {
		most = max(most, min(waited/10, maxRetry))
	}
	return min(p.refresh<<min(s.looks-1, 10), most)
}

// await waits for a place, and returns what it is given back to; nil at the end of the
// manager.
func (p *preparations) await(ctx context.Context, on places, urgent <-chan struct{}) chan struct{} {
	select {
	case on.usual <- struct{}{}:
		return on.usual
	case <-urgent:
	case <-ctx.Done():
		return nil
	}
	select {
	case on.usual <- struct{}{}:
		return on.usual
	case on.urgent <- struct{}{}:
		return on.urgent
	case <-ctx.Done():
		return nil
	}
}

// hurry lets a tenant that waits for a place go before the others.
func (p *preparations) hurry(key types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	state, ok := p.states[key]
	if !ok || !state.running {
		return
	}
	select {
	case <-state.urgent: // it does already
	default:
		close(state.urgent)
	}
}

func (p *preparations) placesOn(server string) places {
	p.mu.Lock()
	defer p.mu.Unlock()
	on, ok := p.places[server]
	if !ok {
		on = places{usual: make(chan struct{}, placesPerServer), urgent: make(chan struct{}, 1)}
		p.places[server] = on
	}
	return on
}

// repeat makes the next pass prepare a tenant again: its database has answered what it
// should not. Not at once after the last time, which did not help.
func (p *preparations) repeat(key types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if state, ok := p.states[key]; ok {
		state.again = state.finished.Add(p.pace.retry)
	}
}

// abandon is forget for a tenant that is gone or about to: what runs for it ends.
func (p *preparations) abandon(key types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if state, ok := p.states[key]; ok && state.cancel != nil {
		state.cancel()
	}
	delete(p.states, key)
}

// ended says that a preparation has. Whoever waits for its end hears of it.
func (p *preparations) ended(key types.NamespacedName) {
	p.mu.Lock()
	p.atWork[key]--
	idle := p.atWork[key] == 0
	if idle {
		delete(p.atWork, key)
	}
	_, awaited := p.states[key]
	p.mu.Unlock()
	if idle && !awaited {
		p.notify(p.ctx, key)
	}
}

// idle says whether nothing is being prepared for a tenant.
func (p *preparations) idle(key types.NamespacedName) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.atWork[key] == 0
}

// forget drops the state of a tenant whose server is gone.
func (p *preparations) forget(key types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.states, key)
}

package controllers

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/store/admin"
)

// deletions delete the data of tenants beside the passes.
type deletions struct {
	pace   pace
	notify func(context.Context, types.NamespacedName)

	ctx    context.Context // of the manager; ends with stop
	cancel context.CancelFunc
	jobs   sync.WaitGroup

	mu      sync.Mutex
	states  map[types.NamespacedName]*deletion
	places  map[string]chan struct{} // by server: for each that runs there
	stopped bool
}

// deletion is the state of one tenant.
type deletion struct {
	tenant   types.UID
	running  bool
	asked    time.Time // when it began to wait for a place
	begun    bool      // it has one
	cancel   context.CancelFunc
	done     bool
	again    time.Time
	failures int
	problem  *admin.Problem // of the last attempt
}

const (
	// deletionsAtOnce is how many run on one server.
	deletionsAtOnce = 2
	// deletionTimeout bounds one attempt. A Tenant never goes while one is under way.
	deletionTimeout = 2 * time.Minute
)

func newDeletions(p pace, notify func(context.Context, types.NamespacedName)) *deletions {
	ctx, cancel := context.WithCancel(context.Background())
	return &deletions{
		pace: p, notify: notify, ctx: ctx, cancel: cancel,
		states: map[types.NamespacedName]*deletion{},
		places: map[string]chan struct{}{},
	}
}

// ensure returns what is known of a tenant's deletion, and starts an attempt if it is due.
func (d *deletions) ensure(t *v1alpha1.Tenant, server string, drop func(context.Context) error) deletion {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := client.ObjectKeyFromObject(t)
	state, known := d.states[key]
	if !known || state.tenant != t.UID {
		state = &deletion{tenant: t.UID}
		d.states[key] = state
	}
	if !state.running && !state.done && !d.stopped && !time.Now().Before(state.again) {
		state.running, state.begun, state.asked = true, false, time.Now()
		ctx, cancel := context.WithCancel(d.ctx)
		state.cancel = cancel
		place := d.placeOn(server)
		d.jobs.Go(func() {
			defer cancel()
			d.run(ctx, key, state, place, drop)
		})
	}
	return *state
}

// placeOn returns the places of a server: one that hangs holds up nobody else's tenants. The
// lock is held.
func (d *deletions) placeOn(server string) chan struct{} {
	if d.places[server] == nil {
		d.places[server] = make(chan struct{}, deletionsAtOnce)
	}
	return d.places[server]
}

func (d *deletions) run(ctx context.Context, key types.NamespacedName, state *deletion, place chan struct{}, drop func(context.Context) error) {
	select {
	case place <- struct{}{}:
		defer func() { <-place }()
	case <-ctx.Done():
		return
	}
	if !d.begin(ctx, state) {
		return
	}
	limited, cancel := context.WithTimeout(ctx, deletionTimeout)
	defer cancel()
	err := drop(limited)
	if ctx.Err() != nil {
		return
	}
	d.finish(state, err)
	if err != nil {
		log.Log.WithName("delete").Error(err, "could not delete the data of a deleted tenant, trying again", "namespace", key.Namespace, "tenant", key.Name)
	}
	d.notify(d.ctx, key)
}

// begin is for one that has its place: false if nobody wants it any more.
func (d *deletions) begin(ctx context.Context, state *deletion) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if ctx.Err() != nil {
		return false
	}
	state.begun = true
	return true
}

// giveUp ends the deletion of a tenant that has waited so long for its place; false if it has
// it, or has not waited that long.
func (d *deletions) giveUp(key types.NamespacedName, after time.Duration) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	state, known := d.states[key]
	if !known || state.begun || time.Since(state.asked) < after {
		return false
	}
	d.drop(key)
	return true
}

func (d *deletions) finish(state *deletion, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	state.running, state.done, state.problem = false, err == nil, nil
	if err != nil {
		state.problem = problemOf(err)
		state.again = time.Now().Add(min(d.pace.retry<<min(state.failures, 10), maxRetry))
		state.failures++
	}
}

// forget drops the state of a tenant that is gone. What runs for it ends: the next Tenant of
// its name may have data, and so may one whose people thought better of it.
func (d *deletions) forget(key types.NamespacedName) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.drop(key)
}

// drop is forget, with the lock held.
func (d *deletions) drop(key types.NamespacedName) {
	if state, known := d.states[key]; known && state.cancel != nil {
		state.cancel()
	}
	delete(d.states, key)
}

// stop ends what runs and starts nothing more.
func (d *deletions) stop() {
	d.mu.Lock()
	d.stopped = true
	d.mu.Unlock()
	d.cancel()
	d.jobs.Wait()
}

package controllers

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/foyerhq/foyer/controllers/wave"
)

// Nothing that waits for a tenant does so for ever: these are what its time is counted of.
const (
	rolls = "rolls"
	soaks = "soaks" // a canary that is done
	// stands is a tenant that may begin and does not, or that others wait for and that does
	// not ask: its database is away, as an example.
	stands = "stands"
)

// still is for how long a tenant whose pods roll has come no closer.
func (w *waves) still(key types.NamespacedName, way wave.Way) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock.Still(key, rolls, way, time.Now())
}

// soaking says whether a canary that is done has yet to show that it stays well. One that does
// not stay well begins anew.
func (w *waves) soaking(key types.NamespacedName) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.soak > 0 && !w.clock.Over(key, soaks, w.soak, time.Now())
}

// bound has a tenant that has kept others waiting for long keep them no longer. It returns
// when that will be so; 0: it keeps nobody waiting, or is failed by itself.
func (w *waves) bound(t *wave.Tenant) time.Duration {
	switch {
	case t.Standing == wave.Done && t.Canary && w.soak > 0:
		left := w.soak - w.clock.Still(t.Key, soaks, wave.Way{}, time.Now())
		t.Soaks = left > 0
		return max(left, 0)
	case t.Standing == wave.Waiting && (t.Begins || !t.Asks && (t.Canary || t.Busy)):
		left := w.patience - w.clock.Still(t.Key, stands, wave.Way{}, time.Now())
		if left <= 0 {
			delete(w.asking, t.Key) // it asks again when it can begin
			t.Asks, t.Begins, t.Busy, t.Stuck = false, false, false, true
		}
		return max(left, 0)
	case t.Standing != wave.Rolling && t.Standing != wave.Failed:
		w.clock.Forget(t.Key)
	}
	return 0
}

// sooner is the shorter of two times after which to look again; 0 is none.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

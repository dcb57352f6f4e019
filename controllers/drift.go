package controllers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/controllers/apply"
	"github.com/foyerhq/foyer/controllers/metrics"
	"github.com/foyerhq/foyer/controllers/status"
)

// What somebody changes by hand is healed at once. Where that happens again and again,
// another program does it: then an object is healed less and less often, so that two
// programs do not drive each other and the API server.
const (
	// atOnce is how often in a row an object is healed without a wait.
	atOnce = 3
	// longestTruce bounds the wait after that.
	longestTruce = 5 * time.Minute
	// staleRead is how long the cache may show an object as it was before it was healed.
	staleRead = time.Second
	// namedFields bounds the fields that an event names.
	namedFields = 8
)

// drifts knows of every object that it is there, and of some that somebody changes it. It
// reports what is healed, by events of the Tenant. All of it can be lost at any moment.
type drifts struct {
	recorder events.EventRecorder
	pace     pace
	now      func() time.Time

	mu sync.Mutex
	of map[types.NamespacedName]parts
}

// parts are the objects of one Tenant. Another Tenant of its name has others.
type parts struct {
	tenant   types.UID
	contests map[string]*contest // by "Kind name"; nil: the object is calm
}

// contest is an object that somebody changes.
type contest struct {
	heals   int // in a row
	healed  time.Time
	version string // of the object that was healed
	last    time.Time
	said    string // of it in the status; empty: it was healed each time
}

func newDrifts(recorder events.EventRecorder, p pace) *drifts {
	return &drifts{recorder: recorder, pace: p, now: time.Now, of: map[types.NamespacedName]parts{}}
}

var _ apply.Keeper = (*drifts)(nil)

// follow remembers the objects of a Tenant from now on, and of none that it has replaced.
func (d *drifts) follow(owner client.Object) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := client.ObjectKeyFromObject(owner)
	if d.of[key].tenant != owner.GetUID() {
		d.of[key] = parts{tenant: owner.GetUID(), contests: map[string]*contest{}}
	}
}

// contests are those of a Tenant; nil if it is not followed, as what still prepares one that
// is gone may ask. The lock is held.
func (d *drifts) contests(owner client.Object) map[string]*contest {
	if of := d.of[client.ObjectKeyFromObject(owner)]; of.tenant == owner.GetUID() {
		return of.contests
	}
	return nil
}

// Seen remembers that an object is there.
func (d *drifts) Seen(owner client.Object, kind, name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	contests := d.contests(owner)
	if _, known := contests[kind+" "+name]; !known && contests != nil {
		contests[kind+" "+name] = nil
	}
}

// Removed forgets an object that the operator has deleted.
func (d *drifts) Removed(owner client.Object, kind, name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.contests(owner), kind+" "+name)
}

// Heal says whether an object that somebody has changed or deleted is to be healed now, and
// what is to be called when it was.
func (d *drifts) Heal(owner client.Object, drift apply.Drift) (healed func(), now bool) {
	c, heals, reports := d.judge(owner, drift, d.now())
	switch {
	case c == nil: // a new object
		return nil, true
	case !heals:
		if reports {
			d.contested(owner, c, drift)
		}
		return nil, false
	}
	var note string
	if reports { // before it is healed, which leaves no trace of who it was
		note = told(drift)
	}
	return func() { d.healed(owner, c, drift, note) }, true
}

// judge finds out whether an object is to be healed, and whether that is to be reported, or
// that it is not; no contest: nobody has changed it.
func (d *drifts) judge(owner client.Object, drift apply.Drift, now time.Time) (c *contest, heals, reports bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	object, contests := drift.Kind+" "+drift.Name, d.contests(owner)
	c, known := contests[object]
	if !known {
		return nil, true, false
	}
	if c == nil || now.Sub(c.last) > d.calm(c.heals) {
		c = &contest{}
		contests[object] = c
	}
	seldom := drift.Kind == "Secret" // looked at so seldom that it drives nobody
	if !seldom && drift.Version == c.version && now.Sub(c.healed) < staleRead {
		return c, false, false // it is healed already
	}
	c.last = now
	if !seldom && c.heals >= atOnce && now.Before(c.healed.Add(d.truce(c.heals))) {
		return c, false, c.said == ""
	}
	return c, true, c.heals < atOnce // after that the status says it
}

// healed counts and tells what was set back. What the cluster did not let Foyer set back is
// no quarrel with whoever changed it.
func (d *drifts) healed(owner client.Object, c *contest, drift apply.Drift, note string) {
	d.mu.Lock()
	c.heals, c.healed, c.version = c.heals+1, d.now(), drift.Version
	d.mu.Unlock()
	metrics.DriftHealed.WithLabelValues(drift.Kind).Inc()
	decide(client.ObjectKeyFromObject(owner), decidedHealed, "kind", drift.Kind, "name", drift.Name)
	if note != "" {
		d.tell(owner, drift, corev1.EventTypeNormal, "DriftHealed", note)
	}
}

func (d *drifts) contested(owner client.Object, c *contest, drift apply.Drift) {
	said := fmt.Sprintf("%s %s is %s again and again. Foyer sets it back, but less and less often: let one of both decide.", drift.Kind, drift.Name, how(drift))
	d.mu.Lock()
	c.said = said
	d.mu.Unlock()
	d.tell(owner, drift, corev1.EventTypeWarning, status.ReasonContested, said)
}

func told(drift apply.Drift) string {
	if len(drift.Fields) == 0 {
		return drift.Kind + " " + drift.Name + " was deleted, and Foyer has made it again."
	}
	return fmt.Sprintf("%s %s was %s, and Foyer has set it back. What is to stay is declared in the Tenant.", drift.Kind, drift.Name, how(drift))
}

// truce is how long an object is left as somebody made it.
func (d *drifts) truce(heals int) time.Duration {
	return min(d.pace.truce<<min(heals-atOnce, 10), longestTruce)
}

// calm is how long nobody must have changed an object for it to be at peace.
func (d *drifts) calm(heals int) time.Duration {
	if heals < atOnce {
		return d.pace.calm
	}
	return max(d.pace.calm, 2*d.truce(heals))
}

// finding is what the status of a tenant says of its objects, and when that may change; a
// zero Finding: nothing.
func (d *drifts) finding(key types.NamespacedName, now time.Time) (found status.Finding, again time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var said []string
	contests := d.of[key].contests
	for object, c := range contests {
		if c == nil {
			continue
		}
		if now.Sub(c.last) > d.calm(c.heals) {
			contests[object] = nil
			continue
		}
		if c.said == "" {
			continue
		}
		said = append(said, c.said)
		next := c.last.Add(d.calm(c.heals)).Sub(now)
		if heal := c.healed.Add(d.truce(c.heals)); heal.After(now) {
			next = min(next, heal.Sub(now))
		}
		if again == 0 || next < again {
			again = next
		}
	}
	if len(said) == 0 {
		return status.Finding{}, 0
	}
	slices.Sort(said)
	return status.Stuck(status.ReasonContested, strings.Join(said, " ")), again + time.Millisecond
}

// lookAtDrift finds out whether somebody else changes objects of the tenant again and again.
func (r *Reconciler) lookAtDrift(_ context.Context, p *pass) error {
	var again time.Duration
	if p.contested, again = r.drifts.finding(p.key, time.Now()); again > 0 {
		p.runAgain(again)
	}
	return nil
}

// forget drops what is known of a tenant that is gone.
func (d *drifts) forget(key types.NamespacedName) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.of, key)
}

// tell records an event about a Tenant. It names the object too, since the API server takes
// events that name the same for one.
func (d *drifts) tell(owner client.Object, drift apply.Drift, kind, reason, note string) {
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(schema.FromAPIVersionAndKind(drift.APIVersion, drift.Kind))
	object.SetNamespace(owner.GetNamespace())
	object.SetName(drift.Name)
	verb := "Heal"
	if len(drift.Fields) == 0 {
		verb = "MakeAgain"
	}
	d.recorder.Eventf(owner, object, kind, reason, verb, "%s", status.Note(note))
}

// how says what was done to an object, and by whom as far as anybody knows.
func how(drift apply.Drift) string {
	if len(drift.Fields) == 0 {
		return "deleted"
	}
	var by string
	if managers := drift.Managers(); len(managers) > 0 {
		by = fmt.Sprintf(" by %q", strings.Join(managers, ", "))
	}
	return "changed" + by + " in " + fieldsOf(drift)
}

func fieldsOf(drift apply.Drift) string {
	fields := drift.Fields
	if more := len(fields) - namedFields; more > 0 {
		fields = append(slices.Clone(fields[:namedFields]), fmt.Sprintf("%d more fields", more))
	}
	return strings.Join(fields, ", ")
}

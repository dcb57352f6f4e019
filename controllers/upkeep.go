package controllers

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/metrics"
	"github.com/foyerhq/foyer/controllers/status"
	"github.com/foyerhq/foyer/internal/store/admin"
)

// upkeeps keep the schemas of tenants in shape beside the passes: partitions are made
// ahead, and what retention has passed is deleted. A pass starts one when it is due, about
// once an hour, and does not wait for it.
type upkeeps struct {
	every time.Duration // between two of a tenant
	retry time.Duration // after the first failure; later ones wait longer
	news  upkeepNews
	place chan struct{} // for each that runs

	ctx    context.Context // of the manager; ends with stop
	cancel context.CancelFunc
	jobs   sync.WaitGroup

	mu      sync.Mutex
	states  map[types.NamespacedName]*upkeep
	stopped bool
}

// upkeepNews is who hears of an upkeep: that it keeps failing, that data was deleted, and
// that the status has something else to say of what will be.
type upkeepNews struct {
	fails   func(t *v1alpha1.Tenant, problem error)
	deleted func(t *v1alpha1.Tenant, done admin.Report, policy admin.Policy)
	pending func(ctx context.Context, key types.NamespacedName)
}

// upkeep is the state of one tenant.
type upkeep struct {
	key      types.NamespacedName
	tenant   types.UID
	policy   admin.Policy
	pending  []admin.Pending
	running  bool
	again    time.Time
	failures int // in a row
}

const (
	// upkeepsAtOnce is for all tenants together: nobody waits for them.
	upkeepsAtOnce = 2
	// upkeepTime is how long one tenant may delete what is old, before others get the place.
	upkeepTime = 30 * time.Second
	// upkeepTimeout bounds one upkeep.
	upkeepTimeout = 2 * time.Minute
	// toldFailures is after how many failures in a row people hear of it: once is a lock
	// that somebody held.
	toldFailures = 3
)

func newUpkeeps(p pace, news upkeepNews) *upkeeps {
	ctx, cancel := context.WithCancel(context.Background())
	return &upkeeps{
		every: p.upkeep, retry: p.retry, news: news, place: make(chan struct{}, upkeepsAtOnce),
		ctx: ctx, cancel: cancel, states: map[types.NamespacedName]*upkeep{},
	}
}

// keepUp starts the upkeep of the tenant's schema when it is due, and says in the status
// what will be deleted. It comes before all that may end a pass.
func (r *Reconciler) keepUp(_ context.Context, p *pass) error {
	if p.tenant == nil || !p.database.current {
		return nil
	}
	for _, pending := range r.upkeeps.ensure(p.tenant, p.database.tenant, r.retention(p)) {
		p.database.finding.Message += fmt.Sprintf(" %s is shorter now: %s from before the last %d months are deleted from %s on, unless it is changed back.",
			retentionFields[pending.Data], pending.Data, pending.Months, pending.From.UTC().Format(time.RFC3339))
	}
	return nil
}

// retentionFields are the fields of a Tenant that say how long data is kept.
var retentionFields = map[admin.Data]string{
	admin.Calls:         "retention.callMonths",
	admin.Notifications: "retention.notificationMonths",
}

// retention is what the Tenant wants to be deleted. What is not accepted deletes nothing.
func (r *Reconciler) retention(p *pass) admin.Policy {
	if p.output.Tenant.Refused() {
		return admin.Policy{}
	}
	kept := p.tenant.Spec.Retention
	return admin.Policy{CallMonths: int(kept.CallMonths), NotificationMonths: int(kept.NotificationMonths), Wait: r.pace.retention}
}

// tellUpkeep records that the upkeep of a tenant keeps failing.
func (r *Reconciler) tellUpkeep(t *v1alpha1.Tenant, problem error) {
	r.recorder.Eventf(t, nil, corev1.EventTypeWarning, "UpkeepFailed", action, "%s",
		status.Note(status.Sentence("the upkeep of the tenant's data fails and is tried again: "+problem.Error())))
}

// tellDeleted records that data was deleted, for which there is no way back.
func (r *Reconciler) tellDeleted(t *v1alpha1.Tenant, done admin.Report, policy admin.Policy) {
	for _, data := range []struct {
		reason, what, table string
		rows                int64
		kind                admin.Data
		months              int
	}{
		{"CallsDeleted", "Calls", "call_", done.Calls, admin.Calls, policy.CallMonths},
		{"NotificationsDeleted", "Notifications", "notification_", done.Notifications, admin.Notifications, policy.NotificationMonths},
	} {
		of := monthsOf(done.Dropped, data.table)
		if data.rows == 0 && of == "" {
			continue
		}
		r.recorder.Eventf(t, nil, corev1.EventTypeNormal, data.reason, action, "%s", status.Note(fmt.Sprintf(
			"%s%s were deleted, about %d: %s is %d.", data.what, of, data.rows, retentionFields[data.kind], data.months)))
	}
}

// monthsOf names the months of the partitions of a table that were dropped.
func monthsOf(partitions []string, prefix string) string {
	var months []string
	for _, p := range partitions {
		if m, ok := strings.CutPrefix(p, prefix); ok && !strings.HasPrefix(m, "attempt_") {
			months = append(months, strings.ReplaceAll(m, "_", "-"))
		}
	}
	if len(months) == 0 {
		return ""
	}
	return " of " + strings.Join(months, ", ")
}

// ensure starts an upkeep if it is due. After a restart of the operator the first one of
// each tenant waits for a while, so that not all are due at once. It returns what is known
// to be deleted later.
func (u *upkeeps) ensure(t *v1alpha1.Tenant, schema *admin.Tenant, policy admin.Policy) []admin.Pending {
	u.mu.Lock()
	defer u.mu.Unlock()
	key, now := client.ObjectKeyFromObject(t), time.Now()
	state, known := u.states[key]
	switch {
	case !known || state.tenant != t.UID:
		state = &upkeep{key: key, tenant: t.UID, policy: policy, again: now.Add(rand.N(u.every / 6))}
		u.states[key] = state
	case state.policy != policy:
		state.policy, state.again = policy, now
	}
	if state.running || u.stopped || now.Before(state.again) {
		return state.pending
	}
	state.running = true
	t = t.DeepCopy()
	u.jobs.Go(func() { u.run(t, schema, state, policy) })
	return state.pending
}

// wanted is the newest policy of a tenant.
func (u *upkeeps) wanted(state *upkeep) admin.Policy {
	u.mu.Lock()
	defer u.mu.Unlock()
	return state.policy
}

func (u *upkeeps) run(t *v1alpha1.Tenant, schema *admin.Tenant, state *upkeep, policy admin.Policy) {
	select {
	case u.place <- struct{}{}:
		defer func() { <-u.place }()
	case <-u.ctx.Done():
		return
	}
	began := time.Now()
	report, err := u.work(t, schema, func() admin.Policy { return u.wanted(state) })
	metrics.Upkeeps.WithLabelValues(metrics.Took(err)).Observe(time.Since(began).Seconds())
	if report.Calls+report.Notifications > 0 || len(report.Dropped) > 0 { // also when a later step failed
		u.news.deleted(t, report, policy)
	}
	if u.ctx.Err() != nil {
		return
	}
	if u.finish(state, policy, report.More, err) {
		u.news.fails(t, err)
	}
	if err == nil && u.awaits(state, report.Pending) {
		u.news.pending(u.ctx, client.ObjectKeyFromObject(t))
	}
}

// awaits keeps what will be deleted and says whether it is something else than before.
func (u *upkeeps) awaits(state *upkeep, pending []admin.Pending) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	before := state.pending
	state.pending = pending
	return !slices.Equal(before, pending)
}

// work does what is due, a bounded step at a time, and returns all that it did.
func (u *upkeeps) work(t *v1alpha1.Tenant, schema *admin.Tenant, policy func() admin.Policy) (all admin.Report, err error) {
	ctx, cancel := context.WithTimeout(u.ctx, upkeepTimeout)
	defer cancel()
	logger := log.Log.WithName("upkeep").WithValues("namespace", t.Namespace, "tenant", t.Name)
	for began := time.Now(); time.Since(began) < upkeepTime; {
		report, err := schema.Upkeep(ctx, time.Now(), policy)
		if len(report.Made)+len(report.Dropped) > 0 || report.Moved+report.Deleted > 0 {
			logger.Info("kept up the schema of a tenant", "made", report.Made, "dropped", report.Dropped, "moved", report.Moved, "deleted", report.Deleted)
		}
		if len(report.Crowded) > 0 {
			logger.Info("months have too many rows to get a partition of their own afterwards", "partitions", report.Crowded)
		}
		all.Dropped, all.Calls, all.Notifications = append(all.Dropped, report.Dropped...), all.Calls+report.Calls, all.Notifications+report.Notifications
		all.Pending, all.More = report.Pending, report.More
		if err != nil {
			logger.Info("could not keep up the schema of a tenant, trying again", "cause", err.Error())
			return all, err
		}
		if !report.More {
			break
		}
	}
	return all, nil
}

// finish says when the next one is due, and whether people are to hear of a failure.
func (u *upkeeps) finish(state *upkeep, policy admin.Policy, more bool, err error) (tell bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	state.running = false
	wait := u.every - u.every/10 + rand.N(u.every/5)
	switch {
	case err != nil:
		wait = min(u.retry<<min(state.failures, 10), u.every)
		state.failures++
	case more || state.policy != policy:
		wait, state.failures = 0, 0
	default:
		state.failures = 0
	}
	state.again = time.Now().Add(wait)
	if u.states[state.key] == state { // or the tenant is gone, and so are its metrics
		metrics.UpkeepFailures.WithLabelValues(state.key.Namespace, state.key.Name).Set(float64(state.failures))
	}
	return state.failures == toldFailures
}

// forget drops the state of a tenant that is gone.
func (u *upkeeps) forget(key types.NamespacedName) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.states, key)
}

// stop ends what runs and starts nothing more.
func (u *upkeeps) stop() {
	u.mu.Lock()
	u.stopped = true
	u.mu.Unlock()
	u.cancel()
	u.jobs.Wait()
}

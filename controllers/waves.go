package controllers

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/metrics"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/status"
	"github.com/foyerhq/foyer/controllers/wave"
)

// defaultWaveSize is how many tenants roll at the same time.
const defaultWaveSize = 5

// settling is how long the waves wait for more news: an end of a roll is several changes.
const settling = 20 * time.Millisecond

// waves lets tenants begin to roll, as package wave decides. A pass that finds that its
// tenant's pods would be replaced by other ones asks, and is run again when it is its turn.
// Who asks is remembered here only; after a restart they ask again.
type waves struct {
	size     int
	soak     time.Duration // for which a canary stays well before others begin
	patience time.Duration // with a tenant that comes no closer
	mark     string        // of this release
	news     *again        // runs decide

	mu     sync.Mutex
	clock  wave.Clock
	asking map[types.NamespacedName]*reply
	failed map[types.NamespacedName]failed // nil: nothing is decided yet
	// refused is why the cluster does not take the pods of this release of a tenant that may
	// begin, or has.
	refused map[types.NamespacedName]string
	// seen are the Deployments that tenants had that ask, as they were last.
	seen map[types.NamespacedName]map[string]*appsv1.Deployment
}

// reply is what a tenant that asks is told.
type reply struct {
	known  bool
	begins bool
	halted types.NamespacedName // the tenant that has failed; empty: none has
}

// failed is what is known of a tenant that has failed.
type failed struct {
	why     string
	ignored bool
}

func newWaves(o Options, p pace) (*waves, error) {
	mark, err := provision.Mark(paramsOf(o))
	return &waves{
		size: o.WaveSize, soak: o.CanarySoak, patience: p.patience, mark: mark, news: newAgain(), clock: wave.Clock{},
		asking: map[types.NamespacedName]*reply{}, refused: map[types.NamespacedName]string{},
		seen: map[types.NamespacedName]map[string]*appsv1.Deployment{},
	}, err
}

// ask says whether a tenant may begin, as far as that is decided.
func (w *waves) ask(ctx context.Context, key types.NamespacedName) reply {
	w.mu.Lock()
	said, asks := w.asking[key]
	if !asks {
		said = &reply{}
		w.asking[key] = said
	}
	now := *said
	w.mu.Unlock()
	if !asks {
		w.news.now(ctx, key)
	}
	return now
}

// forget is for a tenant that has begun, or has nothing to wait for: what its Deployments were is
// over.
func (w *waves) forget(ctx context.Context, key types.NamespacedName) {
	w.mu.Lock()
	delete(w.seen, key)
	w.mu.Unlock()
	w.leave(ctx, key)
}

// leave is for a tenant that does not ask, or not any more.
func (w *waves) leave(ctx context.Context, key types.NamespacedName) {
	w.mu.Lock()
	said, asks := w.asking[key]
	delete(w.asking, key)
	w.mu.Unlock()
	if asks && said.begins { // its place is free
		w.news.now(ctx, key)
	}
}

// remember keeps the Deployments of a tenant that waits, and adds those that it had: one that
// somebody deletes is made again as it was.
func (w *waves) remember(t *v1alpha1.Tenant, live []*appsv1.Deployment) []*appsv1.Deployment {
	key := client.ObjectKeyFromObject(t)
	w.mu.Lock()
	defer w.mu.Unlock()
	now := map[string]*appsv1.Deployment{}
	for _, d := range live {
		now[d.Name] = d
	}
	for name, d := range w.seen[key] {
		if now[name] == nil && metav1.IsControlledBy(d, t) {
			now[name] = d
			live = append(live, d)
		}
	}
	w.seen[key] = now
	return live
}

// took says whether the cluster has taken the pods of this release of a tenant whose turn it
// is: why not, or nothing. One that was refused keeps its turn, since each pass tries again.
func (w *waves) took(ctx context.Context, key types.NamespacedName, why string) {
	w.mu.Lock()
	news := w.refused[key] != why
	if why == "" {
		delete(w.refused, key)
	} else {
		w.refused[key] = why
	}
	w.mu.Unlock()
	if news {
		w.news.now(ctx, key)
	}
}

// refusal is why the cluster does not take a tenant's pods of this release, if that is so.
func (w *waves) refusal(key types.NamespacedName) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.refused[key]
}

// hasFailed says whether a tenant has failed, and whether that was decided since the start.
func (w *waves) hasFailed(key types.NamespacedName) (failed, decided bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, failed = w.failed[key]
	return failed, w.failed != nil
}

// decide answers those who ask. It returns whom there is something new for, and when to
// decide again by itself.
func (w *waves) decide(fleet []wave.Tenant, now map[types.NamespacedName]failed) (woken []types.NamespacedName, plan wave.Plan, later time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range fleet {
		t := &fleet[i]
		said, asks := w.asking[t.Key]
		if asks && t.Standing != wave.Waiting && w.refused[t.Key] == "" { // it has begun, or is paused
			delete(w.asking, t.Key)
			asks = false
		}
		t.Asks, t.Begins = asks, asks && said.begins
		later = sooner(later, w.bound(t))
		if asks && w.asking[t.Key] == nil { // it has lost its place
			woken = append(woken, t.Key)
		}
	}
	w.keep(fleet)
	woken = append(woken, w.relent(fleet, now)...)
	plan = wave.Decide(fleet, w.size)
	begin := map[types.NamespacedName]bool{}
	for _, key := range plan.Begin {
		begin[key] = true
	}
	for key, said := range w.asking {
		next := reply{known: true, begins: said.begins || begin[key]}
		if len(plan.Failed) > 0 && !next.begins {
			next.halted = plan.Failed[0]
		}
		if next != *said {
			said.decided(key, next)
			*said = next
			woken = append(woken, key)
		}
	}
	return append(woken, w.notice(now)...), plan, later
}

// relent takes back, while nobody waits, that tenants have failed that were done. It returns
// those of whom that may be news.
func (w *waves) relent(fleet []wave.Tenant, now map[types.NamespacedName]failed) []types.NamespacedName {
	relented := wave.Relent(fleet)
	for _, key := range relented {
		delete(now, key)
	}
	if w.failed != nil {
		return nil
	}
	return relented // a former process may have said that they have failed
}

// decided writes down that a tenant may begin, or that it waits because another one failed.
func (former reply) decided(key types.NamespacedName, next reply) {
	switch {
	case next.begins && !former.begins:
		decide(key, decidedRollout)
	case next.halted != former.halted && next.halted != types.NamespacedName{}:
		decide(key, decidedHalted, "failed", next.halted.String())
	}
}

// keep forgets tenants that are no more.
func (w *waves) keep(fleet []wave.Tenant) {
	there := make(map[types.NamespacedName]bool, len(fleet))
	for _, t := range fleet {
		there[t.Key] = true
	}
	maps.DeleteFunc(w.asking, func(key types.NamespacedName, _ *reply) bool { return !there[key] })
	maps.DeleteFunc(w.refused, func(key types.NamespacedName, _ string) bool { return !there[key] })
	maps.DeleteFunc(w.seen, func(key types.NamespacedName, _ map[string]*appsv1.Deployment) bool { return !there[key] })
	w.clock.Keep(there)
}

// notice remembers who has failed. It returns those of whom that is news.
func (w *waves) notice(now map[types.NamespacedName]failed) []types.NamespacedName {
	var news []types.NamespacedName
	for key, was := range w.failed {
		if now[key] != was {
			news = append(news, key)
		}
	}
	for key := range now {
		if _, was := w.failed[key]; !was {
			news = append(news, key)
		}
	}
	w.failed = now
	return news
}

// decideWaves is the pass over all tenants at once. It reads the cache only, and writes
// nothing.
func (r *Reconciler) decideWaves(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
	fleet, lost, again, err := r.lookAtFleet(ctx)
	if err != nil {
		return reconcile.Result{}, err
	}
	woken, plan, later := r.waves.decide(fleet, lost)
	counts := map[wave.Standing]float64{}
	for _, t := range fleet {
		counts[t.Standing]++
	}
	for standing, name := range map[wave.Standing]string{wave.Waiting: "waiting", wave.Rolling: "rolling", wave.Failed: "failed", wave.Done: "done"} {
		metrics.RolloutTenants.WithLabelValues(name).Set(counts[standing])
	}
	halted := 0.0
	if len(plan.Failed) > 0 && counts[wave.Waiting] > 0 {
		halted = 1
	}
	metrics.RolloutHalted.Set(halted)
	for _, key := range woken {
		r.again.now(ctx, key)
	}
	return reconcile.Result{RequeueAfter: sooner(again, later)}, nil
}

// lookAtFleet says how far each tenant is, and when to look again by itself.
func (r *Reconciler) lookAtFleet(ctx context.Context) ([]wave.Tenant, map[types.NamespacedName]failed, time.Duration, error) {
	var tenants v1alpha1.TenantList
	var deployments appsv1.DeploymentList
	for _, list := range []client.ObjectList{&tenants, &deployments} { // only read, so not copied
		if err := r.client.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
			return nil, nil, 0, fmt.Errorf("read %T: %w", list, err)
		}
	}
	of := map[types.NamespacedName][]*appsv1.Deployment{}
	for i := range deployments.Items {
		d := &deployments.Items[i]
		key := types.NamespacedName{Namespace: d.Namespace, Name: d.Labels[provision.LabelTenant]}
		of[key] = append(of[key], d)
	}
	var again time.Duration
	fleet, lost := make([]wave.Tenant, 0, len(tenants.Items)), map[types.NamespacedName]failed{}
	for i := range tenants.Items {
		t := &tenants.Items[i]
		key := client.ObjectKeyFromObject(t)
		mine := owned(t, of[key])
		found, err := r.lookAt(ctx, t, mine)
		if err != nil {
			return nil, nil, 0, err
		}
		again = sooner(again, found.Again)
		if found.Standing == wave.Failed {
			lost[key] = failed{found.Why, r.ignored(t)}
		}
		fleet = append(fleet, wave.Tenant{
			Key: key, Standing: found.Standing,
			Canary: isCanary(t), Ignored: r.ignored(t),
			Stuck: isStuck(t), Busy: found.Standing == wave.Waiting && wave.Busy(t, mine),
			WasDone: found.WasDone,
		})
	}
	return fleet, lost, again, nil
}

// isStuck says whether a tenant waits for a person before it can begin. One that has failed
// with the former release, or that somebody changes, is no such one.
func isStuck(t *v1alpha1.Tenant) bool {
	stalled := meta.FindStatusCondition(t.Status.Conditions, v1alpha1.ConditionStalled)
	return stalled != nil && stalled.Status == metav1.ConditionTrue &&
		stalled.Reason != status.ReasonRolloutFailed && stalled.Reason != status.ReasonContested
}

// ignored says whether the rollout goes on although this tenant has failed.
func (r *Reconciler) ignored(t *v1alpha1.Tenant) bool {
	return t.Annotations[wave.AnnotationIgnore] == r.options.Version
}

// lookAt says how far a tenant is. Its pods are looked at only while it rolls, or soaks.
func (r *Reconciler) lookAt(ctx context.Context, t *v1alpha1.Tenant, deployments []*appsv1.Deployment) (wave.Found, error) {
	key := client.ObjectKeyFromObject(t)
	sight := wave.Sight{Tenant: t, Deployments: deployments, Mark: r.waves.mark, Refused: r.waves.refusal(key), Patience: r.waves.patience}
	found := wave.Look(sight)
	sight.Soaks = found.Standing == wave.Done && isCanary(t) && !r.ignored(t) && r.waves.soaking(key)
	if found.Standing != wave.Rolling && found.Standing != wave.Failed && !sight.Soaks {
		return found, nil
	}
	var pods corev1.PodList
	err := r.client.List(ctx, &pods, client.InNamespace(t.Namespace), client.MatchingLabels{provision.LabelTenant: t.Name}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return wave.Found{}, fmt.Errorf("read pods: %w", err)
	}
	for i := range pods.Items {
		sight.Pods = append(sight.Pods, &pods.Items[i])
	}
	if found = wave.Look(sight); found.Standing == wave.Done {
		return found, nil
	}
	sight.Still = r.waves.still(key, wave.WayOf(deployments, r.waves.mark))
	return wave.Look(sight), nil
}

func isCanary(t *v1alpha1.Tenant) bool { return t.Labels[wave.LabelCanary] == "true" }

// owned leaves out what is not the tenant's.
func owned(t *v1alpha1.Tenant, deployments []*appsv1.Deployment) []*appsv1.Deployment {
	var list []*appsv1.Deployment
	for _, d := range deployments {
		if metav1.IsControlledBy(d, t) && d.DeletionTimestamp == nil {
			list = append(list, d)
		}
	}
	return list
}

// watchWaves runs decideWaves by whatever can change its outcome.
func watchWaves(mgr manager.Manager, r *Reconciler) error {
	return builder.ControllerManagedBy(mgr).
		Named("rollout").
		Watches(&appsv1.Deployment{}, theFleet{}, builder.WithPredicates(workloadMoved())).
		Watches(&v1alpha1.Tenant{}, theFleet{}, builder.WithPredicates(tenantMoved())).
		Watches(&corev1.Pod{}, theFleet{}, builder.WithPredicates(crashChanged())).
		WatchesRawSource(source.Channel(r.waves.news.events, theFleet{})).
		WithOptions(controller.Options{MaxConcurrentReconciles: 1, RateLimiter: newRateLimiter()}).
		Complete(reconcile.Func(r.decideWaves))
}

// theFleet asks for one pass over all tenants, whatever the news are, when they settle.
type theFleet struct{}

type requests = workqueue.TypedRateLimitingInterface[reconcile.Request]

func (theFleet) Create(_ context.Context, _ event.CreateEvent, q requests)   { settle(q) }
func (theFleet) Update(_ context.Context, _ event.UpdateEvent, q requests)   { settle(q) }
func (theFleet) Delete(_ context.Context, _ event.DeleteEvent, q requests)   { settle(q) }
func (theFleet) Generic(_ context.Context, _ event.GenericEvent, q requests) { settle(q) }

func settle(q requests) { q.AddAfter(reconcile.Request{}, settling) }

var _ handler.EventHandler = theFleet{}

// workloadMoved passes what changes how far a Deployment is.
func workloadMoved() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok := e.ObjectOld.(*appsv1.Deployment)
		after, ok2 := e.ObjectNew.(*appsv1.Deployment)
		return ok && ok2 && (before.Generation != after.Generation ||
			before.Annotations[provision.AnnotationRelease] != after.Annotations[provision.AnnotationRelease] ||
			!equality.Semantic.DeepEqual(before.Status, after.Status))
	}}
}

// tenantMoved passes what changes whether a tenant counts, and when it is its turn.
func tenantMoved() predicate.Predicate {
	type facts struct {
		counts, stuck   bool
		canary, ignored string
	}
	of := func(t *v1alpha1.Tenant) facts {
		return facts{
			counts: wave.Counts(t),
			stuck:  isStuck(t),
			canary: t.Labels[wave.LabelCanary], ignored: t.Annotations[wave.AnnotationIgnore],
		}
	}
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok := e.ObjectOld.(*v1alpha1.Tenant)
		after, ok2 := e.ObjectNew.(*v1alpha1.Tenant)
		return ok && ok2 && of(before) != of(after)
	}}
}

// crashChanged passes pods that begin to end again and again, or cease to.
func crashChanged() predicate.Predicate {
	crashes := func(o client.Object) bool {
		pod, ok := o.(*corev1.Pod)
		return ok && wave.Crashes(pod)
	}
	return predicate.Funcs{
		CreateFunc:  func(e event.CreateEvent) bool { return crashes(e.Object) },
		DeleteFunc:  func(e event.DeleteEvent) bool { return crashes(e.Object) },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc:  func(e event.UpdateEvent) bool { return crashes(e.ObjectOld) != crashes(e.ObjectNew) },
	}
}

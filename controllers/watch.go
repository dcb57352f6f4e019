package controllers

import (
	"context"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/index"
	"github.com/foyerhq/foyer/controllers/provision"
)

// LabelServer marks the Secrets that declare database servers.
const LabelServer = "foyer.dev/database-server"

// CacheOptions are what the manager caches: of other kinds than ours what carries our labels
// only, of Secrets the metadata of the database servers in the operator's namespace,
// and of pods neither spec nor containers. Tenants are looked for in the watched
// namespaces, and in all if none is named.
func CacheOptions(namespace string, watched ...string) cache.Options {
	whole := cache.ByObject{Label: labels.Everything()}
	return cache.Options{
		DefaultTransform:         cache.TransformStripManagedFields(),
		DefaultWatchErrorHandler: countWatchErrors,
		DefaultNamespaces:        each(watched),
		DefaultLabelSelector:     exists(provision.LabelTenant),
		ByObject: map[client.Object]cache.ByObject{
			&v1alpha1.Tenant{}:           whole,
			&v1alpha1.AccountProfile{}:   whole,
			&v1alpha1.MyAccountProfile{}: whole,
			&v1alpha1.EventTemplate{}:    whole,
			&corev1.Pod{}:                {Transform: slimPod},
			&corev1.Secret{}: {Namespaces: map[string]cache.Config{
				namespace: {LabelSelector: exists(LabelServer)},
			}},
		},
	}
}

// each is nil, which means all namespaces, if none is named.
func each(namespaces []string) map[string]cache.Config {
	var configs map[string]cache.Config
	for _, name := range namespaces {
		if configs == nil {
			configs = map[string]cache.Config{}
		}
		configs[name] = cache.Config{}
	}
	return configs
}

func exists(label string) labels.Selector {
	requirement, err := labels.NewRequirement(label, selection.Exists, nil)
	if err != nil { // the labels are constants
		return labels.Nothing()
	}
	return labels.NewSelector().Add(*requirement)
}

func slimPod(o any) (any, error) {
	if pod, ok := o.(*corev1.Pod); ok {
		pod.ManagedFields = nil
		pod.Spec = corev1.PodSpec{}
		pod.Status = corev1.PodStatus{Phase: pod.Status.Phase, Conditions: pod.Status.Conditions, ContainerStatuses: whyDown(pod.Status.ContainerStatuses)}
	}
	return o, nil
}

// whyDown keeps of containers that are not ready why, and how often they ended.
func whyDown(containers []corev1.ContainerStatus) []corev1.ContainerStatus {
	var kept []corev1.ContainerStatus
	for _, c := range containers {
		if c.Ready {
			continue
		}
		down := corev1.ContainerStatus{RestartCount: c.RestartCount}
		if c.State.Waiting != nil {
			down.State.Waiting = &corev1.ContainerStateWaiting{Reason: c.State.Waiting.Reason}
		}
		kept = append(kept, down)
	}
	return kept
}

// watch runs the pass by whatever can change its outcome.
func watch(mgr manager.Manager, r *Reconciler, concurrency int) error {
	generation := builder.WithPredicates(predicate.GenerationChangedPredicate{})
	byTenant := handler.EnqueueRequestsFromMapFunc(tenantOf)
	c, err := builder.ControllerManagedBy(mgr).
		Named("tenant").
		For(&v1alpha1.Tenant{}, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, rotationAsked()))).
		Watches(&v1alpha1.AccountProfile{}, byTenant, generation).
		Watches(&v1alpha1.MyAccountProfile{}, byTenant, generation).
		Watches(&v1alpha1.EventTemplate{}, byTenant, generation).
		Watches(&v1alpha1.Tenant{}, handler.EnqueueRequestsFromMapFunc(r.claimants), builder.WithPredicates(hostnameReleased())).
		Owns(&corev1.ConfigMap{}).
		Owns(&corev1.Service{}).
		Owns(&appsv1.Deployment{}).
		Owns(&corev1.ServiceAccount{}).
		Owns(&policyv1.PodDisruptionBudget{}).
		Owns(&networkingv1.Ingress{}).
		Owns(&networkingv1.NetworkPolicy{}).
		Owns(&autoscalingv2.HorizontalPodAutoscaler{}, builder.WithPredicates(autoscalerChanged())).
		Watches(&corev1.Pod{}, handler.EnqueueRequestsFromMapFunc(tenantOfPod), builder.WithPredicates(readinessChanged())).
		WatchesMetadata(&corev1.Secret{}, behindEdits(r.tenantsOfServerSecret)).
		WatchesRawSource(r.again.source()).
		WithOptions(controllerOptions(concurrency)).
		Build(r)
	if err != nil {
		return err
	}
	r.routes, err = watchRoutes(mgr, c)
	return err
}

// behindEdits runs the pass over tenants, each after whatever a person waits for: a
// changed server is news for every tenant on it.
func behindEdits(tenants handler.MapFunc) handler.EventHandler {
	low := handler.LowPriority
	enqueue := func(ctx context.Context, o client.Object, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
		requests := tenants(ctx, o)
		if byPriority, ok := queue.(priorityqueue.PriorityQueue[reconcile.Request]); ok {
			byPriority.AddWithOpts(priorityqueue.AddOpts{Priority: &low}, requests...)
			return
		}
		for _, request := range requests {
			queue.Add(request)
		}
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			enqueue(ctx, e.Object, q)
		},
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			enqueue(ctx, e.ObjectNew, q)
		},
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			enqueue(ctx, e.Object, q)
		},
	}
}

// newRateLimiter: 20 ms, doubling up to a minute, for each tenant by itself.
func newRateLimiter() workqueue.TypedRateLimiter[reconcile.Request] {
	return workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](20*time.Millisecond, time.Minute)
}

func tenantOf(_ context.Context, o client.Object) []reconcile.Request {
	return request(o.GetNamespace(), index.Tenant(o))
}

func tenantOfPod(_ context.Context, o client.Object) []reconcile.Request {
	return request(o.GetNamespace(), o.GetLabels()[provision.LabelTenant])
}

func request(namespace, name string) []reconcile.Request {
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: namespace, Name: name}}}
}

// claimants are the other tenants that ask for a host name of this one.
func (r *Reconciler) claimants(ctx context.Context, o client.Object) []reconcile.Request {
	tenant, ok := o.(*v1alpha1.Tenant)
	if !ok {
		return nil
	}
	var requests []reconcile.Request
	for _, hostname := range index.Hostnames(tenant) {
		for _, other := range r.indexed(ctx, index.TenantsByHostname, hostname) {
			if client.ObjectKeyFromObject(&other) != client.ObjectKeyFromObject(tenant) {
				requests = append(requests, request(other.Namespace, other.Name)...)
			}
		}
	}
	return requests
}

// tenantsOfServerSecret are the tenants on a database server.
func (r *Reconciler) tenantsOfServerSecret(ctx context.Context, o client.Object) []reconcile.Request {
	return r.requestsOnServer(ctx, o.GetName())
}

func (r *Reconciler) requestsOnServer(ctx context.Context, server string) []reconcile.Request {
	var requests []reconcile.Request
	for _, tenant := range r.indexed(ctx, index.TenantsByServer, server) {
		requests = append(requests, request(tenant.Namespace, tenant.Name)...)
	}
	return requests
}

// indexed reads tenants from the cache. Its errors are those of a cache that has no
// such index, which Setup has excluded, or that is not started.
func (r *Reconciler) indexed(ctx context.Context, name, value string) []v1alpha1.Tenant {
	var list v1alpha1.TenantList
	if err := r.client.List(ctx, &list, client.MatchingFields{name: value}); err != nil {
		log.FromContext(ctx).Error(err, "could not read tenants from the cache", "index", name)
		return nil
	}
	return list.Items
}

// hostnameReleased passes what can free a host name for another tenant.
func hostnameReleased() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		DeleteFunc:  func(event.DeleteEvent) bool { return true },
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, ok := e.ObjectOld.(*v1alpha1.Tenant)
			after, ok2 := e.ObjectNew.(*v1alpha1.Tenant)
			return ok && ok2 && !slices.Equal(index.Hostnames(before), index.Hostnames(after))
		},
	}
}

// rotationAsked passes Tenants whose people ask for new logins.
func rotationAsked() predicate.Predicate {
	value := func(o client.Object) string { return o.GetAnnotations()[provision.AnnotationRotateLogins] }
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		DeleteFunc:  func(event.DeleteEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc:  func(e event.UpdateEvent) bool { return value(e.ObjectOld) != value(e.ObjectNew) },
	}
}

// readinessChanged passes pods that come, go, or change whether they count.
func readinessChanged() predicate.Predicate {
	return predicate.Funcs{
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, ok := e.ObjectOld.(*corev1.Pod)
			after, ok2 := e.ObjectNew.(*corev1.Pod)
			return ok && ok2 && counts(before) != counts(after)
		},
	}
}

// counts says whether a pod is one that customers can reach: of a component, ready and
// not leaving. A pod that somebody gave the tenant's label only runs no configuration.
func counts(pod *corev1.Pod) bool {
	if pod.DeletionTimestamp != nil || !slices.Contains(provision.Components(), componentOf(pod)) {
		return false
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

func componentOf(pod *corev1.Pod) provision.Component {
	return provision.Component(pod.Labels[provision.LabelComponent])
}

// again runs passes that something beside the pass asks for.
type again struct {
	events chan event.GenericEvent
}

func newAgain() *again { return &again{events: make(chan event.GenericEvent)} }

// now runs the pass over a tenant. It waits until the queue has taken the request, or
// until ctx ends.
func (a *again) now(ctx context.Context, key types.NamespacedName) {
	tenant := &v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
	select {
	case a.events <- event.GenericEvent{Object: tenant}:
	case <-ctx.Done():
	}
}

func (a *again) source() source.Source {
	return source.Channel(a.events, &handler.EnqueueRequestForObject{})
}

package controllers

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
)

// routes is the watch of HTTPRoutes. The Gateway API is no part of Kubernetes: a cluster may
// have it, get it later, or never. It is looked for while a Tenant asks for it.
type routes struct {
	cache      cache.Cache
	mapper     meta.RESTMapper
	owner      handler.EventHandler
	controller controller.Controller

	watched atomic.Bool
	looking sync.Mutex // of the one pass that looks for it; the others do not wait
	next    time.Time  // when it is looked for again
}

// routesPace bounds how often the API server is asked for a kind that it does not have,
// however many tenants wait for it.
const routesPace = time.Second

// routesTimeout bounds the wait until the HTTPRoutes that there are have been read.
const routesTimeout = 10 * time.Second

// watchRoutes watches HTTPRoutes from the beginning if the cluster has them: an operator that
// is restarted finds those that are not asked for any more.
func watchRoutes(mgr manager.Manager, c controller.Controller) (*routes, error) {
	r := &routes{
		cache: mgr.GetCache(), mapper: mgr.GetRESTMapper(), controller: c,
		owner: handler.EnqueueRequestForOwner(mgr.GetScheme(), mgr.GetRESTMapper(), &v1alpha1.Tenant{}, handler.OnlyControllerOwner()),
	}
	there, err := r.exist()
	if err != nil || !there {
		return r, err
	}
	r.watched.Store(true)
	return r, r.watch()
}

// exist says whether the cluster has HTTPRoutes.
func (r *routes) exist() (bool, error) {
	_, err := r.mapper.RESTMapping(schema.GroupKind{Group: gatewayv1.GroupName, Kind: provision.KindRoute}, gatewayv1.GroupVersion.Version)
	if meta.IsNoMatchError(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ask the API server whether it has HTTPRoutes: %w", err)
	}
	return true, nil
}

func (r *routes) watch() error {
	if err := r.controller.Watch(source.Kind[client.Object](r.cache, &gatewayv1.HTTPRoute{}, r.owner)); err != nil {
		return fmt.Errorf("watch HTTPRoutes: %w", err)
	}
	return nil
}

// ready says whether HTTPRoutes can be read from the cache, and makes it so if the cluster
// has got them. HTTPRoutes that cannot be read hold up one pass at a time, and that seldom.
func (r *routes) ready(ctx context.Context) (bool, error) {
	if r.watched.Load() {
		return true, nil
	}
	if !r.looking.TryLock() {
		return false, nil
	}
	defer r.looking.Unlock()
	if r.watched.Load() || time.Now().Before(r.next) {
		return r.watched.Load(), nil
	}
	r.next = time.Now().Add(routesPace)
	if there, err := r.exist(); err != nil || !there {
		return false, err
	}
	limited, cancel := context.WithTimeout(ctx, routesTimeout)
	defer cancel()
	if _, err := r.cache.GetInformer(limited, &gatewayv1.HTTPRoute{}); err != nil {
		r.next = time.Now().Add(routesTimeout)
		return false, fmt.Errorf("read HTTPRoutes: %w", err)
	}
	r.watched.Store(true)
	return true, r.watch()
}

// isWatched says whether there can be HTTPRoutes of ours.
func (r *routes) isWatched() bool {
	return r.watched.Load()
}

// autoscalerChanged passes what is declared of an autoscaler. It reports several times a
// minute what it measures, which is no news.
func autoscalerChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok := e.ObjectOld.(*autoscalingv2.HorizontalPodAutoscaler)
		after, ok2 := e.ObjectNew.(*autoscalingv2.HorizontalPodAutoscaler)
		if !ok || !ok2 {
			return false
		}
		declared := func(o *autoscalingv2.HorizontalPodAutoscaler) []any {
			return []any{o.Spec, o.Labels, o.Annotations, o.OwnerReferences, o.DeletionTimestamp}
		}
		return !equality.Semantic.DeepEqual(declared(before), declared(after))
	}}
}

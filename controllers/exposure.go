package controllers

import (
	"context"
	"fmt"
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/apply"
	"github.com/foyerhq/foyer/controllers/metrics"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/status"
)

// exposure is what a pass knows of the ways to the tenant's sites.
type exposure struct {
	// noRoutes: the cluster does not have the HTTPRoutes that the Tenant asks for.
	noRoutes bool
	changed  []string        // HTTPRoutes that were written in this pass
	untaken  map[string]bool // names of objects that do not lead to their site yet, as far as anybody tells
	found    status.Finding  // a zero Finding: nothing is asked for
}

// ensureObject makes one object as declared. An HTTPRoute in a cluster that knows none stays
// unwritten, which is told where the sites are looked at.
func (r *Reconciler) ensureObject(ctx context.Context, p *pass, desired provision.Object) (apply.Result, error) {
	if least := provision.LeastReplicas(p.tenant, desired); least > 0 {
		return r.gateway.EnsureScaled(ctx, p.tenant, desired, least)
	}
	if ptr.Deref(desired.GetKind(), "") != provision.KindRoute {
		return r.gateway.Ensure(ctx, p.tenant, desired)
	}
	there, err := r.routes.ready(ctx)
	if err != nil {
		return "", err
	}
	var result apply.Result
	if there {
		result, err = r.gateway.Ensure(ctx, p.tenant, desired)
	}
	if !there || apierrors.IsNotFound(err) || meta.IsNoMatchError(err) { // or it was taken away again
		p.exposure.noRoutes = true
		return apply.Unchanged, nil
	}
	if result == apply.Applied {
		p.exposure.changed = append(p.exposure.changed, ptr.Deref(desired.GetName(), ""))
	}
	return result, err
}

// removeLeftovers deletes what the Tenant does not ask for any more, whatever else is in the
// way of it. The old way to a site goes when the new one leads there (see stays), so that
// customers find one all the time.
func (r *Reconciler) removeLeftovers(ctx context.Context, p *pass) error {
	if p.turn.barred {
		return nil
	}
	leftovers := append(provision.NetworkPoliciesNotAskedFor(r.params(p)), provision.NotAskedFor(p.tenant)...)
	for _, leftover := range leftovers {
		object := r.emptyOf(leftover.Kind)
		if object == nil {
			continue
		}
		stays, err := r.stays(ctx, p, leftover, object)
		if err != nil {
			return err
		}
		if stays {
			continue
		}
		if err := r.remove(ctx, p.tenant, leftover, object); err != nil {
			return err
		}
	}
	return nil
}

// stays says whether the old way to a site is the only one yet. One to another host name never
// is: the tenant has given that up, and it may be another's by now.
func (r *Reconciler) stays(ctx context.Context, p *pass, what provision.Dispensable, object client.Object) (bool, error) {
	if what.Successor == "" || !p.obstacles[what.Successor+" "+what.Name] && !p.exposure.untaken[what.Name] {
		return false, nil
	}
	key := client.ObjectKey{Namespace: p.key.Namespace, Name: what.Name}
	if err := r.client.Get(ctx, key, object); client.IgnoreNotFound(err) != nil {
		return false, fmt.Errorf("read %s %s: %w", what.Kind, what.Name, err)
	}
	return leadsTo(object, what.Hostname), nil
}

// leadsTo says whether the object leads to a host name, and to no other.
func leadsTo(object client.Object, hostname string) bool {
	switch way := object.(type) {
	case *networkingv1.Ingress:
		return len(way.Spec.Rules) == 1 && way.Spec.Rules[0].Host == hostname
	case *gatewayv1.HTTPRoute:
		return slices.Equal(way.Spec.Hostnames, []gatewayv1.Hostname{gatewayv1.Hostname(hostname)})
	}
	return false
}

// remove deletes an object of a tenant, if there is one.
func (r *Reconciler) remove(ctx context.Context, t *v1alpha1.Tenant, what provision.Dispensable, object client.Object) error {
	object.SetNamespace(t.Namespace)
	object.SetName(what.Name)
	result, err := r.gateway.Remove(ctx, t, object)
	if err == nil && result == apply.Removed {
		metrics.Writes.WithLabelValues(what.Kind).Inc()
	}
	return err
}

// emptyOf is nil if the cluster has no such kind.
func (r *Reconciler) emptyOf(kind string) client.Object {
	switch kind {
	case provision.KindAutoscaler:
		return &autoscalingv2.HorizontalPodAutoscaler{}
	case provision.KindIngress:
		return &networkingv1.Ingress{}
	case provision.KindNetworkPolicy:
		return &networkingv1.NetworkPolicy{}
	}
	if r.routes.isWatched() {
		return &gatewayv1.HTTPRoute{}
	}
	return nil
}

// lookAtExposure finds out whether the sites are reached from outside the cluster, as far as
// anybody tells.
func (r *Reconciler) lookAtExposure(ctx context.Context, p *pass) error {
	if p.tenant == nil {
		return nil
	}
	var found []status.Finding
	p.exposure.untaken = map[string]bool{}
	for _, site := range provision.Sites(p.tenant) {
		var f status.Finding
		var err error
		switch site.Kind() {
		case provision.KindIngress:
			f, err = r.lookAtIngress(ctx, p, site)
		case provision.KindRoute:
			f, err = r.lookAtRoute(ctx, p, site)
		default:
			continue
		}
		if err != nil {
			return err
		}
		found = append(found, f)
		p.exposure.untaken[provision.ServiceName(p.key.Name, site.Component)] = !f.IsTrue()
	}
	p.exposure.found = status.Exposed(found)
	return nil
}

func (r *Reconciler) lookAtIngress(ctx context.Context, p *pass, site provision.Site) (status.Finding, error) {
	var ingress networkingv1.Ingress
	written, err := r.readWay(ctx, p, site, &ingress)
	if err != nil || !written {
		return unwritten(p, site), err
	}
	return status.OfIngress(siteName(site), &ingress), nil
}

func (r *Reconciler) lookAtRoute(ctx context.Context, p *pass, site provision.Site) (status.Finding, error) {
	there, err := r.routes.ready(ctx)
	if err != nil {
		return status.Finding{}, err
	}
	if !there || p.exposure.noRoutes {
		p.runAgain(foreignPoll)
		return status.No(status.ReasonGatewayAPIMissing, fmt.Sprintf(
			"%s asks for an HTTPRoute, and the cluster has none of gateway.networking.k8s.io/v1: install the Gateway API, or choose another %s.exposure. Foyer looks again by itself.",
			siteName(site), site.Field)), nil
	}
	var route gatewayv1.HTTPRoute
	written, err := r.readWay(ctx, p, site, &route)
	if err != nil || !written {
		return unwritten(p, site), err
	}
	if slices.Contains(p.exposure.changed, route.Name) { // the cache shows the one before
		p.runAgain(behindDelay)
		return unanswered(site), nil
	}
	return status.OfRoute(siteName(site), &route), nil
}

// readWay reads the object that leads to a site, and says whether it is the tenant's.
func (r *Reconciler) readWay(ctx context.Context, p *pass, site provision.Site, into client.Object) (bool, error) {
	key := client.ObjectKey{Namespace: p.key.Namespace, Name: provision.ServiceName(p.key.Name, site.Component)}
	if err := r.client.Get(ctx, key, into); client.IgnoreNotFound(err) != nil {
		return false, fmt.Errorf("read %s %s: %w", site.Kind(), key.Name, err)
	} else if err != nil {
		return false, nil
	}
	return metav1.IsControlledBy(into, p.tenant), nil
}

func unwritten(p *pass, site provision.Site) status.Finding {
	return status.No(status.ReasonNotDeployed, fmt.Sprintf("%s waits: %s %s is not written yet.",
		siteName(site), site.Kind(), provision.ServiceName(p.key.Name, site.Component)))
}

func unanswered(site provision.Site) status.Finding {
	return status.No(status.ReasonPending, siteName(site)+" waits: its HTTPRoute has just been written.")
}

func siteName(site provision.Site) string {
	if site.Component == provision.Backoffice {
		return "The integration API"
	}
	return "The portal"
}

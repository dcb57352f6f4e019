package controllers

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/controllers/apply"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/status"
)

// foreignPoll is how often the pass looks whether an object that is in the way has
// gone: it has none of our labels, so no event tells. What the cluster refuses is tried
// again as often.
const foreignPoll = 15 * time.Second

// inTheWay is about an object of our name that is somebody else's. Only a person can
// move it, unless it belonged to a Tenant that is deleted: then it goes by itself.
func (p *pass) inTheWay(name string, object client.Object) status.Finding {
	p.runAgain(foreignPoll)
	return foreignFinding(name, object)
}

// refused is about an object that the cluster does not let Foyer write, for a quota, a
// policy or a missing right: the pass goes on, so that the status can say so.
func (p *pass) refused(name string, err error) (status.Finding, bool) {
	if !apierrors.IsForbidden(err) && !apierrors.IsInvalid(err) {
		return status.Finding{}, false
	}
	p.runAgain(foreignPoll)
	return status.No(status.ReasonRefused, status.Sentence("The cluster refuses "+name+", and Foyer tries again by itself: "+err.Error())), true
}

// obstructs notes an object that could not be written. All of them are told at once.
func (p *pass) obstructs(desired provision.Object, found status.Finding) {
	if p.obstacles == nil {
		p.obstacles = map[string]bool{}
	}
	p.obstacles[apply.Name(desired)] = true
	if p.foreign.Reason == "" {
		p.foreign = found
		return
	}
	message := p.foreign.Message + " " + found.Message
	if found.Stalled && !p.foreign.Stalled { // a person has to do something
		p.foreign = found
	}
	p.foreign.Message = message
}

// unsafe says whether a Deployment is not to be written because of what is in the way: its
// pods would run as somebody else's ServiceAccount, without their NetworkPolicy, or with
// somebody else's settings.
func (p *pass) unsafe(desired provision.Object) bool {
	if _, workload := provision.Workload(desired); !workload {
		return false
	}
	name := ptr.Deref(desired.GetName(), "")
	return p.settings.blocked.Reason != "" || p.obstacles["ServiceAccount "+name] || p.obstacles[provision.KindNetworkPolicy+" "+name]
}

func foreignFinding(name string, object client.Object) status.Finding {
	if owner := metav1.GetControllerOf(object); owner != nil && owner.Kind == "Tenant" {
		return status.No(status.ReasonForeignObject, name+" belonged to a former Tenant of this name: Foyer waits until it is deleted.")
	}
	return status.Stuck(status.ReasonForeignObject, name+" exists and does not belong to this Tenant: delete it, or move it out of the way.")
}

// readForeign reads the owners of an object, and names it if it is in the way.
func (r *Reconciler) readForeign(ctx context.Context, p *pass, desired provision.Object) error {
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(schema.FromAPIVersionAndKind(ptr.Deref(desired.GetAPIVersion(), ""), ptr.Deref(desired.GetKind(), "")))
	key := client.ObjectKey{Namespace: p.key.Namespace, Name: ptr.Deref(desired.GetName(), "")}
	if err := r.live.Get(ctx, key, object); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("read %s: %w", apply.Name(desired), err)
	}
	if !metav1.IsControlledBy(object, p.tenant) && object.ResourceVersion != "" {
		p.obstructs(desired, p.inTheWay(apply.Name(desired), object))
	}
	return nil
}

package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/apply"
	"github.com/foyerhq/foyer/controllers/index"
	"github.com/foyerhq/foyer/controllers/metrics"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/status"
	"github.com/foyerhq/foyer/internal/store/admin"
)

// finalizer keeps a Tenant with deletionPolicy Delete until its data is deleted. Any other
// Tenant has none: what it owns goes by itself, and its data stays.
const finalizer = "foyer.dev/delete-data"

// errGuarded: the finalizer was changed, which comes before all else and alone.
var errGuarded = fmt.Errorf("the finalizer has changed: %w", errStale)

// guard sees that a Tenant has the finalizer if, and only if, its data is to be deleted
// with it, whatever else is wrong with it, and deletes the data of one that is leaving.
func (r *Reconciler) guard(ctx context.Context, p *pass) error {
	if p.departing != nil {
		return r.leave(ctx, p)
	}
	if p.tenant == nil {
		return nil
	}
	wanted := p.tenant.Spec.Database.DeletionPolicy == v1alpha1.DeletionDelete
	if wanted == controllerutil.ContainsFinalizer(p.tenant, finalizer) {
		return nil
	}
	if err := r.writeFinalizer(ctx, p.tenant, wanted); err != nil {
		return err
	}
	return errGuarded
}

// writeFinalizer changes nothing but the finalizer, of exactly the version that was read.
func (r *Reconciler) writeFinalizer(ctx context.Context, t *v1alpha1.Tenant, wanted bool) error {
	next := t.DeepCopy()
	if wanted {
		controllerutil.AddFinalizer(next, finalizer)
	} else {
		controllerutil.RemoveFinalizer(next, finalizer)
	}
	err := r.client.Patch(ctx, next, client.MergeFromWithOptions(t, client.MergeFromWithOptimisticLock{}), apply.FieldOwner)
	metrics.Wrote("Tenant", client.IgnoreNotFound(err))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("write the finalizer of Tenant %s: %w", t.Name, err)
	}
	return nil
}

// leave takes a Tenant that is being deleted one step on: nothing leads to its sites any more,
// its pods stop, its data is deleted, its keys go with it, and the finalizer is removed. That
// is bounded in time, whatever refuses a step, so that no namespace waits for ever: then the
// data stays, and is told.
func (r *Reconciler) leave(ctx context.Context, p *pass) error {
	t := p.departing
	if t.Spec.Database.DeletionPolicy != v1alpha1.DeletionDelete { // somebody thought better of it
		return r.release(ctx, p, remains{})
	}
	waits, err := r.closeDown(ctx, p)
	if err != nil && !r.overdue(p) {
		return err
	}
	if err != nil { // its roles go all the same, and so what it can do
		log.FromContext(ctx).Error(err, "could not stop a deleted tenant, going on without")
	} else if waits {
		p.farewell = leavingFinding("Its pods stop first.")
		p.runAgain(r.pace.retry)
		return nil
	}
	state, problem, err := r.deleteData(ctx, p)
	if err != nil && !r.overdue(p) {
		return err
	}
	if err != nil {
		log.FromContext(ctx).Error(err, "could not find out where the data of a deleted tenant is")
		return r.release(ctx, p, remains{data: "Foyer could not read what it needs for that from the API server."})
	}
	return r.leaveData(ctx, p, state, problem)
}

// overdue says whether a Tenant has been deleted for so long that it is to go now, whatever
// stays of it.
func (r *Reconciler) overdue(p *pass) bool {
	return p.now.After(p.departing.DeletionTimestamp.Add(r.pace.deletion))
}

// leaveData goes on by what is known of the deletion of the data.
func (r *Reconciler) leaveData(ctx context.Context, p *pass, state deletion, problem *admin.Problem) error {
	over := r.overdue(p)
	switch {
	case state.done:
		err := r.disownKeys(ctx, p.departing)
		if over && apierrors.IsConflict(err) { // once more, and not again and again
			err = r.disownKeys(ctx, p.departing)
		}
		if err != nil && !over {
			return err
		}
		return r.release(ctx, p, remains{keys: err, never: problem != nil})
	case state.running && over && r.deletions.giveUp(p.key, min(deletionTimeout, r.pace.deletion)):
		return r.release(ctx, p, remains{data: "The deletions before it on that server took all the time."})
	case state.running:
		p.farewell = leavingFinding("Schema and roles are being deleted.")
		p.runAgain(r.pace.pollAtRest)
	case problem != nil && (over || problem.Reason == admin.OwnedByAnother):
		return r.release(ctx, p, remains{data: problem.Message})
	case problem != nil:
		p.farewell = leavingFinding(fmt.Sprintf("They cannot be deleted now: %s Foyer tries again for %d minutes after the deletion, and then leaves them.",
			status.Sentence(problem.Message), int(r.pace.deletion.Minutes())))
		p.runAgain(min(r.pace.retry, max(p.departing.DeletionTimestamp.Add(r.pace.deletion).Sub(p.now), time.Second)))
	}
	return nil
}

func leavingFinding(step string) status.Finding {
	return status.No(status.ReasonDeleting, "The Tenant is being deleted, with its schema, roles and keys, as spec.database.deletionPolicy says. "+step)
}

// closeDown takes away what leads to the tenant's sites, since another Tenant may have its
// host names from now on, and has its pods end. It says whether they are to be waited for.
func (r *Reconciler) closeDown(ctx context.Context, p *pass) (waits bool, err error) {
	closing := r.closeSites(ctx, p.departing)
	waits, err = r.stopWorkloads(ctx, p)
	return waits, errors.Join(closing, err)
}

func (r *Reconciler) closeSites(ctx context.Context, t *v1alpha1.Tenant) error {
	for _, way := range provision.WaysToSites(t) {
		object := r.emptyOf(way.Kind)
		if object == nil {
			continue
		}
		if err := r.remove(ctx, t, way, object); err != nil {
			return err
		}
	}
	return nil
}

// stopWorkloads asks the tenant's pods to end, and says whether they are to be waited for:
// not longer than they may take. The cluster deletes their Deployments only when the Tenant
// is gone, or with their namespace.
func (r *Reconciler) stopWorkloads(ctx context.Context, p *pass) (waits bool, err error) {
	for _, c := range provision.Components() {
		var deployment appsv1.Deployment
		key := client.ObjectKey{Namespace: p.key.Namespace, Name: provision.WorkloadName(p.key.Name, c)}
		if err := r.client.Get(ctx, key, &deployment); client.IgnoreNotFound(err) != nil {
			return false, fmt.Errorf("read Deployment %s: %w", key.Name, err)
		} else if err != nil || !metav1.IsControlledBy(&deployment, p.departing) || ptr.Deref(deployment.Spec.Replicas, 1) == 0 {
			continue
		}
		err := r.client.Patch(ctx, &deployment, client.RawPatch(types.MergePatchType, []byte(`{"spec":{"replicas":0}}`)), apply.FieldOwner)
		metrics.Wrote("Deployment", client.IgnoreNotFound(err))
		if client.IgnoreNotFound(err) != nil {
			return false, fmt.Errorf("stop Deployment %s: %w", key.Name, err)
		}
		waits = true
	}
	var pods corev1.PodList
	err = r.client.List(ctx, &pods, client.InNamespace(p.key.Namespace), client.MatchingLabels{provision.LabelTenant: p.key.Name})
	if err != nil {
		return false, fmt.Errorf("read pods: %w", err)
	}
	return (waits || len(pods.Items) > 0) && p.now.Before(p.departing.DeletionTimestamp.Add(r.pace.drain)), nil
}

// deleteData has the data deleted beside the pass. Where no server is declared and nothing
// was ever prepared, there is none: it is done, with a problem.
func (r *Reconciler) deleteData(ctx context.Context, p *pass) (deletion, *admin.Problem, error) {
	server, problem, err := r.servers.find(ctx, index.Server(p.departing), p.key.Namespace)
	if err != nil {
		return deletion{}, nil, err
	}
	if problem != nil {
		never, err := r.neverPrepared(ctx, p.departing)
		return deletion{done: never}, problem, err
	}
	opened, problem := server.open()
	if problem != nil {
		return deletion{}, problem, nil
	}
	if !r.preparations.idle(p.key) { // what is made would be left
		return deletion{running: true}, nil, nil
	}
	state := r.deletions.ensure(p.departing, server.name, func(ctx context.Context) error { return opened.Drop(ctx, r.owner(p.departing)) })
	if state.problem != nil && state.problem.Reason == status.ReasonUnreachable && !state.running {
		state.problem, _ = server.suspect(ctx, state.problem)
	}
	return state, state.problem, nil
}

// neverPrepared says whether nothing was ever made for a Tenant: neither its status knows of a
// schema, which a Tenant of a backup may have lost, nor are there keys, which come after it.
func (r *Reconciler) neverPrepared(ctx context.Context, t *v1alpha1.Tenant) (bool, error) {
	if t.Status.Database.Schema != "" {
		return false, nil
	}
	keys, err := r.readAnySecret(ctx, t, provision.KeysSecretName(t.Name))
	if err != nil {
		return false, err
	}
	return keys.ResourceVersion == "" || !isKeysSecret(keys, t.Name), nil
}

// disownKeys empties the keys, and makes them the Tenant's, so that they go with it: by
// themselves they stay. Where admission lets nobody do the latter who may not delete Secrets
// (plugin OwnerReferencesPermissionEnforcement, as on OpenShift), an empty one stays. Those
// that somebody made immutable go as they are.
func (r *Reconciler) disownKeys(ctx context.Context, t *v1alpha1.Tenant) error {
	secret, err := r.readAnySecret(ctx, t, provision.KeysSecretName(t.Name))
	if err != nil {
		return err
	}
	if secret.ResourceVersion == "" || !isKeysSecret(secret, t.Name) {
		return nil
	}
	empty := secret.DeepCopy()
	empty.Data = nil
	owned := empty.DeepCopy()
	if err := controllerutil.SetControllerReference(t, owned, r.client.Scheme(), controllerutil.WithBlockOwnerDeletion(false)); err != nil {
		return fmt.Errorf("give Secret %s to its Tenant: %w", secret.Name, err)
	}
	before := client.MergeFromWithOptions(secret, client.MergeFromWithOptimisticLock{})
	if ptr.Deref(secret.Immutable, false) {
		owned.Data = secret.Data
	}
	err = r.client.Patch(ctx, owned, before, apply.FieldOwner)
	if apierrors.IsForbidden(err) {
		err = r.client.Patch(ctx, empty, before, apply.FieldOwner)
	}
	metrics.Wrote("Secret", client.IgnoreNotFound(err))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("empty Secret %s and give it to its Tenant: %w", secret.Name, err)
	}
	return nil
}

// remains says why something of a Tenant stays that was to go with it. Zero: nothing does.
type remains struct {
	data  string
	keys  error
	never bool // nothing was ever made of it
}

// release lets the Tenant go, and says what became of its data.
func (r *Reconciler) release(ctx context.Context, p *pass, left remains) error {
	t := p.departing
	if err := r.writeFinalizer(ctx, t, false); err != nil {
		return err
	}
	p.departing = nil
	r.deletions.forget(p.key)
	switch {
	case left.data != "": // in a namespace that is being deleted no event can be made
		metrics.Deletions.WithLabelValues(metrics.ResultLeft).Inc()
		decide(p.key, decidedLeft, "schema", r.owner(t).Schema(), "server", index.Server(t), "cause", left.data)
		r.recorder.Eventf(t, nil, corev1.EventTypeWarning, "DataLeft", action, "%s", status.Note(fmt.Sprintf(
			"The Tenant is gone, and schema %s stays on database server %q: %s", r.owner(t).Schema(), index.Server(t), status.Sentence(left.data))))
	case left.keys != nil: // the error names the Secret, and nothing of what it holds
		metrics.Deletions.WithLabelValues(metrics.ResultDone).Inc()
		decide(p.key, decidedDeleted, "schema", r.owner(t).Schema(), "server", index.Server(t), "keysStay", left.keys.Error())
		r.recorder.Eventf(t, nil, corev1.EventTypeWarning, "KeysLeft", action, "%s", status.Note(fmt.Sprintf(
			"The Tenant's schema and roles are deleted, and its keys stay, so delete Secret %s: %s", provision.KeysSecretName(t.Name), status.Sentence(left.keys.Error()))))
	case t.Spec.Database.DeletionPolicy == v1alpha1.DeletionDelete && !left.never:
		metrics.Deletions.WithLabelValues(metrics.ResultDone).Inc()
		decide(p.key, decidedDeleted, "schema", r.owner(t).Schema(), "server", index.Server(t))
		r.recorder.Eventf(t, nil, corev1.EventTypeNormal, "DataDeleted", action, "%s",
			"The Tenant's schema and roles are deleted, and its keys go with it.")
	}
	return nil
}

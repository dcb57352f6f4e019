package apply

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/controllers/provision"
)

// FieldOwner is the name under which the operator owns the fields that it sets.
const FieldOwner = client.FieldOwner("foyer")

// Result says what became of an object.
type Result string

// The results.
const (
	Unchanged Result = "Unchanged" // it was as rendered: nothing was sent
	Applied   Result = "Applied"
	Removed   Result = "Removed"
	Foreign   Result = "Foreign" // an object of this name is not the owner's: left alone
	// Contested: somebody else changes it again and again, so it is left as it is for a while.
	Contested Result = "Contested"
)

// Gateway writes objects.
type Gateway struct {
	client client.Client
	live   client.Reader
	keeper Keeper // nil: nobody is told of drift
}

// New makes a gateway. It reads from the cache of c, and from live (the API server)
// where the cache cannot know: it holds only what carries a Tenant's label.
func New(c client.Client, live client.Reader) *Gateway {
	return &Gateway{client: c, live: live}
}

// Watched is the gateway with somebody who is told of drift.
func (g *Gateway) Watched(by Keeper) *Gateway {
	watched := *g
	watched.keeper = by
	return &watched
}

// Ensure makes the live object contain what desired says. It is for the kinds that the
// manager caches.
func (g *Gateway) Ensure(ctx context.Context, owner client.Object, desired provision.Object) (Result, error) {
	want, err := render(desired)
	if err != nil {
		return "", err
	}
	current, err := g.read(ctx, want)
	if apierrors.IsNotFound(err) {
		v := g.missing(owner, want)
		if !v.send {
			return v.result, nil
		}
		return v.done(g.apply(ctx, want))
	}
	if err != nil {
		return "", fmt.Errorf("read %s: %w", Name(desired), err)
	}
	v, err := g.decide(ctx, owner, current, want)
	if err != nil || !v.send {
		return v.result, err
	}
	// Should another object of this name have taken its place, the server refuses.
	want.SetUID(current.GetUID())
	return v.done(g.apply(ctx, want))
}

// EnsureFrom is Ensure on an object that the caller has read from the API server:
// live, or a zero object if there is none. It writes on top of exactly that version,
// or not at all: if it has changed since, or was made in the meantime, the error is a
// conflict (apierrors.IsConflict), and the caller reads again and decides again.
func (g *Gateway) EnsureFrom(ctx context.Context, owner, live client.Object, desired provision.Object) (Result, error) {
	want, err := render(desired)
	if err != nil {
		return "", err
	}
	if live.GetResourceVersion() == "" {
		v := g.missing(owner, want)
		if !v.send {
			return v.result, nil
		}
		return v.done(g.create(ctx, want))
	}
	v, err := g.decide(ctx, owner, live, want)
	if err != nil || !v.send {
		return v.result, err
	}
	version, err := g.ownAlone(ctx, live)
	if err != nil {
		return "", fmt.Errorf("take over the fields of %s: %w", Name(desired), err)
	}
	// The version says which state was read; the uid that it must still be there.
	want.SetResourceVersion(version)
	want.SetUID(live.GetUID())
	return v.done(g.apply(ctx, want))
}

// read gets the object from the cache and, if it is not there, from the API server: an
// object that is not ours has no label of ours, so the cache does not see it.
func (g *Gateway) read(ctx context.Context, want *rendered) (client.Object, error) {
	made, err := g.client.Scheme().New(want.GroupVersionKind())
	if err != nil {
		return nil, err
	}
	object, ok := made.(client.Object)
	if !ok {
		return nil, fmt.Errorf("%s is not a kind of object", want.GroupVersionKind())
	}
	key := client.ObjectKey{Namespace: want.GetNamespace(), Name: want.GetName()}
	err = g.client.Get(ctx, key, object)
	if apierrors.IsNotFound(err) {
		err = g.live.Get(ctx, key, object)
	}
	return object, err
}

// verdict is what is to be done about an object.
type verdict struct {
	send   bool
	result Result // if nothing is sent
	healed func() // to be called when it was sent; nil: nothing
}

// done tells the keeper what was healed, once it was.
func (v verdict) done(result Result, err error) (Result, error) {
	if err == nil && v.healed != nil {
		v.healed()
	}
	return result, err
}

// decide says whether there is something to send, and the result if there is not.
func (g *Gateway) decide(ctx context.Context, owner, live client.Object, want *rendered) (verdict, error) {
	// What is rendered without an owner outlives it: the caller knows whose it is.
	if len(want.GetOwnerReferences()) > 0 && !metav1.IsControlledBy(live, owner) {
		return verdict{result: Foreign}, nil
	}
	// What is being deleted cannot be kept; its end is an event that runs the pass again.
	if live.GetDeletionTimestamp() != nil {
		return verdict{result: Unchanged}, nil
	}
	// Without the digest it is not as any release left it.
	applied := live.GetAnnotations()[AnnotationApplied]
	if applied != "" && applied != want.GetAnnotations()[AnnotationApplied] {
		return verdict{send: true}, nil
	}
	fields, err := changedIn(live, want)
	if err != nil {
		return verdict{}, err
	}
	g.seen(owner, want)
	if len(fields) == 0 {
		return verdict{result: Unchanged}, nil
	}
	return g.drifted(ctx, owner, live, want, fields), nil
}

func (g *Gateway) apply(ctx context.Context, want *rendered) (Result, error) {
	err := g.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(&want.Unstructured),
		FieldOwner, client.ForceOwnership)
	if err != nil {
		return "", fmt.Errorf("apply %s: %w", want.name(), err)
	}
	return Applied, nil
}

// ownAlone makes what the operator owns by the creation of an object a part of what it
// owns by applying: otherwise it would own that twice, and an apply without a field
// would leave the field there. It returns the version of the object after that.
func (g *Gateway) ownAlone(ctx context.Context, live client.Object) (string, error) {
	own := string(FieldOwner)
	patch, err := csaupgrade.UpgradeManagedFieldsPatch(live, sets.New(own), own)
	if err != nil || patch == nil { // there is nothing to move
		return live.GetResourceVersion(), err
	}
	moved := live.DeepCopyObject().(client.Object)
	err = g.client.Patch(ctx, moved, client.RawPatch(types.JSONPatchType, patch))
	if apierrors.IsNotFound(err) { // deleted in the meantime
		err = apierrors.NewConflict(schema.GroupResource{}, live.GetName(), err)
	}
	return moved.GetResourceVersion(), err
}

// create makes an object that must not exist yet, which an apply could not tell.
func (g *Gateway) create(ctx context.Context, want *rendered) (Result, error) {
	err := g.client.Create(ctx, &want.Unstructured, FieldOwner)
	if apierrors.IsAlreadyExists(err) {
		err = apierrors.NewConflict(
			schema.GroupResource{Group: want.GroupVersionKind().Group, Resource: want.GetKind()}, want.GetName(), err)
	}
	if err != nil {
		return "", fmt.Errorf("create %s: %w", want.name(), err)
	}
	return Applied, nil
}

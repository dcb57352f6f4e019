package apply

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Remove deletes an object, given by its type and name, if the owner controls it. It is for
// the kinds that the manager caches: what has lost our label is seen again when it is
// rendered again.
func (g *Gateway) Remove(ctx context.Context, owner, object client.Object) (Result, error) {
	err := g.client.Get(ctx, client.ObjectKeyFromObject(object), object)
	if client.IgnoreNotFound(err) != nil {
		return "", fmt.Errorf("read %T %s: %w", object, object.GetName(), err)
	}
	if err != nil || object.GetDeletionTimestamp() != nil {
		return Unchanged, nil
	}
	if !metav1.IsControlledBy(object, owner) {
		return Foreign, nil
	}
	err = g.client.Delete(ctx, object, client.Preconditions{UID: ptr.To(object.GetUID())})
	if client.IgnoreNotFound(err) != nil {
		return "", fmt.Errorf("delete %T %s: %w", object, object.GetName(), err)
	}
	if g.keeper != nil {
		kind, err := g.client.GroupVersionKindFor(object)
		if err != nil {
			return "", fmt.Errorf("name the kind of %T: %w", object, err)
		}
		g.keeper.Removed(owner, kind.Kind, object.GetName())
	}
	return Removed, nil
}

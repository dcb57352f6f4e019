package propagation

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foyerv1alpha1 "github.com/foyerhq/foyer/api/v1alpha1"
)

// crowdNamespace is where the other tenants are.
const crowdNamespace = "foyer-bench"

const (
	crowdPatience = 20 * time.Minute // for their pods, on a machine of two cores
	crowdPoll     = time.Second
	crowdEdits    = time.Second // between two edits of theirs, while changes are measured
)

// MeasureInCrowd is [Measure] while that many other tenants are in the same cluster, each
// with its pods, and one of them is edited each second. The pods that the node has no room
// for wait, and are told.
func MeasureInCrowd(ctx context.Context, changes, others int, progress func(format string, args ...any)) (result Result, err error) {
	m, err := connect(ctx)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, m.disperse(context.WithoutCancel(ctx), progress)) }()
	if err := m.gather(ctx, others); err != nil {
		return Result{}, err
	}
	if err := m.settle(ctx, others, progress); err != nil {
		return Result{}, err
	}
	busy, rest := context.WithCancel(ctx)
	edited := make(chan error, 1)
	go func() { edited <- m.editOthers(busy, others) }()
	result, err = Measure(ctx, changes, progress)
	rest()
	return result, errors.Join(err, <-edited)
}

func crowdName(i int) string { return fmt.Sprintf("crowd-%03d", i) }

// gather declares the other tenants.
func (m *measurement) gather(ctx context.Context, others int) error {
	if err := m.cluster.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: crowdNamespace}}); err != nil {
		return fmt.Errorf("make the namespace of the other tenants: %w", err)
	}
	small := foyerv1alpha1.Resources{CPURequest: "1m", MemoryRequest: "16Mi", MemoryLimit: "128Mi"}
	for i := range others {
		meta := metav1.ObjectMeta{Namespace: crowdNamespace, Name: crowdName(i)}
		other := &foyerv1alpha1.Tenant{ObjectMeta: meta, Spec: foyerv1alpha1.TenantSpec{
			DisplayName: meta.Name,
			Portal:      foyerv1alpha1.PortalSpec{Hostname: meta.Name + ".localhost", Replicas: ptr.To[int32](1), Resources: small},
			Backoffice:  foyerv1alpha1.BackofficeSpec{Replicas: ptr.To[int32](1), Resources: small},
			Dispatcher:  foyerv1alpha1.DispatcherSpec{Replicas: ptr.To[int32](1), Resources: small},
			Database: foyerv1alpha1.DatabaseSpec{
				ServerRef: foyerv1alpha1.ObjectRef{Name: "default"}, DeletionPolicy: foyerv1alpha1.DeletionDelete,
			},
		}}
		account := &foyerv1alpha1.AccountProfile{ObjectMeta: meta, Spec: foyerv1alpha1.AccountProfileSpec{
			TenantRef: foyerv1alpha1.ObjectRef{Name: meta.Name}, DisplayName: "Business",
		}}
		for _, o := range []client.Object{other, account} {
			if err := m.cluster.Create(ctx, o); err != nil {
				return fmt.Errorf("declare %s: %w", meta.Name, err)
			}
		}
	}
	return nil
}

// settle waits until every other tenant is live and each of their pods is ready or has no
// room.
func (m *measurement) settle(ctx context.Context, others int, progress func(string, ...any)) error {
	looks, awaited := 0, 0
	err := wait.PollUntilContextTimeout(ctx, crowdPoll, crowdPatience, true, func(ctx context.Context) (done bool, err error) {
		live, ready, noRoom, now, err := m.crowd(ctx)
		if err != nil {
			return false, err
		}
		awaited = now
		done = live == others && awaited == 0 && ready+noRoom >= 3*others
		if done || looks%30 == 0 {
			progress("of %d other tenants %d are live; %d of their pods are ready, %d find no room on the node", others, live, ready, noRoom)
		}
		looks++
		return done, nil
	})
	if err != nil {
		return fmt.Errorf("%d pods of other tenants are not ready: %w", awaited, err)
	}
	return nil
}

// crowd counts the tenants that are live and their pods.
func (m *measurement) crowd(ctx context.Context) (live, ready, noRoom, awaited int, err error) {
	var tenants foyerv1alpha1.TenantList
	var pods corev1.PodList
	if err := errors.Join(m.cluster.List(ctx, &tenants, client.InNamespace(crowdNamespace)), m.cluster.List(ctx, &pods, client.InNamespace(crowdNamespace))); err != nil {
		return 0, 0, 0, 0, fmt.Errorf("look at the other tenants: %w", err)
	}
	for _, t := range tenants.Items {
		if t.Status.LiveGeneration == t.Generation {
			live++
		}
	}
	for _, p := range pods.Items {
		switch {
		case holds(p, corev1.PodReady, corev1.ConditionTrue):
			ready++
		case holds(p, corev1.PodScheduled, corev1.ConditionFalse):
			noRoom++
		default:
			awaited++
		}
	}
	return live, ready, noRoom, awaited, nil
}

func holds(p corev1.Pod, kind corev1.PodConditionType, value corev1.ConditionStatus) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == kind {
			return c.Status == value
		}
	}
	return false
}

// editOthers changes one other tenant's profile after the other, until the measurement is
// over.
func (m *measurement) editOthers(ctx context.Context, others int) error {
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(crowdEdits):
		}
		object := &foyerv1alpha1.AccountProfile{ObjectMeta: metav1.ObjectMeta{Namespace: crowdNamespace, Name: crowdName(i % others)}}
		body := fmt.Appendf(nil, `{"spec":{"displayName":"Business %d"}}`, i)
		if err := m.cluster.Patch(ctx, object, client.RawPatch(types.MergePatchType, body)); err != nil && ctx.Err() == nil {
			return fmt.Errorf("edit another tenant: %w", err)
		}
	}
}

// disperse takes the other tenants away, with their data.
func (m *measurement) disperse(ctx context.Context, progress func(string, ...any)) error {
	progress("the other tenants go")
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: crowdNamespace}}
	if err := m.cluster.Delete(ctx, namespace); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("take the other tenants away: %w", err)
	}
	var last error
	err := wait.PollUntilContextTimeout(ctx, crowdPoll, crowdPatience, true, func(ctx context.Context) (bool, error) {
		last = m.cluster.Get(ctx, client.ObjectKeyFromObject(namespace), namespace)
		return apierrors.IsNotFound(last), nil
	})
	if err != nil {
		return fmt.Errorf("namespace %s is still there: %w", crowdNamespace, errors.Join(err, last))
	}
	return nil
}

package scale

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/hack/bench/operator"
)

const (
	// EditTarget is for the 95th percentile.
	EditTarget = 2 * time.Second
	// Edits is how many are made.
	Edits = 100

	editLimit    = 2 * time.Minute
	editInterval = 10 * time.Millisecond
)

// EditUnderLoad returns, sorted, how long a person waits for the edit of an
// AccountProfile to be live by its status, while the operator passes over every tenant
// because the Secret of their database server was changed. As soon as it is through
// with that, the Secret is changed again.
func (s *Shared) EditUnderLoad(ctx context.Context) ([]time.Duration, error) {
	w, err := s.settled(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := w.calm(ctx, 0); err != nil {
		return nil, err
	}
	load := fanOut{world: w}
	order := rand.New(rand.NewPCG(1, 2)).Perm(w.tenants) //nolint:gosec // whose turn it is, is no secret
	var times []time.Duration
	for i := range s.Edits {
		if err := load.keepUp(ctx); err != nil {
			return nil, err
		}
		took, err := w.edit(ctx, tenantName(order[i%len(order)]), int32(100+i))
		if err != nil {
			return nil, err
		}
		times = append(times, took)
		if (i+1)%10 == 0 {
			w.progress("%d of %d edits, the last was live after %s", i+1, s.Edits, took.Round(time.Millisecond))
		}
	}
	slices.Sort(times)
	w.progress("the Secret of the database server was changed %d times, an edit took %s in the median", load.changes, times[len(times)/2].Round(time.Millisecond))
	_, err = w.calm(ctx, 0)
	return times, err
}

// fanOut keeps the operator passing over every tenant.
type fanOut struct {
	world   *world
	changes int
	until   float64 // passes
}

// keepUp changes the Secret of the database server when the operator is through with
// the last change: two passes over each tenant, before its database was looked at and
// after.
func (f *fanOut) keepUp(ctx context.Context) error {
	report, err := f.world.operator.Ask(operator.Count)
	if err != nil || report.Passes < f.until {
		return err
	}
	f.changes++
	f.until = report.Passes + 2*float64(f.world.tenants)
	secret := &corev1.Secret{}
	secret.Namespace, secret.Name = operatorNamespace, serverName
	patch := fmt.Appendf(nil, `{"stringData":{"allowedNamespaces":"* change-%d"}}`, f.changes)
	if err := f.world.cluster.Client.Patch(ctx, secret, client.RawPatch(types.MergePatchType, patch)); err != nil {
		return fmt.Errorf("change the Secret of the database server: %w", err)
	}
	return nil
}

// edit changes a profile and waits until its status says that customers have it. Then
// the replicas acknowledge.
func (w *world) edit(ctx context.Context, tenant string, days int32) (time.Duration, error) {
	profile := &v1alpha1.AccountProfile{}
	profile.Namespace, profile.Name = tenant, "profile-0"
	patch := fmt.Appendf(nil, `{"spec":{"attributes":{"tradingTermsDays":%d}}}`, days)
	start := time.Now()
	if err := w.cluster.Client.Patch(ctx, profile, client.RawPatch(types.MergePatchType, patch)); err != nil {
		return 0, fmt.Errorf("edit a profile of %s: %w", tenant, err)
	}
	generation := profile.Generation
	err := until(ctx, "an edit of "+tenant+" is live", editLimit, editInterval, func() (bool, error) {
		err := w.cluster.Client.Get(ctx, client.ObjectKeyFromObject(profile), profile)
		return profile.Status.ObservedGeneration == generation && profile.Status.LiveGeneration == generation, err
	})
	took := time.Since(start)
	return took, errors.Join(err, w.acknowledge(ctx, tenant))
}

package scale

import (
	"bytes"
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/foyerhq/foyer/hack/bench/operator"
)

const (
	// SecretTarget is for one Secret, in KiB: what its metadata takes in a cache.
	SecretTarget = 1.2
	// ResidentTarget is for the whole operator, in MiB: half of the limit that its Deployment has.
	ResidentTarget = 512.0

	secretsOfEach = 20 // tenant: 20,000 beside a thousand
	secretBytes   = 4 << 10
)

// Unrelated is what the operator takes beside Secrets that are not its business.
type Unrelated struct {
	Secrets   int
	PerSecret float64 // KiB of heap
	Resident  float64 // MiB, of an operator that has passed over everything and rests
}

// UnrelatedSecrets makes Secrets in the tenants' namespaces, and compares operators that
// were started before and after.
func (s *Shared) UnrelatedSecrets(ctx context.Context) (Unrelated, error) {
	if s.unrelated.Secrets > 0 {
		return s.unrelated, nil
	}
	w, err := s.settled(ctx)
	if err != nil {
		return Unrelated{}, err
	}
	before, err := w.atRest(ctx)
	if err != nil {
		return Unrelated{}, err
	}
	secrets := secretsOfEach * w.tenants
	w.progress("making %d Secrets of others", secrets)
	if err := each(ctx, 0, w.tenants, w.makeSecrets); err != nil {
		return Unrelated{}, err
	}
	after, err := w.atRest(ctx)
	if err != nil {
		return Unrelated{}, err
	}
	collected, err := w.operator.Ask(operator.Collect)
	w.progress("beside %d Secrets of others the operator has %.1f MiB resident (%.1f without them), %.1f after garbage was collected",
		secrets, mebibytes(after.Resident), mebibytes(before.Resident), mebibytes(collected.Resident))
	s.unrelated = Unrelated{
		Secrets: secrets, PerSecret: (float64(after.Heap) - float64(before.Heap)) / 1024 / float64(secrets), Resident: mebibytes(after.Resident),
	}
	return s.unrelated, err
}

// atRest is a new operator that has passed over everything: resident as it is, with the
// heap that is left after collecting garbage.
func (w *world) atRest(ctx context.Context) (operator.Report, error) {
	if _, err := w.restart(ctx); err != nil {
		return operator.Report{}, err
	}
	report, err := w.operator.Ask(operator.Count)
	if err != nil {
		return report, err
	}
	collected, err := w.operator.Ask(operator.Collect)
	report.Heap = collected.Heap
	return report, err
}

func (w *world) makeSecrets(ctx context.Context, tenant string) error {
	for i := range secretsOfEach {
		secret := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: tenant, Name: fmt.Sprintf("of-others-%d", i), Labels: map[string]string{"app": "another"}},
			Data:       map[string][]byte{"certificate": bytes.Repeat([]byte{'x'}, secretBytes)},
		}
		if err := w.cluster.Client.Create(ctx, secret); err != nil {
			return fmt.Errorf("make a Secret of others: %w", err)
		}
	}
	return nil
}

package controllers

import (
	"context"
	"errors"
	"io"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/metrics"
	"github.com/foyerhq/foyer/internal/store/admin"
)

// measure shows how the Tenant is in the metrics, as its status says it.
func (p *pass) measure(said v1alpha1.TenantStatus) {
	var rotated time.Time
	if at := said.Database.LastRotationTime; at != nil {
		rotated = at.Time
	}
	metrics.SetTenant(p.key, metrics.Tenant{
		RotatedAt:  rotated,
		Conditions: said.Conditions,
		Generation: p.tenant.Generation, LiveGeneration: said.LiveGeneration,
		Accounts: said.Accounts,
		Rejected: p.rejected(),
		Orphaned: len(said.OrphanedProfiles),
		Ready:    p.replicas.Replicas, Programmed: p.replicas.Replicas - int32(len(p.behind())), //nolint:gosec // a tenant has at most 150 pods
		Unloaded: map[string]bool{
			settingsKind.name: p.memory.spreads[settingsKind].failure != "",
			routingKind.name:  p.memory.spreads[routingKind].failure != "",
		},
	})
}

// countWatchErrors counts lists and watches that end with an error, which client-go then
// logs and tries again.
func countWatchErrors(ctx context.Context, reflector *toolscache.Reflector, err error) {
	metrics.WatchErrors.WithLabelValues(watchReason(err)).Inc()
	toolscache.DefaultWatchErrorHandler(ctx, reflector, err)
}

func watchReason(err error) string {
	switch {
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		return metrics.WatchForbidden
	case apierrors.IsResourceExpired(err), apierrors.IsGone(err):
		return metrics.WatchExpired
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return metrics.WatchClosed
	case apierrors.IsNotFound(err):
		return metrics.WatchNotFound
	default:
		return metrics.WatchOther
	}
}

// measurePreparation counts a preparation, and the migrations of which it was.
func measurePreparation(took time.Duration, prepared admin.Prepared, err error) {
	metrics.Preparations.WithLabelValues(metrics.Took(err)).Observe(took.Seconds())
	switch {
	case err == nil && prepared.Migration > 0:
		metrics.Migrations.WithLabelValues(metrics.ResultDone).Observe(prepared.Migration.Seconds())
	case err != nil && problemOf(err).Reason == admin.MigrationFailed:
		metrics.Migrations.WithLabelValues(metrics.ResultError).Observe(took.Seconds())
	}
}

package controllers

import (
	"context"
	"errors"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/foyerhq/foyer/controllers/apply"
	"github.com/foyerhq/foyer/controllers/metrics"
	"github.com/foyerhq/foyer/internal/compile"
)

// Reconciler passes over tenants.
type Reconciler struct {
	client  client.Client // reads from the cache
	live    client.Reader // reads from the API server
	gateway *apply.Gateway
	// rehearsal asks the API server what it would say to a write, which is not made.
	rehearsal *apply.Gateway
	recorder  events.EventRecorder
	options   Options
	pace      pace

	clusterUID   string
	servers      *servers
	preparations *preparations
	deletions    *deletions
	upkeeps      *upkeeps
	waves        *waves
	drifts       *drifts
	routes       *routes
	claims       *claims
	again        *again
	checks       compile.Checks // shared by all passes

	mu       sync.Mutex
	memories map[types.NamespacedName]*memory
}

// conflictDelay is the wait before a pass starts again because another writer was
// faster: long enough that two writers do not run in step.
const conflictDelay = 20 * time.Millisecond

// behindDelay is the wait before a pass starts again because its cache was behind. The
// event that brings the cache up to date runs it sooner.
const behindDelay = 200 * time.Millisecond

// claimedDelay is the wait of a tenant whose host name was just taken, until the status
// of the other one says so.
const claimedDelay = time.Second

// Reconcile is the pass over one tenant.
func (r *Reconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	p := newPass(req.NamespacedName, r.recall(req.NamespacedName))
	p.checks = &r.checks
	err := r.run(ctx, p)
	p.closeTrace(err)
	metrics.PassSeconds.Observe(time.Since(p.now).Seconds())
	metrics.LastPass.SetToCurrentTime()
	if err == nil {
		metrics.Passed(p.key, metrics.ResultDone)
		return p.result(), nil
	}
	if delay, ok := startsAgain(err); ok {
		metrics.Passed(p.key, metrics.ResultConflict)
		log.FromContext(ctx).V(1).Info("starting again", "cause", err.Error())
		return reconcile.Result{RequeueAfter: delay}, nil
	}
	metrics.Passed(p.key, metrics.ResultError)
	return reconcile.Result{}, err
}

// startsAgain says whether a pass ended because others had been faster, which is no
// failure, and when it is to begin again.
func startsAgain(err error) (time.Duration, bool) {
	switch {
	case apierrors.IsConflict(err) || errors.Is(err, errStale) || errors.Is(err, errReplaced):
		return conflictDelay, true
	case errors.Is(err, errBehind):
		return behindDelay, true
	case errors.Is(err, errClaimed):
		return claimedDelay, true
	}
	return 0, false
}

// run takes the phases in their order. An error ends the pass.
func (r *Reconciler) run(ctx context.Context, p *pass) error {
	for _, phase := range []func(context.Context, *pass) error{
		r.gather,
		r.guard,
		r.readLive,
		r.compile,
		r.readyDatabase,
		r.keepUp,
		r.lookAtAdoption,
		r.restore,
		r.countUsage,
		r.publish,
		r.writeWorkloads,
		r.observe,
		r.lookAtRollout,
		r.lookAtDrift,
		r.lookAtExposure,
		r.removeLeftovers,
		r.publishRouting,
		r.acknowledge,
		r.lookAtSecrets,
		r.report,
	} {
		if err := p.step(ctx, phase); err != nil {
			return errors.Join(err, p.unwritten)
		}
	}
	return p.unwritten
}

// result says when the pass is to run again by itself. What nobody waits for goes
// behind every edit of a person.
func (p *pass) result() reconcile.Result {
	if p.next == 0 {
		return reconcile.Result{}
	}
	result := reconcile.Result{RequeueAfter: p.next}
	if p.next > time.Second {
		low := handler.LowPriority
		result.Priority = &low
	}
	return result
}

// runAgain asks for another pass after that time, or sooner.
func (p *pass) runAgain(after time.Duration) {
	after = max(after, time.Millisecond)
	if p.next == 0 || after < p.next {
		p.next = after
	}
}

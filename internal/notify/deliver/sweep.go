package deliver

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/internal/notify/plan"
	"github.com/foyerhq/foyer/internal/notify/stored"
	"github.com/foyerhq/foyer/internal/store"
)

const (
	// sweepEvery is how long after a sweep the next one is made.
	sweepEvery = time.Minute
	// sweepPage is how many accounts are looked at in one transaction.
	sweepPage = 1000
	// unpaid is the dated event.
	unpaid = "invoice.unpaid"
)

// sweeper is what this replica knows of its last sweep.
type sweeper struct{ settings, routing string }

// sweepOnce makes a sweep when the last one, of any replica, was a minute ago, or a
// document has changed.
func (d *Dispatcher) sweepOnce(ctx context.Context) time.Duration {
	r, now := d.inForce(), d.Now()
	documents := sweeper{r.live.Digest, r.routing.Digest}
	if documents == d.swept {
		state, err := d.Store.Delivery(ctx)
		if err != nil {
			return d.failed(ctx, "look when the last sweep was", err)
		}
		// One of the future was made by another clock.
		if at := state.SweptAt; at != nil && !at.After(now) && now.Sub(*at) < sweepEvery {
			return sweepPoll
		}
	}
	began := time.Now()
	whole, err := d.Sweep(ctx, now)
	if err != nil {
		return d.failed(ctx, "look for unpaid invoices", err)
	}
	if whole {
		d.swept = documents
		d.metrics.sweep.Observe(time.Since(began).Seconds())
	}
	return sweepPoll
}

// Sweep plans the dated events that are due now. whole is false if another replica was
// planning, or ctx ended.
func (d *Dispatcher) Sweep(ctx context.Context, now time.Time) (whole bool, err error) {
	r := d.inForce()
	dates, after := stored.DueDates(r.Days(), now, now), ""
	for ctx.Err() == nil {
		var planned []store.NewNotification
		next, ran, err := d.Store.Sweep(ctx, now, unpaid, dates, after, sweepPage, func(ctx context.Context, p *store.Planning, due []store.DueAccount) (err error) {
			planned, err = d.planDue(ctx, r, p, due, now)
			return err
		})
		if err != nil || !ran {
			return false, err
		}
		d.metrics.countPlanned(planned)
		if next == "" {
			return true, nil
		}
		after = next
	}
	return false, nil
}

// due is an account with invoices to look at, as plan takes them.
type due struct {
	id       string
	invoices []plan.Invoice
	dealt    plan.Dealt
}

// planDue plans a page of accounts, and adds what came of it.
func (d *Dispatcher) planDue(ctx context.Context, r *rules, p *store.Planning, page []store.DueAccount, now time.Time) ([]store.NewNotification, error) {
	var asking []due
	var wanted store.Wanted
	for _, a := range page {
		of := due{id: a.ID}
		of.invoices, of.dealt = stored.Open(a)
		if r.Asks(a.Account, of.invoices, of.dealt, now) {
			asking, wanted.Accounts = append(asking, of), append(wanted.Accounts, a.ID)
		}
	}
	if len(asking) == 0 {
		return nil, nil
	}
	known, err := p.Read(ctx, wanted)
	if err != nil {
		return nil, err
	}
	var list []store.NewNotification
	for _, of := range asking {
		account := r.account(known.Accounts[of.id], now)
		if account == nil {
			continue
		}
		err := safely(func() error {
			for _, n := range r.Due(account, of.invoices, of.dealt, p.Delivery().LiveSince, now) {
				list = append(list, r.row(n, of.id))
			}
			return nil
		})
		if err != nil {
			d.Log.Error("the invoices of an account could not be looked at: it is not reminded", "account", of.id, "error", err)
		}
	}
	return list, p.Add(ctx, list)
}

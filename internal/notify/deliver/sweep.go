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
	// sweepLease is how long a replica has a sweep of which nothing is heard.
	sweepLease = time.Minute
	// unpaid is the dated event.
	unpaid = "invoice.unpaid"
)

// documents are the digests of both.
type documents struct{ settings, routing string }

func (r *rules) documents() documents { return documents{r.live.Digest, r.routing.Digest} }

// sweep is one that this replica makes. After an error it goes on where it was.
type sweep struct {
	lease     int64
	documents documents // when it began
	began     time.Time
	after     string // the last account that was looked at
	// singly is how many accounts are looked at one by one: of one of them something cannot be
	// kept, and the others must not wait for it.
	singly int
}

// sweepOnce makes a sweep when the last one, of any replica, was a minute ago, or a
// document has changed.
func (d *Dispatcher) sweepOnce(ctx context.Context) time.Duration {
	if d.sweeping == nil {
		of := d.inForce().documents()
		began, err := d.beginSweep(ctx, d.Now(), of != d.swept)
		if err != nil {
			return d.failed(ctx, "begin to look for unpaid invoices", err)
		}
		if d.sweeping = began; began == nil {
			return sweepPoll
		}
	}
	s := d.sweeping
	whole, err := d.goOn(ctx, s, d.Now)
	if err != nil {
		return d.failed(ctx, "look for unpaid invoices", err)
	}
	d.sweeping = nil
	if whole {
		d.swept = s.documents
		d.metrics.sweep.Observe(time.Since(s.began).Seconds())
	}
	return sweepPoll
}

// Sweep plans the dated events that are due at a time. whole is false if another replica
// makes a sweep, or ctx ended.
func (d *Dispatcher) Sweep(ctx context.Context, now time.Time) (whole bool, err error) {
	s, err := d.beginSweep(ctx, now, true)
	if err != nil || s == nil {
		return false, err
	}
	return d.goOn(ctx, s, func() time.Time { return now })
}

// beginSweep returns nil if it is not this replica's turn.
func (d *Dispatcher) beginSweep(ctx context.Context, now time.Time, anew bool) (*sweep, error) {
	lease, err := d.Store.BeginSweep(ctx, store.SweepTurn{Now: now, Every: sweepEvery, Anew: anew, LeaseFor: sweepLease})
	if err != nil || lease == 0 {
		return nil, err
	}
	d.unmoved.tidy(now)
	return &sweep{lease: lease, documents: d.inForce().documents(), began: time.Now()}, nil
}

// goOn looks at the accounts that a sweep has not come to yet. whole is false if it was lost,
// ctx ended, or the delivery mode is about to change.
func (d *Dispatcher) goOn(ctx context.Context, s *sweep, now func() time.Time) (whole bool, err error) {
	for ctx.Err() == nil && !d.behind() {
		next, ran, err := d.sweepNext(ctx, s, now())
		if err != nil && ctx.Err() == nil {
			return false, err
		}
		if err == nil && (!ran || next == "") {
			return ran, nil
		}
		if err == nil {
			s.after = next
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), claimTimeout)
	defer cancel()
	return false, d.Store.EndSweep(ctx, s.lease)
}

// sweepNext looks at the next accounts. Where something of them cannot be kept, it is found
// out of which, and that one is told of by a notification that is dead.
func (d *Dispatcher) sweepNext(ctx context.Context, s *sweep, now time.Time) (next string, ran bool, err error) {
	limit := sweepPage
	if s.singly > 0 {
		limit = 1
	}
	next, ran, err = d.sweepAccounts(ctx, s, limit, now, d.planDue)
	code, refused := store.Unstorable(err)
	switch {
	case refused && limit > 1:
		s.singly = sweepPage
		return d.sweepNext(ctx, s, now)
	case refused:
		next, ran, err = d.sweepAccounts(ctx, s, limit, now, func(_ context.Context, r *rules, p *store.Planning, page []store.DueAccount, now time.Time) ([]store.NewNotification, error) {
			list := []store.NewNotification{}
			for _, a := range page {
				list = append(list, d.notReminded(r, a.ID, refusedBy(code), now))
			}
			return list, p.Add(ctx, list)
		})
	}
	if err == nil {
		s.singly = max(s.singly-1, 0)
	}
	return next, ran, err
}

// sweepWork plans a page of accounts, and adds what came of it.
type sweepWork func(context.Context, *rules, *store.Planning, []store.DueAccount, time.Time) ([]store.NewNotification, error)

// sweepAccounts is one transaction, by the newest documents.
func (d *Dispatcher) sweepAccounts(ctx context.Context, s *sweep, limit int, now time.Time, work sweepWork) (next string, ran bool, err error) {
	r := d.inForce()
	var planned []store.NewNotification
	page := store.SweepPage{
		Lease: s.lease, LeaseFor: sweepLease, Now: now, EventType: unpaid, Dates: stored.DueDates(r.Days(), now, now), After: s.after, Limit: limit,
	}
	next, ran, err = d.Store.Sweep(ctx, page, func(ctx context.Context, p *store.Planning, due []store.DueAccount) (err error) {
		planned, err = work(ctx, r, p, due, now)
		return err
	})
	if err == nil {
		d.metrics.countPlanned(planned)
	}
	return next, ran, err
}

// due is an account with invoices to look at, as plan takes them.
type due struct {
	store.DueAccount
	invoices []plan.Invoice
	dealt    plan.Dealt
	seen     uint64
}

// planDue plans a page of accounts, and adds what came of it.
func (d *Dispatcher) planDue(ctx context.Context, r *rules, p *store.Planning, page []store.DueAccount, now time.Time) ([]store.NewNotification, error) {
	var list []store.NewNotification
	var asking []due
	var wanted store.Wanted
	for _, a := range page {
		of := due{DueAccount: a}
		asks := false
		err := safely(func() error {
			of.invoices, of.dealt = stored.Open(a)
			asks = r.Asks(a.Account, of.invoices, of.dealt, now)
			return nil
		})
		if err != nil {
			list = append(list, d.notReminded(r, a.ID, err, now))
		}
		if !asks {
			continue
		}
		if of.seen = d.unmoved.look(r.documents(), a); !d.unmoved.rests(of.seen, now) {
			asking, wanted.Accounts = append(asking, of), append(wanted.Accounts, a.ID)
		}
	}
	if len(asking) > 0 {
		known, err := p.Read(ctx, wanted)
		if err != nil {
			return nil, err
		}
		for _, of := range asking {
			list = append(list, d.remind(r, of, known, p.Delivery(), now)...)
		}
	}
	return list, p.Add(ctx, list)
}

// remind plans one account.
func (d *Dispatcher) remind(r *rules, of due, known store.Known, state store.DeliveryState, now time.Time) (list []store.NewNotification) {
	gone := false
	err := safely(func() error {
		account := r.account(known.Accounts[of.ID], now)
		if gone = account == nil; gone {
			return nil // it was deleted
		}
		for _, n := range r.Due(account, of.invoices, of.dealt, state.LiveSince, now) {
			list = append(list, r.row(n, of.ID))
		}
		return nil
	})
	if err != nil {
		return []store.NewNotification{d.notReminded(r, of.ID, err, now)}
	}
	if len(list) == 0 && !gone {
		d.unmoved.rest(of.seen, now)
	}
	return list
}

// notReminded says that the invoices of an account could not be looked at, once a day.
func (d *Dispatcher) notReminded(r *rules, accountID string, why error, now time.Time) store.NewNotification {
	d.Log.Error("the invoices of an account could not be looked at: it is not reminded", "account", accountID, "error", why)
	n := r.unplanned(store.Event{Type: unpaid, AccountID: accountID}, why, now)
	n.Category, n.Occurrence = "Invoice", now.UTC().Format(time.DateOnly)
	n.Occurrences = []store.Occurrence{{EventType: unpaid, Occurrence: store.ReasonUnplanned + " " + n.Occurrence, Channel: n.Channel}}
	return n
}

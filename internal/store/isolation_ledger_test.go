package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/store"
)

// ledgerAttempts are those of notifications, for A. B has one that waits until tomorrow, one
// that is with a worker, and a banner; what reads and writes those of all accounts reaches B
// only where B's turn has come.
func ledgerAttempts(t *testing.T, tn tenant) map[string]func(*testing.T) {
	t.Helper()
	tn.live(t)
	later, leased := mail("B", "b-later", "b@example.com"), mail("B", "b-leased", "b@example.com")
	later.DueAt, leased.DueAt = now.AddDate(0, 0, 1), now.Add(-time.Minute)
	tn.plan(t, now, later, leased)
	theirs := tn.claim(t, now, 1)
	if len(theirs) != 1 {
		t.Fatal("B has none")
	}
	tn.exec(t, `UPDATE notification_lease SET until = $1`, now.AddDate(0, 0, 1))
	tn.exec(t, `UPDATE notification SET provider_id = 'b-1' WHERE occurrence = 'b-later'`)
	tn.exec(t, `INSERT INTO banner VALUES (gen_random_uuid(), 'B', 'General', '{}', $1, $1)`, now)
	tn.plan(t, now, mail("A", "a-1", "a@example.com"), mail("A", "a-2", "a@example.com"))
	banner := tn.column(t, `SELECT id::text FROM banner`)[0]
	stolen := store.Lease{ID: theirs[0].ID, Lease: theirs[0].Lease.Lease + 1}
	d, b := tn.Dispatcher, tn.Backoffice
	fine := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	onlyA := func(t *testing.T, account string) {
		t.Helper()
		if account != "A" {
			t.Errorf("got one of %q", account)
		}
	}
	webhook := store.WebhookLease{Name: "none"}
	return map[string]func(*testing.T){
		"Delivery":      func(t *testing.T) { _, err := d.Delivery(t.Context()); fine(t, err) },
		"SetDelivery":   func(t *testing.T) { _, _, err := d.SetDelivery(t.Context(), store.DeliveryLive, now); fine(t, err) },
		"OutWithinHour": func(t *testing.T) { _, err := d.OutWithinHour(t.Context(), now); fine(t, err) },
		"Waiting":       func(t *testing.T) { _, err := d.Waiting(t.Context(), now); fine(t, err) },
		"PlanEvents": func(t *testing.T) {
			_, _, err := d.PlanEvents(t.Context(), now, 1000, func(ctx context.Context, p *store.Planning, _ []store.Event) error {
				return p.Add(ctx, []store.NewNotification{mail("A", "b-later", "b@example.com")})
			})
			fine(t, err)
		},
		"Sweep": func(t *testing.T) {
			lease, err := d.BeginSweep(t.Context(), store.SweepTurn{Now: now.Add(time.Hour), LeaseFor: time.Minute, Anew: true})
			fine(t, err)
			page := store.SweepPage{Lease: lease, LeaseFor: time.Minute, Now: now.Add(time.Hour), EventType: "invoice.unpaid", Dates: []time.Time{day(time.May, 15)}, Limit: 1}
			_, ran, err := d.Sweep(t.Context(), page, func(_ context.Context, _ *store.Planning, due []store.DueAccount) error {
				for _, a := range due {
					onlyA(t, a.ID)
					for _, v := range a.Invoices {
						onlyA(t, v.AccountID)
					}
				}
				return nil
			})
			fine(t, err)
			if !ran {
				t.Error("it is not the sweep of who began it")
			}
		},
		"BeginSweep": func(t *testing.T) {
			_, err := d.BeginSweep(t.Context(), store.SweepTurn{Now: now, LeaseFor: time.Minute})
			fine(t, err)
		},
		"EndSweep":   func(t *testing.T) { fine(t, d.EndSweep(t.Context(), 0)) },
		"ServerTime": func(t *testing.T) { _, err := d.ServerTime(t.Context()); fine(t, err) },
		"DueAccounts": func(t *testing.T) {
			due, _, err := b.DueAccounts(t.Context(), "invoice.unpaid", []time.Time{day(time.May, 15)}, "A", "", 9)
			fine(t, err)
			for _, a := range due {
				onlyA(t, a.ID)
			}
		},
		"Facts": func(t *testing.T) {
			known, err := d.Facts(now).Read(t.Context(), store.Wanted{Accounts: []string{"A"}})
			fine(t, err)
			if len(known.Accounts) != 1 || len(known.Accounts["A"].Contacts) == 0 {
				t.Errorf("got %+v", known)
			}
			for _, c := range known.Accounts["A"].Contacts {
				if strings.HasPrefix(c.ID, "b-") {
					t.Errorf("got %+v", c)
				}
			}
		},
		"Claim": func(t *testing.T) {
			for _, c := range tn.claim(t, now.Add(time.Hour), 100) {
				onlyA(t, c.AccountID)
			}
		},
		"Readdress": func(t *testing.T) {
			made := &store.Claimed{Lease: stolen, Addressed: store.Addressed{AccountID: "B", EventType: "invoice.paid", Channel: "Email", Address: "b@example.com"}}
			done, err := d.Readdress(t.Context(), now, made, store.Occurrence{Occurrence: "x", Channel: "Email", Address: "a@example.com"})
			if fine(t, err); done {
				t.Error("with a made-up lease")
			}
		},
		"Finish": func(t *testing.T) {
			if lost, err := d.Finish(t.Context(), now, []store.Finished{{Lease: stolen, Outcome: store.StateSent}}); err != nil || len(lost) != 1 {
				t.Errorf("with a made-up lease: %v %v", lost, err)
			}
		},
		"Rescue": func(t *testing.T) {
			_, err := d.Rescue(t.Context(), store.RescueRequest{Now: now.Add(time.Hour), Limit: 9})
			fine(t, err)
		},
		"Ledger": func(t *testing.T) {
			for _, list := range []store.LedgerList{{AccountID: "A"}, {AccountID: "A", ContactID: "c-B"}, {AccountID: "A", State: store.StateLeased}} {
				list.Limit = 100
				entries, _, err := b.Ledger(t.Context(), list)
				fine(t, err)
				for _, e := range entries {
					onlyA(t, e.AccountID)
				}
			}
		},
		"LedgerEntry": func(t *testing.T) { // of staff, who see all
			if _, err := b.LedgerEntry(t.Context(), banner); !errors.Is(err, store.ErrNotFound) {
				t.Error(err)
			}
		},
		"LedgerCounts": func(t *testing.T) { _, err := b.LedgerCounts(t.Context(), now); fine(t, err) },
		"Receipt": func(t *testing.T) {
			for _, id := range []string{"a-1", "", "%", "b-"} {
				if known, err := b.Receipt(t.Context(), id, "Failed", now); err != nil || known {
					t.Errorf("%q: %v %v", id, known, err)
				}
			}
		},
		"CloseBanner":     func(t *testing.T) { fine(t, tn.Portal.CloseBanner(t.Context(), "A", "a-owner", banner)) },
		"Reader":          func(t *testing.T) { _, err := tn.Portal.Reader(t.Context(), "a-owner"); fine(t, err) },
		"DeclareWebhooks": func(t *testing.T) { fine(t, d.DeclareWebhooks(t.Context(), []string{"crm"}, now)) },
		"ClaimWebhooks": func(t *testing.T) {
			_, err := d.ClaimWebhooks(t.Context(), []string{"crm"}, now, time.Minute)
			fine(t, err)
		},
		"Webhooks": func(t *testing.T) { _, err := b.Webhooks(t.Context()); fine(t, err) },
		"AdvanceWebhook": func(t *testing.T) {
			if err := d.AdvanceWebhook(t.Context(), webhook, 9, now); !errors.Is(err, store.ErrNotFound) {
				t.Error(err)
			}
		},
		"FailWebhook": func(t *testing.T) {
			if err := d.FailWebhook(t.Context(), webhook, now, ""); !errors.Is(err, store.ErrNotFound) {
				t.Error(err)
			}
		},
		"RoutingInForce": func(t *testing.T) { // it belongs to no account
			if _, _, _, err := b.RoutingInForce(t.Context(), ""); !errors.Is(err, store.ErrNotFound) {
				t.Error(err)
			}
		},
	}
}

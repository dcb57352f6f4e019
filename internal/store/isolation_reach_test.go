package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/store"
)

// reachAttempts run what people of the portal read and write of services, orders, requests,
// the account and messages, for A. billingAttempts has made the rows.
func reachAttempts(t *testing.T, tn tenant) map[string]func(*testing.T) {
	t.Helper()
	tn.notified(t, "A", "a-owner", "General", 1)
	tn.notified(t, "B", "b-owner", "General", 1)
	theirs := tn.column(t, "SELECT id::text FROM notification WHERE account_id = 'B'")[0]
	a := store.Reach{AccountID: "A"}
	foreign := store.Reach{AccountID: "A", Sites: []string{"b-site"}}
	p := tn.Portal
	onlyA := func(t *testing.T, ids []string, err error) {
		t.Helper()
		if err != nil || len(ids) == 0 {
			t.Errorf("%v %v", ids, err)
		}
		for _, id := range ids {
			if !strings.HasPrefix(id, "a-") {
				t.Errorf("got %s", id)
			}
		}
	}
	notFound := func(t *testing.T, err error) {
		t.Helper()
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	}
	return map[string]func(*testing.T){
		"Product": func(t *testing.T) { _, err := p.Product(t.Context(), "b-1"); notFound(t, err) },
		"Products": func(t *testing.T) { // they belong to no account
			if _, _, err := p.Products(t.Context(), store.List{Limit: 9}); err != nil {
				t.Error(err)
			}
		},
		"Offers": func(t *testing.T) {
			if _, _, err := p.Offers(t.Context(), "EUR", store.NameCursor{}, 9); err != nil {
				t.Error(err)
			}
		},
		"OffersByID": func(t *testing.T) {
			if found, err := p.OffersByID(t.Context(), "EUR", []string{"b-1"}); err != nil || len(found) > 0 {
				t.Errorf("%v %v", found, err)
			}
		},
		"ServicesOf": func(t *testing.T) {
			page, err := p.ServicesOf(t.Context(), a, "", store.NameCursor{}, 9)
			onlyA(t, rowIDs(page.Services, func(s store.ServiceAtSite) string { return s.ID }), err)
			page, err = p.ServicesOf(t.Context(), foreign, "", store.NameCursor{}, 9)
			if err != nil || len(page.Services) > 0 || len(page.Counts) > 0 {
				t.Errorf("by a site of B: %v %v", page, err)
			}
		},
		"OrdersOf": func(t *testing.T) {
			for _, after := range []store.Newest{{}, {At: now.Add(1), ID: "b-1"}} {
				list, _, err := p.OrdersOf(t.Context(), "A", after, 9)
				onlyA(t, rowIDs(list, func(o store.Order) string { return o.ID }), err)
			}
		},
		"OrderOf": func(t *testing.T) { _, err := p.OrderOf(t.Context(), "A", "b-1"); notFound(t, err) },
		"RequestsOf": func(t *testing.T) {
			list, _, err := p.RequestsOf(t.Context(), a, store.Newest{}, 9)
			onlyA(t, rowIDs(list, func(r store.RequestAtSite) string { return r.ID }), err)
			if list, _, err := p.RequestsOf(t.Context(), foreign, store.Newest{}, 9); err != nil || len(list) > 0 {
				t.Errorf("by a site of B: %v %v", list, err)
			}
		},
		"RequestOf": func(t *testing.T) {
			for _, reach := range []store.Reach{a, foreign} {
				_, err := p.RequestOf(t.Context(), reach, "b-1")
				notFound(t, err)
			}
		},
		"SitesOf": func(t *testing.T) {
			list, err := p.SitesOf(t.Context(), a)
			onlyA(t, rowIDs(list, func(s store.Site) string { return s.ID }), err)
			if list, err := p.SitesOf(t.Context(), foreign); err != nil || len(list) > 0 {
				t.Errorf("by a site of B: %v %v", list, err)
			}
		},
		"Notifications": func(t *testing.T) {
			for _, contact := range []string{"b-owner", "a-second", "%"} {
				if list, _, err := p.Notifications(t.Context(), "A", contact, store.Newest{}, 9); err != nil || len(list) > 0 {
					t.Errorf("%s: %v %v", contact, list, err)
				}
			}
		},
		"Notification": func(t *testing.T) { _, err := p.Notification(t.Context(), "A", "a-owner", theirs); notFound(t, err) },
		"ChangeProfile": func(t *testing.T) {
			err := p.Write(t.Context(), store.Origin{Now: now}, func(ctx context.Context, w *store.Writer) error {
				_, err := w.ChangeProfile(ctx, "A", 0, func(a *store.Account) { a.ID, a.AccountID, a.Phone = "B", "B", "1" })
				return err
			})
			if err != nil {
				t.Error(err)
			}
		},
	}
}

func rowIDs[R any](list []R, id func(R) string) (ids []string) {
	for _, r := range list {
		ids = append(ids, id(r))
	}
	return ids
}

package store_test

import (
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/store"
)

// planAttempts are those with what is read to say what a change would do. What goes through
// all customers is for who may ask about all of them, and only reads.
func planAttempts(_ *testing.T, tn tenant) map[string]func(*testing.T) {
	b := tn.Backoffice
	none := func(t *testing.T, err error, accounts ...string) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
		for _, id := range accounts {
			if id != "A" {
				t.Errorf("something of account %s is returned", id)
			}
		}
	}
	ids := func(list []store.BareAccount) (ids []string) {
		for _, a := range list {
			ids = append(ids, a.ID)
		}
		return ids
	}
	return map[string]func(*testing.T){
		"BareAccounts": func(t *testing.T) {
			list, err := b.BareAccounts(t.Context(), []string{"no such profile"}, []string{"A", "\x00"}, "", 9)
			if none(t, err, ids(list)...); len(list) != 1 {
				t.Errorf("%+v", list)
			}
			if list, err = b.BareAccounts(t.Context(), []string{""}, nil, "A", 1); err != nil || len(list) != 1 || list[0].ID != "B" {
				t.Errorf("the page after A: %+v %v", list, err)
			}
		},
		"BareAccountsByID": func(t *testing.T) {
			list, err := b.BareAccountsByID(t.Context(), []string{"A"})
			none(t, err, ids(list)...)
		},
		"WhoSignsIn": func(t *testing.T) {
			list, err := b.WhoSignsIn(t.Context(), []string{"A"})
			none(t, err)
			if len(list) < 2 {
				t.Errorf("%+v", list)
			}
			for _, p := range list {
				none(t, nil, p.AccountID)
			}
		},
		"EachBucket": func(t *testing.T) {
			var accounts int64
			none(t, b.EachBucket(t.Context(), func(b config.Bucket) { accounts += b.Accounts }))
			if accounts != 2 {
				t.Errorf("%d accounts", accounts)
			}
		},
		"Queued": func(t *testing.T) {
			_, err := b.Queued(t.Context(), "", 9)
			none(t, err)
			if list, err := b.Queued(t.Context(), "\x00", 9); err != nil || list != nil {
				t.Errorf("%v %v", list, err)
			}
		},
		"HeldAfter": func(t *testing.T) {
			_, err := b.HeldAfter(t.Context(), "", 9)
			none(t, err)
		},
		"DueAccountIDs": func(t *testing.T) {
			due := []time.Time{day(time.May, 1)}
			if list, err := b.DueAccountIDs(t.Context(), due, "A", 9); err != nil || len(list) > 1 {
				t.Errorf("the page after A: %v %v", list, err)
			}
			if list, err := b.DueAccountIDs(t.Context(), due, "\x00", 9); err != nil || list != nil {
				t.Errorf("%v %v", list, err)
			}
		},
		"DueAccountsAmong": func(t *testing.T) {
			list, err := b.DueAccountsAmong(t.Context(), "invoice.unpaid", []time.Time{day(time.May, 1)}, []string{"A"})
			none(t, err)
			for _, d := range list {
				none(t, nil, d.ID)
			}
		},
	}
}

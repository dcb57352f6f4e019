package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// twice imports the same items again: nothing may be written then.
func twice[T any](t *testing.T, tn tenant, upsert func([]T) ([]store.Result, error), items []T, want ...string) {
	t.Helper()
	results, err := upsert(items)
	wantResults(t, results, err, want...)
	rows := func() []string {
		var all []string
		for _, table := range []string{"account", "account_group", "app_user", "contact", "invoice"} {
			// xmin and ctid change with every write, also one of the same values.
			all = append(all, tn.column(t, "SELECT concat(ctid, xmin, ' ', to_jsonb("+table+")) FROM "+table)...)
		}
		return all
	}
	before := rows()
	results, err = upsert(items)
	for i, text := range want {
		if !strings.HasPrefix(text, store.Refused) {
			want[i] = store.Unchanged
		}
	}
	wantResults(t, results, err, want...)
	if diff := cmp.Diff(before, rows()); diff != "" {
		t.Errorf("the second import of the same items wrote:\n%s", diff)
	}
}

func TestUpsertGroups(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	upsert := func(list []store.GroupUpsert) ([]store.Result, error) {
		return tn.Backoffice.UpsertGroups(t.Context(), list)
	}
	long := strings.Repeat("ü", 65)
	twice(t, tn, upsert, []store.GroupUpsert{
		{Name: "gold", DisplayName: "Gold"}, {Name: "silver"}, {Name: ""}, {Name: "gold"}, {Name: long}, {Name: long[2:]},
		{Name: "a\x00"}, {Name: "b", DisplayName: "\xff"},
	}, "Created", "Created", "Refused name: is required", `Refused name: "gold" is already in this batch`,
		"Refused name: is longer than 64 characters", "Created", "Refused name: is not valid text", "Refused displayName: is not valid text")
	twice(t, tn, upsert, []store.GroupUpsert{{Name: "silver", DisplayName: "Silver"}, {Name: "gold", DisplayName: "Gold"}, {Name: "new"}},
		"Updated", "Unchanged", "Created")
	want := []string{"gold Gold 1", "new  1", "silver Silver 2"}
	if diff := cmp.Diff(want, tn.column(t, "SELECT concat(name, ' ', display_name, ' ', version) FROM account_group WHERE length(name) < 9 ORDER BY name")); diff != "" {
		t.Error(diff)
	}
	results, err := tn.Backoffice.UpsertGroups(t.Context(), nil)
	wantResults(t, results, err)
}

func TestUpsertAccounts(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	upsert := func(list []store.AccountUpsert) ([]store.Result, error) {
		return tn.Backoffice.UpsertAccounts(t.Context(), list)
	}
	must[[]store.Result](t)(tn.Backoffice.UpsertGroups(t.Context(), []store.GroupUpsert{{Name: "gold"}, {Name: "silver"}}))
	twice(t, tn, upsert, []store.AccountUpsert{
		{ID: "1", Name: "One", Status: settings.Active},
		{ID: "2", Name: "Two", Status: settings.Prospect, AccountProfile: ptr("business"), MyAccountProfile: ptr("full"),
			Groups: []string{"silver", "gold", "silver"}, Attributes: &settings.Attributes{TradingTermsDays: ptr(int32(0)), Locale: "en-AU"}},
		{ID: "3", Name: "Three", Status: "Dormant"},
		{ID: "4", Status: settings.Active},
		{ID: "5", Name: "Five"},
		{ID: "1", Name: "One again", Status: settings.Active},
		{ID: "6", Name: "Six", Status: settings.Active, Groups: []string{"gold", "bronze"}},
		{ID: "7", Name: "Seven", Status: settings.Active, Attributes: &settings.Attributes{TradingTermsDays: ptr(int32(366))}},
		{Name: "None", Status: settings.Active},
		{ID: "8", Name: "Eight", Status: settings.Active, AccountProfile: ptr("a\x00")},
		{ID: "9", Name: "Nine", Status: settings.Closed, AccountProfile: ptr(""), Groups: []string{}, Attributes: &settings.Attributes{}},
	}, "Created", "Created", `Refused status: "Dormant" is not allowed, allowed is one of [Prospect Active Suspended Closed]`,
		"Refused name: is required for a new account", "Refused status: is required for a new account",
		`Refused id: "1" is already in this batch`, `Refused groups: there is no customer group "bronze"`,
		"Refused attributes.tradingTermsDays: 366 is out of range, allowed is a whole number from 0 to 365",
		"Refused id: is required", "Refused accountProfile: is not valid text", "Created")

	// What is left out stays, what is empty is cleared.
	twice(t, tn, upsert, []store.AccountUpsert{
		{ID: "2", Status: settings.Active},
		{ID: "1", Name: "Uno", AccountProfile: ptr("residential")},
		{ID: "9"},
	}, "Updated", "Updated", "Unchanged")
	view := func() map[string]store.AccountView {
		return must[map[string]store.AccountView](t)(tn.Backoffice.AccountsByID(t.Context(), []string{"1", "2", "unknown", "x\x00"}))
	}
	want := map[string]store.AccountView{
		"1": {Account: config.Account{ID: "1", AccountProfile: "residential", Groups: []string{}}, Name: "Uno", Status: settings.Active},
		"2": {Account: config.Account{ID: "2", AccountProfile: "business", MyAccountProfile: "full", Groups: []string{"gold", "silver"},
			Attributes: settings.Attributes{TradingTermsDays: ptr(int32(0)), Locale: "en-AU"}}, Name: "Two", Status: settings.Active},
	}
	if diff := cmp.Diff(want, view()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	twice(t, tn, upsert, []store.AccountUpsert{
		{ID: "2", AccountProfile: ptr(""), MyAccountProfile: ptr(""), Groups: []string{}, Attributes: &settings.Attributes{Currency: "AUD"}},
	}, "Updated")
	want["2"] = store.AccountView{Account: config.Account{ID: "2", Groups: []string{}, Attributes: settings.Attributes{Currency: "AUD"}}, Name: "Two", Status: settings.Active}
	if diff := cmp.Diff(want, view()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"2", "3", "1"}, tn.column(t, "SELECT version::text FROM account ORDER BY id")); diff != "" {
		t.Errorf("versions: %s", diff)
	}
}

// TestImportsAtOnce: importers that send the same new and changed items at the same
// time do not fail, and what is stored is what one of them sent.
func TestImportsAtOnce(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	const importers, items = 6, 50
	var wait sync.WaitGroup
	for n := range importers {
		wait.Go(func() {
			for round := range 4 {
				if err := importAll(t, tn, n, round, items); err != nil {
					t.Errorf("importer %d: %v", n, err)
				}
			}
		})
	}
	wait.Wait()
	for table, want := range map[string]int{"account": items, "contact": items, "app_user": items, "invoice": items, "account_group": 5} {
		if got := tn.column(t, "SELECT count(*)::text FROM "+table); got[0] != fmt.Sprint(want) {
			t.Errorf("%s has %s rows, want %d", table, got[0], want)
		}
	}
	counted := tn.column(t, "SELECT sum(accounts)::text FROM account_bucket")
	if counted[0] != fmt.Sprint(items) {
		t.Errorf("the buckets count %s accounts", counted[0])
	}
}

// importAll imports everything, each importer in another order.
func importAll(t *testing.T, tn tenant, n, round, items int) error {
	var groups []store.GroupUpsert
	var accounts []store.AccountUpsert
	var contacts []store.Contact
	var invoices []store.Invoice
	text := fmt.Sprintf("by %d in round %d", n, round)
	for k := range items {
		id := fmt.Sprint((k*7 + n*13) % items)
		group := fmt.Sprint("group-", (k+n)%5)
		if k < 5 {
			groups = append(groups, store.GroupUpsert{Name: group, DisplayName: text})
		}
		accounts = append(accounts, store.AccountUpsert{ID: id, Name: text, Status: settings.Active, Groups: []string{group}})
		contact := person("person-"+id, id)
		contact.FirstName = text
		contacts = append(contacts, contact)
		v := invoice("invoice-"+id, id, day(time.May, 1+round))
		v.Number = text
		invoices = append(invoices, v)
	}
	b := tn.Backoffice
	for _, step := range []func() ([]store.Result, error){
		func() ([]store.Result, error) { return b.UpsertGroups(t.Context(), groups) },
		func() ([]store.Result, error) { return b.UpsertAccounts(t.Context(), accounts) },
		func() ([]store.Result, error) { return tn.putContacts(t.Context(), contacts) },
		func() (results []store.Result, err error) {
			err = b.Write(t.Context(), store.Origin{Actor: "test", Now: now}, func(ctx context.Context, w *store.Writer) error {
				written, err := w.PutInvoices(ctx, invoiceItems(invoices))
				results = resultsOf(written)
				return err
			})
			return results, err
		},
	} {
		results, err := step()
		if err != nil {
			return err
		}
		for _, r := range results {
			if r.Outcome == store.Refused {
				return fmt.Errorf("refused: %s: %s", r.Field, r.Message)
			}
		}
	}
	return nil
}

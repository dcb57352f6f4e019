package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
	if members := tn.wantMembersAsAccountsSay(t); len(members) != items {
		t.Errorf("%d members of groups, want %d", len(members), items)
	}
}

// importAll imports everything, each importer in another order.
func importAll(t *testing.T, tn tenant, n, round, items int) error {
	var groups []store.Item[store.Group]
	var accounts []store.Item[store.Account]
	var contacts []store.Contact
	var invoices []store.Invoice
	text := fmt.Sprintf("by %d in round %d", n, round)
	for k := range items {
		id := fmt.Sprint((k*7 + n*13) % items)
		group := fmt.Sprint("group-", (k+n)%5)
		if k < 5 {
			groups = append(groups, store.Item[store.Group]{ID: group, Decide: func(*store.Group) (store.Group, *store.Refusal) {
				return store.Group{DisplayName: text}, nil
			}})
		}
		accounts = append(accounts, account(id, func(a *store.Account) { a.Name, a.Groups = text, []string{group} }))
		contact := person("person-"+id, id)
		contact.FirstName = text
		contacts = append(contacts, contact)
		v := invoice("invoice-"+id, id, day(time.May, 1+round))
		v.Number = text
		invoices = append(invoices, v)
	}
	b, origin := tn.Backoffice, store.Origin{Actor: "test", Now: now}
	for _, step := range []func() ([]store.Result, error){
		func() (results []store.Result, err error) {
			err = b.Write(t.Context(), origin, func(ctx context.Context, w *store.Writer) error {
				written, err := w.PutGroups(ctx, groups)
				results = resultsOf(written)
				return err
			})
			return results, err
		},
		func() (results []store.Result, err error) {
			err = b.Write(t.Context(), origin, func(ctx context.Context, w *store.Writer) error {
				written, err := w.PutAccounts(ctx, accounts)
				results = resultsOf(written)
				return err
			})
			return results, err
		},
		func() ([]store.Result, error) { return tn.putContacts(t.Context(), contacts) },
		func() (results []store.Result, err error) {
			err = b.Write(t.Context(), origin, func(ctx context.Context, w *store.Writer) error {
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

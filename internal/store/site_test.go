package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

// write runs work as the backoffice.
func (tn tenant) write(t *testing.T, work func(context.Context, *store.Writer) error) {
	t.Helper()
	if err := tn.Backoffice.Write(t.Context(), store.Origin{Actor: "token test", Now: now}, work); err != nil {
		t.Fatal(err)
	}
}

// site is an item that writes a site, whatever was there.
func site(id, account, name string) store.Item[store.Site] {
	return store.Item[store.Site]{ID: id, Decide: func(*store.Site) (store.Site, *store.Refusal) {
		return store.Site{Row: store.Row{AccountID: account}, Name: name}, nil
	}}
}

func TestSites(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A", "B")
	put := func(items ...store.Item[store.Site]) (results []store.Result) {
		tn.write(t, func(ctx context.Context, w *store.Writer) error {
			results = nil
			written, err := w.PutSites(ctx, items)
			for _, r := range written {
				results = append(results, r.Result)
			}
			return err
		})
		return results
	}
	wantResults(t, put(site("s1", "A", "Home"), site("s2", "B", "Office"), site("s3", "C", "Nowhere")), nil,
		"Created", "Created", `Refused accountId: there is no account "C"`)
	wantResults(t, put(site("s1", "A", "House"), site("s2", "A", "Office")), nil,
		"Updated", `Refused accountId: site "s2" belongs to account "B", and never moves`)
	wantResults(t, put(site("s1", "A", "House")), nil, "Unchanged")
}

// A row that is deleted and made again goes on above its last version, so that nobody
// takes it for the row that was there before, whatever was forgotten of the deletion.
func TestVersionsNeverComeBack(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A")
	put := func(name string) func(context.Context, *store.Writer) error {
		return func(ctx context.Context, w *store.Writer) error {
			_, err := w.PutSites(ctx, []store.Item[store.Site]{site("s1", "A", name)})
			return err
		}
	}
	remove := func(ctx context.Context, w *store.Writer) error {
		_, err := w.DeleteSite(ctx, "s1", 0)
		return err
	}
	tn.write(t, put("Home"))
	tn.write(t, put("House"))
	tn.write(t, remove)
	tn.write(t, put("Home"))
	tn.write(t, func(ctx context.Context, w *store.Writer) error {
		return errors.Join(remove(ctx, w), put("Hut")(ctx, w))
	})
	tn.exec(t, `DELETE FROM change WHERE operation = 'Delete'`) // as upkeep does in time
	tn.write(t, remove)
	tn.write(t, put("House"))
	want := []string{"Upsert 1", "Upsert 2", "Upsert 4", "Upsert 6", "Delete 7", "Upsert 8"}
	got := tn.column(t, `SELECT operation || ' ' || version FROM change WHERE kind = 'site' ORDER BY position`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
}

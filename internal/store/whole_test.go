package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
)

// newAccounts are accounts that nobody has yet.
func newAccounts(prefix string, from, to int) []store.Item[store.Account] {
	var items []store.Item[store.Account]
	for n := from; n <= to; n++ {
		items = append(items, store.Item[store.Account]{ID: fmt.Sprintf("%s-%04d", prefix, n), Decide: func(*store.Account) (store.Account, *store.Refusal) {
			return store.Account{Name: "x", Status: settings.Active, StartsOn: now}, nil
		}})
	}
	return items
}

func putting(items []store.Item[store.Account]) func(context.Context, *store.Writer) error {
	return func(ctx context.Context, w *store.Writer) error {
		_, err := w.PutAccounts(ctx, items)
		return err
	}
}

// followed reads both feeds to their ends, page by page, as their readers do.
func followed(t *testing.T, s *store.Store) (changes, events []string) {
	t.Helper()
	for page := (store.FeedPage{After: store.FromOldest, Limit: 7}); ; {
		feed, err := s.Changes(t.Context(), page)
		if err != nil || page.After >= 0 && feed.Gone(page.After) {
			t.Fatalf("after %d: %+v %v", page.After, feed, err)
		}
		for _, c := range feed.Entries {
			changes = append(changes, c.ID)
		}
		if page.After = feed.Next; feed.Next >= feed.Head {
			break
		}
	}
	for page := (store.FeedPage{After: store.FromOldest, Limit: 7, Types: []string{"account.created"}}); ; {
		feed, err := s.Events(t.Context(), page)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range feed.Entries {
			events = append(events, e.Subject)
		}
		if page.After = feed.Next; feed.Next >= feed.Head {
			return changes, events
		}
	}
}

func idsOf(prefix string, from, to int) []string {
	var ids []string
	for _, item := range newAccounts(prefix, from, to) {
		ids = append(ids, item.ID)
	}
	return ids
}

// Transactions of many batches are in the feeds in the order in which they end, whichever
// began first, and so is what others write meanwhile. What fails is in none.
func TestWholesAreInTheOrderOfTheirEnds(t *testing.T) {
	tn := storetest.New(t, server)
	s := tn.Backoffice
	origin := store.Origin{Actor: "test", Now: now}
	write := func(prefix string) {
		t.Helper()
		if err := s.Write(t.Context(), origin, putting(newAccounts(prefix, 1, 10))); err != nil {
			t.Fatal(err)
		}
	}
	write("a")
	errStop := errors.New("stop")
	err := s.WriteWhole(t.Context(), origin, func(ctx context.Context, outer *store.Whole) error {
		if err := outer.Batch(ctx, putting(newAccounts("outer", 1, 10))); err != nil {
			return err
		}
		write("b")
		err := s.WriteWhole(ctx, origin, func(ctx context.Context, inner *store.Whole) error {
			return errors.Join(inner.Batch(ctx, putting(newAccounts("inner", 1, 10))), inner.Batch(ctx, putting(newAccounts("inner", 11, 20))))
		})
		if err != nil {
			return err
		}
		err = s.WriteWhole(ctx, origin, func(ctx context.Context, failed *store.Whole) error {
			return errors.Join(failed.Batch(ctx, putting(newAccounts("failed", 1, 10))), errStop)
		})
		if !errors.Is(err, errStop) {
			t.Errorf("got %v, want %v", err, errStop)
		}
		write("c")
		return outer.Batch(ctx, putting(newAccounts("outer", 11, 20)))
	})
	if err != nil {
		t.Fatal(err)
	}
	write("d")
	want := slices.Concat(idsOf("a", 1, 10), idsOf("b", 1, 10), idsOf("inner", 1, 20), idsOf("c", 1, 10), idsOf("outer", 1, 20), idsOf("d", 1, 10))
	changes, events := followed(t, s)
	if diff := cmp.Diff(want, changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// A batch that fails fails the whole; its earlier batches are gone with it.
func TestWholeFails(t *testing.T) {
	s := storetest.New(t, server).Backoffice
	errStop := errors.New("stop")
	err := s.WriteWhole(t.Context(), store.Origin{Now: now}, func(ctx context.Context, w *store.Whole) error {
		if err := w.Batch(ctx, putting(newAccounts("a", 1, 3))); err != nil {
			return err
		}
		return w.Batch(ctx, func(ctx context.Context, w *store.Writer) error {
			return errors.Join(putting(newAccounts("b", 1, 3))(ctx, w), errStop)
		})
	})
	accounts, readErr := s.AccountsByID(t.Context(), []string{"a-0001", "b-0001"})
	if !errors.Is(err, errStop) || readErr != nil || len(accounts) != 0 {
		t.Errorf("%v; there is %v, %v", err, accounts, readErr)
	}
	if changes, events := followed(t, s); len(changes)+len(events) > 0 {
		t.Errorf("the feeds have %v %v", changes, events)
	}
}

package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/admin"
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

// A transaction of many batches is in the feeds where it ends, after what others wrote
// meanwhile. There is one at a time, and what fails is in none.
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
	errStop := errors.New("stop")
	write("a")
	for _, name := range []string{"failed", "first", "second"} {
		err := s.WriteWhole(t.Context(), origin, func(ctx context.Context, w *store.Whole) error {
			if err := w.Batch(ctx, putting(newAccounts(name, 1, 10))); err != nil {
				return err
			}
			began := time.Now()
			err := s.WriteWhole(ctx, origin, func(context.Context, *store.Whole) error { return nil })
			if !errors.Is(err, store.ErrWholeRuns) || time.Since(began) > 5*time.Second {
				t.Errorf("another one at the same time, after %s: %v", time.Since(began), err)
			}
			write("beside " + name)
			if name == "failed" {
				return errStop
			}
			return w.Batch(ctx, putting(newAccounts(name, 11, 20)))
		})
		if err != nil && !(name == "failed" && errors.Is(err, errStop)) {
			t.Fatal(err)
		}
	}
	write("b")
	want := slices.Concat(idsOf("a", 1, 10), idsOf("beside failed", 1, 10), idsOf("beside first", 1, 10), idsOf("first", 1, 20),
		idsOf("beside second", 1, 10), idsOf("second", 1, 20), idsOf("b", 1, 10))
	changes, events := followed(t, s)
	if diff := cmp.Diff(want, changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// A batch that is taken back is in no feed, and others have its rows at once.
func TestBatchIsTakenBack(t *testing.T) {
	s := storetest.New(t, server).Backoffice
	origin := store.Origin{Actor: "test", Now: now}
	err := s.WriteWhole(t.Context(), origin, func(ctx context.Context, w *store.Whole) error {
		err := w.Batch(ctx, func(ctx context.Context, b *store.Writer) error {
			return errors.Join(putting(newAccounts("a", 1, 10))(ctx, b), store.ErrRefused)
		})
		if !errors.Is(err, store.ErrRefused) {
			t.Errorf("got %v", err)
		}
		if err := s.Write(ctx, origin, putting(newAccounts("a", 1, 3))); err != nil {
			t.Error(err)
		}
		return w.Batch(ctx, putting(newAccounts("b", 1, 3)))
	})
	if err != nil {
		t.Fatal(err)
	}
	changes, _ := followed(t, s)
	if diff := cmp.Diff(slices.Concat(idsOf("a", 1, 3), idsOf("b", 1, 3)), changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

// Whole transactions that end while others of their kind want to begin and single writes
// commit: each of them ends well, and whoever follows the feeds sees everything once.
func TestWholesAtOnce(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	const writers, each = 3, 15
	done := make(chan struct{})
	var seen []store.Change
	var reading, writing sync.WaitGroup
	reading.Go(func() {
		seen = follow(t, done, func(p store.FeedPage) (store.Feed[store.Change], error) { return tn.Backoffice.Changes(t.Context(), p) })
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	origin := store.Origin{Actor: "test", Now: now}
	for n := range writers {
		writing.Go(func() {
			for i := range each {
				items := newAccounts(fmt.Sprintf("whole-%d-%d", n, i), 1, 4)
				err := store.ErrWholeRuns
				for errors.Is(err, store.ErrWholeRuns) {
					err = tn.Backoffice.WriteWhole(ctx, origin, func(ctx context.Context, w *store.Whole) error { return w.Batch(ctx, putting(items)) })
				}
				if err != nil {
					t.Error(err)
				}
				if err := tn.Backoffice.Write(ctx, origin, putting(newAccounts(fmt.Sprintf("single-%d-%d", n, i), 1, 1))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	var got []string
	for _, c := range seen {
		got = append(got, c.ID)
	}
	slices.Sort(got)
	if diff := cmp.Diff(tn.column(t, `SELECT id FROM account ORDER BY id COLLATE "C"`), got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

// A reader that has read everything has missed nothing, however far the feeds jump: from
// the start of an empty tenant, and after everything was purged.
func TestWholesAndReadersThatAreUpToDate(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	s := tn.Backoffice
	read := func(p store.FeedPage) (store.Feed[store.Change], store.Feed[store.Event]) {
		t.Helper()
		return must[store.Feed[store.Change]](t)(s.Changes(t.Context(), p)), must[store.Feed[store.Event]](t)(s.Events(t.Context(), p))
	}
	changes, events := read(store.FeedPage{After: store.AtHead, Limit: 10})
	for n, purged := range []bool{false, true} {
		if purged {
			tn.exec(t, `UPDATE change SET at = at - interval '401 days'`)
			tn.exec(t, `UPDATE event SET at = at - interval '401 days'`)
			report, err := tn.Admin.Upkeep(t.Context(), now, func() admin.Policy { return admin.Policy{} })
			if err != nil || report.Deleted != 6 {
				t.Fatalf("%+v %v", report, err)
			}
		}
		prefix := fmt.Sprint("w", n)
		err := s.WriteWhole(t.Context(), store.Origin{Actor: "test", Now: now}, func(ctx context.Context, w *store.Whole) error {
			return w.Batch(ctx, putting(newAccounts(prefix, 1, 3)))
		})
		if err != nil {
			t.Fatal(err)
		}
		afterChange, afterEvent := changes.Next, events.Next
		changes, _ = read(store.FeedPage{After: afterChange, Limit: 10})
		_, events = read(store.FeedPage{After: afterEvent, Limit: 10})
		if changes.Gone(afterChange) || len(changes.Entries) != 3 || changes.Entries[0].ID != prefix+"-0001" {
			t.Errorf("%s: changes after %d: %+v", prefix, afterChange, changes)
		}
		if events.Gone(afterEvent) || len(events.Entries) != 3 || events.Entries[0].Subject != prefix+"-0001" {
			t.Errorf("%s: events after %d: %+v", prefix, afterEvent, events)
		}
		if gone := changes.Gone(0) && events.Gone(0); gone != purged {
			t.Errorf("%s: who has read nothing: gone is %t", prefix, gone)
		}
	}
}

// Polls at the head do not look at what a whole transaction has not committed yet.
func TestPollsBesideAWhole(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	if err := tn.Backoffice.Write(t.Context(), store.Origin{Actor: "test", Now: now}, putting(newAccounts("a", 1, 10))); err != nil {
		t.Fatal(err)
	}
	err := tn.Backoffice.WriteWhole(t.Context(), store.Origin{Actor: "test", Now: now}, func(ctx context.Context, w *store.Whole) error {
		for n := range 10 {
			if err := w.Batch(ctx, putting(newAccounts(fmt.Sprint("w", n), 1, 5000))); err != nil {
				return err
			}
		}
		for after, most := range map[int64]int{10: 30, store.AtHead: 30, store.FromOldest: 30} {
			for _, statement := range []func() (string, []any){store.FeedPage{After: after, Limit: 100}.ChangesSQL, store.FeedPage{After: after, Limit: 100}.EventsSQL} {
				sql, args := statement()
				plan := strings.Join(tn.column(t, "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) "+sql, args...), "\n")
				if got := buffers(t, plan); got > most {
					t.Errorf("a page after %d takes %d buffers, want at most %d:\n%s", after, got, most, plan)
				}
			}
		}
		return errors.New("no need to commit")
	})
	if err == nil || !strings.Contains(err.Error(), "no need") {
		t.Fatal(err)
	}
}

// A write gives up soon on rows that others hold, and says so.
func TestWritesGiveUpOnLocks(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A")
	tn.exec(t, `BEGIN`)
	tn.exec(t, `SELECT FROM account WHERE id = 'A' FOR UPDATE`)
	began := time.Now()
	err := tn.Backoffice.Write(t.Context(), store.Origin{Actor: "test", Now: now}, func(ctx context.Context, w *store.Writer) error {
		_, err := w.PutAccounts(ctx, []store.Item[store.Account]{account("A", func(a *store.Account) { a.Name = "other" })})
		return err
	})
	// The role itself would wait for ten seconds.
	if took := time.Since(began); !store.Contended(err) || took < 2*time.Second || took > 9*time.Second {
		t.Errorf("after %s: %v", took, err)
	}
	tn.exec(t, `ROLLBACK`)
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

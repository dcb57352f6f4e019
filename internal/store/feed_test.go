package store_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/store"
)

var errChangedMind = errors.New("changed its mind")

// follow reads a feed page by page until done says that the writers have ended and
// nothing is left, and returns what it saw in order.
func follow[E any](t *testing.T, done <-chan struct{}, read func(store.FeedPage) (store.Feed[E], error)) (seen []E) {
	t.Helper()
	after := store.FromOldest
	for last := false; ; {
		select {
		case <-done:
			last = true
		default:
		}
		page, err := read(store.FeedPage{After: after, Limit: 7})
		if err != nil {
			t.Error(err)
			return seen
		}
		if after >= 0 && page.Gone(after) {
			t.Errorf("position %d is gone: %+v", after, page)
			return seen
		}
		seen, after = append(seen, page.Entries...), page.Next
		if last && page.Next == page.Head {
			return seen
		}
	}
}

// Whoever follows the feeds while others write, some of whom give up, misses nothing and
// sees nothing twice, in the order of positions.
func TestFollowTheFeeds(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	const writers, each = 6, 30
	done := make(chan struct{})
	var changes []store.Change
	var events []store.Event
	var readers, writing sync.WaitGroup
	readers.Go(func() {
		changes = follow(t, done, func(p store.FeedPage) (store.Feed[store.Change], error) { return tn.Backoffice.Changes(t.Context(), p) })
	})
	readers.Go(func() {
		events = follow(t, done, func(p store.FeedPage) (store.Feed[store.Event], error) { return tn.Backoffice.Events(t.Context(), p) })
	})
	for n := range writers {
		writing.Go(func() {
			for i := range each {
				err := tn.Backoffice.Write(t.Context(), store.Origin{Actor: "token test", Now: now}, func(ctx context.Context, w *store.Writer) error {
					written, err := w.PutAccounts(ctx, []store.Item[store.Account]{account(fmt.Sprintf("%d-%d", n, i), func(a *store.Account) { a.Name = "x" })})
					if err == nil && written[0].Outcome == store.Created && i%5 == 0 {
						err = errChangedMind
					}
					return err
				})
				if err != nil && !errors.Is(err, errChangedMind) {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	close(done)
	readers.Wait()
	want := tn.column(t, `SELECT id FROM account ORDER BY id`)
	if len(want) != writers*each*4/5 {
		t.Fatalf("%d accounts", len(want))
	}
	var changed, told []string
	for i, c := range changes {
		changed = append(changed, c.ID)
		if i > 0 && c.Position != changes[i-1].Position+1 {
			t.Errorf("change %d comes after %d", c.Position, changes[i-1].Position)
		}
	}
	for _, e := range events {
		told = append(told, e.AccountID)
	}
	slices.Sort(changed)
	slices.Sort(told)
	if diff := cmp.Diff(want, changed); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// A filter that few entries pass costs bounded pages that come to an end; what was purged
// is known to be gone; a reader may start at the end.
func TestFeedPages(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.exec(t, `INSERT INTO change SELECT n, CASE WHEN n = 44000 THEN 'note' ELSE 'site' END, n, 'A', 'Upsert', 1, now() FROM generate_series(1, 45000) n`)
	tn.exec(t, `UPDATE feed SET change = 45000`)
	read := func(p store.FeedPage) store.Feed[store.Change] {
		return must[store.Feed[store.Change]](t)(tn.Backoffice.Changes(t.Context(), p))
	}
	var nexts []int64
	var found []string
	for after := store.FromOldest; ; {
		page := read(store.FeedPage{After: after, Limit: 10, Kinds: []string{"note"}})
		for _, c := range page.Entries {
			found = append(found, c.ID)
		}
		nexts, after = append(nexts, page.Next), page.Next
		if page.Next == page.Head {
			break
		}
	}
	if diff := cmp.Diff([]int64{20000, 40000, 45000}, nexts); diff != "" || !slices.Equal(found, []string{"44000"}) {
		t.Errorf("found %v (-want +got):\n%s", found, diff)
	}
	tn.exec(t, `DELETE FROM change WHERE position <= 100`)
	tn.exec(t, `UPDATE feed SET change_purged = 100`)
	if page := read(store.FeedPage{After: store.FromOldest, Limit: 1}); page.Entries[0].Position != 101 || page.Next != 101 {
		t.Errorf("from the oldest: %+v", page)
	}
	for after, gone := range map[int64]bool{0: true, 99: true, 100: false, 101: false, 45000: false, 45001: true, math.MaxInt64: true} {
		if page := read(store.FeedPage{After: after, Limit: 1}); page.Gone(after) != gone {
			t.Errorf("after %d: gone is %t", after, !gone)
		}
	}
	if page := read(store.FeedPage{After: store.AtHead, Limit: 10}); len(page.Entries) != 0 || page.Next != 45000 || page.Gone(page.Next) {
		t.Errorf("at the end: %+v", page)
	}
	tn.exec(t, `DELETE FROM change`)
	tn.exec(t, `UPDATE feed SET change_purged = 45000`)
	if page := read(store.FeedPage{After: 45000, Limit: 1}); page.Gone(45000) || !page.Gone(44999) {
		t.Errorf("all purged: %+v", page)
	}
}

// Pages of feeds follow an index, whatever the filter, and for an account with most of
// the events too.
func TestFeedPlans(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	for _, sql := range []string{
		`INSERT INTO change SELECT n, 'site', n, 'A', 'Upsert', 1, now() FROM generate_series(1, 50000) n`,
		`INSERT INTO event SELECT n, n, 'foyer', 'account.created', CASE WHEN n % 5 = 0 THEN n ELSE 7 END, '', '', '{}', now() FROM generate_series(1, 50000) n`,
		`UPDATE feed SET change = 50000, event = 50000`,
	} {
		tn.exec(t, sql)
	}
	tn.vacuum(t)
	pages := map[string]func() (string, []any){
		"changes":           store.FeedPage{After: 25000, Limit: 100}.ChangesSQL,
		"changes of a kind": store.FeedPage{After: 25000, Limit: 100, Kinds: []string{"note"}}.ChangesSQL,
		"events":            store.FeedPage{After: 25000, Limit: 100}.EventsSQL,
		"events of a type":  store.FeedPage{After: 25000, Limit: 100, Types: []string{"x"}}.EventsSQL,
		"of an account":     store.FeedPage{After: 25000, Limit: 100, AccountID: "7", Types: []string{"x"}}.EventsSQL,
	}
	for name, page := range pages {
		sql, args := page()
		rows, err := tn.root.Query(t.Context(), "EXPLAIN "+sql, args...)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		plan := strings.Join(lines, "\n")
		if err != nil || strings.Contains(plan, "Sort") || strings.Contains(strings.ReplaceAll(plan, "Seq Scan on feed", ""), "Seq Scan") {
			t.Errorf("%s: %v\n%s", name, err, plan)
		}
	}
}

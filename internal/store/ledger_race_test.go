package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

// TestWorkersShareTheLedger: workers that finish, give back, fail and vanish, others that
// take back what they had, and staff that cancel, all at once: nobody is given what another
// has, nothing is sent twice and nothing is lost.
func TestWorkersShareTheLedger(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.live(t)
	const count = 600
	tn.plan(t, now, mails(count)...)
	var clock atomic.Int64 // seconds after now
	at := func() time.Time { return now.Add(time.Duration(clock.Load()) * time.Second) }
	var mu sync.Mutex
	sent := map[string]int{}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var group sync.WaitGroup
	for worker := range 6 {
		random := rand.New(rand.NewPCG(uint64(worker), 1)) //nolint:gosec // a test
		group.Go(func() {
			for ctx.Err() == nil {
				clock.Add(1)
				claimed, err := tn.Dispatcher.Claim(ctx, store.ClaimRequest{Now: at(), Lane: 1, Channels: []string{store.ChannelEmail}, Limit: 1 + random.IntN(30), LeaseFor: 20 * time.Second})
				if err != nil {
					t.Error(err)
					return
				}
				if random.IntN(5) == 0 {
					continue // it vanishes with what it has
				}
				var list []store.Finished
				for _, c := range claimed {
					outcome := []string{store.StateSent, store.StateSent, store.StateRetry, store.Returned}[random.IntN(4)]
					list = append(list, store.Finished{Lease: c.Lease, Outcome: outcome, NextAt: at()})
				}
				lost, err := tn.Dispatcher.Finish(ctx, at(), list)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for _, f := range list {
					if f.Outcome == store.StateSent {
						sent[f.ID]++
					}
				}
				for _, l := range lost {
					for _, f := range list {
						if f.Lease == l && f.Outcome == store.StateSent {
							sent[f.ID]--
						}
					}
				}
				done := 0
				for _, n := range sent {
					done += n
				}
				mu.Unlock()
				if done >= count {
					return
				}
			}
		})
	}
	group.Go(func() {
		for ctx.Err() == nil {
			if _, err := tn.Dispatcher.Rescue(ctx, store.RescueRequest{Now: at(), Limit: 50, Again: []string{store.ChannelEmail}}); err != nil {
				t.Error(err)
			}
			mu.Lock()
			done := len(sent)
			mu.Unlock()
			if left := tn.waiting(ctx, t); done >= count && left == 0 {
				return
			}
		}
	})
	group.Wait()
	if ctx.Err() != nil {
		t.Fatal("it did not end")
	}
	for id, n := range sent {
		if n != 1 {
			t.Errorf("%s was recorded as sent %d times", id, n)
		}
	}
	got := tn.column(t, `SELECT state || ' ' || count(*) FROM notification GROUP BY state`)
	if diff := cmp.Diff([]string{fmt.Sprint("Sent ", count)}, got); diff != "" {
		t.Error(diff)
	}
	wrong := tn.column(t, `SELECT id::text FROM notification n WHERE attempts <> (SELECT count(*) FROM notification_attempt a WHERE a.notification_id = n.id)
		OR 1 <> (SELECT count(*) FROM notification_attempt a WHERE a.notification_id = n.id AND outcome = 'Sent')`)
	if len(wrong) > 0 {
		t.Errorf("attempts of %v are wrong", wrong)
	}
}

func (tn tenant) waiting(ctx context.Context, t *testing.T) int {
	w, err := tn.Dispatcher.Waiting(ctx, now.Add(24*time.Hour))
	if err != nil {
		t.Error(err)
	}
	return w.Due + w.Leased
}

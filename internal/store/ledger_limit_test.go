package store_test

import (
	"sync"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/store"
)

// TestMostPerHour: of many workers that claim at once, all together get as many mails and text
// messages as the hour has left: what is under way and what may have arrived counts as well.
func TestMostPerHour(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.live(t)
	list := mails(60)
	for i := range 20 {
		list[i].Channel, list[i].Occurrences = store.ChannelSMS, nil
	}
	hook := mail("H", "e-hook", "https://crm.example")
	hook.Channel, hook.Occurrences = store.ChannelWebhook, nil
	tn.plan(t, now, append(list, hook)...)
	claim := func(at time.Time, most int) []store.Claimed {
		return must[[]store.Claimed](t)(tn.Dispatcher.Claim(t.Context(), store.ClaimRequest{
			Now: at, Lane: 1, Channels: []string{store.ChannelEmail, store.ChannelSMS}, Limit: 7, LeaseFor: time.Hour, MostPerHour: most,
		}))
	}
	var claimed []store.Claimed
	var mu sync.Mutex
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() {
			for more := claim(now, 40); len(more) > 0; more = claim(now, 40) {
				mu.Lock()
				claimed = append(claimed, more...)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if len(claimed) != 40 {
		t.Fatalf("claimed %d of 40", len(claimed))
	}
	tn.finish(t, now, claimed[:10], store.Finished{Outcome: store.StateSent})
	tn.finish(t, now, claimed[10:20], store.Finished{Outcome: store.StateUncertain})
	tn.finish(t, now, claimed[20:24], store.Finished{Outcome: store.StateDead})
	hooks := must[[]store.Claimed](t)(tn.Dispatcher.Claim(t.Context(), store.ClaimRequest{Now: now, Lane: 1, Channels: []string{store.ChannelWebhook}, Limit: 7, LeaseFor: time.Hour}))
	tn.finish(t, now, hooks, store.Finished{Outcome: store.StateSent})
	for _, test := range []struct {
		at        time.Time
		most      int
		out, want int
	}{
		{now.Add(time.Hour - time.Second), 36, 36, 0},
		{now.Add(time.Hour - time.Second), 40, 36, 4},
		{now.Add(time.Hour), 16, 20, 0}, // 16 of before and the 4 are with workers
		{now.Add(time.Hour), 21, 20, 1},
	} {
		if out := must[int](t)(tn.Dispatcher.OutWithinHour(t.Context(), test.at)); out != test.out {
			t.Errorf("%s: %d went out, want %d", test.at, out, test.out)
		}
		if got := claim(test.at, test.most); len(got) != test.want {
			t.Errorf("%s: claimed %d of %d, want %d", test.at, len(got), test.most, test.want)
		}
	}
}

package deliver

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

// One outcome that the database will never take keeps no other back, and is on record
// without its text.
func TestAnOutcomeThatIsRefused(t *testing.T) {
	w := newWorld(t)
	if _, err := w.pool.Exec(t.Context(), `ALTER TABLE notification ADD CHECK (body NOT LIKE '%poison%')`); err != nil {
		t.Fatal(err)
	}
	w.run(t)
	w.say(t, "A", "1", "2", "3", "poison", "4", "5", "6")
	w.states(t, "Sent 7")
	if got := w.rows(t, `SELECT event_id FROM notification WHERE body = ''`); !cmp.Equal(got, []string{"poison"}) {
		t.Errorf("without a text: %v", got)
	}
	w.say(t, "A", "7")
	w.states(t, "Sent 8")
	if n := len(w.mails.Mails()); n != 8 {
		t.Errorf("%d mails", n)
	}
	if !strings.Contains(w.log.String(), "the database refuses an outcome") {
		t.Error("the log says nothing of it")
	}
}

// Who has lost the lease leaves no note and no banner: somebody else does.
func TestNothingIsLeftOfALostLease(t *testing.T) {
	w := newWorld(t)
	everyChannel(t, w)
	w.say(t, "A", "hello")
	w.planned(t)
	d, _ := w.dispatcher(t)
	claimed, err := d.Store.Claim(t.Context(), store.ClaimRequest{Now: w.now().Add(time.Second), Lane: 1, Channels: []string{store.ChannelBanner, store.ChannelLog}, Limit: 9, LeaseFor: time.Minute})
	if err != nil || len(claimed) != 2 {
		t.Fatal(claimed, err)
	}
	batch := make([]ended, len(claimed))
	for i, c := range claimed {
		j := &job{Claimed: c}
		o := outcome{Finished: store.Finished{Outcome: store.StateSent}}
		if c.Channel == store.ChannelBanner {
			o.banner = &store.Banner{ID: c.ID, AccountID: "A", Category: c.Category, Texts: map[string]string{"": "Shown"}, From: w.now(), To: w.now().Add(time.Hour)}
		} else {
			o.note = &store.Note{Row: store.Row{ID: c.ID, AccountID: "A"}, Text: "Noted", Author: "test", At: w.now()}
		}
		batch[i] = ended{job: j, outcome: o}
	}
	if _, err := w.pool.Exec(t.Context(), `DELETE FROM notification_lease`); err != nil {
		t.Fatal(err)
	}
	lost, err := d.finisher.try(t.Context(), batch)
	if err != nil || len(lost) != 2 {
		t.Fatal(lost, err)
	}
	if banners, notes := w.banners(t), w.notes(t); len(banners)+len(notes) > 0 {
		t.Errorf("left: %q, %q", banners, notes)
	}
}

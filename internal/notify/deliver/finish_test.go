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

// What others keep from being written now is written later, and whole.
func TestAnOutcomeThatMustWait(t *testing.T) {
	w := newWorld(t)
	everyChannel(t, w)
	w.exec(t, `CREATE FUNCTION interrupt() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'later' USING ERRCODE = '40001'; END $$`,
		`CREATE TRIGGER interrupt BEFORE INSERT ON banner FOR EACH ROW EXECUTE FUNCTION interrupt()`)
	w.run(t)
	w.say(t, "A", "hello")
	eventually(t, "it was tried more often than what is refused", func() bool {
		return strings.Count(w.log.String(), "could not write down what was sent") > finishFailures
	})
	w.exec(t, `DROP FUNCTION interrupt() CASCADE`)
	w.states(t, "Sent 5")
	if banners, notes := w.banners(t), w.notes(t); !cmp.Equal(banners, []string{"Shown: hello"}) || len(notes) != 2 {
		t.Errorf("banners %q, notes %q", banners, notes)
	}
}

// A banner or a note that the database does not keep is not sent: nobody sees it.
func TestWhatStaysInTheHouseAndIsRefused(t *testing.T) {
	w := newWorld(t)
	everyChannel(t, w)
	w.exec(t, `ALTER TABLE banner ADD CHECK (texts ->> '' NOT LIKE '%poison%')`, `ALTER TABLE note ADD CHECK (text NOT LIKE '%poison%')`)
	w.run(t)
	w.say(t, "A", "poison")
	w.states(t, "Dead text 2, Sent 3")
	if got := w.rows(t, `SELECT channel FROM notification WHERE state = 'Dead' AND detail LIKE '%SQLSTATE 23514%' ORDER BY 1`); !cmp.Equal(got, []string{"Banner", "Log"}) {
		t.Errorf("dead: %q", got)
	}
	w.say(t, "A", "wholesome")
	w.states(t, "Dead text 2, Sent 8")
}

// A note that cannot be of its account is not sent either.
func TestANoteThatIsRefused(t *testing.T) {
	w := newWorld(t)
	everyChannel(t, w)
	w.say(t, "A", "hello")
	w.planned(t)
	d, _ := w.dispatcher(t)
	claimed, err := d.Store.Claim(t.Context(), store.ClaimRequest{Now: w.now().Add(time.Second), Lane: 1, Channels: []string{store.ChannelLog}, Limit: 9, LeaseFor: time.Minute})
	if err != nil || len(claimed) != 1 {
		t.Fatal(claimed, err)
	}
	o := outcome{Finished: store.Finished{Outcome: store.StateSent}, note: &store.Note{Row: store.Row{ID: claimed[0].ID, AccountID: "nobody"}, Text: "Noted", Author: "test", At: w.now()}}
	d.finisher.insist(t.Context(), []ended{{job: &job{Claimed: claimed[0]}, outcome: o}}, 0)
	if got := w.rows(t, `SELECT state || ' ' || reason FROM notification WHERE channel = 'Log'`); !cmp.Equal(got, []string{"Dead text"}) {
		t.Errorf("it is %q", got)
	}
}

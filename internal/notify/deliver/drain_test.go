package deliver

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/testenv/smtp"
)

// A process that is asked to stop finishes what it has begun and gives the rest back.
func TestDrain(t *testing.T) {
	w := newWorld(t)
	w.mails.Script(func(at smtp.Moment) smtp.Fault {
		if at.Stage != smtp.Answer {
			return smtp.Fault{}
		}
		return smtp.Fault{Delay: 2 * time.Second}
	})
	_, stop := w.run(t)
	var words []string
	for i := range 20 {
		words = append(words, strconv.Itoa(i))
	}
	w.say(t, "A", words...)
	eventually(t, "mails are under way", func() bool { return w.mails.Count(smtp.Answer) >= 2 })
	stop()
	sent := w.rows(t, `SELECT id FROM notification WHERE state = 'Sent'`)
	if len(sent) == 0 || len(sent) != len(w.mails.Mails()) {
		t.Errorf("%d are Sent, and %d mails arrived", len(sent), len(w.mails.Mails()))
	}
	if left := w.rows(t, `SELECT DISTINCT state || ' ' || attempts FROM notification WHERE state <> 'Sent'`); !cmp.Equal(left, []string{"Planned 0"}) {
		t.Errorf("the rest is %v, want it back as it was", left)
	}
	if !strings.Contains(w.log.String(), "stopped in good order") {
		t.Error("the log does not say that it stopped")
	}
	w.mails.Script(nil)
	w.run(t)
	w.states(t, "Sent 20")
	if got := len(w.mails.Mails()); got != 20 {
		t.Errorf("%d mails arrived, want 20", got)
	}
}

// What a process had that has gone is taken back when its lease ends.
func TestRescue(t *testing.T) {
	w := newWorld(t)
	d, _ := w.dispatcher(t)
	w.say(t, "A", "hello")
	d.planOnce(t.Context())
	claimed, err := w.Dispatcher.Claim(t.Context(), store.ClaimRequest{Now: w.now(), Lane: 1, Channels: []string{store.ChannelEmail}, Limit: 10, LeaseFor: time.Minute})
	if err != nil || len(claimed) != 1 {
		t.Fatal(claimed, err)
	}
	w.run(t)
	eventually(t, "the dispatcher works", func() bool { return strings.Contains(w.log.String(), "rules in force") })
	if n := len(w.mails.Mails()); n != 0 {
		t.Errorf("%d mails were sent of what another process has", n)
	}
	w.moved.Store(int64(2 * time.Minute))
	w.states(t, "Sent 1")
	if diff := cmp.Diff([]string{"ann@customer.example 1 Uncertain uncertain ", "ann@customer.example 2 Sent  "}, w.attempts(t)); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	// The process comes back, and finds that it is not its business any more.
	lost, err := w.Dispatcher.Finish(t.Context(), w.now(), []store.Finished{{Lease: claimed[0].Lease, Outcome: store.StateDead}})
	if err != nil || len(lost) != 1 {
		t.Errorf("lost %v, %v", lost, err)
	}
	w.states(t, "Sent 1")
}

// What is about signing in does not wait for a thousand mails before it, and what it says
// is not kept.
func TestSecurityLane(t *testing.T) {
	w := newWorld(t)
	w.mails.Script(func(at smtp.Moment) smtp.Fault {
		if at.Stage == smtp.Answer && at.From == "post@acme.example" && at.To != "bob@customer.example" {
			return smtp.Fault{Delay: 10 * time.Second}
		}
		return smtp.Fault{}
	})
	w.contact(t, "A", "ann", "ann@customer.example")
	var words []string
	for i := range 50 {
		words = append(words, strconv.Itoa(i))
	}
	w.run(t)
	w.say(t, "A", words...)
	eventually(t, "mails are under way", func() bool { return w.mails.Count(smtp.Answer) >= 4 })
	link := w.reset(t, "bob@customer.example")
	eventually(t, "the link is dealt with", func() bool {
		return len(w.rows(t, `SELECT id FROM notification WHERE lane = 0 AND state NOT IN ('Planned', 'Retry')`)) == 1
	})
	if got := w.rows(t, `SELECT state || detail FROM notification WHERE lane = 0`); !cmp.Equal(got, []string{"Sent"}) {
		t.Fatalf("the link is %v", got)
	}
	waited := len(w.rows(t, `SELECT id FROM notification WHERE lane = 1 AND state = 'Sent'`)) > 0
	token, err := testKeys(t).LinkToken(store.LinkReset, link, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, m := range w.mails.Mails() {
		found = found || strings.Contains(strings.ReplaceAll(string(m.Text), "=\r\n", ""), "/credentials/"+token)
	}
	if !found {
		t.Error("no mail has the link")
	}
	if kept := w.rows(t, `SELECT subject || body FROM notification WHERE lane = 0`); !cmp.Equal(kept, []string{""}) {
		t.Errorf("kept: %q", kept)
	}
	if strings.Contains(w.log.String(), token) {
		t.Error("the log has the secret of the link")
	}
	if waited {
		t.Skip("the machine is too slow to tell whether the link waited for other mails")
	}
}

// A mail server that takes its time delays no other channel.
func TestSlowMailServer(t *testing.T) {
	w := newWorld(t)
	hooks := newCalled(t)
	w.routes.Templates = nil
	w.template("says", "custom.said", "", w.mail("mail"), config.Action{Name: "hook", Type: "Webhook", Webhook: &config.Webhook{URL: hooks.URL}})
	w.apply(t)
	w.mails.Script(func(at smtp.Moment) smtp.Fault {
		if at.Stage != smtp.Answer {
			return smtp.Fault{}
		}
		return smtp.Fault{Delay: 5 * time.Second}
	})
	const count = 150
	var words []string
	for i := range count {
		words = append(words, strconv.Itoa(i))
	}
	w.run(t)
	w.say(t, "A", words[:100]...)
	eventually(t, "mails are under way", func() bool { return w.mails.Count(smtp.Answer) >= 4 })
	w.moved.Store(int64(time.Minute)) // the turns of all have come
	w.say(t, "A", words[100:]...)
	eventually(t, "every webhook is called", func() bool { return len(hooks.got()) >= count })
	if sent := len(w.rows(t, `SELECT id FROM notification WHERE channel = 'Email' AND state = 'Sent'`)); sent > count/2 {
		t.Errorf("%d mails were sent before the last webhook: it had to wait for them", sent)
	}
}

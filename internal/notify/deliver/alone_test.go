package deliver

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/testenv/smtp"
)

// Where a server hangs up before it takes a sender, no mail loses an attempt; those that
// failed wait half a minute.
func TestCutAtTheSender(t *testing.T) {
	w := newWorld(t)
	w.mails.Script(func(at smtp.Moment) smtp.Fault { return smtp.Fault{Cut: at.Stage == smtp.Sender} })
	metrics, _ := w.run(t)
	words := make([]string, 20)
	for i := range words {
		words[i] = fmt.Sprint("word ", i)
	}
	w.say(t, "A", words...)
	eventually(t, "the breaker opens", func() bool { return gauge(t, metrics, "foyer_dispatcher_breaker_open", "Email") == 1 })
	if got := w.attempts(t); len(got) > 0 {
		t.Errorf("attempts: %v", got)
	}
	if got := w.rows(t, `SELECT 'soon' FROM notification WHERE reason = 'broken' AND turn_at - updated_at < interval '29 seconds'`); len(got) > 0 {
		t.Errorf("%d are tried again at once", len(got))
	}
	w.mails.Script(nil)
	w.moved.Store(int64(time.Minute))
	w.states(t, "Sent 20")
	if got := w.rows(t, `SELECT DISTINCT attempts FROM notification`); !cmp.Equal(got, []string{"1"}) {
		t.Errorf("attempts: %v, want 1 each", got)
	}
}

// What fails as if the channel were broken, for one message while it works for others, is
// that message's own failure.
func TestOneRecipientThatIsRefusedAsIfItWereUs(t *testing.T) {
	w := newWorld(t)
	w.routes.Templates = nil
	to := func(name, address string) config.Action {
		return config.Action{Name: name, Type: "Email", Email: &config.Email{To: []string{address}, Subject: w.body("Hello"), Text: w.body("{{.data.words}}")}}
	}
	w.template("good", "custom.said", `data.words.startsWith("good")`, to("mail", "good@customer.example"))
	w.template("bad", "custom.said", `data.words.startsWith("bad")`, to("mail", "bad@customer.example"))
	w.apply(t)
	w.mails.Script(func(at smtp.Moment) smtp.Fault {
		if at.Stage != smtp.Recipient || at.To != "bad@customer.example" {
			return smtp.Fault{}
		}
		return smtp.Fault{Code: 530, Status: [3]int{5, 7, 0}, Words: "who are you"}
	})
	w.run(t)
	w.say(t, "A", "bad 1")
	eventually(t, "it is refused", func() bool { return len(w.rows(t, `SELECT id FROM notification WHERE reason = 'broken'`)) == 1 })
	w.say(t, "A", "good 1")
	w.states(t, "Planned broken 1, Sent 1")
	w.moved.Store(int64(time.Minute))
	w.states(t, "Retry failed 1, Sent 1")
	if diff := cmp.Diff([]string{"bad@customer.example 1 Retry broken 530 5.7.0", "good@customer.example 1 Sent  "}, w.attempts(t)); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	if got := w.mails.Count(smtp.Recipient); got != 3 {
		t.Errorf("the server was asked %d times, want 3", got)
	}
}

// unanswering is a server that takes its time and then hangs up.
func unanswering(t *testing.T, patience time.Duration) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// A host that does not answer takes the others' turns once, and nothing for it waits for
// staff: whoever gets a webhook twice knows it by its id.
func TestAHostThatDoesNotAnswer(t *testing.T) {
	w := newWorld(t)
	silent, good := unanswering(t, time.Second), newCalled(t)
	hook := func(url string) config.Action {
		return config.Action{Name: "hook", Type: "Webhook", Webhook: &config.Webhook{URL: url}}
	}
	w.routes.Templates = nil
	w.template("silent", "custom.said", `data.words.startsWith("silent")`, hook(silent))
	w.template("good", "custom.said", `data.words.startsWith("good")`, hook(good.URL))
	w.apply(t)
	const count = 60
	words := make([]string, count)
	for i := range words {
		words[i] = fmt.Sprint("silent ", i)
	}
	w.say(t, "A", words...)
	w.say(t, "A", "good")
	if n := w.planned(t); n != count+1 {
		t.Fatalf("%d notifications", n)
	}
	w.moved.Store(int64(10 * time.Second)) // the turns of all have come
	w.run(t)
	began := time.Now()
	eventually(t, "the other host is called", func() bool { return len(good.got()) == 1 })
	if took := time.Since(began); took > count/4*time.Second {
		t.Errorf("it had to wait for %s", took)
	}
	eventually(t, "those that were not tried are back", func() bool {
		return len(w.rows(t, `SELECT id FROM notification WHERE state = 'Planned' AND reason = 'broken' AND attempts = 0`)) >= count-10
	})
	tried := w.rows(t, `SELECT min(id::text) FROM notification WHERE state = 'Retry' AND reason = 'failed'`)[0]
	if _, err := w.pool.Exec(t.Context(), `UPDATE notification SET state = 'Cancelled' WHERE id::text <> $1 AND state <> 'Sent'`, tried); err != nil {
		t.Fatal(err)
	}
	eventually(t, "nobody asks the host", func() bool { return len(w.rows(t, `SELECT id FROM notification_lease`)) == 0 })
	for attempts := 2; attempts <= 4; attempts++ { // a mail would wait for staff after the second
		if _, err := w.pool.Exec(t.Context(), `UPDATE notification SET turn_at = $2 WHERE id::text = $1`, tried, w.now()); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it is tried again", func() bool {
			return len(w.rows(t, `SELECT id FROM notification WHERE id::text = $1 AND state = 'Retry' AND reason = 'failed' AND attempts = $2`, tried, attempts)) == 1
		})
	}
}

func TestHosts(t *testing.T) {
	h := &hosts{}
	for range 3 {
		if !h.enter("a") || !h.enter("") {
			t.Fatal("a host that nobody knows is left alone")
		}
	}
	h.leave("", false)
	h.leave("a", false)
	if h.enter("a") || !h.enter("b") || !h.enter("") {
		t.Error("a host that did not answer is asked by one more, or another is left alone")
	}
	h.leave("a", false)
	h.leave("a", false)
	if !h.enter("a") || h.enter("a") {
		t.Error("a host that did not answer is not asked by one alone")
	}
	h.leave("a", true)
	h.leave("b", true)
	if len(h.of) > 0 {
		t.Errorf("%d hosts are kept that are nothing special", len(h.of))
	}
	for range 2 {
		if !h.enter("a") {
			t.Error("it answered, and is not asked by all")
		}
	}
}

// Where staff decide about each message that may have arrived, a process has no more of them
// than it hands over.
func TestTextsOfWhichStaffDecide(t *testing.T) {
	w := newWorld(t)
	if err := os.Mkdir(filepath.Join(w.channels, config.SMSSecretDir), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"accountSID", "authToken"} {
		if err := os.WriteFile(filepath.Join(w.channels, config.SMSSecretDir, key), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	release, arrived := make(chan struct{}), make(chan struct{}, 100)
	twilio := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		arrived <- struct{}{}
		<-release
		fmt.Fprint(w, `{"sid": "SM1"}`) //nolint:errcheck // who left does not need it
	}))
	t.Cleanup(twilio.Close)
	w.tenant.SMS = config.SMSChannel{Type: config.SMSTwilio, URL: twilio.URL, From: "Acme"}
	w.routes.Templates = nil
	w.template("texts", "custom.said", "", config.Action{Name: "text", Type: "SMS", SMS: &config.SMS{To: []string{"Primary"}, Text: w.body("{{.data.words}}")}})
	w.apply(t)
	words := make([]string, 20)
	for i := range words {
		words[i] = fmt.Sprint("word ", i)
	}
	w.say(t, "A", words...)
	w.planned(t)
	w.moved.Store(int64(10 * time.Second))
	w.run(t)
	<-arrived
	<-arrived
	d, _ := w.dispatcher(t)
	atOnce := d.Ways[1]["SMS"].AtOnce
	for range 20 { // what could claim more has its turn
		w.contact(t, "A", "ann", "ann@customer.example")
		if leases := w.rows(t, `SELECT id FROM notification_lease`); len(leases) > atOnce {
			t.Fatalf("a process has %d text messages and hands %d over", len(leases), atOnce)
		}
	}
	close(release)
	w.states(t, "Sent 20")
}

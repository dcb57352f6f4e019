package deliver

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// An event becomes a mail, once, and what was sent is on record.
func TestEventToMail(t *testing.T) {
	w := newWorld(t)
	w.run(t)
	w.say(t, "A", "hello")
	got := w.mails.Wait(t, 1)[0]
	w.states(t, "Sent 1")
	header := headerOf(t, got)
	id := w.rows(t, `SELECT id FROM notification`)[0]
	for name, want := range map[string]string{
		"From": `"Acme" <post@acme.example>`, "To": "<ann@customer.example>", "Subject": "About hello", "Message-Id": "<" + id + "@acme.example>",
		"List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
	} {
		if header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, header.Get(name), want)
		}
	}
	if !strings.HasPrefix(header.Get("List-Unsubscribe"), "<https://my.acme.example/unsubscribe/") {
		t.Errorf("List-Unsubscribe: %s", header.Get("List-Unsubscribe"))
	}
	if diff := cmp.Diff([]string{"About hello|It says: hello|1"}, w.rows(t, `SELECT subject || '|' || body || '|' || attempts FROM notification`)); diff != "" {
		t.Errorf("on record (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"1 Sent"}, w.rows(t, `SELECT number || ' ' || outcome FROM notification_attempt`)); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
}

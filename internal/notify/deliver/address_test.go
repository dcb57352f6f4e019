package deliver

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What waited goes to the address that its contact has by now, once.
func TestCorrectedAddress(t *testing.T) {
	w := newWorld(t)
	w.past(t)
	w.contact(t, "A", "ann", "old@customer.example; ann@customer.example")
	w.say(t, "A", "hello")
	if n := w.planned(t); n != 2 {
		t.Fatalf("%d notifications are planned", n)
	}
	w.contact(t, "A", "ann", "new@customer.example")
	w.run(t)
	w.states(t, "Sent 1, Suppressed obsolete 1")
	if diff := cmp.Diff([]string{"new@customer.example"}, w.rows(t, `SELECT address FROM notification WHERE state = 'Sent'`)); diff != "" {
		t.Errorf("on record: -want +got:\n%s", diff)
	}
	mails := w.mails.Mails()
	if len(mails) != 1 {
		t.Fatalf("%d mails", len(mails))
	}
	if to := headerOf(t, mails[0]).Get("To"); to != "<new@customer.example>" {
		t.Errorf("to %s", to)
	}
	w.contact(t, "A", "ann", "newer@customer.example")
	w.say(t, "A", "again")
	w.states(t, "Sent 2, Suppressed obsolete 1")
}

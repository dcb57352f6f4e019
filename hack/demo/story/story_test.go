package story

import (
	"testing"
	"time"

	"github.com/foyerhq/foyer/hack/demo/inbox"
)

// TestTell tells the story twice, on the programs as they run in pods: the second time
// starts from what the first one left.
func TestTell(t *testing.T) {
	s := newStage(t)
	for again := range 2 {
		if err := Tell(t.Context(), s.World, time.Now().Add(time.Duration(again)*time.Second)); err != nil { // its invoices are named by the second
			t.Fatal(err)
		}
	}
	list, err := s.Inbox.List(t.Context(), inbox.Filter{Tenant: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if m.Kind == inbox.Text && m.To[0] == residential.phone {
			t.Errorf("a residential customer got the text message %q", m.Text)
		}
	}
}

// The days of the story suit any day that it is told on.
func TestFirstDue(t *testing.T) {
	for day := range 14 {
		now := time.Date(2026, 11, 16+day, 23, 0, 0, 0, time.UTC)
		due := firstDue(now)
		if due.Before(now) || due.Sub(now) > 5*24*time.Hour {
			t.Errorf("on %s the first invoices are due on %s", now, due)
		}
		for _, after := range []int{3, 4} {
			if at := due.AddDate(0, 0, after).Weekday(); at == time.Saturday || at == time.Sunday {
				t.Errorf("on %s day %d is a %s", now, after, at)
			}
		}
	}
}

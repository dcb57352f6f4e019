package deliver

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/catalog/suite"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// past has the tenant be live since long ago, so that nothing is from before that.
func (w *world) past(t *testing.T) {
	t.Helper()
	if _, err := w.pool.Exec(t.Context(), `UPDATE delivery SET live_since = live_since - interval '60 days'`); err != nil {
		t.Fatal(err)
	}
}

// planned plans the events that there are, without sending anything, and says how many
// notifications they made.
func (w *world) planned(t *testing.T) int {
	t.Helper()
	d, _ := w.dispatcher(t)
	d.planOnce(t.Context())
	return len(w.rows(t, `SELECT id FROM notification`))
}

// What waited for three days is given up, unless staff want it sent all the same.
func TestTooLate(t *testing.T) {
	w := newWorld(t)
	w.past(t)
	w.moved.Store(int64(-tooLate - time.Minute))
	w.say(t, "A", "old")
	w.planned(t)
	w.moved.Store(int64(-tooLate + 10*time.Minute))
	w.say(t, "A", "older")
	if n := w.planned(t); n != 2 {
		t.Fatalf("%d notifications are planned", n)
	}
	w.moved.Store(0)
	w.run(t)
	w.states(t, "Dead expired 1, Sent 1")
	ids := w.rows(t, `SELECT id FROM notification WHERE state = 'Dead' AND event_id = 'old' AND detail LIKE '%72 hours%'`)
	if len(ids) != 1 {
		t.Fatalf("given up: %v", w.rows(t, `SELECT event_id || ' ' || state || ' ' || detail FROM notification`))
	}
	w.write(t, func(ctx context.Context, tx *store.Writer) error {
		_, err := tx.Redrive(ctx, ids)
		return err
	})
	w.states(t, "Sent 2")
}

// What Foyer was told of late is not late for that: its time runs from then.
func TestToldLate(t *testing.T) {
	w := newWorld(t)
	w.past(t)
	w.write(t, func(ctx context.Context, tx *store.Writer) error {
		_, err := tx.EmitForeign(ctx, []store.Event{{Source: "/test", ID: "late", Type: "custom.said", AccountID: "A", At: w.now().Add(-10 * 24 * time.Hour), Data: []byte(`{"data":{"words":"x"}}`)}})
		return err
	})
	w.run(t)
	w.states(t, "Sent 1")
	if got := w.rows(t, `SELECT count(*) FROM notification WHERE due_at < $1`, w.now().Add(-9*24*time.Hour)); got[0] != "1" {
		t.Errorf("it fell due at %v", w.rows(t, `SELECT due_at FROM notification`))
	}
}

// What was sent says by what it was made, which may be newer than what it was planned by.
func TestWhatItWasMadeBy(t *testing.T) {
	w := newWorld(t)
	w.past(t)
	today := time.Now().UTC().Truncate(24 * time.Hour)
	v := store.Invoice{Row: store.Row{ID: "i1", AccountID: "A"}, Number: "1001", IssuedOn: today.AddDate(0, 0, -14), DueOn: today.AddDate(0, 0, 1), Currency: "AUD", Total: "89.00", Balance: "89.00",
		Status: store.InvoiceOpen, DueSource: string(settings.SourceBuiltIn), Today: today}
	w.write(t, func(ctx context.Context, tx *store.Writer) error {
		written, err := tx.PutInvoices(ctx, always(v.ID, v))
		return put(t, written, err)
	})
	w.moved.Store(int64(5 * 24 * time.Hour))
	w.say(t, "A", "hello")
	planner, _ := w.dispatcher(t)
	planner.planOnce(t.Context())
	planner.sweepOnce(t.Context())
	before := w.rows(t, `SELECT DISTINCT settings_digest || ' ' || routing_digest FROM notification`)
	w.tenant.DisplayName = "Acme of today"
	w.mail("other") // another text in the routing document
	w.routes.Templates = nil
	w.template("says", "custom.said", "", config.Action{Name: "mail", Type: "Email", Email: &config.Email{To: []string{"Primary"}, Subject: w.body("New"), Text: w.body("New")}})
	w.apply(t)
	w.run(t)
	w.states(t, "Sent 2")
	now := w.live.Load().Digest + " " + w.routing.Load().Digest
	if len(before) != 1 || before[0] == now {
		t.Fatalf("planned by %v, sent by %s", before, now)
	}
	got := w.rows(t, `SELECT source || ' ' || settings_digest || ' ' || routing_digest || ' ' || suite FROM notification ORDER BY source`)
	if diff := cmp.Diff([]string{"EventTemplate " + now + " ", "Standard " + now + " " + suite.Version}, got); diff != "" {
		t.Errorf("made by (-want +got):\n%s", diff)
	}
}

// Texts about signing in are kept on no row, whatever the action.
func TestSecurityTextsAreNotKept(t *testing.T) {
	w := newWorld(t)
	w.routes.Templates = nil
	w.template("locks", "portal.passwordReset", "",
		config.Action{Name: "note", Type: "Log", Note: &config.Note{Text: w.body("{{.credential.username}} asked")}},
		config.Action{Name: "banner", Type: "Banner", Banner: &config.Banner{Text: w.body("{{.credential.username}} was asked for")}})
	w.apply(t)
	w.run(t)
	w.reset(t, "ann@customer.example")
	w.states(t, "Sent 2")
	if got := w.rows(t, `SELECT subject || body FROM notification`); !cmp.Equal(got, []string{"", ""}) {
		t.Errorf("kept: %q", got)
	}
	if notes := w.notes(t); len(notes) != 1 || !strings.HasSuffix(notes[0], "ann asked") {
		t.Errorf("notes: %q", notes)
	}
}

// reset makes a link to another password for ann, and returns its id.
func (w *world) reset(t *testing.T, addresses ...string) (link string) {
	t.Helper()
	until := w.now().Add(10 * time.Minute)
	w.write(t, func(ctx context.Context, tx *store.Writer) (err error) {
		link, err = tx.IssueLink(ctx, store.NewLink{Purpose: store.LinkReset, AccountID: "A", ContactID: "ann", Addresses: addresses, ExpiresAt: until,
			Data: map[string]any{"credential": map[string]any{"username": "ann", "expiresAt": until.Format(time.RFC3339)},
				"origin": map[string]any{"by": "System", "at": w.now().UTC().Format(time.RFC3339)}}})
		return err
	})
	return link
}

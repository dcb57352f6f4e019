package deliver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/store"
)

// exec runs statements as a superuser.
func (w *world) exec(t *testing.T, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if _, err := w.pool.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// ledger has what could not be planned, and what was sent.
func (w *world) ledger(t *testing.T, want ...string) {
	t.Helper()
	last := ""
	defer func() {
		if t.Failed() {
			t.Logf("on record (-want +got):\n%s", last)
		}
	}()
	eventually(t, "all is on record", func() bool {
		last = cmp.Diff(want, w.rows(t, `SELECT concat_ws(' ', state, nullif(reason, ''), nullif(event_id, ''), account_id) FROM notification ORDER BY 1`))
		return last == ""
	})
}

// An event that the database will never keep, or whose data cannot be read, stops nothing:
// it is on record as dead, and those before and after it are sent.
func TestEventsThatCannotBePlanned(t *testing.T) {
	w := newWorld(t)
	w.exec(t, `ALTER TABLE notification ADD CONSTRAINT poison CHECK (event_id NOT LIKE 'poison%' OR state = 'Dead')`)
	w.say(t, "A", "1", "poison-1", "2", "poison-2", "unread", "3")
	w.exec(t, `UPDATE event SET data = '["a private text"]' WHERE id = 'unread'`)
	w.run(t)
	w.ledger(t, "Dead unplanned poison-1 A", "Dead unplanned poison-2 A", "Dead unplanned unread A", "Sent 1 A", "Sent 2 A", "Sent 3 A")
	details := w.rows(t, `SELECT detail FROM notification WHERE state = 'Dead' ORDER BY event_id`)
	if !strings.Contains(details[0], "SQLSTATE 23514") || !strings.Contains(details[2], "the data of event unread cannot be read") {
		t.Errorf("what staff read: %q", details)
	}
	w.say(t, "A", "4")
	w.ledger(t, "Dead unplanned poison-1 A", "Dead unplanned poison-2 A", "Dead unplanned unread A", "Sent 1 A", "Sent 2 A", "Sent 3 A", "Sent 4 A")
	if strings.Contains(w.log.String(), "private") {
		t.Error("the log has a customer's text")
	}
}

// The object of an event from outside may have a long id.
func TestLongSubject(t *testing.T) {
	w := newWorld(t)
	w.run(t)
	w.write(t, func(ctx context.Context, tx *store.Writer) error {
		_, err := tx.EmitForeign(ctx, []store.Event{{Source: "/test", ID: "long", Type: "custom.said", AccountID: "A", Subject: unlike(4800), Data: []byte(`{"data":{"words":"x"}}`)}})
		return err
	})
	w.states(t, "Sent 1")
}

// unlike is a text that cannot be compressed.
func unlike(length int) string {
	text := make([]byte, length)
	state := uint32(1)
	for i := range text {
		state = state*1664525 + 1013904223
		text[i] = '!' + byte(state>>24)%90
	}
	return string(text)
}

func TestSafelyHidesValues(t *testing.T) {
	var nobody map[string]int
	for what, work := range map[string]func() error{
		"string at deliver.":                 func() error { panic("a private text") },
		"*errors.errorString at":             func() error { panic(errors.New("a private text")) },
		"assignment to entry in nil map at":  func() error { nobody["a private text"]++; return nil },
		"an ordinary error":                  func() error { return errors.New("an ordinary error") },
		"index out of range [3] with length": func() error { return fmt.Errorf("%c", "abc"[len(what("abc"))]) },
	} {
		err := safely(work)
		if err == nil || !strings.Contains(err.Error(), what) || strings.Contains(err.Error(), "private") {
			t.Errorf("got %v, want one with %q", err, what)
		}
		if err != nil && strings.HasPrefix(err.Error(), "panic") && !strings.Contains(err.Error(), "(poison_test.go:") {
			t.Errorf("it does not say where: %v", err)
		}
	}
}

func what(s string) string { return s }

// debtors are accounts with an invoice each that is three days overdue.
func (w *world) debtors(t *testing.T, count int) {
	t.Helper()
	w.exec(t,
		fmt.Sprintf(`INSERT INTO account (id, name, status) SELECT 'S' || to_char(i, 'FM0000'), 'x', 'Active' FROM generate_series(1, %d) i`, count),
		`INSERT INTO contact (id, account_id, first_name, last_name, email, roles, owner, access) SELECT 'c' || id, id, 'a', 'b', id || '@x.example', '{Primary}', true, 'Active' FROM account WHERE id LIKE 'S%'`,
		`INSERT INTO invoice (id, account_id, number, issued_on, due_on, due_source, currency, total, balance, status, created_at)
		 SELECT 'i' || id, id, 'n', current_date - 20, current_date - 3, 'Invoice', 'EUR', 10, 10, 'Open', now() - interval '20 days' FROM account WHERE id LIKE 'S%'`,
		`UPDATE delivery SET live_since = now() - interval '30 days'`)
}

// dunning sends a mail on the third day after the due date, at midnight.
func (w *world) dunning(t *testing.T, when string) {
	t.Helper()
	m := w.mail("reminder")
	m.Days = []int32{3}
	m.Email.Subject, m.Email.Text = w.body("Invoice {{.invoice.number}}"), w.body("It is overdue.")
	w.template("dunning", unpaid, when, m)
	w.tenant.Attributes.TimeZone = "UTC"
	w.apply(t)
	at := time.Now().UTC()
	w.moved.Store(int64(time.Date(at.Year(), at.Month(), at.Day(), 10, 0, 0, 0, time.UTC).Sub(at))) // by then it is due
}

// An account of which something cannot be kept keeps nobody from being reminded, and is on
// record once a day.
func TestAccountsThatCannotBeReminded(t *testing.T) {
	w := newWorld(t)
	w.tenant.Delivery.Mode = config.DeliveryHold
	w.debtors(t, 4)
	w.dunning(t, "")
	w.exec(t, `ALTER TABLE notification ADD CONSTRAINT poison CHECK (account_id <> 'S0002' OR state = 'Dead')`, `UPDATE delivery SET mode = 'Hold'`)
	d, _ := w.dispatcher(t)
	for range 2 {
		if whole, err := d.Sweep(t.Context(), w.now()); err != nil || !whole {
			t.Fatal(whole, err)
		}
	}
	w.ledger(t, "Dead unplanned S0002", "Held S0001", "Held S0003", "Held S0004")
	if whole, err := d.Sweep(t.Context(), w.now().Add(24*time.Hour)); err != nil || !whole {
		t.Fatal(whole, err)
	}
	w.ledger(t, "Dead unplanned S0002", "Dead unplanned S0002", "Held S0001", "Held S0003", "Held S0004")
}

// A sweep that was interrupted goes on where it was, also while events are planned.
func TestSweepGoesOn(t *testing.T) {
	w := newWorld(t)
	w.tenant.Delivery.Mode = config.DeliveryHold
	w.debtors(t, sweepPage+200)
	w.dunning(t, "")
	w.exec(t, `UPDATE delivery SET mode = 'Hold'`,
		`CREATE FUNCTION interrupt() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'later' USING ERRCODE = '40001'; END $$`,
		`CREATE TRIGGER interrupt BEFORE INSERT ON notification_default FOR EACH ROW WHEN (NEW.account_id > 'S1100') EXECUTE FUNCTION interrupt()`)
	for _, partition := range w.rows(t, `SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'notification'::regclass AND inhrelid <> 'notification_default'::regclass`) {
		w.exec(t, `CREATE TRIGGER interrupt BEFORE INSERT ON `+partition+` FOR EACH ROW WHEN (NEW.account_id > 'S1100') EXECUTE FUNCTION interrupt()`)
	}
	d, _ := w.dispatcher(t)
	if pause := d.sweepOnce(t.Context()); pause != failurePause || d.sweeping == nil || d.sweeping.after != "S1000" {
		t.Fatalf("it is at %+v, and rests for %s\n%s", d.sweeping, pause, w.log.String())
	}
	other, _ := w.dispatcher(t)
	if other.sweepOnce(t.Context()); other.sweeping != nil {
		t.Error("another replica makes the same sweep")
	}
	w.exec(t, `DROP FUNCTION interrupt() CASCADE`, `DELETE FROM notification WHERE account_id = 'S0001'`, `DELETE FROM occurrence WHERE account_id = 'S0001'`)
	if d.sweepOnce(t.Context()); d.sweeping != nil || d.swept != d.inForce().documents() {
		t.Errorf("it is not whole: %+v", d.sweeping)
	}
	if got := w.rows(t, `SELECT count(*) FROM notification`)[0]; got != fmt.Sprint(sweepPage+200-1) {
		t.Errorf("%s notifications: it began anew, or has not come to all", got)
	}
}

// An account that nobody is told of, because the condition is false, is not read in full each
// minute, but when something of it has changed.
func TestFalseConditionsRest(t *testing.T) {
	w := newWorld(t)
	w.tenant.Delivery.Mode = config.DeliveryHold
	w.debtors(t, 2)
	w.dunning(t, `account.status == "Suspended"`)
	w.exec(t, `UPDATE delivery SET mode = 'Hold'`)
	d, _ := w.dispatcher(t)
	sweep := func(at time.Time, want ...string) {
		t.Helper()
		if whole, err := d.Sweep(t.Context(), at); err != nil || !whole {
			t.Fatal(whole, err)
		}
		if diff := cmp.Diff(append([]string{}, want...), w.rows(t, `SELECT account_id FROM notification ORDER BY 1`)); diff != "" {
			t.Errorf("reminded (-want +got):\n%s", diff)
		}
	}
	sweep(w.now())
	if len(d.unmoved.until) != 2 {
		t.Errorf("%d accounts rest", len(d.unmoved.until))
	}
	w.exec(t, `UPDATE account SET status = 'Suspended' WHERE id = 'S0001'`)
	sweep(w.now().Add(time.Minute), "S0001")
	sweep(w.now().Add(restFor+2*time.Minute), "S0001")
	if len(d.unmoved.until) != 1 {
		t.Errorf("%d accounts rest", len(d.unmoved.until))
	}
}

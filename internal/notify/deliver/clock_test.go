package deliver

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/store"
)

// A process whose clock is not the database's plans and sends nothing, until it is. What a
// clock file adds does not matter.
func TestWrongClock(t *testing.T) {
	w := newWorld(t)
	w.moved.Store(int64(48 * time.Hour))
	d, metrics := w.dispatcher(t)
	var ahead atomic.Int64
	ahead.Store(int64(21 * time.Second))
	d.clock = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { d.Run(ctx); close(done) }()
	defer func() { cancel(); <-done }()
	eventually(t, "it is told", func() bool { return strings.Contains(w.log.String(), "is not that of the database: it plans") })
	w.say(t, "A", "hello")
	time.AfterFunc(time.Second, func() { ahead.Store(int64(4 * time.Second)) })
	if got := gauge(t, metrics, "foyer_dispatcher_clock_skew_seconds", ""); got < 15 || got > 22 {
		t.Errorf("the metric says %v", got)
	}
	for ahead.Load() == int64(21*time.Second) {
		if n := len(w.rows(t, `SELECT id FROM notification`)); n > 0 {
			t.Fatalf("%d were planned by a wrong clock", n)
		}
	}
	w.states(t, "Sent 1")
}

// With the wrong clock nothing that waits is claimed, and Live does not begin.
func TestWrongClockClaimsNothing(t *testing.T) {
	w := newWorld(t)
	d, _ := w.dispatcher(t)
	w.say(t, "A", "hello")
	d.planOnce(t.Context())
	d.clock = func() time.Time { return time.Now().Add(-time.Hour) }
	d.clockOnce(t.Context())
	lane := d.newLane(1)
	if again, waits, err := lane.round(t.Context(), true); again || waits || err != nil {
		t.Errorf("a claim: %t %t %v", again, waits, err)
	}
	w.exec(t, `UPDATE delivery SET mode = 'Hold'`)
	d.followOnce(t.Context())
	if mode := w.rows(t, `SELECT mode FROM delivery`)[0]; mode != store.DeliveryHold {
		t.Errorf("the mode is %s", mode)
	}
	d.clock = time.Now
	d.clockOnce(t.Context())
	d.followOnce(t.Context())
	if mode := w.rows(t, `SELECT mode FROM delivery`)[0]; mode != store.DeliveryLive {
		t.Errorf("the mode is %s", mode)
	}
}

// Who waits to get in is not kept out because two clocks differ.
func TestSinceLive(t *testing.T) {
	live := time.Date(2026, time.November, 21, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		early    time.Duration
		security bool
		want     string
		dueAt    time.Time
	}{
		{0, false, "", live}, {-time.Second, false, "", live.Add(time.Second)}, {time.Second, false, "beforeGoLive", live.Add(-time.Second)},
		{clockTolerance, true, "", live}, {clockTolerance + 1, true, "beforeGoLive", live.Add(-clockTolerance - 1)},
	} {
		row := store.NewNotification{Addressed: store.Addressed{DueAt: live.Add(-c.early)}, Security: c.security}
		if sinceLive(&row, live); row.Suppressed != c.want || !row.DueAt.Equal(c.dueAt) {
			t.Errorf("%s before, about signing in %t: %q, due at %s", c.early, c.security, row.Suppressed, row.DueAt)
		}
	}
}

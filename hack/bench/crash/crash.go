// Package crash finds out whether notifications are lost when something dies. A real
// backoffice takes a steady load of events by the integration API, and two real dispatchers
// send what they tell, while one of the three, PostgreSQL or the mail server is killed at
// random, again and again. Afterwards each event that was answered 202 must have exactly one
// notification, each notification exactly one end, and each that says Sent a mail that
// arrived. What arrived twice is at most what was under way at a kill.
package crash

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/testenv/smtp"
)

const (
	dispatchers = 2
	accounts    = 50

	// The load: so many events each time.
	eventsAtOnce = 10
	eventsEvery  = 100 * time.Millisecond

	// leaseSeconds is short, so that what a killed process had is soon somebody else's.
	leaseSeconds = 6
	// Between two kills.
	minQuiet = time.Second
	maxQuiet = 3 * time.Second

	// connections is how many mails a dispatcher hands over at once, and underWay how many
	// it may have, with those whose outcome is on its way to the database.
	connections = 4
	underWay    = 16 * connections
)

// What is killed.
const (
	killBackoffice = "backoffice"
	killDispatcher = "dispatcher"
	killPostgres   = "PostgreSQL"
	killMails      = "mail server"
)

// Options say how long, and of what.
type Options struct {
	Programs string // the directory of the binaries backoffice and dispatcher
	For      time.Duration
	Progress func(format string, args ...any)
	Log      *os.File // of the programs; nil: none
}

// Report is what came of it.
type Report struct {
	Kills      map[string]int
	Events     int // all of them answered 202
	States     map[string]int
	Arrived    int
	Duplicates int      // of what arrived
	MostTwice  int      // how many may be, after so many kills
	Problems   []string // what must not be
}

// Run kills for a while, and then looks.
func Run(ctx context.Context, o Options) (r Report, err error) {
	w, err := start(ctx, o)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	r = Report{Kills: map[string]int{}, States: map[string]int{}}
	loading, stop := context.WithTimeout(ctx, o.For)
	defer stop()
	var events atomic.Int64
	ended := make(chan error, 1)
	go func() { ended <- w.load(ctx, loading, &events) }()
	if err := w.kill(loading, r.Kills); err != nil {
		return r, err
	}
	if err := <-ended; err != nil {
		return r, err
	}
	r.Events = int(events.Load())
	o.Progress("%d events, killed %v; waiting for their ends", r.Events, r.Kills)
	if err := w.settle(ctx); err != nil {
		return r, err
	}
	return r, w.look(ctx, &r)
}

// kill kills one thing after the other until ctx ends. Each is started again at once.
func (w *world) kill(ctx context.Context, kills map[string]int) error {
	for {
		timer := time.NewTimer(minQuiet + rand.N(maxQuiet-minQuiet))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
		what, err := w.killOne(rand.N(5))
		if err != nil {
			return fmt.Errorf("kill %s: %w", what, err)
		}
		kills[what]++
	}
}

func (w *world) killOne(which int) (what string, err error) {
	switch which {
	case 0, 1:
		if err := w.dispatchers[which].kill(); err != nil {
			return killDispatcher, err
		}
		w.dispatchers[which], err = w.dispatch(which)
		return killDispatcher, err
	case 2:
		if err := w.backoffice.kill(); err != nil {
			return killBackoffice, err
		}
		w.backoffice, err = w.serve()
		return killBackoffice, err
	case 3:
		return killPostgres, errors.Join(w.tenant.Postgres.Kill(), w.tenant.Postgres.Start())
	default:
		return killMails, w.restartMails()
	}
}

// restartMails breaks all connections of the mail server and starts another one in its
// place.
func (w *world) restartMails() error {
	if err := w.mails.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	var err error
	w.mails, err = smtp.Start(smtp.Options{Address: w.address, OnMail: w.inbox.take})
	return err
}

// settle waits until nothing is under way any more. What is tried again later has its turn
// by a clock that is moved, when nothing else is left to do.
func (w *world) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	conn, err := w.tenant.Superuser(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // it was only asked
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for moved := time.Duration(0); ; {
		var behind, due, waiting int
		err := conn.QueryRow(ctx, `SELECT (SELECT event FROM feed) - (SELECT position FROM delivery),
    (SELECT count(*) FROM notification_lease) + (SELECT count(*) FROM notification WHERE state IN ('Planned', 'Retry') AND turn_at <= $1),
    (SELECT count(*) FROM notification WHERE state IN ('Planned', 'Retry'))`, time.Now().Add(moved)).Scan(&behind, &due, &waiting)
		if err != nil {
			return fmt.Errorf("look what waits: %w", err)
		}
		switch {
		case behind == 0 && waiting == 0 && due == 0:
			return nil
		case behind == 0 && due == 0:
			moved += time.Hour
			if err := w.write("clock/offset", moved.String()); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d events are not planned, %d notifications wait, %d of them should not: %w", behind, waiting, due, ctx.Err())
		case <-tick.C:
		}
	}
}

// look compares what the ledger says with what was emitted and what arrived.
func (w *world) look(ctx context.Context, r *Report) error {
	conn, err := w.tenant.Superuser(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // it was only asked
	r.Arrived, r.Duplicates = w.inbox.count()
	r.MostTwice = r.Kills[killDispatcher]*underWay + r.Kills[killPostgres]*dispatchers*underWay + r.Kills[killMails]*dispatchers*connections
	if r.Duplicates > r.MostTwice {
		r.Problems = append(r.Problems, fmt.Sprintf("%d mails came twice, at most %d may", r.Duplicates, r.MostTwice))
	}
	ended := map[string]bool{store.StateSent: true, store.StateDead: true, store.StateUncertain: true}
	rows, err := conn.Query(ctx, `SELECT event_id, state, reason, (SELECT count(*) FROM notification_attempt a WHERE a.notification_id = n.id AND a.ended_at IS NULL) FROM notification n`)
	if err != nil {
		return fmt.Errorf("read the ledger: %w", err)
	}
	seen := map[string]bool{}
	var event, state, reason string
	var open int
	_, err = pgx.ForEachRow(rows, []any{&event, &state, &reason, &open}, func() error {
		r.States[state]++
		arrived := w.inbox.arrivals[event]
		switch {
		case seen[event]:
			r.Problems = append(r.Problems, "event "+event+" was planned twice")
		case !ended[state], state != store.StateSent && reason == "":
			r.Problems = append(r.Problems, fmt.Sprintf("the notification of event %s is %s %s at the end", event, state, reason))
		case state == store.StateSent && arrived == 0:
			r.Problems = append(r.Problems, "the mail of event "+event+" is Sent and did not arrive")
		case open > 0:
			r.Problems = append(r.Problems, "an attempt of event "+event+" has no end")
		}
		seen[event] = true
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the ledger: %w", err)
	}
	for n := range r.Events {
		if !seen[strconv.Itoa(n)] {
			r.Problems = append(r.Problems, fmt.Sprintf("event %d has no notification", n))
		}
	}
	return nil
}

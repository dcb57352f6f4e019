package deliver

import (
	"context"
	"errors"
	"time"

	"github.com/foyerhq/foyer/internal/store"
)

const (
	// finishBatch is how many outcomes are written down at once, and finishWait how long
	// the first of them waits for others: so many cost hardly more than one.
	finishBatch = 256
	finishWait  = 15 * time.Millisecond
	// finishTimeout bounds one attempt to write them down.
	finishTimeout = 10 * time.Second
	finishPause   = time.Second // after an attempt that failed
	// finishFailures is how often the database may refuse a batch before it is divided.
	finishFailures = 3
	// finishAtEnd is how long a process that stops goes on trying.
	finishAtEnd = 5 * time.Second
)

// ended is an outcome on its way to the database.
type ended struct {
	*job
	outcome
	done func()
	bare bool // without what the database does not keep
}

// finisher writes outcomes down, many at a time.
type finisher struct {
	d    *Dispatcher
	from chan ended
}

func newFinisher(d *Dispatcher) *finisher {
	return &finisher{d: d, from: make(chan ended, finishBatch)}
}

// close says that nothing comes any more.
func (f *finisher) close() { close(f.from) }

// run writes down what comes until close, and whatever is left then. under ends when the
// process must come to an end.
func (f *finisher) run(under context.Context) {
	for first := range f.from {
		f.write(under, f.collect(first))
	}
}

// collect waits a moment for more to write down with the first.
func (f *finisher) collect(first ended) []ended {
	batch := []ended{first}
	timer := time.NewTimer(finishWait)
	defer timer.Stop()
	for len(batch) < finishBatch {
		select {
		case next, open := <-f.from:
			if !open {
				return batch
			}
			batch = append(batch, next)
			continue
		case <-timer.C:
		}
		break
	}
	return batch
}

// write tries until the outcomes are on record. While the database is away the process has
// nothing else to do: their places are taken, so it claims nothing.
func (f *finisher) write(under context.Context, batch []ended) {
	f.insist(under, batch, 0)
	for _, e := range batch {
		e.done()
	}
}

// insist tries until a batch is on record. failed is how often the database refused what it
// was a part of: one outcome that it will never take must not keep back the others. Nothing
// else, as that somebody writes the same rows, is a reason to give a text up.
func (f *finisher) insist(under context.Context, batch []ended, failed int) {
	lastly := context.WithoutCancel(under)
	var end time.Time
	for {
		lost, err := f.try(lastly, batch)
		if err == nil {
			f.d.count(batch, lost)
			return
		}
		var notes *notesRefused
		if errors.As(err, &notes) {
			notes.strip(batch)
			continue
		}
		if _, refused := store.Unstorable(err); refused {
			failed++
		}
		if failed >= finishFailures {
			f.divide(under, batch, err)
			return
		}
		if under.Err() != nil && end.IsZero() {
			end = time.Now().Add(finishAtEnd)
		}
		if !end.IsZero() && time.Now().After(end) {
			f.d.Log.Error("outcomes could not be written down: these notifications are uncertain", "count", len(batch), "error", err)
			return
		}
		f.d.Log.Error("could not write down what was sent, trying again", "count", len(batch), "error", err)
		<-time.After(finishPause)
	}
}

// divide writes the halves of a batch down that the database refuses as a whole. Of one
// alone it is what became of it, without a text, with the same patience.
func (f *finisher) divide(under context.Context, batch []ended, err error) {
	if half := len(batch) / 2; half > 0 {
		f.insist(under, batch[:half], finishFailures-1)
		f.insist(under, batch[half:], finishFailures-1)
		return
	}
	last := batch[0]
	if last.bare {
		f.d.Log.Error("an outcome could not be written down: the notification is uncertain", "notification", last.job.ID, "error", err)
		return
	}
	f.d.Log.Error("the database refuses an outcome: it is written down without a text", "notification", last.job.ID, "outcome", last.Outcome, "error", err)
	code, _ := store.Unstorable(err)
	f.insist(under, []ended{last.stripped(refusedBy(code))}, finishFailures-1)
}

// stripped is an outcome without what the database does not keep of it. What has gone out
// is sent all the same, but nobody sees a banner or a note that is not kept.
func (e ended) stripped(why error) ended {
	e.bare = true
	if e.Outcome == store.StateSent && (e.Channel == store.ChannelBanner || e.Channel == store.ChannelLog) {
		e.outcome = unreadable(why)
		return e
	}
	e.outcome = outcome{Finished: store.Finished{Outcome: e.Outcome, NextAt: e.NextAt, Reason: e.Reason, RedirectedTo: e.RedirectedTo,
		SettingsDigest: e.SettingsDigest, RoutingDigest: e.RoutingDigest, Suite: e.Suite}}
	return e
}

// try writes a batch down in one transaction, with the banners and notes that go with it.
func (f *finisher) try(ctx context.Context, batch []ended) (lost []store.Lease, err error) {
	ctx, cancel := context.WithTimeout(ctx, finishTimeout)
	defer cancel()
	now := f.d.Now()
	more := false
	list := make([]store.Finished, len(batch))
	for i, e := range batch {
		list[i] = e.Finished
		list[i].Lease = e.job.Lease
		more = more || e.note != nil || e.banner != nil
	}
	if !more {
		return f.d.Store.Finish(ctx, now, list)
	}
	origin := store.Origin{Actor: "dispatcher", Now: now, Unaudited: true}
	err = f.d.Store.Write(ctx, origin, func(ctx context.Context, w *store.Writer) error {
		if lost, err = w.Finish(ctx, list); err != nil {
			return err
		}
		return f.leave(ctx, w, batch, lost)
	})
	return lost, err
}

// leave writes the notes and banners down of those whose lease was not lost: somebody else
// writes, or has written, theirs.
func (f *finisher) leave(ctx context.Context, w *store.Writer, batch []ended, lost []store.Lease) error {
	gone := leaseIDs(lost)
	refused := &notesRefused{why: map[string]error{}}
	own := map[string]bool{} // what is nothing but its note
	var notes []store.Item[store.Note]
	var banners []store.Banner
	for _, e := range batch {
		if gone[e.job.ID] {
			continue
		}
		own[e.job.ID] = e.Channel == store.ChannelLog
		if n := e.note; n != nil {
			notes = append(notes, store.Item[store.Note]{ID: n.ID, Decide: func(*store.Note) (store.Note, *store.Refusal) { return *n, nil }})
		}
		if e.banner != nil {
			banners = append(banners, *e.banner)
		}
	}
	written, err := w.PutNotes(ctx, notes)
	if err != nil {
		return err
	}
	for i, result := range written {
		if result.Outcome != store.Refused {
			continue
		}
		f.d.Log.Warn("a note on a customer was refused", "notification", notes[i].ID, "field", result.Field, "problem", result.Message)
		if own[notes[i].ID] {
			refused.why[notes[i].ID] = errors.New("the note was refused: " + result.Message)
		}
	}
	if len(refused.why) > 0 {
		return refused
	}
	return w.AddBanners(ctx, banners)
}

// notesRefused says of which notifications, which are notes, none can be written.
type notesRefused struct{ why map[string]error }

func (r *notesRefused) Error() string { return "notes on customers were refused" }

// strip has them be what became of them without.
func (r *notesRefused) strip(batch []ended) {
	for i, e := range batch {
		if why := r.why[e.job.ID]; why != nil {
			batch[i] = e.stripped(why)
		}
	}
}

func leaseIDs(leases []store.Lease) map[string]bool {
	ids := map[string]bool{}
	for _, l := range leases {
		ids[l.ID] = true
	}
	return ids
}

// finish hands an outcome to the finisher, and tells the breaker.
func (l *lane) finish(j *job, o outcome) {
	if j.Uncertain && (o.Outcome == store.Returned || o.Outcome == store.StateRetry) {
		o.Reason = reasonUncertain // as long as it waits: what may have arrived is repeated once
	}
	if b := l.breakers[j.Channel]; b != nil {
		l.tellBreaker(j.Channel, b, o)
		if j.probe {
			b.unused()
		}
	}
	l.finisher.from <- ended{job: j, outcome: o, done: func() { l.places.giveBack(j.Channel) }}
}

func (d *Dispatcher) tellBreaker(name string, b *breaker, o outcome) {
	switch {
	case o.works && b.works(time.Now()):
		d.metrics.breaker.WithLabelValues(name).Set(0)
		d.Log.Info("the channel works again", "channel", name)
	case o.broken && b.fails(o.sure, time.Now()):
		d.metrics.breaker.WithLabelValues(name).Set(1)
		d.Log.Error("the channel works for nobody: it is left alone and tried now and then", "channel", name, "code", o.Code, "detail", o.Detail)
	}
}

// count counts outcomes that are on record.
func (d *Dispatcher) count(batch []ended, lost []store.Lease) {
	gone := leaseIDs(lost)
	for _, e := range batch {
		if gone[e.job.ID] {
			d.tally.add(e.Channel, "lease lost", "")
			continue
		}
		switch e.Outcome {
		case store.StateSent:
			d.metrics.sent.WithLabelValues(e.Channel).Inc()
		case store.StateSuppressed:
			d.metrics.suppressed.WithLabelValues(e.Reason).Inc()
		case store.StateDead:
			d.metrics.dead.WithLabelValues(e.Channel, e.Reason).Inc()
		}
		if e.Class != "" {
			d.metrics.failed.WithLabelValues(e.Channel, e.Class).Inc()
			d.tally.add(e.Channel, e.Class, e.Code)
		}
	}
}

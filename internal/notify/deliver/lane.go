package deliver

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/foyerhq/foyer/internal/notify/channel"
	"github.com/foyerhq/foyer/internal/notify/plan"
	"github.com/foyerhq/foyer/internal/notify/stored"
	"github.com/foyerhq/foyer/internal/store"
)

// Way is how one channel is used in one lane.
type Way struct {
	channel.Sender
	AtOnce int // how many messages are handed over at a time
	// Repeat says what becomes of a message that may have arrived; nil: [Once].
	Repeat func() Repeat
}

// Repeat says what becomes of a message that may have arrived.
type Repeat int

// The ways.
const (
	Once  Repeat = iota // it is sent once more, and whoever gets it twice can tell
	ByKey               // it is sent again as what failed is: the other side knows one that comes twice
	Never               // staff decide
)

func (w Way) repeat() Repeat {
	if w.Repeat == nil {
		return Once
	}
	return w.Repeat()
}

const (
	// placesPerSend is how many places a lane has for each message that is handed over at a
	// time: the others wait for it, or for their outcome to be written down.
	placesPerSend = 16
	// placesInside are for banners and notes, which are rows of the database.
	placesInside = 256
	// heavyAtOnce is how many mails with an attachment are handed over at a time.
	heavyAtOnce = 2
	// claimTimeout is for a claim, which is not given up when the process is asked to
	// stop: it may be done already.
	claimTimeout = 10 * time.Second
)

// lane hands over what waits in one lane.
type lane struct {
	*Dispatcher
	number   int
	channels []string
	places   *places
	sending  map[string]chan struct{} // who hands over right now, by channel
	turn     int                      // of the channels: each is the first in its turn
	jobs     sync.WaitGroup
	stopping <-chan struct{}
	hosts    hosts // of webhooks
	cap      hourlyCap
	dry      map[string]time.Time // until when channels are not asked that had nothing more
}

func (d *Dispatcher) newLane(number int) *lane {
	l := &lane{Dispatcher: d, number: number, sending: map[string]chan struct{}{}, cap: hourlyCap{rest: map[string]time.Time{}}, dry: map[string]time.Time{}}
	all := map[string]int{store.ChannelBanner: placesInside, store.ChannelLog: placesInside}
	for _, name := range []string{store.ChannelEmail, store.ChannelSMS, store.ChannelWebhook} {
		if way, ok := d.Ways[number][name]; ok {
			all[name] = way.AtOnce * placesPerSend
			l.sending[name] = make(chan struct{}, way.AtOnce)
			l.channels = append(l.channels, name)
		}
	}
	l.channels = append(l.channels, store.ChannelBanner, store.ChannelLog)
	l.places = newPlaces(all)
	return l
}

// run claims and hands over until ctx ends, and then finishes what is under way, which ends
// with under at the latest.
func (l *lane) run(ctx, under context.Context) {
	l.stopping = ctx.Done()
	defer l.jobs.Wait()
	timer := time.NewTimer(lanePoll)
	defer timer.Stop()
	for calm := true; ctx.Err() == nil; {
		again, waits, err := l.round(under, calm)
		calm = false
		pause := lanePoll
		switch {
		case err != nil:
			pause = l.failed(ctx, "claim notifications", err)
		case again:
			continue
		}
		timer.Reset(pause)
		var freed <-chan struct{}
		if waits && err == nil {
			freed = l.places.freed
		}
		select {
		case <-ctx.Done():
		case <-freed:
		case <-timer.C:
			calm = true
		}
	}
}

// round claims what can be sent now and begins with it: by one claim for all channels that
// have room. One that has little is left out, so that it does not make the claims of the
// others small, and has one of its own when it is calm. again says that there is more for
// those with room, and waits that there may be for others once places are free.
func (l *lane) round(ctx context.Context, calm bool) (again, waits bool, err error) {
	if l.clockOff.Load() || l.behind() {
		return false, false, nil
	}
	limit, roomy := math.MaxInt, []string{}
	l.turn++
	for i := range l.channels {
		name := l.channels[(l.turn+i)%len(l.channels)]
		free, crowded := l.room(name)
		switch {
		case free <= 0:
			waits = true
		case l.isOpen(name):
			err = l.probe(ctx, name, l.breakers[name])
		case crowded && !calm:
			waits = true
		case crowded, l.never(name): // its few places would make the claims of the others small
			var claimed int
			claimed, err = l.take(ctx, []string{name}, free)
			waits = waits || claimed == free
		case !calm && time.Now().Before(l.dry[name]): // it had no more just now
		default:
			roomy, limit = append(roomy, name), min(limit, free)
		}
		if err != nil {
			return false, false, err
		}
	}
	if len(roomy) == 0 {
		return false, waits, nil
	}
	claimed, err := l.take(ctx, roomy, limit)
	return claimed >= limit, waits, err
}

// room is how many notifications of a channel may be claimed, and whether those are few.
// Where staff have to look at each that a process had when it died, it has no more than it
// hands over.
func (l *lane) room(name string) (free int, crowded bool) {
	free, crowded = l.places.of(name)
	if l.never(name) {
		atOnce := l.Ways[l.number][name].AtOnce
		free -= atOnce * (placesPerSend - 1)
		return free, free < (atOnce+1)/2
	}
	return free, crowded
}

// never says whether staff decide about what may have arrived by a channel.
func (l *lane) never(name string) bool { return l.Ways[l.number][name].repeat() == Never }

// isOpen says whether a channel is left alone.
func (d *Dispatcher) isOpen(name string) bool {
	b := d.breakers[name]
	return b != nil && b.isOpen()
}

// take claims notifications and begins with them.
func (l *lane) take(ctx context.Context, channels []string, limit int) (int, error) {
	at := time.Now()
	claimed, err := l.claim(ctx, channels, limit)
	if err != nil {
		return 0, err
	}
	l.learn(channels, claimed, limit)
	l.begin(ctx, claimed, at, false)
	return len(claimed), nil
}

// learn remembers which channels had no more than what was claimed of them: they were asked
// one after the other, up to that which the claim ended with.
func (l *lane) learn(channels []string, claimed []store.Claimed, limit int) {
	until := time.Now().Add(lanePoll)
	for _, name := range channels {
		if len(claimed) >= limit && name == claimed[len(claimed)-1].Channel {
			return
		}
		l.dry[name] = until
	}
}

// probe lets one notification through an open breaker when its rest is over.
func (l *lane) probe(ctx context.Context, name string, b *breaker) error {
	if b.admit(1, time.Now()) == 0 {
		return nil
	}
	at := time.Now()
	claimed, err := l.claim(ctx, []string{name}, 1)
	if err != nil || len(claimed) == 0 {
		b.unused()
		return err
	}
	l.begin(ctx, claimed, at, true)
	return nil
}

// job is one notification that is with this process.
type job struct {
	store.Claimed
	n       plan.Notification
	account *plan.Account
	moved   plan.Occurrence // its contact has another address by now, which n has: that
	rules   *rules
	claimed time.Time // by the clock that nobody moves
	probe   bool
}

// begin reads what the notifications tell and hands over those that still should be sent. at
// is before they were claimed: a claim may have waited for others, and their leases run.
func (l *lane) begin(ctx context.Context, claimed []store.Claimed, at time.Time, probe bool) {
	if len(claimed) == 0 {
		return
	}
	for i := range claimed {
		l.places.take(claimed[i].Channel)
	}
	r, now := l.inForce(), l.Now()
	known, err := l.Store.Facts(now).Read(ctx, factsOf(claimed))
	if err != nil {
		l.failed(ctx, "read what notifications tell", err)
		for _, c := range claimed {
			l.finish(&job{Claimed: c, probe: probe}, outcome{Finished: store.Finished{Outcome: store.Returned, NextAt: now.Add(failurePause)}})
		}
		return
	}
	for _, c := range claimed {
		j := &job{Claimed: c, rules: r, claimed: at, probe: probe}
		if o, done := l.look(j, known, now); done {
			l.finish(j, o)
			continue
		}
		l.jobs.Go(func() { l.finish(j, l.deliver(ctx, j)) })
	}
}

// factsOf is what notifications tell of.
func factsOf(claimed []store.Claimed) store.Wanted {
	var wanted store.Wanted
	for i := range claimed {
		stored.Want(&wanted, &claimed[i].Addressed)
	}
	return wanted
}

// look asks once more whether a notification is sent, and says what becomes of one that is
// not, or not now.
func (l *lane) look(j *job, known store.Known, now time.Time) (o outcome, done bool) {
	err := safely(func() (err error) {
		if j.n, err = stored.Notification(j.ID, &j.Addressed, known); err != nil {
			return err
		}
		j.account = j.rules.account(known.Accounts[j.AccountID], now)
		if j.account == nil && j.AccountID != "" {
			o, done = suppressed(plan.Obsolete), true // the account was deleted
			return nil
		}
		j.readdress()
		reason, until := j.rules.Guard(j.n, j.account, now)
		switch {
		case reason != "":
			o, done = suppressed(reason), true
		case !until.IsZero():
			o, done = outcome{Finished: store.Finished{Outcome: store.Returned, NextAt: until, Reason: "quietHours"}}, true
		case now.Sub(j.since()) > tooLate:
			o, done = expired(j), true
		case j.Mode == store.DeliveryRedirect && j.Channel != store.ChannelEmail:
			o, done = suppressed(plan.NotLive), true
		}
		return nil
	})
	if err != nil {
		return unreadable(err), true
	}
	return o, done
}

package deliver

import (
	"context"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/foyerhq/foyer/internal/notify/channel"
	"github.com/foyerhq/foyer/internal/notify/plan"
	"github.com/foyerhq/foyer/internal/notify/stored"
	"github.com/foyerhq/foyer/internal/store"
)

// Way is how one channel is used in one lane.
type Way struct {
	channel.Sender
	AtOnce int // how many messages are handed over at a time
	// Repeatable says whether what may have arrived can be sent once more without reaching
	// anybody twice, or so that they can tell; nil: it can.
	Repeatable func() bool
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
	cap      hourlyCap
}

func (d *Dispatcher) newLane(number int) *lane {
	l := &lane{Dispatcher: d, number: number, sending: map[string]chan struct{}{}}
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
	limit, roomy := math.MaxInt, []string{}
	l.turn++
	for i := range l.channels {
		name := l.channels[(l.turn+i)%len(l.channels)]
		free, crowded := l.places.of(name)
		switch {
		case free <= 0:
			waits = true
		case l.isOpen(name):
			err = l.probe(ctx, name, l.breakers[name])
		case crowded && !calm:
			waits = true
		case crowded:
			var claimed int
			claimed, err = l.take(ctx, []string{name}, free)
			waits = waits || claimed == free
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

// isOpen says whether a channel is left alone.
func (d *Dispatcher) isOpen(name string) bool {
	b := d.breakers[name]
	return b != nil && b.isOpen()
}

// take claims notifications and begins with them.
func (l *lane) take(ctx context.Context, channels []string, limit int) (int, error) {
	claimed, err := l.claim(ctx, channels, limit)
	if err != nil {
		return 0, err
	}
	l.begin(ctx, claimed, false)
	return len(claimed), nil
}

// probe lets one notification through an open breaker when its rest is over.
func (l *lane) probe(ctx context.Context, name string, b *breaker) error {
	if b.admit(1, time.Now()) == 0 {
		return nil
	}
	claimed, err := l.claim(ctx, []string{name}, 1)
	if err != nil || len(claimed) == 0 {
		b.unused()
		return err
	}
	l.begin(ctx, claimed, true)
	return nil
}

// job is one notification that is with this process.
type job struct {
	store.Claimed
	n       plan.Notification
	account *plan.Account
	rules   *rules
	claimed time.Time // by the clock that nobody moves
	probe   bool
}

// begin reads what the notifications tell and hands over those that still should be sent.
func (l *lane) begin(ctx context.Context, claimed []store.Claimed, probe bool) {
	if len(claimed) == 0 {
		return
	}
	at := time.Now()
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
		l.jobs.Go(func() { l.finish(j, l.send(ctx, j)) })
	}
}

// factsOf is what notifications tell of.
func factsOf(claimed []store.Claimed) store.Wanted {
	var wanted store.Wanted
	for _, c := range claimed {
		if c.AccountID != "" {
			wanted.Accounts = append(wanted.Accounts, c.AccountID)
		}
		if c.EventPosition == 0 {
			wanted.Invoices = append(wanted.Invoices, c.About)
		} else {
			wanted.Events = append(wanted.Events, c.EventPosition)
		}
		if store.SendsLink(c.EventType) {
			wanted.Links = append(wanted.Links, c.About)
		}
		if strings.HasPrefix(c.EventType, "ticket.") { // the opener is asked for again
			wanted.Tickets = append(wanted.Tickets, c.About)
		}
	}
	return wanted
}

// look asks once more whether a notification is sent, and says what becomes of one that is
// not, or not now.
func (l *lane) look(j *job, known store.Known, now time.Time) (o outcome, done bool) {
	err := safely(func() (err error) {
		if j.n, err = notificationOf(j.Claimed, known); err != nil {
			return err
		}
		j.account = j.rules.account(known.Accounts[j.AccountID], now)
		if j.account == nil && j.AccountID != "" {
			o, done = suppressed(plan.Obsolete), true // the account was deleted
			return nil
		}
		reason, until := j.rules.Guard(j.n, j.account, now)
		switch {
		case reason != "":
			o, done = suppressed(reason), true
		case !until.IsZero():
			o, done = outcome{Finished: store.Finished{Outcome: store.Returned, NextAt: until, Reason: "quietHours"}}, true
		case j.Mode == store.DeliveryRedirect && (j.Channel == store.ChannelSMS || j.Channel == store.ChannelWebhook):
			o, done = suppressed(plan.NotLive), true
		}
		return nil
	})
	if err != nil {
		return unreadable(err), true
	}
	return o, done
}

// notificationOf is a claimed notification as plan made it.
func notificationOf(c store.Claimed, known store.Known) (plan.Notification, error) {
	n := plan.Notification{
		Source: plan.Source(c.Source), Template: c.Template, Action: c.Action, Channel: c.Channel, Category: c.Category,
		ContactID: c.ContactID, Address: c.Address, CC: c.CC, BCC: c.BCC, Locale: c.Locale, DueAt: c.DueAt, Security: c.Category == security,
	}
	if c.EventPosition == 0 {
		n.Event = plan.Event{Type: c.EventType, AccountID: c.AccountID, About: c.About, At: plannedAt(c.ID)}
		if v, ok := known.Invoices[c.About]; ok {
			invoice := stored.Invoice(v)
			n.Invoice = &invoice
		}
		day, err := strconv.ParseInt(c.Occurrence, 10, 32)
		n.Day = int32(day)
		return n, err
	}
	e, ok := known.Events[c.EventPosition]
	if !ok {
		return n, errNoEvent
	}
	var err error
	if n.Event, err = stored.Event(e, known); err != nil {
		return n, err
	}
	if link := n.Event.Link; link != nil {
		for place, address := range link.Addresses {
			if address == c.Address {
				n.LinkPlace = place
				break
			}
		}
	}
	return n, nil
}

// plannedAt is the time in the id of a notification, a UUID of version 7; the zero time if
// there is none.
func plannedAt(id string) time.Time {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(parsed.Time().UnixTime()).UTC()
}

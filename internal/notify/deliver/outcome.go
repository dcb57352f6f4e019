package deliver

import (
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/notify/channel"
	"github.com/foyerhq/foyer/internal/notify/plan"
	"github.com/foyerhq/foyer/internal/notify/stored"
	"github.com/foyerhq/foyer/internal/store"
)

// outcome is what became of a notification, and what goes with it.
type outcome struct {
	store.Finished
	note   *store.Note
	banner *store.Banner
	works  bool // the channel does
	broken bool // the channel is, for everybody
	sure   bool // of broken: nothing will be better by itself
}

// The reasons of what is dead or waits. Those of suppression are plan's.
const (
	reasonText      = "text"      // the text could not be made
	reasonRefused   = "refused"   // the other side refused it for good
	reasonExpired   = "expired"   // it is too late for it
	reasonUncertain = "uncertain" // it may have arrived
	reasonFailed    = "failed"    // it is tried again
	reasonBroken    = "broken"    // the channel, or the host, works for nobody
	reasonReturned  = "returned"  // its process did not come to it
)

// tooLate is how long after its time a notification is given up: who repairs a mail server
// after a week does not want the mails of a week to go out.
const tooLate = 72 * time.Hour

// since is what the age of a notification is counted from: when it fell due (which is set
// anew when staff have it tried again) or, of what was told to Foyer later, was planned.
func (j *job) since() time.Time {
	if at := stored.PlannedAt(j.ID); at.After(j.DueAt) {
		return at
	}
	return j.DueAt
}

func suppressed(reason plan.Reason) outcome {
	return outcome{Finished: store.Finished{Outcome: store.StateSuppressed, Reason: string(reason)}}
}

// unreadable is the outcome of a notification of which no message can be made. It is the
// same each time, so it is not tried again.
func unreadable(err error) outcome {
	return outcome{Finished: store.Finished{Outcome: store.StateDead, Reason: reasonText, Class: string(channel.Permanent), Code: reasonText,
		Detail: channel.Clean(err.Error(), 500)}}
}

// returned gives a notification back that was not tried.
func returned(next time.Time) outcome {
	return outcome{Finished: store.Finished{Outcome: store.Returned, NextAt: next, Reason: reasonReturned}}
}

// expired gives a notification up that nobody waits for any more.
func expired(j *job) outcome {
	o := outcome{Finished: store.Finished{Outcome: store.StateDead, Reason: reasonExpired, Detail: "its time was more than 72 hours ago"}}
	if j.Uncertain { // nor can it be said that it did not arrive
		o.Outcome, o.Reason = store.StateUncertain, reasonUncertain
	}
	return o
}

// unsent is the outcome of what a channel did not take. cutOff says that it was this process
// that gave up, because it stops.
func (l *lane) unsent(j *job, e *channel.Error, repeat Repeat, cutOff bool) outcome {
	o := outcome{Finished: store.Finished{Class: string(e.Class), Code: e.Code, Detail: e.Detail}}
	o.broken = e.Class == channel.Broken
	o.works = !o.broken && e.Answered()
	o.sure = o.broken && certain(e)
	now := l.Now()
	switch {
	case e.Class == channel.Permanent:
		o.Outcome, o.Reason = store.StateDead, reasonRefused
	case e.Class == channel.Uncertain && repeat != ByKey:
		o.Outcome, o.Reason, o.NextAt = store.StateRetry, reasonUncertain, now
		if repeat == Never || j.Uncertain {
			o.Outcome = store.StateUncertain
		}
	case cutOff && e.Class != channel.Uncertain:
		return returned(now)
	case l.everybodys(j, &o):
		o.Outcome, o.Reason, o.NextAt = store.Returned, reasonBroken, now.Add(minDelay)
	default:
		o.Outcome, o.Reason, o.NextAt = store.StateRetry, reasonFailed, now.Add(delayAfter(j.Tries, e.After))
	}
	if o.Outcome != store.StateDead && j.over(&o) {
		o.Outcome, o.Reason = store.StateDead, reasonExpired
	}
	return o
}

// over says whether it is too late for a notification when its next turn comes.
func (j *job) over(o *outcome) bool {
	if link := j.n.Event.Link; link != nil && !o.NextAt.Before(link.ExpiresAt) {
		return true
	}
	return o.Outcome == store.StateRetry && o.Reason == reasonFailed && o.NextAt.After(j.since().Add(tooLate))
}

// certain says whether a channel that does not work will not work by itself.
func certain(e *channel.Error) bool {
	return e.Code == channel.CodeSettings || e.Code == channel.CodeSignIn || strings.HasPrefix(e.Code, refusedSignIn)
}

// refusedSignIn is the answer of a mail server to a wrong username or password.
const refusedSignIn = "535"

// everybodys says whether a failure is of the channel, and not of one message while it works
// for others.
func (d *Dispatcher) everybodys(j *job, o *outcome) bool {
	b := d.breakers[j.Channel]
	return o.broken && (o.sure || b == nil || !b.worksForOthers(time.Now()))
}

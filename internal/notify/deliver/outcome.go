package deliver

import (
	"errors"
	"time"

	"github.com/foyerhq/foyer/internal/notify/channel"
	"github.com/foyerhq/foyer/internal/notify/plan"
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
	reasonTries     = "tries"     // it was tried as often as it is
	reasonExpired   = "expired"   // it is too late for it
	reasonUncertain = "uncertain" // it may have arrived
	reasonFailed    = "failed"    // it is tried again
	reasonBroken    = "broken"    // the channel works for nobody
	reasonReturned  = "returned"  // its process did not come to it
)

var errNoEvent = errors.New("its event is not kept any more")

// tooLate is how long after its time a notification is given up whose channel is broken:
// who repairs a mail server after a week does not want the mails of a week to go out.
const tooLate = 72 * time.Hour

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

// unsent is the outcome of what a channel did not take. cutOff says that it was this process
// that gave up, because it stops.
func (l *lane) unsent(j *job, e *channel.Error, repeatable, cutOff bool) outcome {
	o := outcome{Finished: store.Finished{Class: string(e.Class), Code: e.Code, Detail: e.Detail}}
	now := l.Now()
	switch e.Class {
	case channel.Permanent:
		o.Outcome, o.Reason, o.works = store.StateDead, reasonRefused, true
	case channel.Uncertain:
		o.Outcome, o.Reason = store.StateRetry, reasonUncertain
		o.NextAt = now
		if !repeatable || j.Uncertain || j.Tries >= maxTries {
			o.Outcome = store.StateUncertain
		}
	case channel.Broken:
		o.broken, o.sure = true, e.Code == channel.CodeSettings || e.Code == channel.CodeSignIn
		o.Outcome, o.Reason, o.NextAt = store.Returned, reasonBroken, now
		if now.Sub(j.DueAt) > tooLate {
			o.Outcome, o.Reason = store.StateDead, reasonExpired
		}
	default:
		if cutOff {
			return returned(now)
		}
		o.works = e.Code != channel.CodeTimeout
		o.Outcome, o.Reason, o.NextAt = store.StateRetry, reasonFailed, now.Add(delayAfter(j.Tries, e.After))
		if j.Tries >= maxTries {
			o.Outcome, o.Reason = store.StateDead, reasonTries
		}
	}
	if link := j.n.Event.Link; link != nil && o.Outcome != store.StateDead && !o.NextAt.Before(link.ExpiresAt) {
		o.Outcome, o.Reason = store.StateDead, reasonExpired
	}
	return o
}

package deliver

import (
	"sync"
	"time"
)

// Bounds of how long a channel that works for nobody is left alone.
const (
	minRest = 5 * time.Second
	maxRest = 5 * time.Minute
	// brokenInARow is how many failures in a row say that it is the channel, and not
	// one connection that was cut.
	brokenInARow = 5
	// lately is how long what worked for one message says that it does so for others.
	lately = 10 * time.Minute
)

// breaker leaves a channel alone that works for nobody: a server that is away, a password
// that is wrong. While it is open nothing is claimed for the channel, so no notification
// loses an attempt; now and then one is let through to see. Times are the process's own,
// which no clock for development moves. Safe for concurrent use.
type breaker struct {
	mu      sync.Mutex
	broken  int           // in a row
	rest    time.Duration // 0: closed
	until   time.Time     // open until then, after which one is let through
	probing bool          // that one is on its way
	worked  time.Time     // the last time
}

// admit says how many of wanted may be claimed now. Of an open breaker it is one, now and
// then; whoever takes it says what became of it by works, fails or unused.
func (b *breaker) admit(wanted int, at time.Time) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.rest == 0:
		return wanted
	case b.probing || at.Before(b.until) || wanted == 0:
		return 0
	}
	b.probing = true
	return 1
}

// unused gives back what admit let through when there was nothing to claim.
func (b *breaker) unused() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
}

// works closes the breaker. It says whether it was open.
func (b *breaker) works(at time.Time) (closed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	closed = b.rest != 0
	b.broken, b.rest, b.probing, b.worked = 0, 0, false, at
	return closed
}

// worksForOthers says whether the channel is in use and worked a short while ago, so that a
// failure may be of one message alone.
func (b *breaker) worksForOthers(at time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rest == 0 && !b.worked.IsZero() && at.Sub(b.worked) < lately
}

// fails counts a failure of the channel itself. certain: it will not be better for the next
// message, as with a wrong password. It says whether the breaker opened by it.
func (b *breaker) fails(certain bool, at time.Time) (opened bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken++
	switch {
	case b.rest == 0 && (certain || b.broken >= brokenInARow):
		b.rest, opened = minRest, true
	case b.rest != 0 && b.probing:
		b.rest = min(2*b.rest, maxRest)
	default:
		return false // it is not certain yet, or what was under way when it opened
	}
	b.until, b.probing = at.Add(b.rest), false
	return opened
}

// isOpen says whether the channel is left alone.
func (b *breaker) isOpen() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rest != 0
}

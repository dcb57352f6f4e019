package deliver

import (
	"math/rand/v2"
	"time"
)

// What is tried again: at most maxTries times, with at most maxDelay between two of them,
// so it is over within 72 hours.
const (
	minDelay = 30 * time.Second
	maxDelay = 6 * time.Hour
	maxTries = 12
)

// delayAfter is how long a notification waits after its tries-th try: anything between
// minDelay and a bound that doubles, so that what failed together does not come back
// together, and at least what the provider asks for.
func delayAfter(tries int, asked time.Duration) time.Duration {
	bound := maxDelay
	if doubled := minDelay << max(tries, 1); tries < maxTries && doubled < maxDelay {
		bound = doubled
	}
	return max(minDelay+rand.N(bound-minDelay), min(asked, maxDelay))
}

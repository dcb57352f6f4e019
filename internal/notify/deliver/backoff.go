package deliver

import (
	"math/rand/v2"
	"time"
)

// What failed is tried again until [tooLate], with at most maxDelay between two tries: some
// 25 times.
const (
	minDelay = 30 * time.Second
	maxDelay = 6 * time.Hour
)

// delayAfter is how long a notification waits after its tries-th try: anything between a
// bound that doubles and half of it, so that what failed together does not come back
// together, and at least what the provider asks for.
func delayAfter(tries int, asked time.Duration) time.Duration {
	bound := min(minDelay<<min(max(tries, 1), 10), maxDelay)
	return max(bound/2+rand.N(bound/2), min(asked, maxDelay))
}

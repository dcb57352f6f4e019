package process

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// Bounds of the wait between two attempts to acknowledge.
const (
	minAcknowledgeDelay = 100 * time.Millisecond
	maxAcknowledgeDelay = 5 * time.Second
	acknowledgeTimeout  = 5 * time.Second
)

// Acknowledger writes which settings document a replica runs, or why it could not
// load one. It writes after each change, and retries while the database is away. It
// writes nothing while nothing changes.
type Acknowledger struct {
	write func(ctx context.Context, digest, problem string) error
	log   *slog.Logger

	mu      sync.Mutex
	digest  string
	problem string
	wake    chan struct{}
}

// NewAcknowledger returns an Acknowledger that writes by write. [Acknowledger.Run]
// does the work.
func NewAcknowledger(log *slog.Logger, write func(ctx context.Context, digest, problem string) error) *Acknowledger {
	return &Acknowledger{write: write, log: log, wake: make(chan struct{}, 1)}
}

// Set says what the replica runs now: the digest of the document, and why a newer
// one could not be loaded, or nil.
func (a *Acknowledger) Set(digest string, problem error) {
	a.mu.Lock()
	a.digest, a.problem = digest, ""
	if problem != nil {
		a.problem = problem.Error()
	}
	a.mu.Unlock()
	a.Repeat()
}

// Repeat writes once more what was set, as after the database was away: it may have
// come back without the row.
func (a *Acknowledger) Repeat() {
	select {
	case a.wake <- struct{}{}:
	default: // a write is already due, and will take the newest
	}
}

// Run writes until ctx ends.
func (a *Acknowledger) Run(ctx context.Context) {
	delay := minAcknowledgeDelay
	var retry <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
		case <-retry:
		}
		retry = nil
		if a.attempt(ctx) {
			delay = minAcknowledgeDelay
			continue
		}
		retry = time.After(delay + rand.N(delay/2))
		delay = min(2*delay, maxAcknowledgeDelay)
	}
}

func (a *Acknowledger) attempt(ctx context.Context) bool {
	a.mu.Lock()
	digest, problem := a.digest, a.problem
	a.mu.Unlock()
	if digest == "" && problem == "" {
		return true // nothing is loaded yet
	}
	ctx, cancel := context.WithTimeout(ctx, acknowledgeTimeout)
	defer cancel()
	if err := a.write(ctx, digest, problem); err != nil {
		a.log.Warn("could not acknowledge the settings document, trying again", "digest", digest, "error", err)
		return false
	}
	a.log.Info("acknowledged the settings document", "digest", digest, "problem", problem)
	return true
}

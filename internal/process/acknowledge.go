package process

import (
	"context"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Bounds of the wait between two attempts to acknowledge.
const (
	minAcknowledgeDelay = 100 * time.Millisecond
	maxAcknowledgeDelay = 5 * time.Second
	acknowledgeTimeout  = 5 * time.Second
)

// Document is one of the documents that a replica runs.
type Document string

// The documents.
const (
	SettingsDocument Document = "settings"
	RoutingDocument  Document = "routing" // of dispatchers alone
)

// Running is what a replica runs of a document: its digest, empty before the first, and
// why a newer one could not be loaded, if so.
type Running struct{ Digest, Problem string }

// Acknowledger writes which documents a replica runs, or why it could not load one. It
// writes after each change, and retries while the database is away. It writes nothing
// while nothing changes.
type Acknowledger struct {
	write func(ctx context.Context, running map[Document]Running) error
	log   *slog.Logger

	mu      sync.Mutex
	running map[Document]Running
	wake    chan struct{}
}

// NewAcknowledger returns an Acknowledger that writes by write. [Acknowledger.Run]
// does the work.
func NewAcknowledger(log *slog.Logger, write func(ctx context.Context, running map[Document]Running) error) *Acknowledger {
	return &Acknowledger{write: write, log: log, running: map[Document]Running{}, wake: make(chan struct{}, 1)}
}

// Set says what the replica runs now of a document: its digest, and why a newer one could
// not be loaded, or nil.
func (a *Acknowledger) Set(document Document, digest string, problem error) {
	now := Running{Digest: digest}
	if problem != nil {
		now.Problem = problem.Error()
	}
	a.mu.Lock()
	a.running[document] = now
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
	running := maps.Clone(a.running)
	a.mu.Unlock()
	if len(running) == 0 {
		return true // nothing is loaded yet
	}
	ctx, cancel := context.WithTimeout(ctx, acknowledgeTimeout)
	defer cancel()
	log := a.log
	for _, document := range slices.Sorted(maps.Keys(running)) {
		log = log.With(string(document), running[document].Digest)
		if problem := running[document].Problem; problem != "" {
			log = log.With(string(document)+"Problem", problem)
		}
	}
	ctx, span := beginAcknowledge(ctx, running)
	err := a.write(ctx, running)
	span.End(err)
	if err != nil {
		log.Warn("could not acknowledge what this replica runs, trying again", "error", err)
		return false
	}
	log.Info("acknowledged what this replica runs")
	return true
}

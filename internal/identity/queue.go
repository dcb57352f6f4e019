package identity

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// ErrBusy says that too many people sign in at once. The caller answers "try again
// in a moment"; waiting longer would only fill the memory with hashes.
var ErrBusy = errors.New("too many sign-ins at once")

// Queue bounds how many hashes are made at once and how many wait.
type Queue struct {
	slots   chan struct{}
	waiting atomic.Int64
	most    int64
	wait    time.Duration
}

// NewQueue lets atOnce callers in, lets up to waiting more wait, each for at most wait.
func NewQueue(atOnce, waiting int, wait time.Duration) *Queue {
	return &Queue{slots: make(chan struct{}, atOnce), most: int64(waiting), wait: wait}
}

// HashesAtOnce is how many hashes a process makes at once: one for each processor, as far
// as they fit into half of its memory. A pod may use all processors of a large node, and
// then its memory is what runs out.
func HashesAtOnce(processors int, memoryBytes int64, p Params) int {
	fit := memoryBytes / 2 / (int64(p.MemoryKiB) << 10)
	return int(max(1, min(int64(processors), fit)))
}

// oneAtATime is a queue of its own with the same bounds of waiting.
func (q *Queue) oneAtATime() *Queue { return NewQueue(1, int(q.most), q.wait) }

// Waiting is the number of callers in the queue now.
func (q *Queue) Waiting() int { return int(q.waiting.Load()) }

// Enter waits for a slot. The caller calls leave when done.
func (q *Queue) Enter(ctx context.Context) (leave func(), err error) {
	leave = func() { <-q.slots }
	select {
	case q.slots <- struct{}{}:
		return leave, nil
	default:
	}
	if q.waiting.Add(1) > q.most {
		q.waiting.Add(-1)
		return nil, ErrBusy
	}
	defer q.waiting.Add(-1)
	timer := time.NewTimer(q.wait)
	defer timer.Stop()
	select {
	case q.slots <- struct{}{}:
		return leave, nil
	case <-timer.C:
		return nil, ErrBusy
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

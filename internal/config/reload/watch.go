package reload

import (
	"context"
	"time"

	"github.com/fsnotify/fsnotify"
)

// timing is how long a watch waits for what.
type timing struct {
	settle time.Duration // after a change: a swap is several of them
	poll   time.Duration // between looks where changes are told
	retry  time.Duration // between looks where they are not
}

var usual = timing{settle: 50 * time.Millisecond, poll: 30 * time.Second, retry: time.Second}

// Watch calls look at once, soon after each change in the directory, and now and
// then besides, until ctx ends. Calls do not overlap.
func Watch(ctx context.Context, dir string, look func()) { watch(ctx, dir, usual, look) }

func watch(ctx context.Context, dir string, t timing, look func()) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		w = &fsnotify.Watcher{} // its nil channels never deliver: looking now and then remains
	} else {
		defer func() { _ = w.Close() }() // nothing is written, so nothing can be lost
	}
	next := time.NewTimer(0)
	defer next.Stop()
	settling := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.Events:
			if !settling {
				settling = true
				next.Reset(t.settle)
			}
		case <-w.Errors: //nolint:errcheck // the queue ran over: what was lost is seen by looking
			next.Reset(0)
		case <-next.C:
			settling = false
			// Adding again is cheap, and follows a directory that was made anew. It comes
			// before the look, so that no change falls between the two.
			told := err == nil && w.Add(dir) == nil
			look()
			next.Reset(t.until(told))
		}
	}
}

func (t timing) until(told bool) time.Duration {
	if told {
		return t.poll
	}
	return t.retry
}

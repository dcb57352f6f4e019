package process

import (
	"context"
	"log/slog"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	watchDebounce = 100 * time.Millisecond // a mount is swapped in several steps
	watchPoll     = 30 * time.Second       // for what the kernel did not tell
)

// watchDir calls changed once, after each change in a directory, and every 30 seconds,
// until ctx ends. It watches the directory and not its files: a mounted Secret is
// changed by swapping a symbolic link, after which a watch on a file is silent.
func watchDir(ctx context.Context, log *slog.Logger, dir string, changed func()) {
	watcher := &fsnotify.Watcher{} // nil channels never deliver: polling remains
	if w, err := watch(dir); err != nil {
		log.Warn("cannot watch a directory, changes are seen within 30 s", "directory", dir, "error", err)
	} else {
		watcher = w
		defer w.Close() //nolint:errcheck // nothing is written
	}
	poll := time.NewTicker(watchPoll)
	defer poll.Stop()
	changed() // what came before the watch
	var settled <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-watcher.Events:
			if settled == nil {
				settled = time.After(watchDebounce)
			}
		case err := <-watcher.Errors:
			log.Warn("watching a directory, some changes may be seen late", "directory", dir, "error", err)
		case <-settled:
			settled = nil
			changed()
		case <-poll.C:
			changed()
		}
	}
}

func watch(dir string) (*fsnotify.Watcher, error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	if err := watcher.Add(dir); err != nil {
		watcher.Close() //nolint:errcheck // nothing is written
		return nil, err
	}
	return watcher, nil
}

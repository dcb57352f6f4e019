package process

import (
	"fmt"
	"sync"

	"github.com/foyerhq/foyer/internal/config/reload"
)

// Follow loads files of a mounted directory together, and again when they change; what
// cannot be loaded leaves the last good content in force. what names them in the log and
// on /readyz, neither of which shows their content.
//
// It returns when there is a first good content, and the replica is not ready before. It
// fails only if the process is asked to stop while it waits.
func Follow[T any](r *Runtime, what, dir string, names []string, load func([][]byte) (*T, error)) (current func() *T, err error) {
	r.health.Fail(what, "not loaded yet")
	first := make(chan struct{})
	announce := sync.OnceFunc(func() {
		r.health.Meet(what)
		close(first)
	})
	files := reload.NewFiles(dir, names, load, func(digest string, err error) {
		switch {
		case err == nil:
			r.Log.Info(what + " in force")
		case digest == "":
			r.Log.Error("no "+what+" could be loaded yet", "error", err)
			r.health.Fail(what, err.Error())
		default:
			r.Log.Error("the newest "+what+" could not be loaded, the last good ones stay in force", "error", err)
		}
		if digest != "" {
			announce()
		}
	})
	r.Go(files.Run)
	select {
	case <-first:
		return files.Current, nil
	case <-r.stop.Done():
		return nil, fmt.Errorf("stopped while it waited for %s: %w", what, r.stop.Err())
	}
}

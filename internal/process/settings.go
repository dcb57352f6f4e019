package process

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/store"
)

// followSettings keeps r.Settings at the document in the mounted directory, and
// acknowledges it. It returns when the first document is loaded, or false if ctx ended
// before.
func followSettings(ctx context.Context, r *Runtime, health *Health, returned <-chan struct{}) (loaded bool) {
	acknowledger := NewAcknowledger(r.Log, func(ctx context.Context, digest, problem string) error {
		return r.Store.Acknowledge(ctx, store.Replica{Pod: r.Flags.Pod, Component: r.component, Digest: digest, Error: problem})
	})
	r.Go(acknowledger.Run)
	r.Go(func(ctx context.Context) {
		for {
			select {
			case <-ctx.Done():
				return
			case <-returned:
				acknowledger.Repeat()
			}
		}
	})
	first := make(chan struct{})
	metrics := newSettingsMetrics(r.Metrics)
	document := &document{path: filepath.Join(r.Flags.SettingsDir, config.File), log: r.Log}
	document.changed = func(live *config.Live, err error) {
		metrics.loaded(err)
		switch {
		case live == nil:
			health.Fail(needSettings, err.Error())
			acknowledger.Set("", err)
			return
		case r.Settings == nil:
			r.Settings = document.current.Load
			health.Meet(needSettings)
			close(first)
		}
		acknowledger.Set(live.Digest, err)
	}
	r.Go(func(ctx context.Context) { watchDir(ctx, r.Log, r.Flags.SettingsDir, document.read) })
	select {
	case <-first:
		return true
	case <-ctx.Done():
		return false
	}
}

// document is the settings document of a mounted directory; the last good one stays.
type document struct {
	path    string
	log     *slog.Logger
	current atomic.Pointer[config.Live]
	seen    string // digest or error of the last look; only the watching goroutine reads it
	// changed is told of each new document: the one in force, and why the newest could
	// not be loaded.
	changed func(live *config.Live, err error)
}

func (d *document) read() {
	content, err := os.ReadFile(d.path)
	seen := config.Digest(content)
	if err != nil {
		err, seen = fmt.Errorf("read the settings document, which the operator mounts: %w", err), err.Error()
	}
	if seen == d.seen {
		return
	}
	d.seen = seen
	var live *config.Live
	if err == nil {
		live, err = config.Load(content)
	}
	if err != nil {
		d.log.Error("the settings document could not be loaded, the last good one stays in force", "error", err)
		d.changed(d.current.Load(), err)
		return
	}
	d.current.Store(live)
	d.log.Info("settings in force", "digest", live.Digest, "generation", live.Generation)
	d.changed(live, nil)
}

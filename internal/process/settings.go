package process

import (
	"context"
	"path/filepath"
	"sync"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/config/reload"
	"github.com/foyerhq/foyer/internal/store"
)

// followSettings keeps r.Settings at the document in the mounted directory, and
// acknowledges each one. It returns when the first document is loaded, or false if
// ctx ended before.
func followSettings(ctx context.Context, r *Runtime, health *Health, returned <-chan struct{}) (loaded bool) {
	acknowledger := NewAcknowledger(r.Log, func(ctx context.Context, digest, problem string) error {
		return r.Store.Acknowledge(ctx, store.Replica{Pod: r.Flags.Pod, Component: r.component, Digest: digest, Error: problem})
	})
	r.Go(acknowledger.Run)
	r.Go(func(ctx context.Context) { repeatWhen(ctx, returned, acknowledger) })

	metrics := newSettingsMetrics(r.Metrics)
	first := make(chan struct{})
	announce := sync.OnceFunc(func() {
		health.Meet(needSettings)
		close(first)
	})
	settings := reload.NewFile(filepath.Join(r.Flags.SettingsDir, config.File), config.Load, func(digest string, err error) {
		metrics.loaded(err)
		switch {
		case err == nil:
			r.Log.Info("settings in force", "digest", digest)
		case digest == "":
			r.Log.Error("no settings could be loaded yet", "error", err)
			health.Fail(needSettings, err.Error())
		default:
			r.Log.Error("the newest settings could not be loaded, the last good ones stay in force", "digest", digest, "error", err)
		}
		if digest != "" {
			announce()
		}
		acknowledger.Set(digest, err)
	})
	r.Settings = settings.Current
	r.Go(settings.Run)
	select {
	case <-first:
		return true
	case <-ctx.Done():
		return false
	}
}

// repeatWhen acknowledges once more when the database returned: it may have come back
// without the row.
func repeatWhen(ctx context.Context, returned <-chan struct{}, acknowledger *Acknowledger) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-returned:
			acknowledger.Repeat()
		}
	}
}

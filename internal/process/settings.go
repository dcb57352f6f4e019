package process

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/config/reload"
	"github.com/foyerhq/foyer/internal/store"
)

// followSettings keeps r.Settings at the document in the mounted directory, and
// acknowledges what the replica runs. It returns when the first document is loaded, or
// false if the process is asked to stop before.
func followSettings(r *Runtime, returned <-chan struct{}) (loaded bool) {
	r.acknowledger = NewAcknowledger(r.Log, r.acknowledge)
	r.Go(r.acknowledger.Run)
	r.Go(func(ctx context.Context) { repeatWhen(ctx, returned, r.acknowledger) })
	r.Settings, loaded = followDocument(r, SettingsDocument, filepath.Join(r.Flags.SettingsDir, config.File), config.Load,
		func(l *config.Live) string { return l.Digest })
	return loaded
}

// RoutingFile is where the routing document is mounted.
type RoutingFile struct{ Dir string }

// Flags declares the flag of the directory.
func (f *RoutingFile) Flags(set *flag.FlagSet) {
	set.StringVar(&f.Dir, "routing-dir", "/etc/foyer/routing", "directory with the routing document")
}

// Follow waits for the routing document, without which the replica is not ready, and keeps
// the last good one in force. Each is acknowledged, as the settings are.
func (f *RoutingFile) Follow(r *Runtime) (current func() *config.LiveRouting, err error) {
	current, loaded := followDocument(r, RoutingDocument, filepath.Join(f.Dir, config.RoutingFile), openRouting,
		func(l *config.LiveRouting) string { return l.Digest })
	if !loaded {
		return nil, fmt.Errorf("stopped while it waited for the routing document: %w", r.stop.Err())
	}
	return current, nil
}

func openRouting(packed []byte) (*config.LiveRouting, error) {
	document, err := config.Unpack(packed)
	if err != nil {
		return nil, err
	}
	return config.OpenRouting(document)
}

// followDocument keeps the document at path in force, and acknowledges each one by its
// digest, which is not that of a packed file. It returns when the first is loaded, or false
// if the process is asked to stop before.
func followDocument[T any](r *Runtime, document Document, path string, load func([]byte) (*T, error), digestOf func(*T) string) (current func() *T, loaded bool) {
	name := string(document)
	r.health.Fail(name, "not loaded yet")
	metrics := newDocumentMetrics(r.Metrics, document)
	first := make(chan struct{})
	announce := sync.OnceFunc(func() {
		r.health.Meet(name)
		close(first)
	})
	var file *reload.File[T]
	file = reload.NewFile(path, load, func(_ string, err error) {
		digest := ""
		if inForce := file.Current(); inForce != nil {
			digest = digestOf(inForce)
		}
		metrics.loaded(err)
		switch {
		case err == nil:
			r.Log.Info(name+" in force", "digest", digest)
		case digest == "":
			r.Log.Error("no "+name+" could be loaded yet", "error", err)
			r.health.Fail(name, err.Error())
		default:
			r.Log.Error("the newest "+name+" could not be loaded, the last good ones stay in force", "digest", digest, "error", err)
		}
		if digest != "" {
			announce()
		}
		recordLoad(document, digest, err)
		r.acknowledger.Set(document, digest, err)
	})
	r.Go(file.Run)
	select {
	case <-first:
		return file.Current, true
	case <-r.stop.Done():
		return nil, false
	}
}

// acknowledge writes what the replica runs. Of two problems it tells that of the settings:
// nothing else is right before those are.
func (r *Runtime) acknowledge(ctx context.Context, running map[Document]Running) error {
	s, routing := running[SettingsDocument], running[RoutingDocument]
	return r.Store.Acknowledge(ctx, store.Replica{
		Pod: r.Flags.Pod, Component: r.component, Digest: s.Digest, Routing: routing.Digest, Error: cmp.Or(s.Problem, routing.Problem),
		Login: r.login(),
	})
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

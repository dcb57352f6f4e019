package process

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

type acknowledgement struct {
	Settings, Routing Running
	At                time.Duration
}

// replicaTable stands for the database: what was written, and whether it is away.
type replicaTable struct {
	start   time.Time
	away    atomic.Bool
	written []acknowledgement
	tries   int
}

func (t *replicaTable) write(_ context.Context, running map[Document]Running) error {
	t.tries++
	if t.away.Load() {
		return errors.New("connection refused")
	}
	t.written = append(t.written, acknowledgement{running[SettingsDocument], running[RoutingDocument], time.Since(t.start)})
	return nil
}

func TestAcknowledger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		table := &replicaTable{start: time.Now()}
		a := NewAcknowledger(quiet, table.write)
		done := make(chan struct{})
		go func() { a.Run(ctx); close(done) }()

		a.Repeat() // nothing is loaded yet: nothing is written
		synctest.Wait()
		a.Set(SettingsDocument, "sha256:1", nil)
		synctest.Wait()
		a.Set(SettingsDocument, "sha256:1", errors.New("settings document is not readable"))
		synctest.Wait()
		<-time.After(time.Hour) // nothing changes: nothing is written
		a.Set(SettingsDocument, "sha256:2", nil)
		synctest.Wait()
		a.Set(RoutingDocument, "sha256:3", nil)
		synctest.Wait()
		want := []acknowledgement{
			{Settings: Running{Digest: "sha256:1"}},
			{Settings: Running{Digest: "sha256:1", Problem: "settings document is not readable"}},
			{Settings: Running{Digest: "sha256:2"}, At: time.Hour},
			{Settings: Running{Digest: "sha256:2"}, Routing: Running{Digest: "sha256:3"}, At: time.Hour},
		}
		if diff := cmp.Diff(want, table.written); diff != "" {
			t.Errorf("written (-want +got):\n%s", diff)
		}
		a.Repeat()
		synctest.Wait()
		if len(table.written) != 5 || table.written[4].Settings.Digest != "sha256:2" {
			t.Errorf("a repetition wrote %v", table.written[4:])
		}
		stop()
		<-done
	})
}

// While the database is away the attempts become rare, and the newest is written as
// soon as it is back.
func TestAcknowledgerRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := &replicaTable{start: time.Now()}
		table.away.Store(true)
		a := NewAcknowledger(quiet, table.write)
		done := make(chan struct{})
		ctx, stop := context.WithCancel(t.Context())
		go func() { a.Run(ctx); close(done) }()
		a.Set(SettingsDocument, "sha256:1", nil)
		<-time.After(10 * time.Minute)
		synctest.Wait()
		if table.tries < 80 || table.tries > 140 {
			t.Errorf("%d attempts in ten minutes, want one in 5 to 7.5 seconds", table.tries)
		}
		a.Set(SettingsDocument, "sha256:2", nil)
		synctest.Wait()
		table.away.Store(false)
		<-time.After(8 * time.Second)
		synctest.Wait()
		a.Repeat() // as the pool does
		synctest.Wait()
		if len(table.written) == 0 || table.written[0].Settings.Digest != "sha256:2" {
			t.Errorf("written %v, want the newest", table.written)
		}
		stop()
		<-done
	})
}

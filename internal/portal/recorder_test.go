package portal

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/foyerhq/foyer/internal/store"
)

// hangingDB is a database that accepts statements and never answers.
type hangingDB struct{ store.DB }

func (hangingDB) Exec(ctx context.Context, _ string, _ ...any) (pgconn.CommandTag, error) {
	<-ctx.Done()
	return pgconn.CommandTag{}, ctx.Err()
}

// A database that hangs keeps the process from ending for one timeout, not for one per row.
func TestDrainEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logged := &lockedBuffer{}
		rec := newRecorder(store.New(hangingDB{}), slog.New(slog.NewTextHandler(logged, nil)))
		start := time.Now()
		for i := range recorderQueue {
			user := store.SignInUser{UserID: fmt.Sprint(i), Contacts: []store.SignInContact{{AccountID: "1"}}}
			rec.signInFailed(user, "192.0.2.1", start)
		}
		rec.drain()
		if took := time.Since(start); took > recordTimeout {
			t.Errorf("it took %s, want at most %s", took, recordTimeout)
		}
		if !strings.Contains(logged.String(), fmt.Sprint("left=", recorderQueue-1)) {
			t.Errorf("what was left out is not logged:\n%s", logged)
		}
	})
}

// Sign-ins are counted from 0 on, so that the first that is turned away is seen as well.
func TestSignInsBeginAtZero(t *testing.T) {
	c := newCounters(prometheus.NewRegistry(), func() int { return 0 })
	for _, outcome := range []string{outcomeOK, outcomeBusy} {
		c.signIns.WithLabelValues(outcome).Inc()
	}
	series := make(chan prometheus.Metric, 100)
	c.signIns.Collect(series)
	if len(series) != 5 {
		t.Errorf("%d series of 5 outcomes", len(series))
	}
}

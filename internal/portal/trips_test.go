package portal

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
)

// countingDB counts round trips: every call is one.
type countingDB struct {
	store.DB
	trips atomic.Int64
}

func (c *countingDB) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	c.trips.Add(1)
	return c.DB.Exec(ctx, sql, args...)
}

func (c *countingDB) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	c.trips.Add(1)
	return c.DB.Query(ctx, sql, args...)
}

func (c *countingDB) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	c.trips.Add(1)
	return c.DB.QueryRow(ctx, sql, args...)
}

func (c *countingDB) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	c.trips.Add(1)
	return c.DB.SendBatch(ctx, b)
}

func (c *countingDB) BeginTx(ctx context.Context, options pgx.TxOptions) (pgx.Tx, error) {
	c.trips.Add(3) // begin, at least one statement, commit
	return c.DB.BeginTx(ctx, options)
}

// Session, contact and account are one round trip, the page is another.
func TestRoundTripsOfAPage(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	counting := &countingDB{DB: storetest.Pool(t, s.tenant.PortalURI)}
	s.portal.Store = store.New(counting)
	dana, sam := s.signedIn(t, "dana"), s.signedIn(t, "sam")
	for _, test := range []struct {
		by     *browser
		path   string
		status int
		want   int64
	}{
		{dana, "/", http.StatusOK, 2},
		{dana, "/invoices", http.StatusOK, 2},
		{dana, "/activity", http.StatusOK, 2},
		{sam, "/activity", http.StatusForbidden, 2}, // it names the owner
		{dana, "/nothing", http.StatusNotFound, 1},
		{s.browser(t), "/invoices", http.StatusSeeOther, 0},
		{s.browser(t), "/sign-in", http.StatusOK, 0},
	} {
		counting.trips.Store(0)
		test.by.get(test.path).is(t, test.status)
		if got := counting.trips.Load(); got != test.want {
			t.Errorf("%s took %d round trips, want %d", test.path, got, test.want)
		}
	}
}

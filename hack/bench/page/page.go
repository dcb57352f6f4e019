// Package page measures what a page of the portal costs: the list of invoices of someone
// who is signed in, with 25 rows, sums, filters and navigation, against the same page by
// a handler that is written by hand with net/http and pgx (floor.go). Both ask the same of
// PostgreSQL and send the same bytes, which is checked. The portal does more: it recognises
// any tenant, profile, language and account, decides over features, counts and logs.
//
// The portal is the real binary, and the floor this program, each in a process of its
// own, on a real PostgreSQL with the roles and grants of a tenant. Processor time is that
// of the process which answers; that of PostgreSQL, which is the same for both, is told
// beside it and not counted.
package page

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/foyerhq/foyer/hack/bench/clock"
)

// Progress tells what is going on.
type Progress func(format string, args ...any)

// Target is the design's figure: at least so much of what the floor does.
const Target = 0.75

const (
	rounds       = 7
	perRound     = 3_000
	atOnce       = 4 // people
	floorProgram = "floor"
)

// Result is the processor time of a page in each round, sorted.
type Result struct{ Portal, Floor []time.Duration }

// Median is the middle of times.
func Median(times []time.Duration) time.Duration { return times[len(times)/2] }

// Measure runs everything; binary is the portal.
func Measure(ctx context.Context, binary string, progress Progress) (r Result, err error) {
	w, err := start(ctx, binary, progress)
	if err != nil {
		return r, err
	}
	defer func() {
		if closed := w.close(); err == nil {
			err = closed
		}
	}()
	if err := w.sameBytes(ctx); err != nil {
		return r, err
	}
	for round := range rounds + 1 {
		for _, side := range []struct {
			address, program string
			times            *[]time.Duration
		}{{w.portal, filepath.Base(binary), &r.Portal}, {w.floor, floorProgram, &r.Floor}} {
			took, database, err := w.ask(ctx, side.address, side.program)
			if err != nil {
				return r, err
			}
			if round == 0 {
				continue // warms up
			}
			progress("%s: %s a page, and %s of PostgreSQL", side.program, took, database)
			*side.times = append(*side.times, took)
		}
	}
	slices.Sort(r.Portal)
	slices.Sort(r.Floor)
	return r, nil
}

// sameBytes checks that both send the same page.
func (w *world) sameBytes(ctx context.Context) error {
	portal, err := w.get(ctx, http.DefaultClient, w.portal)
	if err != nil {
		return err
	}
	floor, err := w.get(ctx, http.DefaultClient, w.floor)
	if err != nil {
		return err
	}
	if !bytes.Equal(portal, floor) {
		return errors.New("the floor sends another page than the portal")
	}
	w.progress("a page has %d bytes", len(portal))
	return nil
}

// ask has several people look at the page, and returns the processor time for one page of
// the program that answers, and of PostgreSQL.
func (w *world) ask(ctx context.Context, address, program string) (took, database time.Duration, err error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: atOnce}}
	defer client.CloseIdleConnections()
	started, err := clock.Start()
	if err != nil {
		return 0, 0, err
	}
	failures := make([]error, atOnce)
	var people sync.WaitGroup
	for person := range atOnce {
		people.Go(func() {
			for range perRound / atOnce {
				if _, err := w.get(ctx, client, address); err != nil {
					failures[person] = err
					return
				}
			}
		})
	}
	people.Wait()
	spent, err := started.Read()
	if err := errors.Join(append(failures, err)...); err != nil {
		return 0, 0, err
	}
	return spent.Programs[program] / perRound, spent.Programs["postgres"] / perRound, nil
}

// get reads the page.
func (w *world) get(ctx context.Context, client *http.Client, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/invoices", nil)
	if err != nil {
		return nil, fmt.Errorf("ask for the page: %w", err)
	}
	request.Header.Set("Cookie", "__Host-foyer="+w.secret)
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask for the page: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.200s", response.Status, body)
	}
	if err != nil {
		return nil, fmt.Errorf("read the page: %w", err)
	}
	return body, nil
}

// values are those of the page that is measured, as the floor writes them.
func (w *world) values(ctx context.Context, today time.Time) ([]string, error) {
	pool, err := pgxpool.New(ctx, w.uri)
	if err != nil {
		return nil, fmt.Errorf("reach PostgreSQL: %w", err)
	}
	defer pool.Close()
	return (&floor{db: pool}).read(ctx, measured, today)
}

// Package planning measures what it costs to say what a change would do to a million
// customers: other terms, another portal, other days of reminders. All accounts change, each
// with a person who signs in, and one in a hundred has an invoice that is unpaid. What counts
// is processor time, of this process with the API and of PostgreSQL together, and how much
// this process grows: neither may follow from the number of customers but by the time.
package planning

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/foyerhq/foyer/hack/bench/clock"
	"github.com/foyerhq/foyer/hack/bench/tenant"
	"github.com/foyerhq/foyer/internal/compare"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/integration/backoffice"
	"github.com/foyerhq/foyer/internal/settings"
)

// Target is the most processor time that a plan of a million accounts takes.
const Target = 60 * time.Second

// HeapTarget is by how much the heap of the API may grow meanwhile, in MiB.
const HeapTarget = 64

// Result is what a plan took.
type Result struct {
	Processor time.Duration
	Elapsed   time.Duration
	Pages     int
	Heap      float64 // MiB, at its peak above what it was before
	Changed   int64
	Moved     int64
}

// Measure plans a change for so many accounts.
func Measure(ctx context.Context, accounts int, progress func(string, ...any)) (r Result, err error) {
	t, err := tenant.Start(ctx)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	progress("writing %d accounts", accounts)
	if err := write(ctx, t, accounts); err != nil {
		return r, err
	}
	before, err := documents(14, "basic", 3)
	if err != nil {
		return r, err
	}
	after, err := documents(21, "full", 5)
	if err != nil {
		return r, err
	}
	client, stop, err := serve(ctx, t, before)
	if err != nil {
		return r, err
	}
	defer stop()
	r, err = measure(ctx, client, after)
	if err != nil {
		return r, err
	}
	progress("%d of %d accounts change, %d reminders, in %d pages and %s; the heap grew by %.1f MiB", r.Changed, accounts, r.Moved, r.Pages, r.Elapsed.Round(time.Millisecond), r.Heap)
	if r.Changed != int64(accounts) || r.Moved == 0 {
		return r, fmt.Errorf("%d of %d accounts and %d reminders change", r.Changed, accounts, r.Moved)
	}
	return r, nil
}

// write makes the rows past the API. Accounts are of three kinds: nine in ten resolve like
// many others, one in ten has attributes that no other has. They are in so many groups that
// there are as many buckets of them as a provider can have in practice: 180,000 of a million.
func write(ctx context.Context, t *tenant.Tenant, accounts int) error {
	conn, err := t.Superuser(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // it only wrote
	for _, sql := range []string{
		`INSERT INTO account (id, name, status, account_profile, groups, attributes)
SELECT lpad(n::text, 9, '0'), 'Customer ' || n, CASE WHEN n % 20 = 0 THEN 'Suspended' ELSE 'Active' END, CASE WHEN n % 3 > 0 THEN 'business' END,
       ARRAY['area' || lpad((n % 300)::text, 3, '0'), 'class' || lpad((n / 300 % 300)::text, 3, '0')],
       CASE WHEN n % 10 = 0 THEN jsonb_build_object('creditLimit', n || '.00') WHEN n % 7 = 0 THEN '{"locale": "de"}' ELSE '{}' END
FROM generate_series(1, $1::int) n`,
		`INSERT INTO app_user (id, username) SELECT md5('u' || n)::uuid, 'user' || n FROM generate_series(1, $1::int) n`,
		`INSERT INTO contact (id, account_id, first_name, email, owner, access, roles, user_id)
SELECT 'c' || n, lpad(n::text, 9, '0'), 'Dana', 'dana@a' || n || '.example', true, 'Active', '{Primary}', md5('u' || n)::uuid FROM generate_series(1, $1::int) n`,
		`INSERT INTO invoice (id, account_id, number, issued_on, due_on, due_source, currency, total, balance, status)
SELECT 'i' || n, lpad(n::text, 9, '0'), 'INV' || n, current_date - 14, current_date + n % 7, 'BuiltIn', 'AUD', 89, 89, 'Open'
FROM generate_series(1, $1::int, 100) n`,
	} {
		if _, err := conn.Exec(ctx, sql, accounts); err != nil {
			return fmt.Errorf("write rows: %w", err)
		}
	}
	if _, err := conn.Exec(ctx, `ANALYZE`); err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	return nil
}

// documents have the terms, the portal and the day of the reminder that all accounts get.
func documents(terms int32, portal string, day int32) (integration.Documents, error) {
	var d integration.Documents
	var failed error
	entry := func(name string, content any) config.Entry {
		text, err := json.Marshal(content)
		failed = errors.Join(failed, err)
		return config.Entry{Name: name, UID: name, Generation: 1, Content: text}
	}
	own := settings.Attributes{TradingTermsDays: &terms, Currency: "AUD", TimeZone: "Australia/Sydney"}
	profile := config.AccountProfile{Attributes: own, MyAccountProfile: portal}
	document, err := config.Encode(config.Settings{
		Format: config.Format,
		Tenant: entry("acme", config.Tenant{Namespace: "bench", DisplayName: "Acme", Hostname: "my.acme.example", Attributes: own, DefaultMyAccountProfile: portal,
			Session: config.Session{IdleSeconds: 60, MaxSeconds: 600}}),
		AccountProfiles: []config.Entry{entry("business", profile)},
		MyAccountProfiles: []config.Entry{
			entry("basic", config.MyAccountProfile{Features: []settings.Feature{settings.ViewInvoices}}),
			entry("full", config.MyAccountProfile{Features: []settings.Feature{settings.ViewInvoices, settings.PayInvoices, settings.ViewServices}}),
			entry("valley", config.MyAccountProfile{CustomerGroups: []string{"area007"}, Features: []settings.Feature{settings.ViewInvoices}}),
		},
	})
	if err = errors.Join(err, failed); err != nil {
		return d, err
	}
	const subject, text = "Invoice {{.invoice.number}}", "Please pay {{.invoice.balance}}."
	routing, err := config.EncodeRouting(config.Routing{
		Format: config.RoutingFormat, Tenant: "acme",
		Templates: []config.Entry{entry("reminders", config.EventTemplate{Event: "invoice.unpaid", AccountProfiles: []string{"business", config.BuiltInProfile}, Actions: []config.Action{
			{Name: "first", Type: "Email", Days: []int32{day}, Email: &config.Email{To: []string{"Primary"}, Subject: config.BodyOf(subject), Text: config.BodyOf(text)}},
		}})},
		Bodies: map[config.BodyRef]string{config.BodyOf(subject): subject, config.BodyOf(text): text},
	})
	return integration.Documents{Settings: document, Routing: routing}, errors.Join(err, failed)
}

// serve answers as a backoffice with the documents that are in force.
func serve(ctx context.Context, t *tenant.Tenant, inForce integration.Documents) (*integration.Client, func(), error) {
	live, err := config.Load(inForce.Settings)
	if err != nil {
		return nil, nil, err
	}
	packed, err := config.Pack(inForce.Routing)
	if err != nil {
		return nil, nil, err
	}
	conn, err := t.Superuser(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer conn.Close(ctx) //nolint:errcheck // it only wrote
	if _, err := conn.Exec(ctx, `INSERT INTO document (kind, digest, body) VALUES ('routing', $1, $2)`, config.Digest(inForce.Routing), base64.StdEncoding.EncodeToString(packed)); err != nil {
		return nil, nil, fmt.Errorf("write the routing document: %w", err)
	}
	token, err := t.Token(ctx)
	if err != nil {
		return nil, nil, err
	}
	web := httptest.NewServer(backoffice.New(backoffice.Options{
		Store: t.Backoffice, Settings: func() *config.Live { return live }, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Version: "bench", Stopping: ctx.Done(),
	}))
	return &integration.Client{BaseURL: web.URL, Token: token, HTTP: http.DefaultClient}, web.Close, nil
}

func measure(ctx context.Context, client *integration.Client, after integration.Documents) (r Result, err error) {
	runtime.GC()
	started, err := clock.Start()
	if err != nil {
		return r, err
	}
	heap, stop := watchHeap()
	defer stop()
	const samples = 5
	var all compare.Difference
	for query := (integration.PlanQuery{Days: 30, Samples: samples, Documents: after}); ; {
		page, err := client.Plan(ctx, query)
		if err != nil {
			return r, err
		}
		all.Add(page.Difference, samples)
		r.Pages++
		if page.Next == "" {
			break
		}
		query.Cursor = page.Next
	}
	spent, err := started.Read()
	if err != nil {
		return r, err
	}
	r.Processor, r.Elapsed, r.Changed, r.Heap = spent.Processor, spent.Time, all.Accounts.Changed, heap()
	for _, m := range all.Upcoming {
		r.Moved += m.Messages
	}
	return r, nil
}

// watchHeap looks at the heap until it is stopped. heap is its peak above the beginning, in
// MiB, garbage included.
func watchHeap() (heap func() float64, stop func()) {
	var at runtime.MemStats
	runtime.ReadMemStats(&at)
	begin, peak, ended := at.HeapAlloc, atomic.Uint64{}, make(chan struct{})
	peak.Store(begin)
	go func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
				var now runtime.MemStats
				runtime.ReadMemStats(&now)
				peak.Store(max(peak.Load(), now.HeapAlloc))
			}
		}
	}()
	return func() float64 { return float64(peak.Load()-begin) / (1 << 20) }, func() { close(ended) }
}

package backoffice

import (
	"bytes"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/hack/bench/clock"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store/storetest"
)

// The benchmarks tell the processor time of one row, that of PostgreSQL apart: by the
// API, over a connection, and by bare COPY into the same tables.
//
//	go test ./internal/integration/backoffice -run - -bench 'Import|Copy' -benchtime 200000x

// benchAccountLine is account number n of a provider whose keys are in no order; every
// tenth has settings of its own.
func benchAccountLine(n int) string {
	profile, attributes := "residential", ""
	if n%5 == 0 {
		profile = "business"
	}
	if n%10 == 0 {
		attributes = `,"attributes":{"locale":"en-AU","tradingTermsDays":30}`
	}
	return fmt.Sprintf(`{"id":"A%07d","name":"Customer number %d","status":"Active","accountProfile":"%s"%s}`, n*7919%10_000_019, n, profile, attributes)
}

func BenchmarkImportAccounts(b *testing.B) {
	s := newSite(b, server)
	s.bench(b, integration.ImportOptions{Kind: integration.Accounts}, benchAccountLine)
}

func BenchmarkImportAccountsWhole(b *testing.B) {
	s := newSite(b, server)
	s.bench(b, integration.ImportOptions{Kind: integration.Accounts, Mode: integration.ModeWhole}, benchAccountLine)
}

func BenchmarkImportCalls(b *testing.B) {
	s := newSite(b, server)
	s.must(b, integration.Accounts, lines(0, 99, accountLine)...)
	s.bench(b, integration.ImportOptions{Kind: integration.Calls}, callLine)
}

func BenchmarkCopyAccounts(b *testing.B) {
	s := newSite(b, server)
	pool := storetest.Pool(b, s.tenant.BackofficeURI)
	measure(b, func() error {
		_, err := pool.CopyFrom(b.Context(), pgx.Identifier{"account"}, []string{"id", "name", "status", "account_profile", "attributes"},
			pgx.CopyFromSlice(b.N, func(n int) ([]any, error) {
				attributes := "{}"
				if n%10 == 0 {
					attributes = `{"locale":"en-AU","tradingTermsDays":30}`
				}
				return []any{fmt.Sprintf("A%07d", n*7919%10_000_019), fmt.Sprint("Customer number ", n), "Active", "residential", attributes}, nil
			}))
		return err
	})
}

func BenchmarkCopyCalls(b *testing.B) {
	s := newSite(b, server)
	pool := storetest.Pool(b, s.tenant.BackofficeURI)
	columns := []string{"id", "account_id", "started_at", "day", "direction", "outcome", "number", "other_number", "destination", "seconds", "charge", "currency"}
	measure(b, func() error {
		_, err := pool.CopyFrom(b.Context(), pgx.Identifier{"call"}, columns, pgx.CopyFromSlice(b.N, func(i int) ([]any, error) {
			at := time.Unix(1_767_225_600+int64(i), 0).UTC()
			return []any{fmt.Sprintf("C%09d", i), fmt.Sprintf("A-%06d", i%100), at, at, "Outbound", "Answered", fmt.Sprintf("+6129%07d", i%100),
				fmt.Sprintf("+6138%07d", i%9_999_991), "", i % 3600, "0.25", "AUD"}, nil
		}))
		return err
	})
}

// bench imports b.N lines.
func (s *site) bench(b *testing.B, options integration.ImportOptions, line func(int) string) {
	b.Helper()
	var body bytes.Buffer
	for n := range b.N {
		body.WriteString(line(n))
		body.WriteByte('\n')
	}
	measure(b, func() error {
		sum, err := s.ImportWith(b.Context(), options, io.Reader(&body), nil)
		if err == nil && sum.Created != int64(b.N) {
			err = fmt.Errorf("created %d of %d", sum.Created, b.N)
		}
		return err
	})
}

// measure tells the processor time of work.
func measure(b *testing.B, work func() error) {
	b.Helper()
	started, err := clock.Start()
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	if err := work(); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	spent, err := started.Read()
	if err != nil {
		b.Fatal(err)
	}
	perRow := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(b.N) }
	b.ReportMetric(perRow(spent.Processor), "cpu-µs/row")
	b.ReportMetric(perRow(spent.Programs["postgres"]), "postgres-µs/row")
}

package backoffice

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

// whole imports lines of which all are applied or none.
func (s *site) whole(t *testing.T, kind integration.Kind, notify integration.Notify, lines ...string) (integration.Summary, []integration.Refusal, error) {
	t.Helper()
	var refusals []integration.Refusal
	options := integration.ImportOptions{Kind: kind, Mode: integration.ModeWhole, Notify: notify, Compress: true}
	sum, err := s.ImportWith(t.Context(), options, strings.NewReader(strings.Join(lines, "\n")), func(r integration.Refusal) {
		refusals = append(refusals, r)
	})
	return sum, refusals, err
}

// owner is a connection that sees every table of the tenant.
func (s *site) owner(t *testing.T) *pgx.Conn {
	t.Helper()
	config, err := pgx.ParseConfig(server.URI())
	if err != nil {
		t.Fatal(err)
	}
	tenant, err := pgx.ParseConfig(s.tenant.BackofficeURI)
	if err != nil {
		t.Fatal(err)
	}
	config.Database = tenant.Database
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	if _, err := conn.Exec(t.Context(), "SET search_path TO "+s.tenant.Schema); err != nil {
		t.Fatal(err)
	}
	return conn
}

// feeds is what the feeds and the audit trail have, as texts, in order.
func feeds(t *testing.T, conn *pgx.Conn) (changes, events, audits []string) {
	t.Helper()
	read := func(sql string) []string {
		rows, err := conn.Query(t.Context(), sql)
		if err != nil {
			t.Fatal(err)
		}
		list, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	return read(`SELECT format('%s %s %s v%s', kind, id, operation, version) FROM change ORDER BY position`),
		read(`SELECT format('%s %s', type, subject) FROM event ORDER BY position`),
		read(`SELECT format('%s %s %s', actor, action, detail::jsonb - 'mode') FROM audit ORDER BY at`)
}

// Everything of a whole import is applied, in its feeds in the order of its lines, and
// quiet unless asked.
func TestWholeImport(t *testing.T) {
	s := newSite(t, server)
	s.must(t, integration.Accounts, accountLine(0))
	all := append(lines(1, batchLines, accountLine), `{"id":"A-000000","status":"Suspended"}`)
	sum, refusals, err := s.whole(t, integration.Accounts, integration.NotifyAll, all...)
	if diff := cmp.Diff(integration.Summary{Received: batchLines + 1, Created: batchLines, Updated: 1}, sum); diff != "" || err != nil {
		t.Fatalf("%v %v (-want +got):\n%s", err, refusals, diff)
	}
	if _, _, err := s.whole(t, integration.Accounts, integration.NotifyNone, `{"id":"A-000002","status":"Suspended"}`); err != nil {
		t.Fatal(err)
	}
	conn := s.owner(t)
	changes, events, audits := feeds(t, conn)
	if n := len(changes); n != batchLines+3 || changes[n-2] != "account A-000000 Upsert v2" || changes[n-1] != "account A-000002 Upsert v2" {
		t.Errorf("%d changes, the last %v", n, changes[max(0, n-2):])
	}
	if n := len(events); n != batchLines+1 || events[0] != "account.created A-000001" || events[n-1] != "account.statusChanged A-000000" {
		t.Errorf("%d events, the last %v", n, events[max(0, n-1):])
	}
	want := []string{
		`token cli accounts.imported {"created": "1", "refused": "0", "updated": "0", "fromLine": "1", "received": "1", "unchanged": "0"}`,
		`token cli accounts.imported {"created": "5000", "refused": "0", "updated": "1", "received": "5001", "unchanged": "0"}`,
		`token cli accounts.imported {"created": "0", "refused": "0", "updated": "1", "received": "1", "unchanged": "0"}`,
	}
	if diff := cmp.Diff(want, audits); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
}

// One bad line, and nothing is applied; every bad line is named.
func TestWholeImportIsRefused(t *testing.T) {
	s := newSite(t, server)
	all := lines(1, batchLines+10, accountLine)
	all[4], all[batchLines+2] = `{"id":"A-5","name":"x","accountProfile":"gold"}`, "bad"
	sum, refusals, err := s.whole(t, integration.Accounts, integration.NotifyAll, all...)
	problem := asProblem(t, err)
	if problem.Status != 422 || problem.ResumeFromLine != 0 || !strings.HasPrefix(problem.Detail, "2 of 5010 lines are refused, so nothing was applied") {
		t.Errorf("%+v", problem)
	}
	if diff := cmp.Diff(integration.Summary{Received: batchLines + 10, Refused: 2}, sum); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(refusals) != 2 || refusals[0].Line != 5 || refusals[1].Line != batchLines+3 {
		t.Errorf("refused %v", refusals)
	}
	s.hasNothing(t)
}

// hasNothing fails if anything of an import is left.
func (s *site) hasNothing(t *testing.T) {
	t.Helper()
	changes, events, audits := feeds(t, s.owner(t))
	if _, exists := s.account(t, "A-000001"); exists || len(changes)+len(events)+len(audits) > 0 {
		t.Errorf("something was applied: account %v, changes %v, events %v, audit %v", exists, changes, events, audits)
	}
}

// A whole import that breaks off leaves nothing: its client goes, it sends half a gzip
// stream, the server stops.
func TestWholeImportBreaksOff(t *testing.T) {
	t.Run("the client goes", func(t *testing.T) {
		s := newSite(t, server)
		ctx, cancel := context.WithCancel(t.Context())
		u := s.uploadWith(ctx, t, integration.ImportOptions{Kind: integration.Accounts, Mode: integration.ModeWhole})
		u.send(t, "bad")
		u.send(t, lines(1, batchLines, accountLine)...)
		u.nextRefusal(t)
		cancel()
		<-u.done
		eventually(t, "it ended", func() bool { return s.api.running.taken() == 0 })
		s.hasNothing(t)
	})
	t.Run("half a gzip stream", func(t *testing.T) {
		s := newSite(t, server)
		gz := map[string]string{"Content-Type": integration.MediaType, "Content-Encoding": "gzip"}
		body := zipped(t, strings.Join(lines(1, batchLines+1000, accountLine), "\n"))
		response, text := s.call(t, "POST", "/api/v1/import/accounts?mode=whole", gz, reader(string(body[:len(body)-100])))
		if response.StatusCode != 400 || !strings.Contains(text, "the body broke off or is damaged") || strings.Contains(text, "resumeFromLine") {
			t.Errorf("%s %s", response.Status, text)
		}
		s.hasNothing(t)
	})
	t.Run("the server stops", func(t *testing.T) {
		s := newSite(t, server)
		u := s.uploadWith(t.Context(), t, integration.ImportOptions{Kind: integration.Accounts, Mode: integration.ModeWhole})
		u.send(t, "bad")
		u.send(t, lines(1, batchLines, accountLine)...)
		u.nextRefusal(t)
		close(s.stopping)
		sum, problem := u.end(t)
		if problem == nil || problem.Status != 503 || problem.ResumeFromLine != 0 || sum.Created != 0 {
			t.Errorf("%+v %+v", sum, problem)
		}
		s.hasNothing(t)
	})
}

// While the lines of a whole import come in, others write; nobody sees a part of it, and
// whoever follows the changes misses nothing.
func TestWholeImportBlocksNobody(t *testing.T) {
	s := newSite(t, server)
	u := s.uploadWith(t.Context(), t, integration.ImportOptions{Kind: integration.Accounts, Mode: integration.ModeWhole})
	u.send(t, lines(1, batchLines+1, accountLine)...)
	conn := s.owner(t)
	eventually(t, "its first batch is written", func() bool {
		var waits bool
		err := conn.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE state = 'idle in transaction' AND usename LIKE $1 || '%')`, s.tenant.Schema).Scan(&waits)
		return err == nil && waits
	})
	s.must(t, integration.Accounts, `{"id":"B-1","name":"Ben"}`)
	if _, seen := s.account(t, "A-000001"); seen {
		t.Error("a part of it is seen")
	}
	if sum, problem := u.end(t); problem != nil || sum.Created != batchLines+1 {
		t.Fatalf("%+v %+v", sum, problem)
	}
	changes, _, _ := feeds(t, conn)
	if len(changes) != batchLines+2 || changes[0] != "account B-1 Upsert v1" || changes[1] != "account A-000001 Upsert v1" {
		t.Errorf("%d changes, the first %v", len(changes), changes[:2])
	}
}

// begun sends lines of a whole import and waits until the database has them.
func (s *site) begun(t *testing.T, lines ...string) *upload {
	t.Helper()
	u := s.uploadWith(t.Context(), t, integration.ImportOptions{Kind: integration.Accounts, Mode: integration.ModeWhole})
	u.send(t, lines...)
	conn := s.owner(t)
	eventually(t, "its first batch is written", func() bool {
		var waits bool
		err := conn.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE state = 'idle in transaction' AND usename LIKE $1 || '%'
AND query LIKE 'release savepoint%')`, s.tenant.Schema).Scan(&waits)
		return err == nil && waits
	})
	return u
}

// A tenant has one whole import at a time. Another one is told at once.
func TestWholeImportsAtOnce(t *testing.T) {
	s := newSite(t, server)
	u := s.begun(t, lines(1, batchLines+1, accountLine)...)
	response, text := s.call(t, "POST", "/api/v1/import/groups?mode=whole", ndjson, reader(groupLine(1)))
	if response.StatusCode != 429 || response.Header.Get("Retry-After") != "30" || !strings.Contains(text, detailWholeRuns) {
		t.Errorf("%s %v %s", response.Status, response.Header, text)
	}
	s.must(t, integration.Groups, groupLine(1))
	if sum, problem := u.end(t); problem != nil || sum.Created != batchLines+1 {
		t.Fatalf("%+v %+v", sum, problem)
	}
	if _, _, err := s.whole(t, integration.Groups, "none", groupLine(2)); err != nil {
		t.Error(err)
	}
}

// Who changes the same rows as others is told so, and not that the database is away.
func TestContended(t *testing.T) {
	s := newSite(t, server)
	for code, want := range map[string]string{"55P03": detailContended, "40P01": detailContended, "57P01": detailUnavailable} {
		err := fmt.Errorf("write: %w", &pgconn.PgError{Code: code})
		for _, p := range []*integration.Problem{s.api.problemOf(t.Context(), err), s.api.importFailure(t.Context(), err)} {
			retry := headerOf(p).Get("Retry-After")
			if p.Status != 503 || p.Detail != want || (retry == "1") != (want == detailContended) {
				t.Errorf("%s: %+v, Retry-After %s", code, p, retry)
			}
		}
	}
}

// Once a line is refused, the rest is checked only: nobody waits for its rows.
func TestWholeImportOnlyChecksAfterARefusal(t *testing.T) {
	s := newSite(t, server)
	s.must(t, integration.Accounts, lines(1, 2, accountLine)...)
	u := s.uploadWith(t.Context(), t, integration.ImportOptions{Kind: integration.Accounts, Mode: integration.ModeWhole})
	u.send(t, "bad", `{"id":"A-000001","name":"whole"}`)
	u.send(t, lines(3, batchLines, accountLine)...)
	u.send(t, `{"id":"A-000002","name":"whole"}`, "bad")
	u.send(t, lines(batchLines+1, 2*batchLines, accountLine)...)
	for _, want := range []int64{1, batchLines + 2} {
		if refusal := u.nextRefusal(t); refusal.Line != want {
			t.Errorf("refused %+v, want line %d", refusal, want)
		}
	}
	for _, id := range []string{"A-000001", "A-000002", "A-000003"} {
		response, text := s.call(t, "PUT", "/api/v1/accounts/"+id, map[string]string{"Content-Type": "application/json"}, reader(`{"name":"single"}`))
		if response.StatusCode >= 300 {
			t.Errorf("%s: %s %s", id, response.Status, text)
		}
	}
	if sum, problem := u.end(t); problem == nil || problem.Status != 422 || sum.Refused != 2 || sum.Received != 2*batchLines+2 {
		t.Errorf("%+v %+v", sum, problem)
	}
	for _, id := range []string{"A-000001", "A-000002", "A-000003"} {
		if a, _ := s.account(t, id); a.Name != "single" {
			t.Errorf("%s is named %q", id, a.Name)
		}
	}
}

// A whole import ends when its time is over, and what it wrote is gone.
func TestWholeImportIsOverdue(t *testing.T) {
	s := newSite(t, server)
	var later atomic.Int64
	s.api.now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	u := s.begun(t, lines(1, batchLines+1, accountLine)...)
	later.Store(int64(maxWhole))
	u.send(t, accountLine(batchLines+2))
	if _, problem := u.end(t); problem == nil || problem.Status != 413 || problem.Detail != detailOverdue {
		t.Errorf("%+v", problem)
	}
	s.hasNothing(t)
}

// What is too large for a whole import is not told to send the rest.
func TestWholeImportIsTooLarge(t *testing.T) {
	s := newSite(t, server)
	s.api.limit = 1000
	_, _, err := s.whole(t, integration.Accounts, "none", lines(1, 100, accountLine)...)
	if problem := asProblem(t, err); problem.Status != 413 || problem.Detail != detailTooLargeWhole {
		t.Errorf("%+v", problem)
	}
	s.hasNothing(t)
}

// The ids of an import are remembered up to a bound, in as much memory as they need.
func TestIDHashes(t *testing.T) {
	h := newIDHashes()
	for n := range maxIDs + 1 {
		if id := strconv.Itoa(n); n%1000 == 0 || n == maxIDs {
			if h.has(id) {
				t.Fatalf("%s is there before it came", id)
			}
		}
		h.add(strconv.Itoa(n))
		h.add(strconv.Itoa(n))
	}
	for _, n := range []int{0, 1, 766, 767, 768, maxIDs / 2, maxIDs - 1} {
		if !h.has(strconv.Itoa(n)) {
			t.Errorf("%d is forgotten", n)
		}
	}
	if h.count != maxIDs || h.has(strconv.Itoa(maxIDs)) || len(h.slots)*8 != 16<<20 {
		t.Errorf("%d ids in %d bytes", h.count, len(h.slots)*8)
	}
}

// The lines of a batch have to be there while the database still waits for them.
func TestWholeImportStalls(t *testing.T) {
	now := time.Now()
	body := &lineReader{patient: &patientReader{until: now.Add(maxDuration)}}
	for _, test := range []struct{ until, want time.Time }{
		{time.Time{}, now.Add(idleTimeout)}, {now.Add(time.Second), now.Add(time.Second)}, {now.Add(wholeBatchTimeout), now.Add(idleTimeout)},
	} {
		body.hurry(test.until)
		if got := body.patient.deadline(now); !got.Equal(test.want) {
			t.Errorf("lines that have to be there by %v may take until %v, want %v", test.until, got, test.want)
		}
	}
	if store.WholeIdle <= wholeBatchTimeout {
		t.Error("the database gives up before the client is told")
	}
}

// What a batch changed is in the audit trail with it, whatever becomes of the rest.
func TestBatchesAreAudited(t *testing.T) {
	s := newSite(t, server)
	all := lines(1, batchLines+3, accountLine)
	all[2], all[batchLines+1] = "bad", `{"id":"A-5","name":"x","accountProfile":"gold"}`
	s.imported(t, integration.Accounts, all...)
	s.imported(t, integration.Accounts, all[:2]...) // changes nothing
	got := s.column(t, `SELECT concat_ws(' ', account_id, actor, action, detail) FROM audit ORDER BY id`)
	want := []string{
		`token cli accounts.imported {"mode": "lines", "created": "4999", "refused": "1", "updated": "0", "fromLine": "1", "received": "5000", "unchanged": "0"}`,
		`token cli accounts.imported {"mode": "lines", "created": "2", "refused": "1", "updated": "0", "fromLine": "5001", "received": "3", "unchanged": "0"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
	if _, err := s.owner(t).Exec(t.Context(), `ALTER TABLE audit ADD CONSTRAINT broken CHECK (action <> 'accounts.imported') NOT VALID`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Import(t.Context(), integration.Accounts, reader(accountLine(9999)), nil); err == nil {
		t.Error("a batch was applied without its entry")
	}
	if _, exists := s.account(t, "A-009999"); exists {
		t.Error("a batch was applied without its entry")
	}
}

// Imports are quiet unless asked, and are one entry of the audit trail for each batch.
func TestImportNotifies(t *testing.T) {
	s := newSite(t, server)
	for n, notify := range []string{"", "?notify=none", "?notify=all", "?mode=lines&notify=all"} {
		response, text := s.call(t, "POST", "/api/v1/import/accounts"+notify, ndjson, reader(accountLine(n)))
		if response.StatusCode != 200 {
			t.Fatalf("%s %s", response.Status, text)
		}
	}
	changes, events, audits := feeds(t, s.owner(t))
	if diff := cmp.Diff([]string{"account.created A-000002", "account.created A-000003"}, events); diff != "" || len(changes) != 4 || len(audits) != 4 {
		t.Errorf("%d changes, %d entries, events (-want +got):\n%s", len(changes), len(audits), diff)
	}
}

func TestImportParameters(t *testing.T) {
	s := newSite(t, server)
	for query, want := range map[string]string{
		"mode=all":             `{"field":"mode","rule":"enum","message":"\"all\" is not allowed, allowed are lines, whole"}`,
		"mode=lines&mode=x":    `{"field":"mode","rule":"uniqueItems","message":"is there twice"}`,
		"notify=":              `{"field":"notify","rule":"enum","message":"\"\" is not allowed, allowed are none, all"}`,
		"mod=whole":            `{"field":"mod","rule":"additionalProperties","message":"is not a known parameter of this operation"}`,
		"mode=whole&notify=ok": `"field":"notify"`,
	} {
		response, text := s.call(t, "POST", "/api/v1/import/accounts?"+query, ndjson, reader(accountLine(1)))
		if response.StatusCode != 422 || !strings.Contains(text, want) {
			t.Errorf("%s: %s %s", query, response.Status, text)
		}
	}
	response, text := s.call(t, "POST", "/api/v1/import/calls?mode=whole", ndjson, reader(callLine(1)))
	if response.StatusCode != 422 || !strings.Contains(text, `{"field":"mode","rule":"enum","message":"\"whole\" is not allowed, allowed are lines"}`) {
		t.Errorf("calls: %s %s", response.Status, text)
	}
	s.hasNothing(t)
}

// A line with many faults is told all of them.
func TestImportTellsEverythingOfALine(t *testing.T) {
	s := newSite(t, server)
	_, refusals := s.imported(t, integration.Invoices, `{"id":"I-1","nmber":"1","issuedOn":"tomorrow","total":5,"status":"Open"}`)
	if len(refusals) != 1 || refusals[0].ID != "I-1" || refusals[0].Field != "nmber" || len(refusals[0].More) != 4 {
		t.Fatalf("%+v", refusals)
	}
	var fields []string
	for _, p := range refusals[0].More {
		fields = append(fields, fmt.Sprint(p.Field, " ", p.Rule))
	}
	if diff := cmp.Diff([]string{"issuedOn format", "total type", "accountId required", "number required"}, fields); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

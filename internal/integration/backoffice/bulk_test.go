package backoffice

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

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
	all := append(lines(1, batchLines, accountLine), `{"id":"A-000001","status":"Suspended"}`)
	sum, refusals, err := s.whole(t, integration.Accounts, integration.NotifyAll, all...)
	if diff := cmp.Diff(integration.Summary{Received: batchLines + 1, Created: batchLines, Updated: 1}, sum); diff != "" || err != nil {
		t.Fatalf("%v %v (-want +got):\n%s", err, refusals, diff)
	}
	if _, _, err := s.whole(t, integration.Accounts, integration.NotifyNone, `{"id":"A-000002","status":"Suspended"}`); err != nil {
		t.Fatal(err)
	}
	conn := s.owner(t)
	changes, events, audits := feeds(t, conn)
	if n := len(changes); n != batchLines+2 || changes[n-2] != "account A-000001 Upsert v2" || changes[n-1] != "account A-000002 Upsert v2" {
		t.Errorf("%d changes, the last %v", n, changes[max(0, n-2):])
	}
	if n := len(events); n != batchLines+1 || events[0] != "account.created A-000001" || events[n-1] != "account.statusChanged A-000001" {
		t.Errorf("%d events, the last %v", n, events[max(0, n-1):])
	}
	want := []string{
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

// Imports are quiet unless asked, and are one entry of the audit trail.
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

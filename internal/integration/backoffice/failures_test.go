package backoffice

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

// The database stops in the middle: what was applied stays whole, the answer says from
// which line to resume, and doing so completes the import.
func TestDatabaseStopsInTheMiddle(t *testing.T) {
	own, err := postgres.Start(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { own.Close() })
	s := newSite(t, own)
	all := append([]string{"bad"}, lines(2, 3*batchLines, accountLine)...) // line n is account n
	u := s.upload(t, integration.Accounts)
	u.send(t, all[:batchLines+200]...)
	if refusal := u.nextRefusal(t); refusal.Line != 1 {
		t.Fatalf("refused %+v, want line 1", refusal)
	}
	if err := own.Stop(); err != nil {
		t.Fatal(err)
	}
	u.send(t, all[batchLines+200:]...)
	sum, problem := u.end(t)
	want := &integration.Problem{Type: "about:blank", Title: "Service Unavailable", Status: 503, Detail: detailUnavailable, ResumeFromLine: batchLines + 1}
	if diff := cmp.Diff(want, problem); diff != "" {
		t.Fatalf("problem (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(integration.Summary{Received: batchLines, Created: batchLines - 1, Refused: 1}, sum); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}

	// From the start it is an answer of its own, not a broken import.
	response, body := s.call(t, "POST", "/api/v1/import/accounts", ndjson, reader(all[1]))
	if response.StatusCode != 503 || response.Header.Get("Retry-After") == "" || !strings.Contains(body, detailUnavailable) {
		t.Errorf("while the database is away: %s %s", response.Status, body)
	}
	if err := own.Start(); err != nil {
		t.Fatal(err)
	}
	var rest integration.Summary
	eventually(t, "the import can be resumed", func() bool {
		rest, err = s.Import(t.Context(), integration.Accounts, reader(strings.Join(all[problem.ResumeFromLine-1:], "\n")), nil)
		return err == nil
	})
	if diff := cmp.Diff(integration.Summary{Received: 2 * batchLines, Created: 2 * batchLines}, rest); diff != "" {
		t.Errorf("resumed (-want +got):\n%s", diff)
	}
}

var ndjson = map[string]string{"Content-Type": integration.MediaType}

// The connection breaks in the middle: whole batches stay, the started one leaves
// nothing, and neither does half a line.
func TestConnectionIsCut(t *testing.T) {
	s := newSite(t, server)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.BaseURL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "POST /api/v1/import/accounts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: 10000000\r\n\r\n", token, integration.MediaType)
	io.WriteString(conn, strings.Join(lines(1, batchLines+10, accountLine), "\n"))
	if status, err := bufio.NewReader(conn).ReadString('\n'); err != nil || status != "HTTP/1.1 200 OK\r\n" {
		t.Fatalf("the first batch was answered with %q, %v", status, err)
	}
	conn.Close()
	eventually(t, "the import ended", func() bool { return s.api.running.taken() == 0 })
	for n, want := range map[int]bool{batchLines: true, batchLines + 1: false, batchLines + 10: false} {
		id := fmt.Sprintf("A-%06d", n)
		if _, exists := s.account(t, id); exists != want {
			t.Errorf("%s exists: %v, want %v", id, exists, want)
		}
	}
	if sum, _ := s.imported(t, integration.Accounts, lines(1, batchLines+10, accountLine)...); sum.Created != 10 || sum.Unchanged != batchLines {
		t.Errorf("sent again: %+v", sum)
	}
}

// A slow client is waited for, beyond the usual bounds of a connection.
func TestSlowClient(t *testing.T) {
	s := newSite(t, server) // its usual bound is a second
	u := s.upload(t, integration.Groups)
	tick := time.NewTicker(400 * time.Millisecond)
	defer tick.Stop()
	for i := range 4 {
		u.send(t, groupLine(i))
		<-tick.C
	}
	if sum, problem := u.end(t); problem != nil || sum.Created != 4 {
		t.Errorf("%+v, %v", sum, problem)
	}
}

// A stop ends an import at its next batch and says from where another server goes on.
func TestServerIsStopped(t *testing.T) {
	s := newSite(t, server)
	u := s.upload(t, integration.Groups)
	u.send(t, "bad")
	u.send(t, lines(1, batchLines, groupLine)...)
	u.nextRefusal(t)
	close(s.stopping)
	u.send(t, lines(batchLines+1, 3*batchLines, groupLine)...)
	sum, problem := u.end(t)
	want := &integration.Problem{Type: "about:blank", Title: "Service Unavailable", Status: 503, Detail: "the server is being stopped, another one takes over", ResumeFromLine: batchLines + 1}
	if diff := cmp.Diff(want, problem); diff != "" {
		t.Errorf("problem (-want +got):\n%s", diff)
	}
	if sum.Received != batchLines {
		t.Errorf("summary %+v", sum)
	}
}

func TestTooManyImports(t *testing.T) {
	s := newSite(t, server)
	var uploads []*upload
	for i := range maxImports - 1 {
		u := s.upload(t, integration.Groups)
		u.send(t, groupLine(i))
		uploads = append(uploads, u)
	}
	eventually(t, "all run", func() bool { return s.api.running.taken() == maxImports-1 })
	response, body := s.call(t, "POST", "/api/v1/import/groups", ndjson, reader(groupLine(99)))
	if response.StatusCode != 429 || response.Header.Get("Retry-After") != "5" || !strings.Contains(body, "3 imports of this token are running") {
		t.Errorf("got %s %s", response.Status, body)
	}
	header := bearing(s.newToken(t, `{"name":"other","scopes":["groups:write"]}`).Secret)
	header["Content-Type"] = integration.MediaType
	if response, body := s.call(t, "POST", "/api/v1/import/groups", header, reader(groupLine(98))); response.StatusCode != 200 {
		t.Errorf("another token: %s %s", response.Status, body)
	}
	for _, u := range uploads {
		if sum, problem := u.end(t); problem != nil || sum.Created != 1 {
			t.Errorf("%+v %v", sum, problem)
		}
	}
}

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	io.WriteString(w, text)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestBodies(t *testing.T) {
	s := newSite(t, server)
	s.api.limit = 100_000
	gz := map[string]string{"Content-Type": integration.MediaType, "Content-Encoding": "gzip"}
	summary := func(created, unchanged, refused int) string {
		return fmt.Sprintf(`{"summary":{"received":%d,"created":%d,"updated":0,"unchanged":%d,"refused":%d}}`+"\n", created+unchanged+refused, created, unchanged, refused)
	}
	whole := zipped(t, groupLine(3)+"\n"+groupLine(4))
	large := strings.Join(lines(1, 3000, groupLine), "\n")
	tests := []struct {
		name   string
		header map[string]string
		body   []byte
		status int
		want   string // the whole body, or a part of a problem
	}{
		{"empty lines, CRLF and a byte order mark", ndjson, []byte("\xef\xbb\xbf" + groupLine(1) + "\r\n\r\n  \n" + groupLine(2)), 200, summary(2, 0, 0)},
		{"line numbers count empty lines", ndjson, []byte("\n\n{}\n"), 200, `{"line":3,"field":"id","rule":"required","message":"is missing"}` + "\n" + summary(0, 0, 1)},
		{"a charset", map[string]string{"Content-Type": integration.MediaType + "; charset=utf-8"}, []byte(groupLine(1)), 200, summary(0, 1, 0)},
		{"gzip", gz, whole, 200, summary(2, 0, 0)},
		{"empty", ndjson, nil, 400, `{"type":"about:blank","title":"Bad Request","status":400,"detail":"the body is empty: send one JSON object per line"}` + "\n"},
		{"only empty lines", ndjson, []byte("\n \n"), 400, `"detail":"the body is empty: send one JSON object per line"`},
		{"no type", map[string]string{}, []byte(groupLine(1)), 415, `"detail":"send NDJSON, one JSON object per line, as Content-Type: application/x-ndjson"`},
		{"another type", map[string]string{"Content-Type": "application/json"}, []byte(groupLine(1)), 415, `"title":"Unsupported Media Type","status":415`},
		{"another encoding", map[string]string{"Content-Type": integration.MediaType, "Content-Encoding": "br"}, []byte(groupLine(1)), 415, `"detail":"Content-Encoding \"br\" is not supported, allowed is gzip or none"`},
		{"not gzip", gz, []byte(groupLine(1)), 400, `"detail":"the body is not gzip, as its Content-Encoding says"`},
		{"something after the gzip", gz, append(bytes.Clone(whole), "something else entirely"...), 400, `"detail":"the body broke off or is damaged: gzip: invalid header"`},
		{"lines of another kind", ndjson, []byte(`{"id":"C-1","accountId":"A-1","access":"Active"}`), 200, `{"line":1,"id":"C-1","field":"accountId","rule":"additionalProperties","message":"is not a known field, `},
		{"broken UTF-8 among good lines", ndjson, []byte(groupLine(5) + "\n{\"id\":\"\xff\"}\n" + groupLine(6)), 200, `{"line":2,"rule":"json","message":"is not valid UTF-8"}` + "\n" + summary(2, 0, 1)},
		{"half a line", ndjson, []byte(groupLine(5) + "\n" + groupLine(6)[:20]), 200, `{"line":2,"rule":"json","message":"is not valid JSON: it ends too early"}` + "\n" + summary(0, 1, 1)},
		{"half a gzip", gz, whole[:len(whole)-6], 400, `"detail":"the body broke off or is damaged: unexpected EOF"`},
		{"too large", ndjson, []byte(large), 200, `"status":413,"detail":"the body is larger than an import may be (1 GiB): send the rest in another request","resumeFromLine":`},
		{"too large when unzipped", gz, zipped(t, large), 200, `"status":413`},
		{"one endless line", ndjson, bytes.Repeat([]byte("x"), 200_000), 413, `"status":413`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			response, body := s.call(t, "POST", "/api/v1/import/groups", test.header, bytes.NewReader(test.body))
			matches := body == test.want || (!strings.HasSuffix(test.want, "\n") && strings.Contains(body, test.want))
			if response.StatusCode != test.status || !matches {
				t.Errorf("got %s %s\nwant %d %s", response.Status, body, test.status, test.want)
			}
			want := integration.MediaType
			if test.status != 200 {
				want = integration.ProblemMediaType
			}
			if got := response.Header.Get("Content-Type"); got != want {
				t.Errorf("content type %q, want %q", got, want)
			}
		})
	}
}

// A gzip that unfolds to a thousand times its size takes no more memory than others, and
// ends at the limit.
func TestBomb(t *testing.T) {
	s := newSite(t, server)
	s.api.limit = 256 << 20
	var bomb bytes.Buffer
	zip := gzip.NewWriter(&bomb)
	zeros := make([]byte, 1<<20)
	io.WriteString(zip, groupLine(1)+"\n")
	for range 300 {
		if _, err := zip.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	gz := map[string]string{"Content-Type": integration.MediaType, "Content-Encoding": "gzip"}
	response, text := s.call(t, "POST", "/api/v1/import/groups", gz, &bomb)
	runtime.ReadMemStats(&after)
	if response.StatusCode != 200 || !strings.Contains(text, `"status":413`) || !strings.Contains(text, `"created":1,`) {
		t.Errorf("%s %s", response.Status, text)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 32<<20 {
		t.Errorf("%d bytes were allocated for a body of %d", took, bomb.Cap())
	}
}

// A body of exactly the limit is whole; the limit is that of the lines also when they
// come as gzip.
func TestBodyOfTheLimit(t *testing.T) {
	s := newSite(t, server)
	body := strings.Join(lines(1, 1000, groupLine), "\n")
	gz := map[string]string{"Content-Type": integration.MediaType, "Content-Encoding": "gzip"}
	for limit, want := range map[int]string{
		len(body):     `{"summary":{"received":1000,`,
		len(body) - 1: `"status":413,`,
	} {
		s.api.limit = int64(limit)
		_, plain := s.call(t, "POST", "/api/v1/import/groups", ndjson, reader(body))
		_, unzipped := s.call(t, "POST", "/api/v1/import/groups", gz, bytes.NewReader(zipped(t, body)))
		for how, got := range map[string]string{"plain": plain, "gzip": unzipped} {
			if !strings.Contains(got, want) {
				t.Errorf("%s, %d bytes under a limit of %d: got %s, want %s", how, len(body), limit, got, want)
			}
		}
	}
}

// Past the limit, the lines that fit were applied and the rest can be sent.
func TestResumeAfterTheLimit(t *testing.T) {
	s := newSite(t, server)
	s.api.limit = 100_000
	all := lines(1, 3000, groupLine)
	sum, err := s.Import(t.Context(), integration.Groups, reader(strings.Join(all, "\n")), nil)
	problem := asProblem(t, err)
	if problem.Status != 413 || problem.ResumeFromLine != sum.Received+1 || sum.Received < 1000 {
		t.Fatalf("%+v %+v", sum, problem)
	}
	s.api.limit = maxBodyBytes
	rest, _ := s.imported(t, integration.Groups, all[problem.ResumeFromLine-1:]...)
	if rest.Created != 3000-sum.Created || rest.Created != rest.Received {
		t.Errorf("resumed: %+v after %+v", rest, sum)
	}
}

// A client that goes away ends its import.
func TestClientGivesUp(t *testing.T) {
	s := newSite(t, server)
	ctx, cancel := context.WithCancel(t.Context())
	body, writer := io.Pipe()
	failed := make(chan error, 1)
	go func() {
		_, err := s.Import(ctx, integration.Groups, body, nil)
		failed <- err
	}()
	io.WriteString(writer, groupLine(1)+"\n")
	eventually(t, "it runs", func() bool { return s.api.running.taken() == 1 })
	cancel()
	if err := <-failed; err == nil {
		t.Error("want an error")
	}
	eventually(t, "it ended", func() bool { return s.api.running.taken() == 0 })
}

func TestTokens(t *testing.T) {
	s, other := newSite(t, server), newSite(t, server)
	if err := other.tenant.Admin.EnsureToken(t.Context(), "cli", "the-token-of-another-tenant"); err != nil {
		t.Fatal(err)
	}
	answer := func(authorization string) string {
		request, err := http.NewRequestWithContext(t.Context(), "POST", s.BaseURL+"/api/v1/import/groups", reader(groupLine(1)))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", integration.MediaType)
		if authorization != "" {
			request.Header.Set("Authorization", authorization)
		}
		response, err := s.HTTP.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		return fmt.Sprintf("%d %s %s", response.StatusCode, response.Header.Get("WWW-Authenticate"), body)
	}
	want := `401 Bearer realm="foyer" {"type":"about:blank","title":"Unauthorized","status":401,"detail":"send an API token of this tenant as: Authorization: Bearer <token>"}` + "\n"
	for _, authorization := range []string{
		"", "Bearer", "Bearer ", "Bearer wrong", "Bearer the-token-of-another-tenant", "Basic " + token, token,
		"Bearer " + token + "x", "Bearer " + strings.Repeat("x", maxTokenBytes+1),
	} {
		if got := answer(authorization); got != want {
			t.Errorf("%q: got %s", authorization, got)
		}
	}
	for _, authorization := range []string{"Bearer " + token, "bearer  " + token} {
		if got := answer(authorization); !strings.HasPrefix(got, "200 ") {
			t.Errorf("%q: got %s", authorization, got)
		}
	}
	for _, path := range []string{"/", "/api/v1/version", "/api/v1/nothing", "/api/v1/import/groups"} {
		response, _ := s.call(t, "GET", path, map[string]string{"Authorization": ""}, nil)
		if response.StatusCode != 401 {
			t.Errorf("%s without a token: %s", path, response.Status)
		}
	}
}

// A found token is believed for seconds; a withdrawn one ends then.
func TestWithdrawnToken(t *testing.T) {
	s := newSite(t, server)
	now := time.Now()
	found := newTokens(s.tenant.Backoffice, func() time.Time { return now })
	ask := func() error { _, err := found.find(t.Context(), tokenHash(store.TokenHash(token))); return err }
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	if err := s.tenant.Admin.EnsureToken(t.Context(), "cli", "another token"); err != nil {
		t.Fatal(err)
	}
	if now = now.Add(tokenBelieved - 1); ask() != nil {
		t.Error("a token was not believed for a few seconds")
	}
	if now = now.Add(1); ask() == nil {
		t.Error("a withdrawn token still works")
	}
}

func (p *places) taken() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all
}

package backoffice

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

// changesOf is how often a row was changed, by the feed.
func (s *site) changesOf(t *testing.T, kind string) (list []string) {
	t.Helper()
	page, err := s.tenant.Backoffice.Changes(t.Context(), store.FeedPage{After: store.FromOldest, Limit: 1000, Kinds: []string{kind}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range page.Entries {
		list = append(list, fmt.Sprintf("%s %s v%d", c.Operation, c.ID, c.Version))
	}
	return list
}

// Fifty requests with one key at once take effect once, and all are answered alike.
func TestOneKeyAtOnce(t *testing.T) {
	s := newSite(t, server)
	s.must(t, "accounts", `{"id":"A","name":"Ada"}`)
	header := map[string]string{"Content-Type": "application/json", "Idempotency-Key": "k"}
	type answer struct {
		status         int
		text, replayed string
	}
	answers := make([]answer, 50)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			response, text := s.call(t, "POST", "/api/v1/notes", header, reader(`{"accountId":"A","text":"Call back","author":"Support"}`))
			answers[i] = answer{response.StatusCode, text, response.Header.Get("Idempotency-Replayed")}
		})
	}
	all.Wait()
	first := 0
	for _, a := range answers {
		if a.status != 201 || a.text != answers[0].text {
			t.Errorf("got %+v, want what all got: %+v", a, answers[0])
		}
		if a.replayed == "" {
			first++
		}
	}
	if changes := s.changesOf(t, "note"); len(changes) != 1 || first != 1 {
		t.Errorf("%v, %d took effect", changes, first)
	}
}

func TestKeysAreForOneRequest(t *testing.T) {
	s := newSite(t, server)
	s.must(t, "accounts", `{"id":"A","name":"Ada"}`)
	const body = `{"accountId":"A","name":"Home"}`
	other := s.newToken(t, `{"name":"other","scopes":["*"]}`)
	steps := []struct {
		method, path, body string
		header             map[string]string
		status             int
		replayed           string
	}{
		{"PUT", "sites/s1", `{"accountId":"A"}`, nil, 422, ""}, // a refused request leaves its key free
		{"PUT", "sites/s1", body, nil, 201, ""},
		{"PUT", "sites/s1", body, nil, 201, "true"},
		{"PUT", "sites/s1?notify=all", body, nil, 201, "true"},
		{"PUT", "sites/s1", body, map[string]string{"Authorization": "Bearer " + other.Secret}, 200, ""}, // keys are of a token
		{"PUT", "sites/s2", body, nil, 422, ""},
		{"PUT", "sites/s1", body + " ", nil, 422, ""},
		{"PUT", "sites/s1", body, map[string]string{"If-Match": `"v1"`}, 422, ""},
		{"PATCH", "sites/s1", body, nil, 422, ""},
		{"PUT", "sites/s1?notify=none", body, nil, 422, ""},
		{"DELETE", "sites/s1", "", nil, 422, ""},
		{"DELETE", "sites/s1", "", map[string]string{"Idempotency-Key": "d"}, 204, ""},
		{"DELETE", "sites/s1", "", map[string]string{"Idempotency-Key": "d"}, 204, "true"},
		{"DELETE", "sites/s1", "", map[string]string{"Idempotency-Key": "e"}, 404, ""},
		{"PUT", "sites/s1", body, nil, 201, "true"}, // it is gone, and the answer is still that of then
	}
	for _, step := range steps {
		header := map[string]string{"Idempotency-Key": "k"}
		for name, value := range step.header {
			header[name] = value
		}
		response, text := s.call(t, step.method, "/api/v1/"+step.path, header, reader(step.body))
		if response.StatusCode != step.status || response.Header.Get("Idempotency-Replayed") != step.replayed {
			t.Errorf("%s %s %v: %s replayed %q\n%s", step.method, step.path, step.header, response.Status, response.Header.Get("Idempotency-Replayed"), text)
		}
	}
	if changes := s.changesOf(t, "site"); strings.Join(changes, ", ") != "Upsert s1 v1, Delete s1 v2" {
		t.Errorf("got %v", changes)
	}
}

// A write that says so emits no events, and is in the change feed all the same.
func TestWritesThatTellNobody(t *testing.T) {
	s := newSite(t, server)
	s.must(t, "accounts", `{"id":"A","name":"Ada"}`)
	write := func(method, path, body string, status int) {
		t.Helper()
		header := map[string]string{"Content-Type": "application/json"}
		if response, text := s.call(t, method, "/api/v1/"+path, header, reader(body)); response.StatusCode != status {
			t.Errorf("%s %s: %s %s", method, path, response.Status, text)
		}
	}
	const ticket, message = `{"accountId":"A","openedBy":"Ada","subject":"Hello","text":"Slow","number":"%s"}`, `{"author":"Kim","byStaff":true,"text":"Soon"}`
	for _, notify := range []string{"none", "all"} {
		q := "?notify=" + notify
		write("PUT", "tickets/put-"+notify+q, fmt.Sprintf(ticket, "put-"+notify), 201)
		write("POST", "tickets"+q, fmt.Sprintf(ticket, "post-"+notify), 201)
		write("POST", "tickets/put-"+notify+"/messages"+q, message, 201)
		write("PUT", "tickets/put-"+notify+"/messages/m-"+notify+q, message, 201)
		write("PATCH", "tickets/put-"+notify+q, `{"status":"Closed"}`, 200)
		write("PUT", "sites/"+notify+q, `{"accountId":"A","name":"Home"}`, 201)
		write("DELETE", "sites/"+notify+q, "", 204)
	}
	write("PUT", "sites/s?notify=some", `{"accountId":"A","name":"Home"}`, 422)
	got := s.column(t, "SELECT type || ' ' || (subject = 'put-none')::text FROM event WHERE type LIKE 'ticket.%' ORDER BY position")
	want := []string{"ticket.opened false", "ticket.opened false", "ticket.replied false", "ticket.replied false", "ticket.closed false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if changes := s.changesOf(t, "site"); strings.Join(changes, ", ") != "Upsert none v1, Delete none v2, Upsert all v3, Delete all v4" {
		t.Errorf("got %v", changes)
	}
}

// Writers who all add to what they have read, with If-Match, lose nothing.
func TestNoUpdateIsLost(t *testing.T) {
	s := newSite(t, server)
	s.must(t, "accounts", `{"id":"A","name":"Ada"}`)
	s.api.rates = newRates(Limits{PerSecond: 100_000, Burst: 100_000}, s.api.now)
	s.call(t, "PUT", "/api/v1/sites/s1", nil, reader(`{"accountId":"A","name":"Home","address":"."}`))
	const writers, each = 8, 5
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for done := 0; done < each; {
				response, text := s.call(t, "GET", "/api/v1/sites/s1", nil, nil)
				_, address, _ := strings.Cut(text, `"address":"`)
				address, _, _ = strings.Cut(address, `"`)
				patch := fmt.Sprintf(`{"address":"%s+"}`, address)
				response, text = s.call(t, "PATCH", "/api/v1/sites/s1", map[string]string{"If-Match": response.Header.Get("ETag")}, reader(patch))
				switch response.StatusCode {
				case 200:
					done++
				case 412: // read again
				default:
					t.Errorf("%s %s", response.Status, text)
					return
				}
			}
		})
	}
	all.Wait()
	_, text := s.call(t, "GET", "/api/v1/sites/s1", nil, nil)
	if n := strings.Count(text, "+"); n != writers*each {
		t.Errorf("%d changes are left of %d: %s", n, writers*each, text)
	}
}

// cutting is a proxy that cuts each connection after so many bytes of the request or of
// the answer.
func cutting(t *testing.T, to string, requestBytes, answerBytes int64) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go cut(t.Context(), client, to, requestBytes, answerBytes)
		}
	}()
	return "http://" + listener.Addr().String()
}

func cut(ctx context.Context, client net.Conn, to string, requestBytes, answerBytes int64) {
	defer client.Close()
	upstream, err := (&net.Dialer{}).DialContext(ctx, "tcp", to)
	if err != nil {
		return
	}
	defer upstream.Close()
	ended := make(chan struct{}, 2)
	pass := func(to io.Writer, from io.Reader, most int64) {
		if n, _ := io.CopyN(to, from, most); n == most {
			ended <- struct{}{} // cut
		}
	}
	go pass(upstream, client, requestBytes)
	go pass(client, upstream, answerBytes)
	select {
	case <-ended:
	case <-ctx.Done():
	}
}

// A client whose connection is cut at any stage, and who then sends the same again with
// the same key, has its effect once.
func TestCutAndRepeated(t *testing.T) {
	s := newSite(t, server)
	s.must(t, "accounts", `{"id":"A","name":"Ada"}`)
	whole := int64(1 << 20)
	stages := []struct{ request, answer int64 }{
		{1, whole}, {100, whole}, {240, whole}, {300, whole}, {whole, 0}, {whole, 1}, {whole, 100}, {whole, 400}, {whole, 600},
	}
	direct := s.BaseURL
	for i, stage := range stages {
		key := fmt.Sprintf("key-%d", i)
		body := fmt.Sprintf(`{"accountId":"A","text":"Note %d","author":"Support"}`, i)
		post := func(base string) (int, string, error) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/api/v1/notes", streamed(body)) // net/http repeats none of these itself
			if err != nil {
				t.Fatal(err)
			}
			request.Header = http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}}
			request.Header.Set("Idempotency-Key", key)
			response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
			if err != nil {
				return 0, "", err
			}
			defer response.Body.Close()
			text, err := io.ReadAll(response.Body)
			return response.StatusCode, string(text), err
		}
		if status, text, err := post(cutting(t, strings.TrimPrefix(direct, "http://"), stage.request, stage.answer)); err == nil {
			t.Logf("stage %+v came through: %d %s", stage, status, text)
		}
		status, text, err := post(direct)
		if err != nil || status != 201 || !strings.Contains(text, fmt.Sprintf(`"text":"Note %d"`, i)) {
			t.Errorf("stage %+v, repeated: %d %s, %v", stage, status, text, err)
		}
		if changes := s.changesOf(t, "note"); len(changes) != i+1 {
			t.Fatalf("stage %+v: %d notes, want %d", stage, len(changes), i+1)
		}
	}
}

package cli

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/foyerhq/foyer/internal/integration"
)

const apiToken = "foyer_s3cret"

// fakeAPI speaks the contract of the integration API: it keeps the lines that it applied,
// and refuses those of which refuse says why.
type fakeAPI struct {
	t      *testing.T
	server *httptest.Server
	token  string // file

	refused func() // after a wrong token

	mutex    sync.Mutex
	refuse   func(line string) (field, message string)
	faults   []fault // of the next requests, one each
	requests []string
	applied  []string // lines, in order
	known    map[string]bool
	received [][]string
	settled  []string // what became of notifications, and their ids
	asked    []integration.UpcomingQuery
	more     int // pages of what is upcoming before the last
	plans    []integration.PlanQuery
	pages    []any  // of a plan: its pages, or problems
	summary  string // file of testdata
}

// fault is what goes wrong with a request. A zero value is none.
type fault struct {
	status int   // answered at once, with nothing applied
	after  int64 // lines that are read before it; what follows is not
	cut    bool  // the connection, before the last line of the answer
	last   int   // status of the problem in the last line
	before func(r *http.Request)
}

// goesOn says whether another line is read.
func (f fault) goesOn(number int64) bool { return !f.cut && f.last == 0 || number < f.after }

func newFakeAPI(t *testing.T, faults ...fault) *fakeAPI {
	t.Helper()
	a := &fakeAPI{t: t, faults: faults, known: map[string]bool{}, refused: func() {}, token: filepath.Join(t.TempDir(), "token"), refuse: func(string) (string, string) { return "", "" }}
	if err := os.WriteFile(a.token, []byte(apiToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/import/{kind}", a.importLines)
	mux.HandleFunc("GET /api/v1/accounts/{id}/settings", a.settings)
	mux.HandleFunc("POST /api/v1/upcoming", a.upcoming)
	mux.HandleFunc("POST /api/v1/render", a.render)
	mux.HandleFunc("POST /api/v1/plan", a.plan)
	mux.HandleFunc("GET /api/v1/notifications", func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		a.file(w, "notifications/"+choose(query.Get("accountId") != "", "account", strings.ToLower(query.Get("state"))))
	})
	mux.HandleFunc("GET /api/v1/notifications/summary", func(w http.ResponseWriter, _ *http.Request) { a.file(w, cmp.Or(a.summary, "notifications/summary")) })
	mux.HandleFunc("POST /api/v1/notifications/{id}/{change}", a.settle)
	a.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+apiToken {
			a.refused()
			problem(w, http.StatusUnauthorized, "the token is not known")
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(a.server.Close)
	return a
}

func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", integration.ProblemMediaType)
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"type":"about:blank","title":%q,"status":%d,"detail":%q,"requestId":"r1"}`, http.StatusText(status), status, detail)
}

// run runs a command against it. No output has the token.
func (a *fakeAPI) run(input string, args ...string) answer {
	a.t.Helper()
	got := run(a.t, input, append(args, "--server", a.server.URL, "--token-file", a.token)...)
	if strings.Contains(got.out+got.err, apiToken) {
		a.t.Errorf("the token is in the output: %s%s", got.out, got.err)
	}
	return got
}

func (a *fakeAPI) nextFault() fault {
	if len(a.faults) == 0 {
		return fault{}
	}
	next := a.faults[0]
	a.faults = a.faults[1:]
	return next
}

func (a *fakeAPI) importLines(w http.ResponseWriter, r *http.Request) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.requests = append(a.requests, r.PathValue("kind")+"?"+r.URL.RawQuery)
	wrong := a.nextFault()
	if wrong.before != nil {
		wrong.before(r)
	}
	if wrong.status != 0 {
		problem(w, wrong.status, "later")
		return
	}
	unzipped, err := gzip.NewReader(r.Body)
	if err != nil {
		problem(w, http.StatusBadRequest, "the body is not gzip")
		return
	}
	whole := r.URL.Query().Get("mode") == "whole"
	scanner := bufio.NewScanner(unzipped)
	scanner.Buffer(nil, 1<<20)
	var number int64
	result, lines := integration.Result{}, []string{}
	_ = http.NewResponseController(w).EnableFullDuplex()
	for wrong.goesOn(number) && scanner.Scan() {
		number++
		line := scanner.Text()
		if line == "" {
			continue
		}
		lines = append(lines, line)
		result.Summary.Received++
		if field, message := a.refuse(line); message != "" {
			result.Summary.Refused++
			a.encode(w, integration.Refusal{Line: number, ID: idOf(line), Field: field, Message: message})
			continue
		}
		if !whole {
			a.apply(line, &result.Summary)
		}
	}
	if scanner.Err() != nil {
		return // half a body
	}
	a.received = append(a.received, lines)
	if whole && result.Summary.Refused == 0 {
		for _, line := range lines {
			a.apply(line, &result.Summary)
		}
	} else if whole {
		result.Problem = &integration.Problem{Title: "Unprocessable Entity", Status: http.StatusUnprocessableEntity, Detail: "so nothing was applied"}
	}
	_ = http.NewResponseController(w).Flush()
	if wrong.cut {
		panic(http.ErrAbortHandler)
	}
	if wrong.last != 0 {
		result.Problem = &integration.Problem{Title: http.StatusText(wrong.last), Status: wrong.last, Detail: "later", ResumeFromLine: number + 1}
	}
	a.encode(w, result)
	_ = http.NewResponseController(w).Flush()
	_, _ = io.Copy(io.Discard, r.Body) // what follows an early answer, as the server does
}

func (a *fakeAPI) apply(line string, sum *integration.Summary) {
	if a.known[line] {
		sum.Unchanged++
		return
	}
	sum.Created++
	a.known[line], a.applied = true, append(a.applied, line)
}

func (a *fakeAPI) encode(w http.ResponseWriter, value any) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		a.t.Error(err)
	}
	_, _ = w.Write(text.Bytes()) // the client may be gone
}

func idOf(line string) string {
	var value struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal([]byte(line), &value) // what is no JSON has no id
	return value.ID
}

func (a *fakeAPI) settings(w http.ResponseWriter, r *http.Request) {
	text, err := os.ReadFile(filepath.Join("testdata", "explain", filepath.Base(r.PathValue("id"))+".json"))
	if err != nil {
		problem(w, http.StatusNotFound, "there is no account with this id")
		return
	}
	_, _ = w.Write(text)
}

// file answers with a file of testdata.
func (a *fakeAPI) file(w http.ResponseWriter, name string) {
	text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		a.t.Error(err)
	}
	_, _ = w.Write(text)
}

func (a *fakeAPI) upcoming(w http.ResponseWriter, r *http.Request) {
	var query integration.UpcomingQuery
	if err := json.NewDecoder(r.Body).Decode(&query); err != nil {
		a.t.Error(err)
	}
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.asked = append(a.asked, query)
	name := choose(query.Routing == nil, "upcoming/now", "upcoming/changed")
	if a.more > 0 { // pages, of the first of which each account is
		a.more--
		name = "upcoming/more"
	}
	a.file(w, name)
}

func (a *fakeAPI) render(w http.ResponseWriter, r *http.Request) {
	var query integration.RenderQuery
	if err := json.NewDecoder(r.Body).Decode(&query); err != nil {
		a.t.Error(err)
	}
	if query.AccountID != "10001" {
		w.Header().Set("Content-Type", integration.ProblemMediaType)
		w.WriteHeader(http.StatusUnprocessableEntity)
		a.encode(w, integration.Problem{Title: "Unprocessable Entity", Errors: []integration.FieldProblem{{Field: "accountId", Message: "there is no account " + query.AccountID}}})
		return
	}
	a.file(w, "notifications/rendered")
}

func (a *fakeAPI) settle(w http.ResponseWriter, r *http.Request) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	id := r.PathValue("id")
	switch {
	case id == "sent":
		problem(w, http.StatusConflict, "the notification is Sent")
	case a.nextFault().status == http.StatusTooManyRequests:
		problem(w, http.StatusTooManyRequests, "slow down")
	default:
		a.settled = append(a.settled, r.PathValue("change")+" "+id)
		fmt.Fprintf(w, `{"id":%q,"eventType":"invoice.unpaid","channel":"Email","address":"dana@miller.example","state":"Retry"}`, id)
	}
}

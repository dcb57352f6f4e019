package backoffice

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

var server *postgres.Server

func TestMain(m *testing.M) { os.Exit(postgres.Run(m, &server)) }

const token = "a-token-that-is-long-enough"

// site is the API of one tenant, on a real database and a real connection.
type site struct {
	*integration.Client
	tenant   *storetest.Tenant
	api      *api
	settings atomic.Pointer[config.Live]
	stopping chan struct{}
}

func newSite(t testing.TB, server *postgres.Server) *site {
	t.Helper()
	s := &site{tenant: storetest.New(t, server), stopping: make(chan struct{})}
	if err := s.tenant.Admin.EnsureToken(t.Context(), "cli", token); err != nil {
		t.Fatal(err)
	}
	s.settings.Store(document(t, 21))
	s.api = newAPI(Options{
		Store: s.tenant.Backoffice, Settings: s.settings.Load, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Version: "v1", Stopping: s.stopping,
	})
	s.serve(t)
	return s
}

// serve listens with bounds of the connection that an import must move.
func (s *site) serve(t testing.TB) {
	t.Helper()
	web := httptest.NewUnstartedServer(s.api.handler())
	web.Config.ReadTimeout, web.Config.WriteTimeout = time.Second, time.Second
	web.Config.ErrorLog = slog.NewLogLogger(slog.NewTextHandler(t.Output(), nil), slog.LevelInfo)
	web.Start()
	t.Cleanup(web.Close)
	s.Client = &integration.Client{BaseURL: web.URL, Token: token, HTTP: web.Client()}
}

// document has profiles in every state; businessDays are the terms of "business".
func document(t testing.TB, businessDays int) *config.Live {
	t.Helper()
	return documentWith(t, businessDays, "")
}

// documentWith is document with the profile residential in a state.
func documentWith(t testing.TB, businessDays int, residential config.EntryState) *config.Live {
	t.Helper()
	return loaded(t, settingsWith(businessDays, residential))
}

// documentOf is document with a change.
func documentOf(t testing.TB, change func(*config.Settings)) *config.Live {
	t.Helper()
	document := settingsWith(21, "")
	change(&document)
	return loaded(t, document)
}

func loaded(t testing.TB, document config.Settings) *config.Live {
	t.Helper()
	encoded, err := config.Encode(document)
	if err != nil {
		t.Fatal(err)
	}
	live, err := config.Load(encoded)
	if err != nil {
		t.Fatal(err)
	}
	return live
}

func settingsWith(businessDays int, residential config.EntryState) config.Settings {
	entry := func(name string, state config.EntryState, content string) config.Entry {
		return config.Entry{Name: name, UID: "uid-" + name, Generation: 1, State: state, Content: json.RawMessage(content)}
	}
	return config.Settings{
		Format: config.Format,
		Tenant: entry("acme", "", `{"namespace":"customers","displayName":"Acme","hostname":"my.acme.example",
			"attributes":{"currency":"AUD"},"defaultMyAccountProfile":"basic","session":{"idleSeconds":60,"maxSeconds":600}}`),
		AccountProfiles: []config.Entry{
			entry("business", "", fmt.Sprintf(`{"displayName":"Business","attributes":{"tradingTermsDays":%d},"myAccountProfile":"full"}`, businessDays)),
			entry("gone", config.Retired, `{"displayName":"Gone","attributes":{"tradingTermsDays":3}}`),
			entry("residential", residential, `{"displayName":"Residential"}`),
		},
		MyAccountProfiles: []config.Entry{
			entry("basic", "", `{"displayName":"Basic"}`),
			entry("full", "", `{"displayName":"Full","availability":"Headline","features":["ViewInvoices","ViewActivity"]}`),
			entry("legacy", "", `{"displayName":"Legacy","availability":"Historical"}`),
		},
	}
}

// imported sends lines and returns what was refused.
func (s *site) imported(t testing.TB, kind integration.Kind, lines ...string) (integration.Summary, []integration.Refusal) {
	t.Helper()
	var refusals []integration.Refusal
	summary, err := s.Import(t.Context(), kind, strings.NewReader(strings.Join(lines, "\n")), func(r integration.Refusal) {
		refusals = append(refusals, r)
	})
	if err != nil {
		t.Fatalf("import %s: %v", kind, err)
	}
	return summary, refusals
}

// must imports lines that are all good.
func (s *site) must(t testing.TB, kind integration.Kind, lines ...string) {
	t.Helper()
	if summary, refusals := s.imported(t, kind, lines...); summary.Refused > 0 {
		t.Fatalf("import %s: refused %v", kind, refusals)
	}
}

// call sends a request and returns the answer with its body read.
func (s *site) call(t *testing.T, method, path string, header map[string]string, body io.Reader) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.BaseURL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := s.HTTP.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
}

func (s *site) invoices(t *testing.T, account string) []store.ListedInvoice {
	t.Helper()
	page, err := s.tenant.Portal.InvoicesOf(t.Context(), account, store.InvoiceFilter{Today: time.Now(), Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return page.Invoices
}

func (s *site) account(t *testing.T, id string) (store.AccountView, bool) {
	t.Helper()
	accounts, err := s.tenant.Backoffice.AccountsByID(t.Context(), []string{id})
	if err != nil {
		t.Fatal(err)
	}
	account, ok := accounts[id]
	return account, ok
}

// groupLine and accountLine are good lines.
func groupLine(i int) string {
	return fmt.Sprintf(`{"name":"group-%06d","displayName":"Group %d"}`, i, i)
}

func accountLine(i int) string {
	return fmt.Sprintf(`{"id":"A-%06d","name":"Customer %d","status":"Active","accountProfile":"business"}`, i, i)
}

func lines(from, to int, line func(int) string) []string {
	var list []string
	for i := from; i <= to; i++ {
		list = append(list, line(i))
	}
	return list
}

// upload is an import whose lines the test sends piece by piece.
type upload struct {
	body    *io.PipeWriter
	refused chan integration.Refusal
	summary integration.Summary
	err     error
	done    chan struct{}
}

func (s *site) upload(t *testing.T, kind integration.Kind) *upload {
	t.Helper()
	return s.uploadWith(t.Context(), t, integration.ImportOptions{Kind: kind})
}

func (s *site) uploadWith(ctx context.Context, t *testing.T, options integration.ImportOptions) *upload {
	t.Helper()
	reader, writer := io.Pipe()
	u := &upload{body: writer, refused: make(chan integration.Refusal, 10_000), done: make(chan struct{})}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	go func() {
		defer close(u.done)
		u.summary, u.err = s.ImportWith(ctx, options, reader, func(r integration.Refusal) { u.refused <- r })
		reader.CloseWithError(errors.New("the import ended")) //nolint:errcheck // never fails
	}()
	return u
}

func (u *upload) send(t *testing.T, lines ...string) {
	t.Helper()
	if _, err := io.WriteString(u.body, strings.Join(lines, "\n")+"\n"); err != nil {
		t.Logf("send: %v", err)
	}
}

// nextRefusal waits for a refusal: the lines before it were handled then.
func (u *upload) nextRefusal(t *testing.T) integration.Refusal {
	t.Helper()
	select {
	case r := <-u.refused:
		return r
	case <-u.done:
		t.Fatalf("the import ended: %v", u.err)
	case <-time.After(30 * time.Second):
		t.Fatal("no refusal in time")
	}
	return integration.Refusal{}
}

func (u *upload) end(t *testing.T) (integration.Summary, *integration.Problem) {
	t.Helper()
	u.body.Close() //nolint:errcheck // never fails
	<-u.done
	var problem *integration.Problem
	if u.err != nil && !errors.As(u.err, &problem) {
		t.Fatalf("the import failed without a problem: %v", u.err)
	}
	return u.summary, problem
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline:
			t.Fatalf("not in time: %s", what)
		case <-tick.C:
		}
	}
}

func reader(text string) io.Reader { return bytes.NewReader([]byte(text)) }

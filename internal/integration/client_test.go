package integration

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// answering is a server that reads the body and answers with what is given.
func answering(t *testing.T, status int, contentType, body string) *Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" || r.URL.Path != "/api/v1/import/groups" || r.Header.Get("Content-Type") != MediaType {
			t.Errorf("request %s %v", r.URL, r.Header)
		}
		if r.Header.Get("Content-Encoding") != "" {
			t.Errorf("the body is compressed, and nobody asked for it")
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Logf("read the body: %v", err) // the client gave up
		}
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return &Client{BaseURL: server.URL + "/", Token: "secret"}
}

func TestClientImport(t *testing.T) {
	const summary = `{"summary":{"received":3,"created":1,"updated":0,"unchanged":1,"refused":1}`
	counts := Summary{Received: 3, Created: 1, Unchanged: 1, Refused: 1}
	tests := []struct {
		name    string
		status  int
		answer  string
		want    Summary
		refused int
		message string // of the error
	}{
		{"whole", 200, `{"line":2,"field":"id","message":"is missing"}` + "\n" + summary + "}\n", counts, 1, ""},
		{
			"ended early", 200, summary + `,"problem":{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"later","resumeFromLine":4}}` + "\n",
			counts, 0, "import groups: Service Unavailable: later",
		},
		{"broke off", 200, `{"line":2,"message":"is missing"}` + "\n", Summary{}, 1, "import groups: the answer broke off before its summary; send the lines again, what was applied stays"},
		{"not NDJSON", 200, "<html>", Summary{}, 0, "import groups: read a refusal: invalid character '<' looking for beginning of value"},
		{"problem", 401, `{"type":"about:blank","title":"Unauthorized","status":401}`, Summary{}, 0, "import groups: Unauthorized"},
		{"a proxy's page", 502, "<html>", Summary{}, 0, "import groups: the server answered 502 Bad Gateway"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client := answering(t, test.status, MediaType, test.answer)
			refused := 0
			got, err := client.Import(t.Context(), Groups, strings.NewReader("{}\n"), func(Refusal) { refused++ })
			if diff := cmp.Diff(test.want, got); diff != "" || refused != test.refused {
				t.Errorf("%d refused, want %d; summary (-want +got):\n%s", refused, test.refused, diff)
			}
			if fmt.Sprint(err) != test.message && (err != nil || test.message != "") {
				t.Errorf("got %v, want %s", err, test.message)
			}
		})
	}
}

func TestClientImportFindsTheProblem(t *testing.T) {
	client := answering(t, 200, MediaType, `{"summary":{},"problem":{"title":"Service Unavailable","status":503,"resumeFromLine":501}}`+"\n")
	_, err := client.Import(t.Context(), Groups, strings.NewReader("{}\n"), nil)
	var problem *Problem
	if !errors.As(err, &problem) || problem.ResumeFromLine != 501 || problem.Status != 503 {
		t.Errorf("got %v", err)
	}
}

// A reader that never returns, as a terminal, does not keep a cancelled import.
func TestClientImportCanBeCancelled(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // until the client goes
	}))
	defer server.Close()
	client := &Client{BaseURL: server.URL}
	blocked, writer := io.Pipe()
	defer writer.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := client.Import(ctx, Groups, blocked, nil)
		ended <- err
	}()
	io.WriteString(writer, "{}\n") // it is under way
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want cancelled", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it did not end")
	}
}

func TestClientImportSaysWhyLinesCannotBeRead(t *testing.T) {
	client := answering(t, 200, MediaType, "")
	_, err := client.Import(t.Context(), Groups, io.MultiReader(strings.NewReader("{}\n"), failingReader{}), nil)
	if !errors.Is(err, errDisk) {
		t.Errorf("got %v, want %v", err, errDisk)
	}
}

var errDisk = errors.New("the disk is gone")

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errDisk }

func TestClientImportWithOptions(t *testing.T) {
	var asked, got string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.Method + " " + r.URL.String()
		unzipped, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		body, err := io.ReadAll(unzipped)
		if err != nil {
			t.Error(err)
		}
		got = string(body)
		io.WriteString(w, `{"summary":{"received":1,"created":1}}`+"\n")
	}))
	defer server.Close()
	client := &Client{BaseURL: server.URL}
	options := ImportOptions{Kind: Accounts, Mode: ModeWhole, Notify: NotifyAll, Compress: true}
	if _, err := client.ImportWith(t.Context(), options, strings.NewReader("{}\n"), nil); err != nil {
		t.Fatal(err)
	}
	if want := "POST /api/v1/import/accounts?mode=whole&notify=all"; asked != want || got != "{}\n" {
		t.Errorf("asked %s with %q, want %s", asked, got, want)
	}
}

func TestClientAccountSettings(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" || r.Method != http.MethodGet {
			t.Errorf("%s %v", r.Method, r.Header)
		}
		if r.URL.EscapedPath() != "/api/v1/accounts/A%2F1/settings" {
			w.WriteHeader(http.StatusNotFound)
			io.WriteString(w, `{"title":"Not Found","status":404,"detail":"there is no account with this id"}`)
			return
		}
		io.WriteString(w, `{"accountId":"A/1","status":"Active"}`)
	}))
	defer server.Close()
	client := &Client{BaseURL: server.URL, Token: "secret"}
	got, err := client.AccountSettings(t.Context(), "A/1")
	if err != nil || got.AccountID != "A/1" || got.Status != "Active" {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = client.AccountSettings(t.Context(), "A-2")
	var problem *Problem
	if !errors.As(err, &problem) || problem.Status != http.StatusNotFound {
		t.Errorf("got %v, want a problem of status 404", err)
	}
}

// lastingError is what a connection says that will not come back by itself.
type lastingError struct{}

func (lastingError) Error() string { return "not allowed" }
func (lastingError) Lasting() bool { return true }

func TestAway(t *testing.T) {
	failed := func(err error) error { return fmt.Errorf("import: %w", &url.Error{Op: "Post", URL: "u", Err: err}) }
	for _, test := range []struct {
		err  error
		want bool
	}{
		{fmt.Errorf("import: %w", &Problem{Status: 503}), true},
		{&Problem{Status: 502}, true},
		{&Problem{Status: 429}, true},
		{&Problem{Status: 500}, true},
		{&Problem{Status: 408}, true},
		{&Problem{Status: 413}, false},
		{&Problem{Status: 401}, false},
		{fmt.Errorf("import: %w", errBrokeOff), true},
		{failed(io.ErrUnexpectedEOF), true},
		{failed(syscall.ECONNREFUSED), true},
		{failed(&tls.CertificateVerificationError{Err: errDisk}), false},
		{failed(&net.DNSError{IsNotFound: true}), false},
		{failed(lastingError{}), false},
		{fmt.Errorf("%w (%w)", errBrokeOff, context.Canceled), false},
		{errDisk, false},
	} {
		if got := Away(test.err); got != test.want {
			t.Errorf("%v: away %t, want %t", test.err, got, test.want)
		}
	}
}

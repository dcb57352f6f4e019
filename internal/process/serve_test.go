package process

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
)

var quiet = slog.New(slog.DiscardHandler)

// eventually waits until a condition holds.
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

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(body)
}

func TestAdmin(t *testing.T) {
	health := NewHealth(map[string]string{"settings": "not loaded yet", "database": "not reached yet"})
	server := httptest.NewServer(Admin(health, NewMetrics("portal", "v1")))
	defer server.Close()
	check := func(path string, status int, body string) {
		t.Helper()
		gotStatus, gotBody := get(t, server.URL+path)
		if gotStatus != status || gotBody != body {
			t.Errorf("%s: got %d %q, want %d %q", path, gotStatus, gotBody, status, body)
		}
	}
	check("/livez", 200, "ok\n")
	check("/readyz", 503, "database: not reached yet\nsettings: not loaded yet\n")
	health.Meet("settings")
	health.Fail("database", "connection refused")
	check("/readyz", 503, "database: connection refused\n")
	health.Meet("database")
	check("/readyz", 200, "ok\n")
	_, metrics := get(t, server.URL+"/metrics")
	for _, want := range []string{`foyer_build_info{component="portal",version="v1"} 1`, "go_goroutines", "process_"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
}

// A stop takes the replica out of its Service first, and lets running requests end.
func TestServeStopsGracefully(t *testing.T) {
	ctx, terminate := context.WithCancel(t.Context())
	defer terminate()
	health := NewHealth(nil)
	running, release := make(chan struct{}), make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/quick", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "quick") })
	mux.HandleFunc("/slow", func(w http.ResponseWriter, _ *http.Request) {
		close(running)
		<-release
		io.WriteString(w, "slow")
	})
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String()
	server := NewServer(mux, quiet)
	closing := make(chan struct{})
	server.RegisterOnShutdown(func() { close(closing) })
	stopped := make(chan error, 1)
	go func() { stopped <- Serve(ctx, server, listener, health, 200*time.Millisecond) }()

	slow := make(chan string, 1)
	go func() {
		_, body := get(t, url+"/slow")
		slow <- body
	}()
	<-running
	terminate()
	eventually(t, "unready", func() bool { return cmp.Equal(health.Reasons(), []string{"process: is stopping"}) })
	if status, body := get(t, url+"/quick"); status != 200 {
		t.Errorf("a request in the drain got %d %s", status, body)
	}
	<-closing
	close(release)
	if body := <-slow; body != "slow" {
		t.Errorf("the running request was cut: %q", body)
	}
	if err := <-stopped; err != nil {
		t.Errorf("got %v, want a clean stop", err)
	}
	if status, _ := get(t, url+"/quick"); status != 0 {
		t.Errorf("after the stop a request was answered with %d", status)
	}
}

// A connection that a proxy keeps is given up with an answer of the drain, and not before.
func TestServeRetiresConnections(t *testing.T) {
	ctx, terminate := context.WithCancel(t.Context())
	defer terminate()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	health, stopped := NewHealth(nil), make(chan error, 1)
	server := NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }), quiet)
	go func() { stopped <- Serve(ctx, server, listener, health, 2*time.Second) }()
	closes := func() bool {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, "http://"+listener.Addr().String(), strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("status %d: %v", response.StatusCode, err)
		}
		return response.Close
	}
	if closes() {
		t.Error("a connection is given up while nothing stops")
	}
	terminate()
	eventually(t, "an answer ends its connection", closes)
	if err := <-stopped; err != nil {
		t.Errorf("got %v, want a clean stop", err)
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

func TestObserve(t *testing.T) {
	var output lockedBuffer
	registry := prometheus.NewRegistry()
	observer := NewObserver(NewLogger(&output, "portal"), registry, nil, Class{Name: "bill", Prefixes: []string{"/invoices"}})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /invoices/{id}", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, RequestID(r.Context()))
	})
	mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic("secret of a bug") })
	mux.HandleFunc("/late", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "half")
		panic("late")
	})
	failed := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "sorry", http.StatusInternalServerError) }
	handler := observer.Observe(Recover(observer.Log, failed, mux))

	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest("GET", "/invoices/123-secret?token=abc", nil))
	if id := answer.Header().Get("X-Request-Id"); id == "" || id != answer.Body.String() {
		t.Errorf("request id: header %q, handler %q", id, answer.Body.String())
	}
	var line struct {
		Msg, Component, Method, Route, Client, ID string
		Status, Bytes                             int
	}
	if err := json.Unmarshal([]byte(output.String()), &line); err != nil {
		t.Fatal(err)
	}
	if line.Msg != "request" || line.Component != "portal" || line.Route != "GET /invoices/{id}" || line.Status != 418 || line.Client != "192.0.2.1" || line.Bytes != 16 {
		t.Errorf("logged %+v", line)
	}
	if strings.Contains(output.String(), "secret") || strings.Contains(output.String(), "abc") {
		t.Errorf("the log holds the raw path: %s", output.String())
	}

	answer = httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest("BREW", "/panic", nil))
	if answer.Code != 500 || strings.Contains(answer.Body.String(), "secret") {
		t.Errorf("a panic was answered with %d %s", answer.Code, answer.Body.String())
	}
	if !strings.Contains(output.String(), `"cause":"secret of a bug"`) {
		t.Errorf("the log lacks the cause: %s", output.String())
	}
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/nowhere", nil))

	cut := func() (cause error) {
		defer func() { cause, _ = recover().(error) }()
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/late", nil))
		return nil
	}
	if cause := cut(); !errors.Is(cause, http.ErrAbortHandler) {
		t.Errorf("a panic after half an answer: got %v, want the connection cut", cause)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var series []string
	for _, family := range families {
		for _, metric := range family.Metric {
			text := family.GetName()
			for _, label := range metric.Label {
				text += " " + label.GetValue()
			}
			series = append(series, text)
		}
	}
	want := []string{
		"foyer_http_request_duration_seconds bill",
		"foyer_http_request_duration_seconds read",
		"foyer_http_request_duration_seconds unmatched",
		"foyer_http_request_duration_seconds write",
		"foyer_http_requests_in_flight",
		"foyer_http_requests_total bill 418",
		"foyer_http_requests_total read 200",
		"foyer_http_requests_total unmatched 404",
		"foyer_http_requests_total write 500",
		"foyer_panics_total",
		"foyer_untrusted_forwarded_requests_total",
	}
	if diff := cmp.Diff(want, series); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

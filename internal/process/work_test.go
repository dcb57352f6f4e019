package process

import (
	"context"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
)

// routingDocument returns a document of a tenant and how it is mounted.
func routingDocument(t *testing.T, tenant string) (plain, packed string) {
	t.Helper()
	document, err := config.EncodeRouting(config.Routing{Format: config.RoutingFormat, Tenant: tenant})
	if err != nil {
		t.Fatal(err)
	}
	gzipped, err := config.Pack(document)
	if err != nil {
		t.Fatal(err)
	}
	return string(document), string(gzipped)
}

// A program without a listener works once it has its documents and a new enough schema,
// acknowledges both documents, and ends in its own time.
func TestWork(t *testing.T) {
	tenant := storetest.New(t, server)
	routing, clock := RoutingFile{}, ClockFile{}
	ended := make(chan struct{})
	program := Program{Component: "dispatcher", Version: "v1",
		Flags: func(set *flag.FlagSet) { routing.Flags(set); clock.Flags(set) },
		Work: func(r *Runtime) (func(context.Context), error) {
			documents, err := routing.Follow(r)
			if err != nil {
				return nil, err
			}
			now := clock.Follow(r)
			return func(ctx context.Context) {
				r.Log.Info("at work", "tenant", documents().Routing.Tenant, "later", time.Until(now()).Round(time.Hour).String())
				<-ctx.Done()
				close(ended)
			}, nil
		}}
	settings, dir, moved := settingsDocument(t, "One"), t.TempDir(), filepath.Join(t.TempDir(), "clock")
	if err := os.WriteFile(moved, []byte("72h\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := run(t, program, settings, server.Database(t), "--routing-dir="+dir, "--clock-file="+moved)
	r.ready(t, 503, "process: is starting\nrouting: read the mounted file")
	one, packed := routingDocument(t, "one")
	mount(t, dir, config.RoutingFile, packed)
	r.ready(t, 503, "database: its schema cannot be read yet")
	if strings.Contains(r.log.String(), "at work") {
		t.Error("it works on a schema that is not there yet")
	}
	mount(t, r.database, "uri", tenant.PortalURI)
	r.ready(t, 200, "ok")
	eventually(t, "it works", func() bool {
		return strings.Contains(r.log.String(), `"msg":"at work","component":"dispatcher","tenant":"one","later":"72h0m0s"`)
	})
	both := store.Replica{Pod: "acme-dispatcher-1", Component: "dispatcher", Digest: config.Digest([]byte(settings)), Routing: config.Digest([]byte(one))}
	acknowledged(t, tenant, both)

	mount(t, dir, config.RoutingFile, one) // not packed
	withProblem := both
	withProblem.Error = "load routing.json.gz: unpack document: gzip: invalid header"
	acknowledged(t, tenant, withProblem)
	r.ready(t, 200, "ok") // it works by the last good one
	if _, metrics := get(t, r.url(t, "admin listener")+"/metrics"); !strings.Contains(metrics, "foyer_routing_last_reload_successful 0") {
		t.Error("/metrics does not say that the newest routing document could not be loaded")
	}
	r.stop()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Error("the work did not end")
	}
}

// What a program without a listener does not do has no flags.
func TestWorkHasNoFlagsOfRequests(t *testing.T) {
	for _, arg := range []string{"-listen=:1", "-trusted-proxies=10.0.0.0/8", "-drain-seconds=1"} {
		name, _, _ := strings.Cut(arg, "=")
		if _, err := ParseFlags("dispatcher", "", []string{arg}, io.Discard); err == nil || err.Error() != "flag provided but not defined: "+name {
			t.Errorf("%s: %v", arg, err)
		}
	}
}

func TestParseClock(t *testing.T) {
	for content, want := range map[string]time.Duration{"72h\n": 72 * time.Hour, "-30m": -30 * time.Minute, "0s": 0} {
		if got, err := parseClock([]byte(content)); err != nil || *got != want {
			t.Errorf("%q: %v, %v", content, got, err)
		}
	}
	for _, content := range []string{"", "3 days", "72"} {
		if _, err := parseClock([]byte(content)); err == nil {
			t.Errorf("%q is no duration", content)
		}
	}
}

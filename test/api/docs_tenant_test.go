package api

import (
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/yaml"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration/backoffice"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

// acme is the API of the tenant of config/samples/acme, before it has any customers.
type acme struct {
	url, token string
}

func newAcme(t *testing.T) *acme {
	t.Helper()
	server, err := postgres.Start(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	tenant := storetest.New(t, server)
	const token = "foyer_the-token-of-the-operator"
	if err := tenant.Admin.EnsureToken(t.Context(), "cli", token); err != nil {
		t.Fatal(err)
	}
	live := sampleDocument(t)
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	api := backoffice.New(backoffice.Options{
		Store: tenant.Backoffice, Settings: func() *config.Live { return live }, Log: log, Version: "v1.4.0", Stopping: t.Context().Done(),
	})
	web := httptest.NewServer(process.NewObserver(log, prometheus.NewRegistry(), nil).Observe(api))
	t.Cleanup(web.Close)
	return &acme{web.URL, token}
}

// sampleDocument is the settings document that the operator makes of config/samples/acme.
func sampleDocument(t *testing.T) *config.Live {
	t.Helper()
	out, err := compile.Compile(compile.Input{
		Tenant:            &sampleObjects[v1alpha1.Tenant](t, "tenant.yaml")[0],
		AccountProfiles:   sampleObjects[v1alpha1.AccountProfile](t, "accountprofiles.yaml"),
		MyAccountProfiles: sampleObjects[v1alpha1.MyAccountProfile](t, "myaccountprofiles.yaml"),
	})
	if err != nil {
		t.Fatal(err)
	}
	live, err := config.Load(out.Document)
	if err != nil {
		t.Fatal(err)
	}
	return live
}

func sampleObjects[T any](t *testing.T, file string) []T {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), "config", "samples", "acme", file))
	if err != nil {
		t.Fatal(err)
	}
	var objects []T
	for document := range strings.SplitSeq(string(text), "\n---\n") {
		var object T
		if err := yaml.UnmarshalStrict([]byte(document), &object); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		objects = append(objects, object)
	}
	return objects
}

package api

import (
	"errors"
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
)

// sample is the API of a tenant of config/samples, before it has any customers.
type sample struct {
	url, token string
}

func newSample(t *testing.T, name string) *sample {
	t.Helper()
	const token = "foyer_the-token-of-the-operator"
	tenant := newTenant(t, token)
	live := sampleDocument(t, name)
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	api := backoffice.New(backoffice.Options{
		Store: tenant.Backoffice, Settings: func() *config.Live { return live }, Log: log, Version: "v1.4.0", Stopping: t.Context().Done(),
	})
	web := httptest.NewServer(process.NewObserver(log, prometheus.NewRegistry(), nil).Observe(api))
	t.Cleanup(web.Close)
	return &sample{web.URL, token}
}

// sampleDocument is the settings document that the operator makes of a sample.
func sampleDocument(t *testing.T, name string) *config.Live {
	t.Helper()
	out, err := compile.Compile(compile.Input{
		Tenant:            &sampleObjects[v1alpha1.Tenant](t, name, "tenant.yaml")[0],
		AccountProfiles:   sampleObjects[v1alpha1.AccountProfile](t, name, "accountprofiles.yaml"),
		MyAccountProfiles: sampleObjects[v1alpha1.MyAccountProfile](t, name, "myaccountprofiles.yaml"),
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

// sampleObjects are the objects of a file; a sample may be without it.
func sampleObjects[T any](t *testing.T, name, file string) []T {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), "config", "samples", name, file))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
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

package kube

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

var installing sync.Mutex

// InstallGatewayAPI makes the API server know HTTPRoutes, by the CRD of the module that
// Foyer is built with. Tests that run at once may all ask for it.
func (c *Cluster) InstallGatewayAPI(t testing.TB) {
	t.Helper()
	installing.Lock()
	defer installing.Unlock()
	_, err := envtest.InstallCRDs(c.Config, envtest.CRDInstallOptions{
		Paths:              []string{gatewayCRD(t)},
		ErrorIfPathMissing: true,
		MaxTime:            time.Minute,
	})
	if err != nil {
		t.Fatalf("install the Gateway API: %v", err)
	}
}

// RemoveGatewayAPI makes the API server forget HTTPRoutes, and waits until it has.
func (c *Cluster) RemoveGatewayAPI(t testing.TB) {
	t.Helper()
	crd := &apiextensionsv1.CustomResourceDefinition{}
	crd.Name = "httproutes.gateway.networking.k8s.io"
	scheme := runtime.NewScheme()
	if err := apiextensionsv1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	direct, err := client.New(c.Config, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	Eventually(t, "there are no HTTPRoutes", func() error {
		err := direct.Delete(t.Context(), crd)
		if apierrors.IsNotFound(err) {
			return nil
		}
		if err == nil {
			err = errors.New("its deletion is under way")
		}
		return err
	})
}

func gatewayCRD(t testing.TB) string {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api").Output()
	if err != nil {
		t.Fatalf("find the module of the Gateway API: %v", err)
	}
	return filepath.Join(strings.TrimSpace(string(dir)), "config", "crd", "standard", "gateway.networking.k8s.io_httproutes.yaml")
}

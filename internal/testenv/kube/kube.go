// Package kube gives tests a real API server with the CRDs of this repository: the
// kube-apiserver and etcd of the development cluster, started by envtest.
//
//	var cluster *kube.Cluster
//
//	func TestMain(m *testing.M) { os.Exit(kube.Run(m, &cluster)) }
//
//	func TestX(t *testing.T) {
//		namespace := cluster.Namespace(t)
//		...
//		kube.Eventually(t, "the tenant is ready", func() error { ... })
//	}
//
// No controller-manager and no kubelet runs beside it: objects are not collected with
// their owner, and a Deployment makes no pods. MakeReadyPods stands in for both.
//
// The binaries are looked for in $FOYER_KUBE_ASSETS, else in bin/kube-assets.
package kube

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
)

// startTimeout is generous: on a busy machine of two cores the API server takes its time.
const startTimeout = 90 * time.Second

// Cluster is a running API server.
type Cluster struct {
	// Config reaches the API server as an administrator.
	Config *rest.Config
	// Client reads and writes without a cache. It knows the kinds of Kubernetes and ours.
	Client client.Client

	env     *envtest.Environment
	assets  string
	cleanup []func() // once the API server has ended
}

// Option changes an API server before it starts.
type Option func(*Cluster) error

// Run starts a cluster, runs the tests of a package and stops it. It is the body of a
// TestMain, and returns the exit code.
func Run(m *testing.M, cluster **Cluster) int {
	started, err := Start()
	if err != nil {
		fmt.Fprintln(os.Stderr, "start the API server of the tests:", err)
		return 1
	}
	*cluster = started
	code := m.Run()
	if err := started.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop the API server of the tests:", err)
	}
	return code
}

// Start starts an API server with the CRDs of config/crd/bases.
func Start(options ...Option) (*Cluster, error) {
	// controller-runtime complains, once, when nobody has set its logger.
	log.SetLogger(logr.Discard())
	root, err := RepositoryRoot()
	if err != nil {
		return nil, err
	}
	assets, err := findAssets(root)
	if err != nil {
		return nil, err
	}
	c := &Cluster{assets: assets, env: &envtest.Environment{
		BinaryAssetsDirectory:    assets,
		CRDDirectoryPaths:        []string{filepath.Join(root, "config", "crd", "bases")},
		ErrorIfCRDPathMissing:    true,
		ControlPlaneStartTimeout: startTimeout,
	}}
	// envtest's own range has 254 addresses, and every tenant takes two.
	c.env.ControlPlane.GetAPIServer().Configure().Set("service-cluster-ip-range", "10.0.0.0/16")
	for _, option := range options {
		if err := option(c); err != nil {
			return nil, errors.Join(err, c.Stop())
		}
	}
	if c.Config, err = c.env.Start(); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	if c.Client, err = client.New(c.Config, client.Options{Scheme: Scheme()}); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// Stop ends the API server and its etcd, and removes what they have written.
func (c *Cluster) Stop() error {
	err := c.env.Stop()
	for _, clean := range c.cleanup {
		clean()
	}
	return err
}

// Scheme knows the kinds of Kubernetes, of the Gateway API and of Foyer.
func Scheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	// Neither can fail: both only fill maps of a new scheme.
	_ = clientgoscheme.AddToScheme(scheme)
	_ = v1alpha1.AddToScheme(scheme)
	_ = gatewayv1.Install(scheme)
	return scheme
}

// Namespace makes a namespace for one test. It is never deleted: without a
// controller-manager it would stay "Terminating".
func (c *Cluster) Namespace(t testing.TB) string {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	if err := c.Client.Create(t.Context(), namespace); err != nil {
		t.Fatalf("make a namespace: %v", err)
	}
	return namespace.Name
}

// Kubectl runs kubectl as the administrator and returns what it prints.
func (c *Cluster) Kubectl(ctx context.Context, t testing.TB, arguments ...string) (string, error) {
	t.Helper()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, c.env.KubeConfig, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(ctx, filepath.Join(c.assets, "kubectl"), arguments...) //nolint:gosec // a test says what to run
	command.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig)
	output, err := command.CombinedOutput()
	return string(output), err
}

// Tools is the folder of kubectl.
func (c *Cluster) Tools() string { return c.assets }

// RepositoryRoot is the folder of this repository's go.mod, looked for upwards from
// the working directory, which in a test is the folder of the package.
func RepositoryRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no go.mod in %s or above", start)
		}
	}
}

func findAssets(root string) (string, error) {
	dir := os.Getenv("FOYER_KUBE_ASSETS")
	if dir == "" {
		dir = filepath.Join(root, "bin", "kube-assets")
	}
	for _, name := range []string{"etcd", "kube-apiserver", "kubectl"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil { //nolint:gosec // the person who runs the tests names the folder
			return "", fmt.Errorf("there is no %s in %s: run \"make test-needs\", "+
				"or name a folder that has it in FOYER_KUBE_ASSETS", name, dir)
		}
	}
	return dir, nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/internal/testenv/kube"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

var (
	cluster    *kube.Cluster
	postgreSQL *postgres.Server
)

func TestMain(m *testing.M) {
	if os.Getenv(asManager) != "" {
		main()
		return
	}
	os.Exit(withServers(m))
}

func withServers(m *testing.M) int {
	server, err := postgres.Start(0)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = server.Close() }()
	postgreSQL = server
	return kube.Run(m, &cluster)
}

// freshCluster gives one test an API server of its own.
func freshCluster(t *testing.T, options ...kube.Option) {
	t.Helper()
	started, err := kube.Start(options...)
	if err != nil {
		t.Fatalf("start another API server: %v", err)
	}
	shared := cluster
	cluster = started
	t.Cleanup(func() {
		cluster = shared
		if err := started.Stop(); err != nil {
			t.Errorf("stop the API server: %v", err)
		}
	})
}

// operatorNamespace is where config/default puts the operator.
const operatorNamespace = "foyer-system"

// deploy applies config/default, as a platform team does.
func deploy(t *testing.T) { kubectlApply(t, "default") }

func kubectlApply(t *testing.T, folder string) {
	t.Helper()
	root, err := kube.RepositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cluster.Kubectl(t.Context(), t, "apply", "--server-side", "--validate=strict",
		"-k", filepath.Join(root, "config", folder))
	if err != nil {
		t.Fatalf("apply config/%s: %v\n%s", folder, err, output)
	}
}

// asOperator is the configuration of the ServiceAccount that the operator runs as: it
// has the rights of config/rbac and no others.
func asOperator() *rest.Config {
	config := rest.CopyConfig(cluster.Config)
	config.Impersonate = rest.ImpersonationConfig{
		UserName: serviceAccount(operatorNamespace),
		Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:" + operatorNamespace, "system:authenticated"},
	}
	return config
}

// running is a manager that a test has started.
type running struct {
	health string
	stop   func() error // tells it to stop and returns how it ended
}

func start(t *testing.T, config *rest.Config) running {
	t.Helper()
	health := freeAddress(t)
	mgr, err := newManager(config, options{
		namespace: operatorNamespace, image: "foyer:test",
		metricsListen: "0", healthListen: health, leaderElect: true,
	})
	if err != nil {
		t.Fatalf("make the manager: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	stop := func() error {
		cancel()
		select {
		case err := <-ended:
			ended <- err
			return err
		case <-time.After(stopTimeout + 5*time.Second):
			return errors.New("it did not end")
		}
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("stop the manager: %v", err)
		}
	})
	return running{health: "http://" + health, stop: stop}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return address
}

func answers(t *testing.T, url string) {
	t.Helper()
	kube.Eventually(t, url+" answers 200", func() error { return ask(url) })
}

func ask(url string) error {
	answer, err := http.Get(url)
	if err != nil {
		return err
	}
	if err := answer.Body.Close(); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %s", answer.Status)
	}
	return nil
}

func lease(t *testing.T) (coordinationv1.Lease, error) {
	t.Helper()
	var lease coordinationv1.Lease
	err := cluster.Client.Get(t.Context(), client.ObjectKey{Namespace: operatorNamespace, Name: leaseName}, &lease)
	return lease, err
}

// The pod of config/manager is admitted by its own namespace, which admits restricted
// pods only.
func TestTheOperatorsPodIsRestricted(t *testing.T) {
	deploy(t)
	account := &corev1.ServiceAccount{}
	if err := cluster.Client.Get(t.Context(), client.ObjectKey{Namespace: operatorNamespace, Name: "foyer-manager"}, account); err != nil {
		t.Fatal(err)
	}
	pods := cluster.MakeReadyPods(t, client.ObjectKey{Namespace: operatorNamespace, Name: "foyer-manager"}, 1)
	if got := pods[0].Spec.Containers[0].Image; got != "foyer:dev" {
		t.Errorf("image %q: make deploy replaces foyer:dev", got)
	}
	var image *corev1.EnvVar
	for _, variable := range pods[0].Spec.Containers[0].Env {
		if variable.Name == "FOYER_IMAGE" {
			image = &variable
		}
	}
	if image == nil || image.Value != "foyer:dev" {
		t.Errorf("FOYER_IMAGE is %v: tenants' pods run the operator's image", image)
	}
}

// The manager makes the sample tenants ready with the rights of config/rbac, and hands
// its lease on at once when it is told to stop.
func TestTheManagerRunsWithItsOwnRightsAndStops(t *testing.T) {
	deploy(t)
	declareServer(t)
	kubectlApply(t, "samples")
	config, refused := recordRefused(asOperator())
	manager := start(t, config)
	answers(t, manager.health+"/livez")
	answers(t, manager.health+"/readyz")

	tenants := sampleTenants(t)
	standInUntilReady(t, tenants...)
	namesASecret(t, tenants[0])
	held, err := lease(t)
	if err != nil || ptr.Deref(held.Spec.HolderIdentity, "") == "" {
		t.Errorf("the lease is not held: %v, %v", held.Spec, err)
	}
	if err := manager.stop(); err != nil {
		t.Errorf("the manager ended with: %v", err)
	}
	released, err := lease(t)
	if err != nil || ptr.Deref(released.Spec.HolderIdentity, "") != "" {
		t.Errorf("the lease was not released: %v, %v", ptr.Deref(released.Spec.HolderIdentity, ""), err)
	}
	if list := refused(); len(list) > 0 {
		t.Errorf("requests that the rights do not cover:\n%s", strings.Join(list, "\n"))
	}
}

func TestAManagerWithoutRightsIsNotSetUp(t *testing.T) {
	config := rest.CopyConfig(cluster.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: "nobody"}
	_, err := newManager(config, options{namespace: operatorNamespace, image: "foyer:test", metricsListen: "0", healthListen: "0"})
	if err == nil {
		t.Error("a manager without rights was set up")
	}
}

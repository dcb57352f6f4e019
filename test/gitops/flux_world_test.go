//go:build e2e

package gitops

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/foyerhq/foyer/controllers"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/testenv/kube"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

const (
	operatorNamespace = "foyer-system"
	fluxNamespace     = "flux-system"
	tenantNamespace   = "acme"
	// Of both only the CRDs are used; the second is built by hack/tools/kustomize-controller.
	sourceController    = "github.com/fluxcd/source-controller@v1.9.6"
	kustomizeController = "github.com/fluxcd/kustomize-controller@v1.9.5"
)

// world is a cluster with Foyer and Flux, and a repository whose commits the test makes.
type world struct {
	t        *testing.T
	files    map[string]string // of the working copy
	store    *httptest.Server  // stands for the source-controller
	database string            // the superuser's URI of it

	mu       sync.Mutex
	archives map[string][]byte
	commits  int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	freshCluster(t)
	server, err := postgres.Start(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	uri, database, err := server.ManagerDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, database: database, files: map[string]string{}, archives: map[string][]byte{}}
	for _, name := range []string{operatorNamespace, fluxNamespace, tenantNamespace} {
		w.create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
	w.create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: "default", Labels: map[string]string{controllers.LabelServer: "true"}},
		StringData: map[string]string{"uri": uri, "allowedNamespaces": "*"},
	})
	w.store = httptest.NewServer(http.HandlerFunc(w.serveArchive))
	t.Cleanup(w.store.Close)
	w.installFlux()
	w.startProgram("manager", "--namespace="+operatorNamespace, "--image=foyer:test", "--leader-elect", "--metrics-listen=0", "--health-listen="+freeAddress(t))
	w.startProgram("kustomize-controller", "--metrics-addr=0", "--health-addr="+freeAddress(t), "--requeue-dependency=1s")
	w.standInForPods()
	return w
}

// freshCluster gives a test an API server of its own.
func freshCluster(t *testing.T) {
	t.Helper()
	started, err := kube.Start()
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

func (w *world) create(o client.Object) {
	w.t.Helper()
	if err := cluster.Client.Create(w.t.Context(), o); err != nil {
		w.t.Fatalf("create %T %s: %v", o, o.GetName(), err)
	}
}

// installFlux installs the CRDs of Flux' controllers, from their modules.
func (w *world) installFlux() {
	w.t.Helper()
	for _, module := range []string{sourceController, kustomizeController} {
		command := exec.CommandContext(w.t.Context(), "go", "mod", "download", "-json", module) //nolint:gosec // a constant
		command.Dir = w.t.TempDir()                                                             // no module of ours
		output, err := command.Output()
		if err != nil {
			w.t.Fatalf("download %s: %v", module, err)
		}
		var found struct{ Dir string }
		if err := json.Unmarshal(output, &found); err != nil {
			w.t.Fatal(err)
		}
		_, err = envtest.InstallCRDs(cluster.Config, envtest.CRDInstallOptions{
			Paths: []string{filepath.Join(found.Dir, "config", "crd", "bases")}, ErrorIfPathMissing: true, MaxTime: time.Minute,
		})
		if err != nil {
			w.t.Fatalf("install the CRDs of %s: %v", module, err)
		}
	}
}

// startProgram starts a program of bin/ as an administrator. It is killed with the test.
func (w *world) startProgram(name string, arguments ...string) {
	w.t.Helper()
	root, err := kube.RepositoryRoot()
	if err != nil {
		w.t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(w.t.TempDir(), name+".log")) //nolint:gosec // a test says its name
	if err != nil {
		w.t.Fatal(err)
	}
	command := exec.Command(filepath.Join(root, "bin", name), arguments...) //nolint:gosec,noctx // it is ours, and the test ends it
	command.Env = append(os.Environ(), "KUBECONFIG="+cluster.Kubeconfig(w.t), "RUNTIME_NAMESPACE="+fluxNamespace)
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		w.t.Fatalf("start %s, which make test-gitops builds: %v", name, err)
	}
	w.t.Cleanup(func() {
		_ = command.Process.Kill() // it may have ended
		_ = command.Wait()
		if text, err := os.ReadFile(log.Name()); err == nil && w.t.Failed() {
			w.t.Logf("the log of %s:\n%s", name, text[max(0, len(text)-20_000):])
		}
	})
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// standInForPods makes the pods of the tenants ready, and has each acknowledge what is live,
// until the test ends.
func (w *world) standInForPods() {
	ctx, cancel := context.WithCancel(w.t.Context())
	done, pools := make(chan struct{}), map[string]*pgxpool.Pool{}
	go func() {
		defer close(done)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				w.actAsPods(ctx, pools) // the next one tries again
			}
		}
	}()
	w.t.Cleanup(func() {
		cancel()
		<-done
		for _, pool := range pools {
			pool.Close()
		}
	})
}

func (w *world) actAsPods(ctx context.Context, pools map[string]*pgxpool.Pool) {
	var deployments appsv1.DeploymentList
	if cluster.Client.List(ctx, &deployments, client.InNamespace(tenantNamespace)) != nil {
		return
	}
	for i := range deployments.Items {
		d := &deployments.Items[i]
		pods, err := cluster.ReadyPods(ctx, client.ObjectKeyFromObject(d), int(*d.Spec.Replicas))
		if err != nil {
			return
		}
		tenant, component := d.Labels[provision.LabelTenant], provision.Component(d.Labels[provision.LabelComponent])
		running := store.Replica{Component: string(component), Digest: digest(ctx, provision.SettingsName(tenant))}
		if component == provision.Dispatcher {
			running.Routing = digest(ctx, provision.RoutingName(tenant))
		}
		pool, err := poolOf(ctx, provision.DatabaseSecretName(tenant, component), pools)
		if err != nil {
			return
		}
		for _, pod := range pods {
			running.Pod = pod.Name
			_ = store.New(pool).Acknowledge(ctx, running)
		}
	}
}

func poolOf(ctx context.Context, secret string, pools map[string]*pgxpool.Pool) (*pgxpool.Pool, error) {
	var login corev1.Secret
	if err := cluster.Client.Get(ctx, client.ObjectKey{Namespace: tenantNamespace, Name: secret}, &login); err != nil {
		return nil, err
	}
	uri := string(login.Data[provision.KeyURI])
	if pools[uri] == nil {
		pool, err := pgxpool.New(ctx, uri)
		if err != nil {
			return nil, err
		}
		pools[uri] = pool
	}
	return pools[uri], nil
}

// digest names a live document; empty while there is none.
func digest(ctx context.Context, name string) string {
	var live corev1.ConfigMap
	if cluster.Client.Get(ctx, client.ObjectKey{Namespace: tenantNamespace, Name: name}, &live) != nil {
		return ""
	}
	return live.Annotations[provision.AnnotationDigest]
}

// base is where the tenant's objects are in the repository, as docs/gitops.md lays it out.
const base = "tenants/acme/base/"

// readSample makes the sample the working copy: what a provider writes, without the
// namespace, which the platform team makes; and the overlay and the release of Foyer.
func (w *world) readSample() {
	w.t.Helper()
	w.read("../../config/samples/acme", base)
	w.drop(base+"kustomization.yaml", "  - namespace.yaml\n")
	delete(w.files, base+"namespace.yaml")
	w.files["tenants/acme/production/kustomization.yaml"] = blockWith(w.t, "# tenants/acme/production/kustomization.yaml")
	w.read("../../config/crd/bases", "platform/foyer/")
}

// read copies the files of a folder.
func (w *world) read(folder, to string) {
	w.t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil || len(paths) == 0 {
		w.t.Fatalf("read %s: %v", folder, err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path) //nolint:gosec // our own file
		if err != nil {
			w.t.Fatal(err)
		}
		w.files[to+filepath.Base(path)] = string(text)
	}
}

// drop takes a text out of a file.
func (w *world) drop(name, text string) {
	w.t.Helper()
	w.edit(name, text, "")
}

// edit replaces a text of a file, once.
func (w *world) edit(name, old, now string) {
	w.t.Helper()
	if !strings.Contains(w.files[name], old) {
		w.t.Fatalf("%s has no %q", name, old)
	}
	w.files[name] = strings.Replace(w.files[name], old, now, 1)
}

// dropObject takes the object of a name out of a file.
func (w *world) dropObject(name, object string) {
	w.t.Helper()
	documents := strings.Split(w.files[name], "\n---\n")
	kept := slices.DeleteFunc(slices.Clone(documents), func(d string) bool { return strings.Contains(d, "\n  name: "+object+"\n") })
	if len(kept) == len(documents) {
		w.t.Fatalf("%s has no %s", name, object)
	}
	w.files[name] = strings.Join(kept, "\n---\n")
}

// commit publishes the working copy, as the source-controller does, and returns the revision.
func (w *world) commit() string {
	w.t.Helper()
	archive := pack(w.t, w.files)
	sum := fmt.Sprintf("%x", sha256.Sum256(archive))
	w.mu.Lock()
	w.commits++
	revision := fmt.Sprintf("main@sha1:%040d", w.commits)
	w.archives["/"+sum+".tar.gz"] = archive
	w.mu.Unlock()
	source := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
		"metadata": map[string]any{"name": "tenants", "namespace": fluxNamespace},
		"spec":     map[string]any{"url": "https://git.acme.example/tenants", "interval": "1m"},
	}}
	if err := cluster.Client.Apply(w.t.Context(), client.ApplyConfigurationFromUnstructured(source), client.FieldOwner("test"), client.ForceOwnership); err != nil {
		w.t.Fatal(err)
	}
	patch := fmt.Sprintf(`{"status": {"observedGeneration": 1, "artifact": {"url": %q, "path": "tenants.tar.gz", "revision": %q, "digest": %q, "lastUpdateTime": %q}}}`,
		w.store.URL+"/"+sum+".tar.gz", revision, "sha256:"+sum, time.Now().UTC().Format(time.RFC3339))
	if err := cluster.Client.Status().Patch(w.t.Context(), source, client.RawPatch("application/merge-patch+json", []byte(patch))); err != nil {
		w.t.Fatal(err)
	}
	return revision
}

func (w *world) serveArchive(answer http.ResponseWriter, request *http.Request) {
	w.mu.Lock()
	archive := w.archives[request.URL.Path]
	w.mu.Unlock()
	if archive == nil {
		http.NotFound(answer, request)
		return
	}
	_, _ = answer.Write(archive) // who asked has gone
}

func pack(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var archive bytes.Buffer
	compressed := gzip.NewWriter(&archive)
	writer := tar.NewWriter(compressed)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := writer.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(files[name])), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := writer.Write([]byte(files[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if err := compressed.Close(); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

// kustomizations applies those that docs/gitops.md shows, and returns the tenant's.
func (w *world) kustomizations() *unstructured.Unstructured {
	w.t.Helper()
	var tenant *unstructured.Unstructured
	for document := range strings.SplitSeq(blockWith(w.t, "# clusters/production/flux.yaml"), "\n---\n") {
		o, err := parse(document)
		if err != nil {
			w.t.Fatal(err)
		}
		if err := cluster.Client.Apply(w.t.Context(), client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("test"), client.ForceOwnership); err != nil {
			w.t.Fatalf("apply %s: %v", o.GetName(), err)
		}
		if o.GetName() == "acme" {
			tenant = o
		}
	}
	return tenant
}

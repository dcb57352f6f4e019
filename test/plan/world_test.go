// Package plan tests `kubectl foyer plan` against a real API server, a real database and the
// real integration API: what it says before a change is applied is what is there after.
package plan

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/foyerhq/foyer/internal/cli"
	"github.com/foyerhq/foyer/internal/cli/reach"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/integration/backoffice"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/kube"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

var (
	cluster *kube.Cluster
	server  *postgres.Server
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if server, err = postgres.Start(0); err != nil {
		fmt.Fprintln(os.Stderr, "start PostgreSQL:", err)
		return 1
	}
	defer func() { _ = server.Close() }()
	return kube.Run(m, &cluster)
}

const token = "foyer_the-token-of-the-operator"

// world is a tenant as config/samples/acme declares it, with customers.
type world struct {
	*integration.Client
	t          *testing.T
	namespace  string
	kubeconfig string
	files      string // a directory with the objects, to be edited
	tenant     *storetest.Tenant
	settings   atomic.Pointer[config.Live]
	routing    string // the digest of the routing document
	api        *httptest.Server
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, namespace: cluster.Namespace(t), files: t.TempDir(), tenant: storetest.New(t, server)}
	if err := w.tenant.Admin.EnsureToken(t.Context(), "cli", token); err != nil {
		t.Fatal(err)
	}
	w.writeKubeconfig()
	w.copySample()
	w.apply()
	w.api = httptest.NewServer(backoffice.New(backoffice.Options{
		Store: w.tenant.Backoffice, Settings: w.settings.Load, Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})), Version: "v1", Stopping: t.Context().Done(),
		Limits: backoffice.Limits{PerSecond: 100_000, Burst: 100_000},
	}))
	t.Cleanup(w.api.Close)
	w.Client = &integration.Client{BaseURL: w.api.URL, Token: token, HTTP: w.api.Client()}
	w.create(&corev1.Secret{ObjectMeta: w.meta("acme-cli"), Data: map[string][]byte{"token": []byte(token)}})
	w.create(&corev1.Service{ObjectMeta: w.meta("acme-api"), Spec: corev1.ServiceSpec{
		Selector: map[string]string{"app": "acme"}, Ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromString("api")}},
	}})
	pod := &corev1.Pod{ObjectMeta: w.meta("acme-backoffice"), Spec: corev1.PodSpec{Containers: []corev1.Container{{
		Name: "backoffice", Image: "backoffice", Ports: []corev1.ContainerPort{{Name: "api", ContainerPort: 8082}},
	}}}}
	pod.Labels = map[string]string{"app": "acme"}
	w.create(pod)
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	if err := cluster.Client.Status().Update(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: w.namespace}
}

func (w *world) create(o client.Object) {
	w.t.Helper()
	if err := cluster.Client.Create(w.t.Context(), o); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) writeKubeconfig() {
	w.t.Helper()
	c := cluster.Config
	made := clientcmdapi.NewConfig()
	made.Clusters["test"] = &clientcmdapi.Cluster{Server: c.Host, CertificateAuthorityData: c.CAData}
	made.AuthInfos["admin"] = &clientcmdapi.AuthInfo{ClientCertificateData: c.CertData, ClientKeyData: c.KeyData}
	made.Contexts["test"] = &clientcmdapi.Context{Cluster: "test", AuthInfo: "admin", Namespace: "default"}
	made.CurrentContext = "test"
	w.kubeconfig = filepath.Join(w.t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*made, w.kubeconfig); err != nil {
		w.t.Fatal(err)
	}
}

// copySample copies the objects of the sample, into the namespace of the test.
func (w *world) copySample() {
	w.t.Helper()
	const sample = "../../config/samples/acme"
	paths, err := fs.Glob(os.DirFS(sample), "*s*.yaml")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, path := range append(paths, "tenant.yaml") {
		text, err := os.ReadFile(filepath.Join(sample, path))
		if err != nil {
			w.t.Fatal(err)
		}
		if strings.Contains(string(text), "foyer.dev/v1alpha1\nkind") {
			w.write(path, strings.NewReplacer("namespace: acme", "namespace: "+w.namespace, "hostname: acme.localhost", "hostname: acme."+w.namespace+".example").Replace(string(text)))
		}
	}
}

func (w *world) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.files, name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// edit replaces a text of a file, once.
func (w *world) edit(name, old, now string) {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.files, name))
	if err != nil {
		w.t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		w.t.Fatalf("%s has no %q", name, old)
	}
	w.write(name, strings.Replace(string(text), old, now, 1))
}

// drop takes the object of a name out of a file.
func (w *world) drop(name, object string) {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.files, name))
	if err != nil {
		w.t.Fatal(err)
	}
	var kept []string
	for document := range strings.SplitSeq(string(text), "\n---\n") {
		if !strings.Contains(document, "\n  name: "+object+"\n") {
			kept = append(kept, document)
		}
	}
	w.write(name, strings.Join(kept, "\n---\n"))
}

// apply does what kubectl apply --prune and the operator do with the files.
func (w *world) apply() {
	w.t.Helper()
	ctx, given := w.t.Context(), map[string]bool{}
	paths, err := filepath.Glob(filepath.Join(w.files, "*.yaml"))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			w.t.Fatal(err)
		}
		for document := range bytes.SplitSeq(text, []byte("\n---\n")) {
			o := &unstructured.Unstructured{}
			if err := yaml.Unmarshal(append(bytes.Clone(document), '\n'), &o.Object); err != nil { // the last text of it ends with a line
				w.t.Fatal(err)
			}
			given[o.GetKind()+"/"+o.GetName()] = true
			if err := cluster.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("test"), client.ForceOwnership); err != nil {
				w.t.Fatalf("%s: %v", path, err)
			}
		}
	}
	for _, kind := range []string{"AccountProfile", "MyAccountProfile", "EventTemplate"} {
		list := &unstructured.UnstructuredList{}
		list.SetAPIVersion("foyer.dev/v1alpha1")
		list.SetKind(kind + "List")
		if err := cluster.Client.List(ctx, list, client.InNamespace(w.namespace)); err != nil {
			w.t.Fatal(err)
		}
		for i := range list.Items {
			if o := &list.Items[i]; !given[kind+"/"+o.GetName()] {
				if err := cluster.Client.Delete(ctx, o); err != nil {
					w.t.Fatal(err)
				}
			}
		}
	}
	w.program()
}

// program makes the documents of the objects live.
func (w *world) program() {
	w.t.Helper()
	objects, err := reach.ClusterObjects(w.t.Context(), reach.Cluster{Kubeconfig: w.kubeconfig, Namespace: w.namespace, Tenant: "acme"})
	if err != nil {
		w.t.Fatal(err)
	}
	out, err := compile.Compile(objects.Input)
	if err != nil {
		w.t.Fatal(err)
	}
	live, err := config.Load(out.Document)
	if err != nil {
		w.t.Fatal(err)
	}
	w.settings.Store(live)
	packed, err := config.Pack(out.Routing)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, m := range []*corev1.ConfigMap{
		{ObjectMeta: w.meta("acme-settings"), Data: map[string]string{config.File: string(out.Document)}},
		{ObjectMeta: w.meta("acme-routing"), BinaryData: map[string][]byte{config.RoutingFile: packed}},
	} {
		err := cluster.Client.Create(w.t.Context(), m.DeepCopy())
		if apierrors.IsAlreadyExists(err) {
			err = cluster.Client.Update(w.t.Context(), m)
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
	w.routing = config.Digest(out.Routing)
	if err := w.tenant.Admin.SaveDocument(w.t.Context(), "routing", w.routing, base64.StdEncoding.EncodeToString(packed)); err != nil {
		w.t.Fatal(err)
	}
}

// must imports lines that are all good.
func (w *world) must(kind integration.Kind, lines ...string) {
	w.t.Helper()
	summary, err := w.Import(w.t.Context(), kind, strings.NewReader(strings.Join(lines, "\n")), func(r integration.Refusal) { w.t.Errorf("%s: %+v", kind, r) })
	if err != nil || summary.Refused > 0 {
		w.t.Fatalf("import %s: %v", kind, err)
	}
}

// answer is what a command printed.
type answer struct {
	code     int
	out, err string
}

// foyer runs kubectl foyer in the cluster.
func (w *world) foyer(args ...string) answer {
	w.t.Helper()
	var out, complaints bytes.Buffer
	forward := func(context.Context, *rest.Config, types.NamespacedName, int32) (reach.Tunnel, error) {
		return tunnel{w.api.Listener.Addr().String()}, nil
	}
	code := cli.Main(append(args, "--kubeconfig", w.kubeconfig), "v1", cli.Streams{In: strings.NewReader(""), Out: &out, Err: &complaints}, forward)
	if strings.Contains(out.String()+complaints.String(), token) {
		w.t.Error("the token is in the output")
	}
	return answer{code, out.String(), complaints.String()}
}

// tunnel stands for the port-forward: there is no kubelet here.
type tunnel struct{ address string }

func (t tunnel) Dial(ctx context.Context) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "tcp", t.address)
}
func (tunnel) Gone() <-chan struct{} { return nil }
func (tunnel) Close()                {}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got)\n%s", what, diff)
	}
}

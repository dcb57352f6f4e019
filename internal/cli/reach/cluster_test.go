package reach

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

var cluster *kube.Cluster

func TestMain(m *testing.M) { os.Exit(kube.Run(m, &cluster)) }

const testToken = "foyer_s3cret"

// kubeconfig writes one for the administrator, with a namespace in its context.
func kubeconfig(t *testing.T, namespace string) string {
	t.Helper()
	c := cluster.Config
	config := clientcmdapi.NewConfig()
	config.Clusters["test"] = &clientcmdapi.Cluster{Server: c.Host, CertificateAuthorityData: c.CAData}
	config.AuthInfos["admin"] = &clientcmdapi.AuthInfo{ClientCertificateData: c.CertData, ClientKeyData: c.KeyData}
	config.Contexts["test"] = &clientcmdapi.Context{Cluster: "test", AuthInfo: "admin", Namespace: namespace}
	config.CurrentContext = "test"
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// world is a namespace with what an operator has made for a tenant.
type world struct {
	t         *testing.T
	namespace string
	where     Cluster
	api       *httptest.Server // what every pod answers with
	forwarded []string         // pods and ports, in order
	tunnels   []*testTunnel
	refused   error // of forwarding
}

func newWorld(t *testing.T, tenants ...string) *world {
	t.Helper()
	w := &world{t: t, namespace: cluster.Namespace(t)}
	w.where = Cluster{Kubeconfig: kubeconfig(t, w.namespace)}
	w.api = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+testToken {
			out.WriteHeader(http.StatusUnauthorized)
			return
		}
		io.WriteString(out, `{"accountId":"1"}`)
	}))
	t.Cleanup(w.api.Close)
	for _, name := range tenants {
		w.create(&v1alpha1.Tenant{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.namespace},
			Spec:       v1alpha1.TenantSpec{DisplayName: name, Portal: v1alpha1.PortalSpec{Hostname: name + "." + w.namespace + ".example"}},
		})
		w.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name + "-cli", Namespace: w.namespace}, Data: map[string][]byte{"token": []byte(testToken)}})
		w.create(&corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: name + "-api", Namespace: w.namespace},
			Spec: corev1.ServiceSpec{
				Selector: map[string]string{"app": name},
				Ports:    []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromString("api")}},
			},
		})
	}
	return w
}

func (w *world) create(o client.Object) {
	w.t.Helper()
	if err := cluster.Client.Create(w.t.Context(), o); err != nil {
		w.t.Fatal(err)
	}
}

// pod makes a pod of a tenant.
func (w *world) pod(name, tenant string, ready corev1.ConditionStatus) *corev1.Pod {
	w.t.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.namespace, Labels: map[string]string{"app": tenant}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "backoffice", Image: "backoffice",
			Ports: []corev1.ContainerPort{{Name: "staff", ContainerPort: 8081}, {Name: "api", ContainerPort: 8082}},
		}}},
	}
	w.create(pod)
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}}
	if err := cluster.Client.Status().Update(w.t.Context(), pod); err != nil {
		w.t.Fatal(err)
	}
	return pod
}

// forward stands for the port-forward: there is no kubelet here.
func (w *world) forward(_ context.Context, _ *rest.Config, pod types.NamespacedName, port int32) (Tunnel, error) {
	if w.refused != nil {
		return nil, w.refused
	}
	w.forwarded = append(w.forwarded, fmt.Sprintf("%s:%d", pod.Name, port))
	tunnel := &testTunnel{address: w.api.Listener.Addr().String(), gone: make(chan struct{})}
	w.tunnels = append(w.tunnels, tunnel)
	return tunnel, nil
}

func (w *world) open() (*API, error) { return ClusterAPI(w.t.Context(), w.where, w.forward) }

type testTunnel struct {
	address string
	gone    chan struct{}
	closed  bool
}

func (t *testTunnel) Dial(ctx context.Context) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "tcp", t.address)
}
func (t *testTunnel) Gone() <-chan struct{} { return t.gone }
func (t *testTunnel) Close()                { t.closed = true }

func TestClusterFindsTheTenant(t *testing.T) {
	one, two, none := newWorld(t, "acme"), newWorld(t, "beta", "acme"), newWorld(t)
	for name, test := range map[string]struct {
		world  *world
		where  func(*Cluster)
		tenant string
		says   string
	}{
		"the only one":          {one, func(*Cluster) {}, "acme", ""},
		"by its name":           {two, func(c *Cluster) { c.Tenant = "beta" }, "beta", ""},
		"by its namespace":      {none, func(c *Cluster) { c.Namespace = one.namespace }, "acme", ""},
		"which of them":         {two, func(*Cluster) {}, "", "there are 2 tenants in namespace " + two.namespace + ", choose one by --tenant: acme, beta"},
		"none":                  {none, func(*Cluster) {}, "", "there is no Tenant in namespace " + none.namespace},
		"not that one":          {one, func(c *Cluster) { c.Tenant = "acmee" }, "", "there is no Tenant acmee in namespace " + one.namespace},
		"no such context":       {one, func(c *Cluster) { c.Context = "prod" }, "", `read the kubeconfig: context "prod" does not exist`},
		"no such kubeconfig":    {one, func(c *Cluster) { c.Kubeconfig += "x" }, "", "read the kubeconfig: "},
		"an empty kubeconfig":   {one, func(c *Cluster) { c.Kubeconfig = os.DevNull }, "", "there is no kubeconfig: name one by --kubeconfig, or reach the API by --server and --token-file"},
		"a user without rights": {one, func(c *Cluster) { c.As = "jane" }, "", "you need the right to list tenants.foyer.dev in namespace " + one.namespace},
	} {
		where := test.world.where
		test.where(&where)
		api, err := ClusterAPI(t.Context(), where, test.world.forward)
		switch {
		case test.says != "":
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s: got %v, want %s", name, err, test.says)
			}
		case err != nil || api.Tenant != test.tenant || !strings.HasSuffix(api.Name, "/"+test.tenant+" of "+cluster.Config.Host):
			t.Errorf("%s: got %+v, %v", name, api, err)
		}
	}
}

// Of each right that is missing it is told which one it is, in words and in the cluster's own.
func TestMissingRights(t *testing.T) {
	w := newWorld(t, "acme")
	w.pod("acme-1", "acme", corev1.ConditionTrue)
	w.where.As = "jane"
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "jane", Namespace: w.namespace}}
	w.create(role)
	w.create(&rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "jane", Namespace: w.namespace},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "jane"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "jane"}},
	})
	w.refused = apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "acme-1", errors.New("no"))
	for _, missing := range []struct {
		verb, group, resource string
		cluster               string // how the cluster says it
	}{
		{"list", "foyer.dev", "tenants", `User "jane" cannot list resource "tenants" in API group "foyer.dev"`},
		{"get", "", "secrets", `secrets "acme-cli" is forbidden: User "jane" cannot get resource "secrets"`},
		{"get", "", "services", `services "acme-api" is forbidden: User "jane" cannot get resource "services"`},
		{"list", "", "pods", `pods is forbidden: User "jane" cannot list resource "pods"`},
		{"create", "", "pods/portforward", `pods "acme-1" is forbidden`},
	} {
		name := missing.resource
		if missing.group != "" {
			name += "." + missing.group
		}
		want := fmt.Sprintf("you need the right to %s %s in namespace %s", missing.verb, name, w.namespace)
		// A new right is in force within moments.
		kube.Eventually(t, want, func() error {
			err := w.use()
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), missing.cluster) {
				return fmt.Errorf("got %w, want %s: %s", err, want, missing.cluster)
			}
			if integration.Away(err) {
				t.Errorf("it would be waited for: %v", err)
			}
			return nil
		})
		role.Rules = append(role.Rules, rbacv1.PolicyRule{Verbs: []string{missing.verb}, APIGroups: []string{missing.group}, Resources: []string{missing.resource}})
		if err := cluster.Client.Update(t.Context(), role); err != nil {
			t.Fatal(err)
		}
	}
	w.refused = nil
	kube.Eventually(t, "with all of them it works", w.use)
}

// use asks the API for something.
func (w *world) use() error {
	api, err := w.open()
	if err != nil {
		return err
	}
	defer api.Renew()
	_, err = api.Client.AccountSettings(w.t.Context(), "1")
	return err
}

// Requests go to a ready pod and stay there, until it goes.
func TestConnectionsGoToAReadyPod(t *testing.T) {
	w := newWorld(t, "acme", "other")
	w.where.Tenant = "acme"
	w.pod("acme-0", "acme", corev1.ConditionFalse)
	w.pod("other-1", "other", corev1.ConditionTrue)
	api, err := w.open()
	if err != nil {
		t.Fatal(err)
	}
	ask := func() error {
		api.transport.CloseIdleConnections() // so that each request connects
		_, err := api.Client.AccountSettings(t.Context(), "1")
		return err
	}
	if err := ask(); err == nil || !strings.Contains(err.Error(), "no pod behind Service "+w.namespace+"/acme-api is ready") || !integration.Away(err) {
		t.Errorf("got %v", err)
	}
	first := w.pod("acme-1", "acme", corev1.ConditionTrue)
	for range 3 {
		if err := ask(); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(w.forwarded, " "); got != "acme-1:8082" {
		t.Errorf("forwarded to %s", got)
	}
	if err := cluster.Client.Delete(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	w.pod("acme-2", "acme", corev1.ConditionTrue)
	close(w.tunnels[0].gone)
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	api.Renew() // as after an answer that it is being stopped
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(w.forwarded, " "); got != "acme-1:8082 acme-2:8082 acme-2:8082" || !w.tunnels[0].closed || !w.tunnels[1].closed || w.tunnels[2].closed {
		t.Errorf("forwarded to %s", got)
	}
}

// A secret that is no token is not shown.
func TestOddSecrets(t *testing.T) {
	w := newWorld(t, "acme")
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "acme-cli", Namespace: w.namespace}}
	for data, says := range map[string]string{"": "there is no token in key token of Secret " + w.namespace + "/acme-cli", "two words": "is not a token alone"} {
		secret.Data = map[string][]byte{"token": []byte(data)}
		if err := cluster.Client.Update(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
		_, err := w.open()
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "two") {
			t.Errorf("%q: got %v, want %s", data, err, says)
		}
	}
}

// After the token was refused, that of the Secret is taken if it is another one now.
func TestNewToken(t *testing.T) {
	w := newWorld(t, "acme")
	w.pod("acme-1", "acme", corev1.ConditionTrue)
	api, err := ClusterAPI(t.Context(), w.where, w.forward)
	if err != nil {
		t.Fatal(err)
	}
	api.Client.Token = "foyer_former"
	if _, err := api.Client.AccountSettings(t.Context(), "1"); err == nil {
		t.Fatal("the former token is still good")
	}
	if !api.NewToken(t.Context()) || api.NewToken(t.Context()) {
		t.Error("there is one other token, once")
	}
	if _, err := api.Client.AccountSettings(t.Context(), "1"); err != nil {
		t.Error(err)
	}
}

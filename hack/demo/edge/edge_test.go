package edge

import (
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	foyerv1alpha1 "github.com/foyerhq/foyer/api/v1alpha1"
)

// The edge as a browser meets it: a certificate of the demo's authority for the
// name, the request passed on with the visitor's address, other names refused.
func TestEdgeServesATenantUnderItsName(t *testing.T) {
	var forwarded http.Header
	var host string
	backend := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		forwarded, host = r.Header.Clone(), r.Host
	}))
	defer backend.Close()
	target, err := url.Parse(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	authority, err := LoadAuthority(dir)
	if err != nil {
		t.Fatal(err)
	}
	routes := &Routes{}
	routes.table.Store(&map[string]*url.URL{"acme.localhost": target})
	server := httptest.NewUnstartedServer(nil)
	own := map[string]http.Handler{"inbox.localhost": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })}
	server.Config.Handler = Handler(routes, own)
	server.TLS = Server(routes, authority, own).TLSConfig
	server.StartTLS()
	defer server.Close()

	httpClient := visitor(t, dir, server.Listener.Addr().String())
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://acme.localhost/invoices", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Forwarded-For", "203.0.113.9") // a lie that must not pass
	response, err := httpClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if host != "acme.localhost" {
		t.Errorf("the site saw host %q, want acme.localhost", host)
	}
	if got := forwarded.Get("X-Forwarded-For"); got != "127.0.0.1" {
		t.Errorf("the site saw the visitor at %q, want 127.0.0.1", got)
	}

	response, err = httpClient.Get("https://other.localhost/") //nolint:noctx // a plain visit
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // read only
	body, _ := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown name got %d %s, want 404", response.StatusCode, body)
	}
	response, err = httpClient.Get("https://inbox.localhost/") //nolint:noctx // a plain visit
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusTeapot {
		t.Errorf("a site of the demo's own answers %d", response.StatusCode)
	}
	if _, err := httpClient.Get("https://acme.example/"); err == nil { //nolint:noctx,bodyclose // it must fail
		t.Error("the edge made a certificate for a name that is not below localhost")
	}
}

func visitor(t *testing.T, dir, address string) *http.Client {
	t.Helper()
	certificate, err := os.ReadFile(filepath.Join(dir, CertificateFile)) //nolint:gosec // the test's own directory
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	return LocalClient(roots, address)
}

func TestAuthorityIsKept(t *testing.T) {
	dir := t.TempDir()
	first, err := LoadAuthority(dir)
	if err != nil {
		t.Fatal(err)
	}
	second, err := LoadAuthority(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !first.certificate.Equal(second.certificate) {
		t.Error("a second start made another authority: browsers that trust the first would refuse")
	}
	leaf, err := second.Certificate("acme.localhost")
	if err != nil {
		t.Fatal(err)
	}
	if len(leaf.Certificate) != 2 {
		t.Errorf("got a chain of %d certificates, want the leaf and its authority", len(leaf.Certificate))
	}
}

func TestRouteTableFollowsTheLiveHostname(t *testing.T) {
	tenant := func(name, portalURL string) foyerv1alpha1.Tenant {
		return foyerv1alpha1.Tenant{
			ObjectMeta: metav1.ObjectMeta{Namespace: name, Name: name},
			Status:     foyerv1alpha1.TenantStatus{PortalURL: portalURL},
		}
	}
	refused := tenant("copy", "")
	refused.Spec.Portal.Hostname = "acme.localhost"
	addresses := map[types.NamespacedName]string{
		{Namespace: "acme", Name: "acme-portal"}: "10.89.0.5",
		{Namespace: "acme", Name: "acme-api"}:    "10.89.0.6",
		{Namespace: "copy", Name: "copy-portal"}: "10.89.0.7",
	}
	got := map[string]string{}
	for host, target := range routeTable([]foyerv1alpha1.Tenant{tenant("acme", "https://acme.localhost"), refused}, addresses) {
		got[host] = target.String()
	}
	want := map[string]string{"acme.localhost": "http://10.89.0.5", "api.acme.localhost": "http://10.89.0.6"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
}

package controllers

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// faults makes the k-th request about the tenant "t<k>-" fail: whichever request of a
// first install fails, there is a tenant for which it did. None of "t0" fails.
type faults struct {
	mu     sync.Mutex
	kind   faultKind
	every  int // after the k-th, one of so many fails again; 0: no other one
	seen   map[string]int
	failed map[string]int
}

// faultKind is how a request fails.
type faultKind string

const (
	noFault    faultKind = ""
	failedCall faultKind = "the call fails"
	lostAnswer faultKind = "the answer is lost" // the API server does what it is told, and nobody hears of it
	conflict   faultKind = "another writer was faster"
	// killed: no request after the k-th arrives either, as if the operator had been killed there.
	killed faultKind = "the operator is killed"
)

// begin counts from the beginning, and lets requests fail in another way.
func (f *faults) begin(kind faultKind, every int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kind, f.every, f.seen, f.failed = kind, every, map[string]int{}, map[string]int{}
}

// wrap returns a configuration whose requests fail.
func (f *faults) wrap(base *rest.Config) *rest.Config {
	wrapped := rest.CopyConfig(base)
	wrapped.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return &faultyTransport{faults: f, next: next}
	})
	return wrapped
}

type faultyTransport struct {
	*faults
	next http.RoundTripper
}

func (f *faultyTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	switch f.fails(request) {
	case noFault:
		return f.next.RoundTrip(request)
	case conflict:
		return answer(request, http.StatusConflict, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Conflict","code":409,"message":"injected"}`), nil
	case lostAnswer:
		response, err := f.next.RoundTrip(request)
		if err != nil {
			return nil, err
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		return nil, errors.New("injected: the connection broke before the answer came")
	}
	return answer(request, http.StatusInternalServerError, "injected"), nil
}

func answer(request *http.Request, code int, body string) *http.Response {
	content := "text/plain"
	if strings.HasPrefix(body, "{") {
		content = "application/json"
	}
	return &http.Response{
		StatusCode: code, Status: fmt.Sprintf("%d Injected", code), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {content}}, Body: io.NopCloser(strings.NewReader(body)), Request: request,
	}
}

// fails says how a request fails. Reads have no conflicts.
func (f *faults) fails(request *http.Request) faultKind {
	tenant := tenantIn(request.URL.Path)
	if tenant == "" && request.Method == http.MethodPost { // a creation names the object in its body
		tenant = tenantInBody(request)
	}
	if tenant == "" {
		return noFault
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.kind == noFault || f.kind == conflict && request.Method == http.MethodGet {
		return noFault
	}
	f.seen[tenant]++
	var k int
	if _, err := fmt.Sscanf(tenant, "t%d", &k); err != nil || k == 0 {
		return noFault
	}
	after := f.seen[tenant] - k
	if after == 0 || after > 0 && (f.kind == killed || f.every > 0 && after%f.every == 0) {
		f.failed[tenant]++
		return f.kind
	}
	return noFault
}

// tenantIn finds "t<k>" in the last part of a path that names an object of it.
func tenantIn(path string) string {
	for _, part := range strings.Split(path, "/") {
		if name, _, _ := strings.Cut(part, "-"); isFaultTenant(name) {
			return name
		}
	}
	return ""
}

func tenantInBody(request *http.Request) string {
	body, err := request.GetBody()
	if err != nil {
		return ""
	}
	defer func() { _ = body.Close() }()
	content, err := io.ReadAll(body)
	if err != nil {
		return ""
	}
	_, after, _ := strings.Cut(string(content), `"foyer.dev/tenant":"`)
	name, _, _ := strings.Cut(after, `"`)
	if isFaultTenant(name) {
		return name
	}
	return ""
}

func isFaultTenant(name string) bool {
	var k int
	n, err := fmt.Sscanf(name, "t%d", &k)
	return n == 1 && err == nil && name == fmt.Sprintf("t%d", k)
}

// A first install makes about fifty requests about a tenant, and one that is told to look
// again or starts again makes more.
const tenantsForFaults = 56

func createTenants(w *world, count int) []*v1alpha1.Tenant {
	var tenants []*v1alpha1.Tenant
	for k := 1; k <= count; k++ {
		tenant := w.tenant(fmt.Sprintf("t%d", k))
		tenant.Spec.Portal.Replicas = ptr.To(int32(1))
		w.create(tenant, w.accountProfile(tenant.Name, tenant.Name+"-profile"))
		tenants = append(tenants, tenant)
	}
	return tenants
}

func newFaults(kind faultKind) *faults {
	f := &faults{}
	f.begin(kind, 0)
	return f
}

// TestEveryCallMayFail lets every request of a first install fail, and then those of the
// first acknowledgement, in each way that there is.
func TestEveryCallMayFail(t *testing.T) {
	t.Parallel()
	const count = 12
	for _, kind := range []faultKind{failedCall, lostAnswer, conflict} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := crowdedWorld(t)
			w.declareServer("default", w.uri, w.tenants)
			f := newFaults(kind)
			f.begin(kind, count)
			w.startOperator(f.wrap(cluster.Config), nil)
			tenants := createTenants(w, count)
			w.expectInstalled(tenants)
			f.checkReach(t, 1, count)
			w.replicas = startReplicas(w)
			for _, tenant := range tenants {
				w.expect(tenant, "Ready=True")
				w.expect(w.accountProfile(tenant.Name, tenant.Name+"-profile"), "Ready=True")
			}
		})
	}
}

// TestOperatorIsKilledAnywhere cuts an operator off at every request, and starts another.
func TestOperatorIsKilledAnywhere(t *testing.T) {
	t.Parallel()
	w := crowdedWorld(t)
	w.declareServer("default", w.uri, w.tenants)
	f := newFaults(killed)
	w.startOperator(f.wrap(cluster.Config), nil)
	tenants := createTenants(w, tenantsForFaults)
	kube.Eventually(t, "the operator is cut off from each tenant, or has installed it", func() error {
		for _, tenant := range tenants {
			if err := w.client.Get(t.Context(), client.ObjectKeyFromObject(tenant), tenant); err != nil {
				return err
			}
			if tenant.Status.LiveGeneration == 0 && !f.reached(tenant.Name) {
				return fmt.Errorf("nothing of %s is live, and no request about it has failed", tenant.Name)
			}
		}
		return nil
	})
	w.stop()
	w.startOperator(cluster.Config, nil)
	w.expectInstalled(tenants)
	f.checkReach(t, 1, tenantsForFaults/2)
}

// expectInstalled waits until everything that a tenant consists of is there, its pods
// apart.
func (w *world) expectInstalled(tenants []*v1alpha1.Tenant) {
	w.t.Helper()
	for _, tenant := range tenants {
		profile := w.accountProfile(tenant.Name, tenant.Name+"-profile")
		w.expect(tenant, "Accepted=True", "DatabaseReady=True", "Programmed=False/NoReadyReplica", "PortalAvailable=False/NoReadyReplica")
		w.expect(profile, "Accepted=True", "Programmed=False/NoReadyReplica")
		if tenant.Status.LiveGeneration != tenant.Generation || profile.Status.LiveGeneration != profile.Generation {
			w.t.Errorf("live generations of %s: %d and %d", tenant.Name, tenant.Status.LiveGeneration, profile.Status.LiveGeneration)
		}
		for _, name := range []string{"-db-portal", "-db-backoffice", "-db-dispatcher", "-keys", "-cli"} {
			w.secret(tenant.Name + name)
		}
	}
}

// crowdedWorld is for many tenants: each of them is asked less often.
func crowdedWorld(t *testing.T) *world {
	t.Helper()
	w := quietWorld(t)
	w.pace.poll, w.pace.usage, w.pace.retry = 500*time.Millisecond, time.Minute, time.Second
	return w
}

// reached says whether a request about a tenant has failed.
func (f *faults) reached(tenant string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed[tenant] > 0
}

// checkReach makes sure that the faults have hit something, far into the install.
func (f *faults) checkReach(t *testing.T, tenants ...int) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, k := range tenants {
		if f.failed[fmt.Sprintf("t%d", k)] == 0 {
			t.Errorf("faults that hit: %v, of requests: %v", f.failed, f.seen)
		}
	}
	t.Logf("%d tenants had a failing request, of %v", len(f.failed), f.seen)
}

package controllers

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"k8s.io/client-go/rest"
)

// policy refuses every write of a path, as an admission policy or a quota does (403), or
// as a broken API server does (500).
type policy struct {
	next http.RoundTripper
	path string
	off  *atomic.Bool
	code int
}

func (p policy) RoundTrip(request *http.Request) (*http.Response, error) {
	if p.off.Load() || request.Method == http.MethodGet || !strings.HasSuffix(request.URL.Path, p.path) {
		return p.next.RoundTrip(request)
	}
	reason := strings.ReplaceAll(http.StatusText(p.code), " ", "")
	answer := fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":%q,"code":%d,"message":"exceeded quota: small"}`, reason, p.code)
	return &http.Response{
		StatusCode: p.code, Status: fmt.Sprint(p.code, " ", reason), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(answer)), Request: request,
	}, nil
}

// TestRefusedWriteIsTold: what the cluster does not let Foyer write is in the status, and
// keeps no other object from being written or reported.
func TestRefusedWriteIsTold(t *testing.T) {
	t.Parallel()
	for path, programmed := range map[string]string{
		"/deployments/acme-backoffice": "Programmed=False/NoReadyReplica", // the document is live, and no backoffice runs it
		"/configmaps":                  "Programmed=False/Refused",
		"/services/acme-portal":        "Programmed=True", // those who can be reached have it
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			w := quietWorld(t)
			w.declareServer("default", w.uri, w.tenants)
			var off atomic.Bool
			limited := rest.CopyConfig(cluster.Config)
			limited.Wrap(func(next http.RoundTripper) http.RoundTripper { return policy{next, path, &off, http.StatusForbidden} })
			w.startOperator(limited, nil)
			w.replicas = startReplicas(w)
			tenant, profile := w.tenant("acme"), w.accountProfile("acme", "business")
			w.create(tenant, profile)
			w.expect(tenant, "Ready=False/Refused", "Accepted=True", programmed, "Reconciling=True")
			w.expect(profile, strings.Replace(programmed, "Programmed", "Ready", 1), "Accepted=True")
			if m := message(tenant, "Ready"); !strings.Contains(m, "acme-") || !strings.Contains(m, "exceeded quota") {
				t.Errorf("Ready says %q", m)
			}
			off.Store(true)
			w.expect(tenant, "Ready=True")
			w.expect(profile, "Ready=True")
		})
	}
}

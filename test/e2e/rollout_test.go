//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foyerv1alpha1 "github.com/foyerhq/foyer/api/v1alpha1"
)

// The image of the tenants changes, and in the middle of that the operator that leads goes
// away; then pods are evicted one after another, as when nodes are drained. Customers and
// systems that come by the Services notice nothing.
func TestPodsAreReplacedWithoutAFailedRequest(t *testing.T) {
	c := cluster(t)
	former := operatorImage(t)
	t.Cleanup(func() { rollTo(t, former) })
	importImage(t, "foyer:other")

	// Of one pod an eviction leaves none for a moment: who drains nodes has two.
	t.Cleanup(func() { restoreSamples(t) })
	mustKubectl(t, "--namespace", "acme", "patch", "tenant", "acme", "--type=merge", "--patch", `{"spec":{"backoffice":{"replicas":2}}}`)
	mustKubectl(t, "--namespace", "acme", "wait", "--for=jsonpath={.status.availableReplicas}=2", "deployment/acme-backoffice", "--timeout=2m")

	stream := startStream(t, c)
	rollTo(t, "foyer:other")
	eventually(t, time.Minute, "the first pods of the other image", func() string { return missingImage(t, c, "foyer:other", 1) })
	deleteLeader(t)
	eventually(t, 4*time.Minute, "all pods of the other image", func() string { return missingImage(t, c, "foyer:other", len(tenantPods(t, c))) })
	waitReady(t, "tenant/acme")
	stream.check(t, "while the image changed and the operator's leader went")

	for _, pod := range tenantPods(t, c) {
		evict(t, c, pod)
	}
	waitReady(t, "tenant/acme")
	stream.check(t, "while pods were evicted")
	requests, _ := stream.end()
	t.Logf("%d requests by the Services, none failed", requests)
}

// Somebody asks for new logins at the database and a new API token. Customers, and systems that
// still have the former token, notice nothing.
func TestLoginsAreRotatedWithoutAFailedRequest(t *testing.T) {
	c := cluster(t)
	waitReady(t, "tenant/acme")
	former := apiToken(t)
	stream := startStream(t, c)
	asked := time.Now().Truncate(time.Second)
	mustKubectl(t, "--namespace", "acme", "annotate", "tenant", "acme", "--overwrite", "foyer.dev/rotate-logins="+asked.Format(time.RFC3339))
	t.Cleanup(func() {
		if _, err := kubectl(context.WithoutCancel(t.Context()), "--namespace", "acme", "annotate", "tenant", "acme", "foyer.dev/rotate-logins-"); err != nil {
			t.Error(err)
		}
	})
	eventually(t, 2*time.Minute, "new logins, and the former ones are gone", func() string {
		var tenant foyerv1alpha1.Tenant
		if err := c.Get(t.Context(), client.ObjectKey{Namespace: "acme", Name: "acme"}, &tenant); err != nil {
			return err.Error()
		}
		database := meta.FindStatusCondition(tenant.Status.Conditions, foyerv1alpha1.ConditionDatabaseReady)
		switch rotated := tenant.Status.Database.LastRotationTime; {
		case rotated == nil || rotated.Time.Before(asked):
			return "none were made yet"
		case database == nil || database.Status != metav1.ConditionTrue || database.Reason != "Prepared":
			return fmt.Sprintf("DatabaseReady is %+v", database)
		}
		return ""
	})
	waitReady(t, "tenant/acme")
	stream.check(t, "while logins were rotated")
	if apiToken(t) == former {
		t.Error("the API token is the former one")
	}
	requests, _ := stream.end()
	t.Logf("%d requests by the Services, none failed", requests)
}

func operatorImage(t *testing.T) string {
	t.Helper()
	return mustKubectl(t, "--namespace", operatorNamespace, "get", "deployment", "foyer-manager",
		"-o", "jsonpath={.spec.template.spec.containers[0].env[?(@.name=='FOYER_IMAGE')].value}")
}

// importImage gives the programs of the demo another tag.
func importImage(t *testing.T, tag string) {
	t.Helper()
	args := []string{"image", "--tag", tag}
	for _, program := range []string{"manager", "portal", "backoffice", "dispatcher"} {
		args = append(args, "--binary", filepath.Join("bin", program))
	}
	cmd := exec.CommandContext(t.Context(), "bin/cluster", args...)
	cmd.Dir = repository
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("import %s: %v: %s", tag, err, out)
	}
}

// rollTo has the operator give the tenants another image.
func rollTo(t *testing.T, image string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 3*time.Minute)
	defer cancel()
	for _, args := range [][]string{
		{"set", "env", "deployment/foyer-manager", "FOYER_IMAGE=" + image},
		{"rollout", "status", "deployment/foyer-manager", "--timeout=2m"},
	} {
		if _, err := kubectl(ctx, append([]string{"--namespace", operatorNamespace}, args...)...); err != nil {
			t.Fatal(err)
		}
	}
}

// tenantPods are those of acme that are not leaving.
func tenantPods(t *testing.T, c client.Client) []corev1.Pod {
	t.Helper()
	var list corev1.PodList
	if err := c.List(t.Context(), &list, client.InNamespace("acme"), client.MatchingLabels{"foyer.dev/tenant": "acme"}); err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(list.Items, func(p corev1.Pod) bool { return !p.DeletionTimestamp.IsZero() })
}

// missingImage says what is missing until at least so many pods, and none of another image
// if that is all of them, have an image.
func missingImage(t *testing.T, c client.Client, image string, atLeast int) string {
	t.Helper()
	var with int
	for _, pod := range tenantPods(t, c) {
		if pod.Spec.Containers[0].Image == image {
			with++
		}
	}
	if with < atLeast {
		return fmt.Sprintf("%d of %d pods have it", with, atLeast)
	}
	return ""
}

// deleteLeader ends the operator's pod that works.
func deleteLeader(t *testing.T) {
	t.Helper()
	holder := mustKubectl(t, "--namespace", operatorNamespace, "get", "lease", "foyer-manager", "-o", "jsonpath={.spec.holderIdentity}")
	pod, _, _ := strings.Cut(holder, "_")
	mustKubectl(t, "--namespace", operatorNamespace, "delete", "pod", pod, "--grace-period=0", "--force")
}

// evict does what a drain of a node does: it asks until the disruption budget allows it.
func evict(t *testing.T, c client.Client, pod corev1.Pod) {
	t.Helper()
	eventually(t, 2*time.Minute, "the eviction of "+pod.Name, func() string {
		err := c.SubResource("eviction").Create(t.Context(), &pod, &policyv1.Eviction{
			ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name},
		})
		if err == nil || apierrors.IsNotFound(err) {
			return ""
		}
		return err.Error()
	})
}

// stream is a steady stream of requests by the Services of acme, each by a connection of its
// own, as from as many proxies.
type stream struct {
	requests atomic.Int64
	cancel   context.CancelFunc
	done     sync.WaitGroup

	mu       sync.Mutex
	failures []string
}

func startStream(t *testing.T, c client.Client) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	s := &stream{cancel: cancel}
	t.Cleanup(func() { s.end() })
	visitor := http.Header{"Cookie": {cookiesOf(t, "dana")}, "X-Forwarded-Proto": {"https"}}
	system := http.Header{"Authorization": {"Bearer " + apiToken(t)}, "X-Forwarded-Proto": {"https"}}
	for _, from := range []struct {
		service, path string
		header        http.Header
	}{
		{"acme-portal", "/", visitor},
		{"acme-api", "/api/v1/accounts/10001", system},
	} {
		var found corev1.Service
		if err := c.Get(t.Context(), client.ObjectKey{Namespace: "acme", Name: from.service}, &found); err != nil {
			t.Fatal(err)
		}
		for _, keepAlive := range []bool{false, true} {
			s.done.Go(func() { s.run(ctx, "http://"+found.Spec.ClusterIP+from.path, from.header, keepAlive) })
		}
	}
	return s
}

// run asks 20 times a second until ctx ends.
func (s *stream) run(ctx context.Context, url string, header http.Header, keepAlive bool) {
	visitor := &http.Client{
		Timeout:       10 * time.Second,
		Transport:     &http.Transport{DisableKeepAlives: !keepAlive},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		s.requests.Add(1)
		if problem := ask(visitor, url, header); problem != "" {
			s.mu.Lock()
			s.failures = append(s.failures, time.Now().Format(time.TimeOnly)+" "+url+": "+problem)
			s.mu.Unlock()
		}
	}
}

// ask is not cancelled: the last request of the stream counts as well. Its body cannot be sent
// again, so that no connection that a pod has closed under a request is made up for.
func ask(visitor *http.Client, url string, header http.Header) string {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, struct{ io.Reader }{strings.NewReader(" ")})
	if err != nil {
		return err.Error()
	}
	r.ContentLength = 1
	r.Host = acmeHost
	r.Header = header.Clone()
	response, err := visitor.Do(r)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close() //nolint:errcheck // it was read
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err.Error()
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Sprintf("answers %d", response.StatusCode)
	}
	return ""
}

// check fails the test if a request has failed so far, and waits until there were some.
func (s *stream) check(t *testing.T, when string) {
	t.Helper()
	eventually(t, time.Minute, "a stream of requests", func() string {
		if requests := s.requests.Load(); requests < 200 {
			return fmt.Sprintf("there were %d", requests)
		}
		return ""
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.failures) > 0 {
		t.Fatalf("%s %d of %d requests failed, the first ones: %s", when, len(s.failures), s.requests.Load(),
			strings.Join(s.failures[:min(3, len(s.failures))], "; "))
	}
}

func (s *stream) end() (requests int64, failures []string) {
	s.cancel()
	s.done.Wait()
	return s.requests.Load(), s.failures
}

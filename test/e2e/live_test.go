//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// A changed AccountProfile and a changed MyAccountProfile show in the page of a
// signed-in customer, on every replica, while people keep loading pages: no pod
// restarts, no request fails.
func TestChangedProfilesReachSignedInCustomersOfEveryReplica(t *testing.T) {
	c := cluster(t)
	pods := portalPods(t, c)
	if len(pods) < 2 {
		t.Fatalf("the portal of acme has %d ready pods, the test wants at least 2", len(pods))
	}
	dana, ravi := cookiesOf(t, "dana"), cookiesOf(t, "ravi")
	before := identities(pods)

	load := startLoad(t, pods, dana)
	t.Cleanup(func() { restoreSamples(t) })
	for _, days := range []int{30, 45, 21} {
		patch := fmt.Sprintf(`{"spec":{"attributes":{"tradingTermsDays":%d}}}`, days)
		mustKubectl(t, "--namespace", "acme", "patch", "accountprofile", "business", "--type=merge", "--patch", patch)
		for _, pod := range pods {
			eventually(t, 5*time.Second, "the new terms on "+pod.Name, func() string {
				return lacks(t, pod, dana, "/", fmt.Sprintf("%d days", days))
			})
		}
	}
	mustKubectl(t, "--namespace", "acme", "patch", "myaccountprofile", "basic", "--type=merge", "--patch", `{"spec":{"myAccountFlags":["ViewInvoices","ViewActivity"]}}`)
	for _, pod := range pods {
		eventually(t, 5*time.Second, "the new page on "+pod.Name, func() string { return answers(t, pod, ravi, "/activity", http.StatusOK) })
	}
	mustKubectl(t, "--namespace", "acme", "patch", "myaccountprofile", "basic", "--type=merge", "--patch", `{"spec":{"myAccountFlags":["ViewInvoices"]}}`)
	for _, pod := range pods {
		eventually(t, 5*time.Second, "the page gone again on "+pod.Name, func() string { return answers(t, pod, ravi, "/activity", http.StatusForbidden) })
	}
	waitReady(t, "accountprofile/business")
	waitReady(t, "myaccountprofile/basic")

	requests, failures := load.stop()
	if requests < 100 {
		t.Errorf("only %d requests were made, which proves little", requests)
	}
	if len(failures) > 0 {
		t.Errorf("%d of %d requests failed, the first: %s", len(failures), requests, failures[0])
	}
	if after := identities(portalPods(t, c)); after != before {
		t.Errorf("pods changed:\n%s\nbefore:\n%s", after, before)
	}
	t.Logf("%d requests during 5 changes, none failed", requests)
}

func restoreSamples(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	// The samples with channels that lead to the demo's inbox.
	if _, err := kubectl(ctx, "apply", "--server-side", "--force-conflicts", "-k", repository+"/.state/demo/tenants"); err != nil {
		t.Errorf("restore the samples: %v", err)
	}
}

func portalPods(t *testing.T, c client.Client) []corev1.Pod {
	t.Helper()
	var list corev1.PodList
	err := c.List(t.Context(), &list, client.InNamespace("acme"), client.MatchingLabels{"foyer.dev/tenant": "acme", "app.kubernetes.io/component": "portal"})
	if err != nil {
		t.Fatal(err)
	}
	var ready []corev1.Pod
	for _, pod := range list.Items {
		for _, condition := range pod.Status.Conditions {
			if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue && pod.DeletionTimestamp.IsZero() {
				ready = append(ready, pod)
			}
		}
	}
	return ready
}

// identities changes when a pod is replaced or a container restarts.
func identities(pods []corev1.Pod) string {
	var lines []string
	for _, pod := range pods {
		for _, status := range pod.Status.ContainerStatuses {
			lines = append(lines, fmt.Sprintf("%s %s %s restarts=%d", pod.Name, pod.UID, status.ContainerID, status.RestartCount))
		}
	}
	return strings.Join(lines, "\n")
}

func cookiesOf(t *testing.T, user string) string {
	t.Helper()
	cookies, err := signIn(t, user).Cookies()
	if err != nil || cookies == "" {
		t.Fatalf("%s has no session cookie: %v", user, err)
	}
	return cookies
}

// request asks one replica itself, past the edge and the Service.
func request(ctx context.Context, pod corev1.Pod, cookies, path string) (int, string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+pod.Status.PodIP+":8080"+path, nil)
	if err != nil {
		return 0, "", err
	}
	r.Host = acmeHost
	r.Header.Set("Cookie", cookies)
	response, err := podClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

var podClient = &http.Client{
	Timeout:       10 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func lacks(t *testing.T, pod corev1.Pod, cookies, path, text string) string {
	t.Helper()
	status, body, err := request(t.Context(), pod, cookies, path)
	if err != nil {
		return err.Error()
	}
	if status != http.StatusOK || !strings.Contains(body, text) {
		return fmt.Sprintf("%s answers %d without %q", path, status, text)
	}
	return ""
}

func answers(t *testing.T, pod corev1.Pod, cookies, path string, want int) string {
	t.Helper()
	status, _, err := request(t.Context(), pod, cookies, path)
	if err != nil {
		return err.Error()
	}
	if status != want {
		return fmt.Sprintf("%s answers %d, wanted %d", path, status, want)
	}
	return ""
}

// load is a steady and bounded stream of page views: every replica, 20 a second.
type load struct {
	cancel   context.CancelFunc
	done     sync.WaitGroup
	requests atomic.Int64
	mu       sync.Mutex
	failures []string
}

func startLoad(t *testing.T, pods []corev1.Pod, cookies string) *load {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	l := &load{cancel: cancel}
	for _, pod := range pods {
		l.done.Go(func() { l.visit(ctx, pod, cookies) })
	}
	return l
}

func (l *load) visit(ctx context.Context, pod corev1.Pod, cookies string) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for paths := []string{"/", "/invoices"}; ; paths[0], paths[1] = paths[1], paths[0] {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		status, _, err := request(ctx, pod, cookies, paths[0])
		if ctx.Err() != nil {
			return
		}
		l.requests.Add(1)
		if err != nil || status != http.StatusOK {
			l.mu.Lock()
			l.failures = append(l.failures, fmt.Sprintf("%s %s: %d %v", pod.Name, paths[0], status, err))
			l.mu.Unlock()
		}
	}
}

func (l *load) stop() (requests int64, failures []string) {
	l.cancel()
	l.done.Wait()
	return l.requests.Load(), l.failures
}

// Package propagation measures how long customers wait for a changed profile: from
// the kubectl apply of an AccountProfile to the page of a signed-in customer, on
// every replica of the portal and of the backoffice.
//
// It needs the running demo (make demo). Its load is 50 page views a second on each
// replica, while it waits.
package propagation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"golang.org/x/sync/errgroup"

	foyerv1alpha1 "github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/hack/demo/people"
	"github.com/foyerhq/foyer/hack/demo/visit"
)

// The tenant, the profile and the customer of the demo that are used.
const (
	tenant   = "acme"
	profile  = "business"
	customer = "dana"
	hostname = "acme.localhost"
	usual    = 21 // days, in config/samples

	pollInterval = 20 * time.Millisecond
	giveUp       = 30 * time.Second
)

// Floor is the design's figure for the 99th percentile.
const Floor = 1500 * time.Millisecond

// Result holds how long each change took, sorted.
type Result struct {
	Times    []time.Duration
	Replicas int
}

// Quantile returns the time that this share of the changes, 0 to 1, stayed within.
func (r Result) Quantile(share float64) time.Duration {
	index := int(share*float64(len(r.Times))+0.5) - 1
	return r.Times[min(max(index, 0), len(r.Times)-1)]
}

// Measure makes that many changes, one after the other, and reports progress.
func Measure(ctx context.Context, changes int, progress func(format string, args ...any)) (Result, error) {
	m, err := connect(ctx)
	if err != nil {
		return Result{}, err
	}
	defer m.restore(context.WithoutCancel(ctx), progress)
	result := Result{Replicas: len(m.replicas)}
	for i := range changes {
		days := i%2*100 + 100 + i%97 // never the value before
		took, err := m.change(ctx, days)
		if err != nil {
			return Result{}, fmt.Errorf("change %d of %d: %w", i+1, changes, err)
		}
		result.Times = append(result.Times, took)
		if (i+1)%50 == 0 {
			progress("%d of %d changes, the last took %s", i+1, changes, took.Round(time.Millisecond))
		}
	}
	slices.Sort(result.Times)
	return result, nil
}

type measurement struct {
	cluster  client.Client
	replicas []replica
}

// replica is one pod and how a customer's or a billing system's view of it is asked.
type replica struct {
	name   string
	url    string
	header http.Header
	shows  func(days int) *regexp.Regexp
}

func connect(ctx context.Context) (*measurement, error) {
	restConfig, err := clientcmd.BuildConfigFromFlags("", ".state/cluster/kubeconfig")
	if err != nil {
		return nil, fmt.Errorf("the demo's cluster is not there, run make demo: %w", err)
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), foyerv1alpha1.AddToScheme(scheme)); err != nil {
		return nil, fmt.Errorf("reach the cluster: %w", err)
	}
	cluster, err := client.New(restConfig, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("reach the cluster: %w", err)
	}
	m := &measurement{cluster: cluster}
	if err := m.findReplicas(ctx); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *measurement) findReplicas(ctx context.Context) error {
	person, err := visit.SignIn(ctx, ".state/demo", hostname, customer, people.Password)
	if err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	cookies, err := person.Cookies()
	if err != nil {
		return err
	}
	var token corev1.Secret
	if err := m.cluster.Get(ctx, types.NamespacedName{Namespace: tenant, Name: tenant + "-cli"}, &token); err != nil {
		return fmt.Errorf("read the tenant's API token: %w", err)
	}
	var pods corev1.PodList
	if err := m.cluster.List(ctx, &pods, client.InNamespace(tenant), client.MatchingLabels{"foyer.dev/tenant": tenant}); err != nil {
		return fmt.Errorf("list pods: %w", err)
	}
	account, err := accountOf(ctx, person)
	if err != nil {
		return err
	}
	for _, pod := range pods.Items {
		if pod.Status.PodIP == "" || !pod.DeletionTimestamp.IsZero() {
			continue
		}
		switch pod.Labels["app.kubernetes.io/component"] {
		case "portal":
			m.replicas = append(m.replicas, replica{pod.Name, "http://" + pod.Status.PodIP + ":8080/", http.Header{"Cookie": {cookies}},
				func(days int) *regexp.Regexp { return regexp.MustCompile(fmt.Sprintf(`\b%d days`, days)) }})
		case "backoffice":
			m.replicas = append(m.replicas, replica{pod.Name, "http://" + pod.Status.PodIP + ":8082/api/v1/accounts/" + account + "/settings",
				http.Header{"Authorization": {"Bearer " + string(token.Data["token"])}},
				func(days int) *regexp.Regexp {
					return regexp.MustCompile(fmt.Sprintf(`"key":\s*"tradingTermsDays",\s*"value":\s*"%d"`, days))
				}})
		}
	}
	if len(m.replicas) == 0 {
		return errors.New("tenant acme has no pods")
	}
	return nil
}

var accountInFooter = regexp.MustCompile(`>\s*(10\d{3})\s*<`)

// accountOf reads the account's number where the customer does: in the footer.
func accountOf(ctx context.Context, person *visit.Person) (string, error) {
	_, body, err := person.Get(ctx, "/")
	if err != nil {
		return "", err
	}
	found := accountInFooter.FindStringSubmatch(body)
	if found == nil {
		return "", errors.New("the customer's page does not show the account's number")
	}
	return found[1], nil
}

// change applies and waits until every replica shows it.
func (m *measurement) change(ctx context.Context, days int) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, giveUp)
	defer cancel()
	start := time.Now()
	if err := m.patch(ctx, days); err != nil {
		return 0, err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, r := range m.replicas {
		group.Go(func() error { return r.await(ctx, days) })
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	return time.Since(start), nil
}

func (m *measurement) patch(ctx context.Context, days int) error {
	object := &foyerv1alpha1.AccountProfile{}
	object.Namespace, object.Name = tenant, profile
	body := fmt.Appendf(nil, `{"spec":{"attributes":{"tradingTermsDays":%d}}}`, days)
	if err := m.cluster.Patch(ctx, object, client.RawPatch(types.MergePatchType, body)); err != nil {
		return fmt.Errorf("change the profile: %w", err)
	}
	return nil
}

func (m *measurement) restore(ctx context.Context, progress func(string, ...any)) {
	if err := m.patch(ctx, usual); err != nil {
		progress("the profile %s keeps its last value: %v", profile, err)
	}
}

var httpClient = &http.Client{
	Timeout:       10 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func (r replica) await(ctx context.Context, days int) error {
	want := r.shows(days)
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		body, err := r.ask(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		if want.Match(body) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not show %d days: %w", r.name, days, ctx.Err())
		case <-tick.C:
		}
	}
}

func (r replica) ask(ctx context.Context) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return nil, fmt.Errorf("ask: %w", err)
	}
	request.Header = r.header.Clone()
	request.Host = hostname
	response, err := httpClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask: %w", err)
	}
	defer response.Body.Close() //nolint:errcheck // read only
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answers %d", response.StatusCode)
	}
	return body, nil
}

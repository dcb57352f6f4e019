package controllers

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// programmedLog is every status of the AccountProfiles of a namespace, as the API server
// showed them.
type programmedLog struct {
	mu   sync.Mutex
	told map[string]int64 // by name: the newest generation of which a status said that it is programmed
	seen map[string]bool  // versions
}

func (w *world) watchProgrammed() *programmedLog {
	w.t.Helper()
	watching, err := client.NewWithWatch(cluster.Config, client.Options{Scheme: kube.Scheme()})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	events, err := watching.Watch(ctx, &v1alpha1.AccountProfileList{}, client.InNamespace(w.tenants))
	if err != nil {
		w.t.Fatal(err)
	}
	l, done := &programmedLog{told: map[string]int64{}, seen: map[string]bool{}}, make(chan struct{})
	go func() {
		defer close(done)
		for event := range events.ResultChan() {
			if profile, ok := event.Object.(*v1alpha1.AccountProfile); ok {
				l.add(profile)
			}
		}
	}()
	w.t.Cleanup(func() { cancel(); <-done })
	return l
}

func (l *programmedLog) add(profile *v1alpha1.AccountProfile) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen[profile.ResourceVersion] = true
	for _, kind := range []string{v1alpha1.ConditionProgrammed, v1alpha1.ConditionReady} {
		if c := apimeta.FindStatusCondition(profile.Status.Conditions, kind); c != nil && c.Status == "True" {
			l.told[profile.Name] = max(l.told[profile.Name], c.ObservedGeneration)
		}
	}
}

// upTo returns the newest generation that was ever said to be programmed, up to now.
func (l *programmedLog) upTo(w *world, profile *v1alpha1.AccountProfile) int64 {
	w.t.Helper()
	var told int64
	kube.Eventually(w.t, "the watch has seen the present status", func() error {
		w.get(profile)
		l.mu.Lock()
		defer l.mu.Unlock()
		told = l.told[profile.Name]
		return want(l.seen[profile.ResourceVersion], true)
	})
	return told
}

// TestLeaderEndsInTheMiddleOfAnEdit: a document is written, no replica has said that it runs
// it, and the leader ends. Another edit comes while there is none. Who takes over says of
// neither that customers have it, until they do.
func TestLeaderEndsInTheMiddleOfAnEdit(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	told, documents := w.watchProgrammed(), w.watchDocuments()
	profile, other := w.accountProfile("acme", "business"), w.accountProfile("acme", "other")
	w.create(profile, other)
	w.expect(profile, "Ready=True")
	w.expect(other, "Ready=True")

	w.replicas.set(func(r *replicas) { r.silent = true })
	patch(w, profile, func(p *v1alpha1.AccountProfile) { p.Spec.DisplayName = "Second" })
	w.expect(profile, "Ready=False", "Programmed=False/Pending")
	w.stop()
	patch(w, profile, func(p *v1alpha1.AccountProfile) { p.Spec.DisplayName = "Third" })
	recording, writes := kube.RecordWrites(cluster.Config)
	w.startOperator(recording, nil)
	w.expect(profile, "Ready=False", "Programmed=False/Pending")
	w.expect(tenant, "Ready=False", "Programmed=False/Pending")
	if generation := told.upTo(w, profile); generation != 1 {
		t.Errorf("generation %d was said to be programmed, when the replicas ran the first", generation)
	}

	w.replicas.set(func(r *replicas) { r.silent = false })
	w.expect(profile, "Ready=True")
	w.expect(other, "Ready=True")
	w.expect(tenant, "Ready=True")
	if generation := told.upTo(w, profile); generation != 3 {
		t.Errorf("the newest generation that was said to be programmed is %d: the watch has seen nothing", generation)
	}
	checkNeverBack(t, settingsKind, documents.of(w, "acme", settingsKind))
	w.expectRest(writes)
}

// expectRest waits until an operator writes nothing any more.
func (w *world) expectRest(writes *kube.Writes) {
	w.t.Helper()
	kube.Eventually(w.t, "the operator is at rest", func() error {
		before := writes.List()
		wait(w.t, 2*time.Second)
		if after := writes.List(); len(after) != len(before) {
			return errorf("it wrote %q", after[len(before):])
		}
		return nil
	})
}

// cutOff cuts an operator off from the tenant "t<k>" with the k-th Deployment of it that it
// writes, for good; never from "t0".
type cutOff struct {
	mu      sync.Mutex
	written map[string]int
	next    http.RoundTripper
}

func (c *cutOff) RoundTrip(request *http.Request) (*http.Response, error) {
	tenant := tenantIn(request.URL.Path)
	c.mu.Lock()
	if request.Method == http.MethodPatch && strings.Contains(request.URL.Path, "/deployments/") {
		c.written[tenant]++
	}
	isCut := tenant != "" && tenant != "t0" && fmt.Sprintf("t%d", c.written[tenant]) >= tenant
	c.mu.Unlock()
	if isCut {
		return answer(request, http.StatusInternalServerError, "injected"), nil
	}
	return c.next.RoundTrip(request)
}

// TestLeaderEndsAnywhereInARollout: with the leader's end, some tenants have none of the
// Deployments of a new image, one, two, or all. Who takes over writes what is missing, nothing
// twice, and no status says that pods run what they do not.
func TestLeaderEndsAnywhereInARollout(t *testing.T) {
	t.Parallel()
	begun := map[string]int{"t0": 3, "t1": 0, "t2": 1, "t3": 2} // Deployments
	names := slices.Sorted(maps.Keys(begun))
	f := newFleet(t, names...)
	before := map[string]int64{}
	for _, name := range names {
		for _, d := range f.workloads(name) {
			before[d.Name] = d.Generation
		}
	}
	f.stop()
	f.is("v2", len(names))
	cut := rest.CopyConfig(cluster.Config)
	cut.Wrap(func(next http.RoundTripper) http.RoundTripper { return &cutOff{written: map[string]int{}, next: next} })
	f.startOperator(cut, nil)
	for name, count := range begun {
		kube.Eventually(t, name+" is where its leader ends", func() error {
			return want(strings.Count(f.images(name), "v2"), count)
		})
	}
	f.stop()

	recording, writes := kube.RecordWrites(cluster.Config)
	f.startOperator(recording, nil)
	for _, name := range names {
		f.begun(name, "v2")
		f.expect(f.tenants[name], "Ready=True/RollingOut")
		if version := f.tenants[name].Status.Version; version != "v1" {
			t.Errorf("%s says that its pods run %s, and none does", name, version)
		}
	}
	f.give("*")
	for _, name := range names {
		f.runs(name, "v2")
		f.expect(f.tenants[name], "Ready=True/Ready")
		for _, d := range f.workloads(name) {
			if d.Generation != before[d.Name]+1 {
				t.Errorf("Deployment %s was changed %d times", d.Name, d.Generation-before[d.Name])
			}
		}
	}
	f.expectRest(writes)
}

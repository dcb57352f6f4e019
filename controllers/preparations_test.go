package controllers

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/status"
	"github.com/foyerhq/foyer/internal/store/admin"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// TestPlacesAreWaitedForQuietly: after a restart of the operator every tenant waits for
// a place, which no status may speak of.
func TestPlacesAreWaitedForQuietly(t *testing.T) {
	t.Parallel()
	working, finish := make(chan struct{}), make(chan struct{})
	p := newPreparations(testPace, func(ctx context.Context, _ *v1alpha1.Tenant, _ *server) (prepared, error) {
		working <- struct{}{}
		<-finish
		return prepared{}, ctx.Err()
	}, func(context.Context, types.NamespacedName) {})
	s := &server{name: "default"}
	ensure := func(i int) preparation {
		return p.ensure(&v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("t", i)}}, s, false)
	}
	for i := range placesPerServer {
		ensure(i)
		<-working
	}
	if state := ensure(0); state.started.IsZero() || !state.quiet() {
		t.Errorf("one that has its place: started %s, quiet %t", state.started, state.quiet())
	}
	if state := ensure(placesPerServer); !state.running || !state.started.IsZero() || !state.quiet() {
		t.Errorf("one that waits: running %t, started %s, quiet %t", state.running, state.started, state.quiet())
	}
	if (preparation{started: time.Now().Add(-2 * quiet)}).quiet() {
		t.Error("one that takes long is quiet")
	}
	close(finish)
	<-working
	p.stop()
}

// TestRotationThatWaitsIsLookedAtLessAndLess: a pod that cannot say which login it uses may be
// there for days.
func TestRotationThatWaitsIsLookedAtLessAndLess(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := &preparation{prepared: &prepared{Prepared: admin.Prepared{Former: []string{"portal"}}}}
	rest := func(after, want time.Duration) {
		t.Helper()
		if got := s.rest(usualPace, now.Add(after)); got != want {
			t.Errorf("after %s it rests for %s, want %s", after, got, want)
		}
	}
	rest(0, usualPace.refresh)
	for range 20 {
		s.rest(usualPace, now)
	}
	rest(time.Minute, usualPace.pollAtRest)
	rest(6*time.Minute, 36*time.Second)
	rest(24*time.Hour, maxRetry)
}

// TestAnEditDoesNotWaitBehindOthers: when every tenant of a server is looked at again,
// the one that somebody edits has a place at once.
func TestAnEditDoesNotWaitBehindOthers(t *testing.T) {
	t.Parallel()
	working, finish := make(chan string), make(chan struct{})
	p := newPreparations(testPace, func(ctx context.Context, tenant *v1alpha1.Tenant, _ *server) (prepared, error) {
		working <- tenant.Name
		<-finish
		return prepared{}, ctx.Err()
	}, func(context.Context, types.NamespacedName) {})
	s := &server{name: "default"}
	ensure := func(name string) {
		p.ensure(&v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{Name: name}}, s, false)
	}
	for i := range placesPerServer {
		ensure(fmt.Sprint("first", i))
		<-working
	}
	for i := range placesPerServer {
		ensure(fmt.Sprint("waits", i))
	}
	ensure("edited")
	p.hurry(types.NamespacedName{Name: "edited"})
	p.hurry(types.NamespacedName{Name: "edited"}) // another pass over it
	if got := <-working; got != "edited" {
		t.Errorf("%s got a place, want the tenant that is edited", got)
	}
	close(finish)
	for range placesPerServer {
		<-working
	}
	p.stop()
}

// TestProblemStaysWhileTriedAgain: a problem of a prepared tenant does not come and go
// with every attempt.
func TestProblemStaysWhileTriedAgain(t *testing.T) {
	t.Parallel()
	opened, err := admin.Open(admin.Config{URI: "postgres://nobody@127.0.0.1:1/nothing"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(opened.Close)
	tenant := &v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "acme", UID: "1"}}
	for reason, ready := range map[string]bool{
		"":                         true,
		admin.Unreachable:          true, // the server is back, or this pass had not come so far
		status.ReasonPreparing:     true,
		admin.MissingRights:        false,
		status.ReasonForeignObject: false,
	} {
		for _, running := range []bool{false, true} {
			p := &pass{tenant: tenant, memory: &memory{}, database: database{server: &server{name: "default"}}}
			state := &preparation{
				target:  target{tenant: tenant.UID, server: "default"},
				running: running, finished: time.Now(), again: time.Now().Add(time.Minute), prepared: &prepared{Prepared: admin.Prepared{Schema: "s"}},
			}
			if running {
				state.again = time.Now().Add(-time.Second)
			}
			if reason != "" {
				state.problem = &admin.Problem{Reason: reason, Message: "m"}
			}
			r := &Reconciler{preparations: newPreparations(testPace, nil, nil)}
			r.preparations.states[types.NamespacedName{Namespace: "n", Name: "acme"}] = state
			r.prepareDatabase(p, opened)
			if p.database.ready != ready || p.database.finding.IsTrue() != ready {
				t.Errorf("%q, running %t: ready %t, finding %v", reason, running, p.database.ready, p.database.finding)
			}
			if again := p.next > 0; again != (reason != "" && !running) {
				t.Errorf("%q, running %t: the pass runs again after %s", reason, running, p.next)
			}
		}
	}
}

func TestClosedServerStaysClosed(t *testing.T) {
	t.Parallel()
	s := &server{name: "default", config: admin.Config{URI: "postgres://nobody@127.0.0.1:1/nothing"}}
	if _, problem := s.open(); problem != nil {
		t.Fatal(problem)
	}
	s.close()
	opened, problem := s.open()
	if opened != nil || problem == nil || !waits(problem) {
		t.Errorf("opened %v, problem %v", opened, problem)
	}
	if _, news := s.down(&admin.Problem{Reason: admin.Unreachable}); news || s.poll(t.Context()) {
		t.Error("a closed server has news")
	}
}

// TestForeignPodIsNoReplica: a pod that somebody gave the tenant's label runs nothing.
func TestForeignPodIsNoReplica(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	pod := foreignPod(w, "acme")
	profile := w.accountProfile("acme", "business")
	w.create(profile)
	w.expect(profile, "Ready=True")
	kube.Eventually(t, "the replicas run the edit", func() error {
		w.expect(tenant, "Ready=True")
		return want([2]int32{*tenant.Status.Config.Replicas, *tenant.Status.Config.ProgrammedReplicas}, [2]int32{4, 4})
	})
	w.get(pod)
	if len(pod.Annotations) > 0 {
		t.Errorf("the pod was annotated: %v", pod.Annotations)
	}
}

func foreignPod(w *world, tenant string) *corev1.Pod {
	w.t.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.tenants, Name: "debug", Labels: map[string]string{provision.LabelTenant: tenant}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "shell", Image: "shell"}}},
	}
	w.create(pod)
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	if err := w.client.Status().Update(w.t.Context(), pod); err != nil {
		w.t.Fatal(err)
	}
	return pod
}

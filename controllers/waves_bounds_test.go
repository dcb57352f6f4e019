package controllers

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/wave"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// TestWaveSilenceHalts: nobody says of its pods that they are too late, and the tenant does not
// keep its place for ever.
func TestWaveSilenceHalts(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "x", "y")
	f.pace.patience = 2 * time.Second
	f.upgrade("v2", 1)
	names := f.first("v2", "x", "y")
	f.expect(f.tenants[names[0]], "Ready=False/RolloutFailed")
	if m := message(f.tenants[names[0]], "Ready"); !strings.Contains(m, "have not become ready in time") {
		t.Errorf("Ready says %q", m)
	}
	f.waits("RolloutHalted", names[1])
	f.give("*")
	f.runs(names[0], "v2")
	f.runs(names[1], "v2")
}

// TestWavePatience: what keeps others from beginning does so for a time only.
func TestWavePatience(t *testing.T) {
	key := func(name string) types.NamespacedName { return types.NamespacedName{Namespace: "ns", Name: name} }
	asks := wave.Tenant{Key: key("a"), Standing: wave.Waiting}
	tests := map[string]struct {
		other   wave.Tenant
		begins  bool // it was let
		soak    bool // it is what the others wait for
		forever bool
	}{
		"a canary whose database is away":     {other: wave.Tenant{Standing: wave.Waiting, Canary: true}},
		"one that was let, and does not":      {other: wave.Tenant{Standing: wave.Waiting}, begins: true},
		"one on its way to a former release":  {other: wave.Tenant{Standing: wave.Waiting, Busy: true}},
		"a canary that is done":               {other: wave.Tenant{Standing: wave.Done, Canary: true}, soak: true},
		"one that rolls is failed by itself":  {other: wave.Tenant{Standing: wave.Rolling}, forever: true},
		"one that has failed is seen as such": {other: wave.Tenant{Standing: wave.Failed}, forever: true},
	}
	for name, test := range tests {
		test.other.Key = key("other")
		for _, over := range []bool{false, true} {
			w, err := newWaves(Options{WaveSize: 1}, pace{patience: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			w.soak = time.Hour
			if over {
				w.patience, w.soak = 0, 0
			}
			w.asking[asks.Key] = &reply{}
			if test.begins {
				w.asking[test.other.Key] = &reply{known: true, begins: true}
			}
			woken, plan, later := w.decide([]wave.Tenant{asks, test.other}, nil)
			if begun, wanted := slices.Contains(plan.Begin, asks.Key), over && !test.forever; begun != wanted {
				t.Errorf("%s: when that is over: %v, another one begins: %v", name, over, begun)
			}
			if slices.Contains(woken, test.other.Key) != (over && test.begins) { // or its status says RollingOut for good
				t.Errorf("%s: when that is over: %v, %v are woken", name, over, woken)
			}
			if looks := later > 0 && later <= time.Hour; looks != (!over && !test.forever) {
				t.Errorf("%s: when that is over: %v, it is decided again after %s", name, over, later)
			}
		}
	}
}

// soakingFleet has a canary that runs v2 and has yet to show that it stays well, and x, which
// waits for that.
func soakingFleet(t *testing.T) *fleet {
	t.Helper()
	f := newFleet(t, "canary", "x")
	f.stop()
	f.is("v2", 1)
	release := f.options
	f.options = func(o *Options) { release(o); o.CanarySoak = time.Hour }
	f.startOperator(cluster.Config, nil)
	f.give("*")
	f.runs("canary", "v2")
	f.waits("RolloutWaiting", "x")
	return f
}

// TestWaveCanarySoaks: a canary that is rolled out shows for a time that it stays well, unless
// the platform team has seen enough.
func TestWaveCanarySoaks(t *testing.T) {
	t.Parallel()
	f := soakingFleet(t)
	wait(t, 500*time.Millisecond)
	f.waits("RolloutWaiting", "x")
	edit(f.world, f.tenants["canary"], func(t *v1alpha1.Tenant) { t.Annotations = map[string]string{wave.AnnotationIgnore: "v2"} })
	f.runs("x", "v2")
}

// TestWaveCanaryCrashesWhileItSoaks: one pod is available all the time, and another one ends again
// and again. That is what the others wait to see.
func TestWaveCanaryCrashesWhileItSoaks(t *testing.T) {
	t.Parallel()
	f := soakingFleet(t)
	pod := f.pods("canary")[0]
	before := pod.DeepCopy()
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: pod.Labels[provision.LabelComponent], Image: "foyer:v2", RestartCount: 4,
		State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}}}
	if err := f.client.Status().Patch(t.Context(), &pod, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	f.expect(f.tenants["canary"], "Ready=False/RolloutFailed", "PortalAvailable=True")
	f.waits("RolloutHalted", "x")
}

// TestWaveLossOutsideARollout: all tenants have the release, and one of them has had no pod for
// longer than a rollout is waited for. That waits for no person, and is no failed rollout.
func TestWaveLossOutsideARollout(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "x")
	f.stop()
	f.pace.patience = time.Second
	f.startOperator(cluster.Config, nil)
	f.replicas.set(func(r *replicas) { r.holds = func(*appsv1.Deployment) bool { return true } })
	d := f.deployment("x-portal")
	before := d.DeepCopy()
	d.Status.ReadyReplicas, d.Status.AvailableReplicas = 0, 0
	d.Status.Conditions = []appsv1.DeploymentCondition{{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, Reason: "NewReplicaSetAvailable"}}
	if err := f.client.Status().Patch(t.Context(), d, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	f.expect(f.tenants["x"], "Ready=False/NoReadyReplica")
	wait(t, 3*time.Second)
	f.expect(f.tenants["x"], "Ready=False/NoReadyReplica", "Reconciling=True")
}

// TestWaveRefusedEditSaysSo: a Tenant that is refused keeps its pods, security fixes or not.
func TestWaveRefusedEditSaysSo(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "x")
	edit(f.world, f.tenants["x"], func(t *v1alpha1.Tenant) { t.Spec.Attributes.TimeZone = "Europe/Nowhere" })
	f.expect(f.tenants["x"], "Accepted=False/Invalid")
	if m := message(f.tenants["x"], "Ready"); strings.Contains(m, "release") {
		t.Errorf("Ready says %q", m)
	}
	f.give("*")
	f.upgrade("v2", 1)
	kube.Eventually(t, "it says that it keeps its pods", func() error {
		f.get(f.tenants["x"])
		m := message(f.tenants["x"], "Ready")
		return want(strings.HasSuffix(m, "Its pods stay those of release v1 until then, and do not get release v2."), true)
	})
	edit(f.world, f.tenants["x"], func(t *v1alpha1.Tenant) { t.Spec.Attributes.TimeZone = "Europe/Berlin" })
	f.runs("x", "v2")
	f.expect(f.tenants["x"], "Ready=True/Ready")
}

// TestKeptReleaseIsOfWhoCannotAsk: a tenant that asks, or that is only being looked at, keeps its
// pods no longer than until its turn.
func TestKeptReleaseIsOfWhoCannotAsk(t *testing.T) {
	r := &Reconciler{options: Options{Version: "v2"}}
	for name, test := range map[string]struct {
		barred, starting bool
		said             string
		standing         wave.Standing
		has              string
		want             bool
	}{
		"it is refused":             {barred: true, standing: wave.Waiting, has: "v1", want: true},
		"its database is looked at": {barred: true, starting: true, standing: wave.Waiting, has: "v1"},
		"the operator starts again": {barred: true, starting: true, standing: wave.Waiting, has: "v1", want: true,
			said: "No. Its pods stay those of release v1 until then, and do not get release v2."},
		"it asks":                     {standing: wave.Waiting, has: "v1"},
		"it has begun":                {barred: true, standing: wave.Rolling, has: "v1"},
		"it has this release already": {barred: true, standing: wave.Waiting, has: "v2"},
	} {
		p := &pass{tenant: &v1alpha1.Tenant{Status: v1alpha1.TenantStatus{Version: test.has}}}
		p.turn.barred, p.database.starting = test.barred, test.starting
		former := []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Message: test.said}}
		if said := r.keptRelease(p, wave.Found{Standing: test.standing}, former); (said != "") != test.want {
			t.Errorf("%s: it says %q", name, said)
		}
	}
}

// TestWaveDeletedWhileNobodyLooks: what a Deployment was that is gone when the operator begins,
// nobody knows. It is the new release's, the image with the arguments, and the others wait.
func TestWaveDeletedWhileNobodyLooks(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "x", "y")
	f.upgrade("v2", 1)
	last := f.first("v2", "x", "y")[1]
	f.waits("RolloutWaiting", last)
	f.stop()
	f.delete(f.deployment(last + "-backoffice"))
	f.startOperator(cluster.Config, nil)
	kube.Eventually(t, "it is there again", func() error { return want(f.images(last), "v2 v1 v1") })
	f.expect(f.tenants[last], "BackofficeAvailable=False")
	f.give("*")
	f.runs(last, "v2")
}

// TestWaveRemembersWhoCannotAsk: while the database is away for a moment, or a write fails, a tenant
// does not ask. What its Deployments were is known all the same until it begins.
func TestWaveRemembersWhoCannotAsk(t *testing.T) {
	w, err := newWaves(Options{WaveSize: 1}, pace{patience: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	tenant := &v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "acme", UID: "1"}}
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "acme-portal",
		OwnerReferences: []metav1.OwnerReference{{UID: "1", Controller: ptr.To(true)}}}}
	w.remember(tenant, []*appsv1.Deployment{d})
	w.leave(t.Context(), client.ObjectKeyFromObject(tenant))
	if known := w.remember(tenant, nil); len(known) != 1 {
		t.Errorf("of what was deleted meanwhile it knows %d", len(known))
	}
	w.forget(t.Context(), client.ObjectKeyFromObject(tenant))
	if known := w.remember(tenant, nil); len(known) != 0 {
		t.Errorf("of a tenant that has begun it still knows %d", len(known))
	}
}

// TestHoldLeavesOutWhatComesWithTheRelease: a component that the former release did not have is
// not started before the turn of its tenant.
func TestHoldLeavesOutWhatComesWithTheRelease(t *testing.T) {
	p := provision.Params{Tenant: &v1alpha1.Tenant{}, Image: "foyer:v2"}
	p.Tenant.Name = "acme"
	live := liveOf(t, p, "foyer:v1")
	for _, test := range []struct {
		said string // components of the former release
		want []string
	}{
		{"portal,backoffice", []string{"acme-backoffice foyer:v1", "acme-portal foyer:v1"}},
		{"portal,backoffice,dispatcher", []string{"acme-backoffice foyer:v1", "acme-dispatcher foyer:v2", "acme-portal foyer:v1"}},
	} {
		for _, d := range live {
			d.Annotations[provision.AnnotationComponents] = test.said
		}
		held, same, err := hold(provision.Objects(p), live)
		if err != nil || same {
			t.Fatalf("nothing waits: %v, %v", same, err)
		}
		var got []string
		for _, object := range held {
			if d, ok := provision.Workload(object); ok {
				got = append(got, fmt.Sprint(*d.Name, " ", *d.Spec.Template.Spec.Containers[0].Image))
			}
		}
		slices.Sort(got)
		if diff := gocmp.Diff(test.want, got); diff != "" {
			t.Errorf("with %s (-want +got):\n%s", test.said, diff)
		}
	}
}

// liveOf are the Deployments of a tenant's portal and backoffice, of another image.
func liveOf(t *testing.T, p provision.Params, image string) []*appsv1.Deployment {
	t.Helper()
	p.Image = image
	var live []*appsv1.Deployment
	for _, object := range provision.Objects(p) {
		desired, ok := provision.Workload(object)
		if !ok || desired.Labels[provision.LabelComponent] == string(provision.Dispatcher) {
			continue
		}
		if err := provision.Release(desired, p.Tenant, "former"); err != nil {
			t.Fatal(err)
		}
		encoded, err := json.Marshal(desired)
		if err != nil {
			t.Fatal(err)
		}
		d := &appsv1.Deployment{}
		if err := json.Unmarshal(encoded, d); err != nil {
			t.Fatal(err)
		}
		live = append(live, d)
	}
	return live
}

package controllers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/wave"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// fleet is some tenants of one operator that are Ready with release v1, and what decides
// which of their Deployments get pods of another image.
type fleet struct {
	*world
	tenants map[string]*v1alpha1.Tenant
	mu      sync.Mutex
	gets    map[string]bool // "tenant" or "*": they get the pods that they ask for
}

func newFleet(t *testing.T, names ...string) *fleet {
	t.Helper()
	f := &fleet{world: quietWorld(t), tenants: map[string]*v1alpha1.Tenant{}, gets: map[string]bool{}}
	f.declareServer("default", f.uri, f.world.tenants)
	f.is("v1", 2)
	f.startOperator(cluster.Config, nil)
	f.replicas = startReplicas(f.world)
	f.replicas.set(func(r *replicas) { r.holds = f.holds })
	for _, name := range names {
		f.tenants[name] = f.tenant(name)
		if strings.HasPrefix(name, "canary") {
			f.tenants[name].Labels = map[string]string{wave.LabelCanary: "true"}
		}
		f.create(f.tenants[name])
	}
	for _, tenant := range f.tenants {
		f.expect(tenant, "Ready=True/Ready")
		f.runs(tenant.Name, "v1")
	}
	return f
}

// is says of which release operators are that are started from now on.
func (f *fleet) is(version string, size int) {
	f.options = func(o *Options) { o.Version, o.Image, o.WaveSize = version, "foyer:"+version, size }
}

// upgrade replaces the operator.
func (f *fleet) upgrade(version string, size int) {
	f.t.Helper()
	f.stop()
	f.is(version, size)
	f.startOperator(cluster.Config, nil)
}

func (f *fleet) holds(d *appsv1.Deployment) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return imageOf(d) != "v1" && !f.gets["*"] && !f.gets[d.Labels[provision.LabelTenant]]
}

// give lets tenants get the pods that they ask for.
func (f *fleet) give(names ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, name := range names {
		f.gets[name] = true
	}
}

func imageOf(d *appsv1.Deployment) string {
	return strings.TrimPrefix(d.Spec.Template.Spec.Containers[0].Image, "foyer:")
}

func (f *fleet) workloads(tenant string) []appsv1.Deployment {
	f.t.Helper()
	var list appsv1.DeploymentList
	if err := f.client.List(f.t.Context(), &list, client.InNamespace(f.world.tenants), client.MatchingLabels{provision.LabelTenant: tenant}); err != nil {
		f.t.Fatal(err)
	}
	return list.Items
}

// images are those of a tenant's Deployments.
func (f *fleet) images(tenant string) string {
	var images []string
	for _, d := range f.workloads(tenant) {
		images = append(images, imageOf(&d))
	}
	return strings.Join(images, " ")
}

// begun waits until a tenant's Deployments ask for pods of a release.
func (f *fleet) begun(tenant, version string) {
	f.t.Helper()
	kube.Eventually(f.t, tenant+" asks for pods of "+version, func() error {
		return want(f.images(tenant), version+" "+version+" "+version)
	})
}

// runs waits until the status of a tenant says its release.
func (f *fleet) runs(tenant, version string) {
	f.t.Helper()
	kube.Eventually(f.t, tenant+" runs "+version, func() error {
		f.get(f.tenants[tenant])
		return want(f.tenants[tenant].Status.Version, version)
	})
}

func (f *fleet) waits(reason string, names ...string) {
	f.t.Helper()
	for _, name := range names {
		f.expect(f.tenants[name], "Ready=True/"+reason)
		if images, version := f.images(name), f.tenants[name].Status.Version; images != "v1 v1 v1" || version != "v1" {
			f.t.Errorf("%s waits with images %s, and says %s", name, images, version)
		}
	}
}

// fails has the Deployment controller say of the portal of a tenant that it is too late.
func (f *fleet) fails(tenant string) {
	f.t.Helper()
	f.tell(tenant, appsv1.DeploymentCondition{
		Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse, Reason: "ProgressDeadlineExceeded",
		LastUpdateTime: metav1.Now(), LastTransitionTime: metav1.Now(),
	})
}

func (f *fleet) tell(tenant string, condition appsv1.DeploymentCondition) {
	f.t.Helper()
	d := f.deployment(tenant + "-portal")
	before := d.DeepCopy()
	d.Status.ObservedGeneration = d.Generation
	d.Status.Replicas, d.Status.UpdatedReplicas, d.Status.ReadyReplicas, d.Status.AvailableReplicas = 3, 1, 1, 1
	d.Status.Conditions = []appsv1.DeploymentCondition{condition}
	if err := f.client.Status().Patch(f.t.Context(), d, client.MergeFrom(before)); err != nil {
		f.t.Fatal(err)
	}
}

// watchUnderWay counts, as long as the test runs, how many tenants have begun and do not run
// the release yet, and returns the largest number.
func (f *fleet) watchUnderWay(version string) (most func() int) {
	f.t.Helper()
	stop, done, largest := make(chan struct{}), make(chan struct{}), 0
	go func() {
		defer close(done)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			var list appsv1.DeploymentList
			if f.client.List(f.t.Context(), &list, client.InNamespace(f.world.tenants)) != nil {
				continue
			}
			underWay := map[string]bool{}
			for _, d := range list.Items {
				if imageOf(&d) == version && (d.Status.ObservedGeneration < d.Generation || d.Status.AvailableReplicas < *d.Spec.Replicas) {
					underWay[d.Labels[provision.LabelTenant]] = true
				}
			}
			largest = max(largest, len(underWay))
		}
	}()
	return func() int { close(stop); <-done; return largest }
}

func TestWaves(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "a", "b", "c", "d", "canary")
	most := f.watchUnderWay("v2")
	f.upgrade("v2", 2)
	f.begun("canary", "v2")
	f.waits("RolloutWaiting", "a", "b", "c", "d")
	f.expect(f.tenants["canary"], "Ready=True/RollingOut")
	if v := f.tenants["canary"].Status.Version; v != "v1" {
		t.Errorf("the canary says that its pods run %s, of which it has none yet", v)
	}

	f.waitingTenantLives("a")
	fresh := f.tenant("fresh")
	f.create(fresh)
	f.begun("fresh", "v2")
	f.give("fresh")
	f.expect(fresh, "Ready=True/Ready")

	f.give("canary")
	f.runs("canary", "v2")
	f.begun("a", "v2")
	f.begun("b", "v2")
	f.waits("RolloutWaiting", "c", "d")
	f.give("b")
	f.runs("b", "v2")
	f.begun("c", "v2")
	f.waits("RolloutWaiting", "d")
	f.give("*")
	for name, tenant := range f.tenants {
		f.runs(name, "v2")
		f.expect(tenant, "Ready=True/Ready")
	}
	if n := most(); n != 2 {
		t.Errorf("%d tenants were under way at the same time, wanted 2", n)
	}
	if r := *f.deployment("a-portal").Spec.Replicas; r != 3 {
		t.Errorf("the replicas that were declared while it waited are %d", r)
	}
}

// waitingTenantLives: what is declared goes live while a tenant waits, with the image that it
// has, and it does not get its turn by that.
func (f *fleet) waitingTenantLives(name string) {
	f.t.Helper()
	profile := f.accountProfile(name, name+"-business")
	f.create(profile, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: f.world.tenants, Name: "mail"},
		StringData: map[string]string{"username": "me", "password": "it"}})
	f.expect(profile, "Ready=True", "Programmed=True")
	edit(f.world, f.tenants[name], func(t *v1alpha1.Tenant) {
		t.Spec.Portal.Replicas = ptr.To(int32(3))
		t.Spec.Portal.Resources.MemoryLimit = "512Mi"
		t.Spec.Email = v1alpha1.EmailChannelSpec{From: "a@example.com",
			SMTP: v1alpha1.SMTPSpec{Host: "smtp.example", Security: "TLS", SecretRef: v1alpha1.ObjectRef{Name: "mail"}}}
	})
	kube.Eventually(f.t, "what is declared is applied", func() error {
		portal, dispatcher := f.deployment(name+"-portal"), f.deployment(name+"-dispatcher")
		limit := portal.Spec.Template.Spec.Containers[0].Resources.Limits.Memory()
		mounted := false
		for _, v := range dispatcher.Spec.Template.Spec.Volumes {
			mounted = mounted || v.Secret != nil && v.Secret.SecretName == "mail"
		}
		return want(fmt.Sprint(*portal.Spec.Replicas, limit.Cmp(resource.MustParse("512Mi")), mounted), "3 0 true")
	})
	if images := f.images(name); images != "v1 v1 v1" {
		f.t.Errorf("by an edit the images became %s", images)
	}
	f.delete(f.deployment(name + "-backoffice"))
	kube.Eventually(f.t, "a deleted Deployment is back", func() error { return want(f.images(name), "v1 v1 v1") })
	if err := f.client.DeleteAllOf(f.t.Context(), &appsv1.Deployment{}, client.InNamespace(f.world.tenants), client.MatchingLabels{provision.LabelTenant: name}); err != nil {
		f.t.Fatal(err)
	}
	kube.Eventually(f.t, "all of them are back", func() error { return want(f.images(name), "v1 v1 v1") })
	edit(f.world, f.deployment(name+"-portal"), func(d *appsv1.Deployment) {
		d.Spec.Template.Spec.Containers[0].Image, d.Spec.Template.Spec.Containers[0].Args = "foyer:mine", nil
	})
	kube.Eventually(f.t, "what was changed by hand is as it was", func() error {
		return want(fmt.Sprint(f.images(name), " ", len(f.deployment(name + "-portal").Spec.Template.Spec.Containers[0].Args) > 0), "v1 v1 v1 true")
	})
}

// first waits until one of the tenants has begun, and returns it before the others.
func (f *fleet) first(version string, names ...string) []string {
	f.t.Helper()
	var order []string
	kube.Eventually(f.t, "a tenant asks for pods of "+version, func() error {
		order = slices.Clone(names)
		slices.SortStableFunc(order, func(a, b string) int {
			return cmp.Compare(strings.Count(f.images(b), version), strings.Count(f.images(a), version))
		})
		return want(f.images(order[0]), version+" "+version+" "+version)
	})
	return order
}

// TestWaveEditBringsNoTurnForward: the pods that an edit replaces are of the release that the
// tenant has, and no place in the waves is given for them.
func TestWaveEditBringsNoTurnForward(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "x", "y")
	f.upgrade("v2", 1)
	names := f.first("v2", "x", "y")
	last := names[1]
	f.waits("RolloutWaiting", last)
	f.replicas.set(func(r *replicas) {
		r.holds = func(d *appsv1.Deployment) bool { return f.holds(d) || d.Labels[provision.LabelTenant] == last }
	})
	edit(f.world, f.tenants[last], func(t *v1alpha1.Tenant) { t.Spec.Portal.Resources.MemoryLimit = "512Mi" })
	kube.Eventually(t, "the edit is applied", func() error {
		limit := f.deployment(last + "-portal").Spec.Template.Spec.Containers[0].Resources.Limits.Memory()
		return want(limit.Cmp(resource.MustParse("512Mi")), 0)
	})
	f.tell(last, appsv1.DeploymentCondition{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, Reason: "ReplicaSetUpdated"})
	wait(t, 500*time.Millisecond)
	f.waits("RolloutWaiting", last)
	f.give("*")
	f.runs(names[0], "v2")
	f.begun(last, "v2")
}

func TestRolloutHalts(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "x", "y", "z")
	f.upgrade("v2", 1)
	names := f.first("v2", "x", "y", "z")
	a, b, c := names[0], names[1], names[2]
	f.fails(a)
	f.expect(f.tenants[a], "Ready=False/RolloutFailed", "Stalled=True", "PortalAvailable=True")
	if m := message(f.tenants[a], "Ready"); !strings.Contains(m, "have not become ready in time") || !strings.Contains(m, "foyer.dev/ignore-rollout-failure=v2") {
		t.Errorf("Ready says %q", m)
	}
	f.waits("RolloutHalted", b, c)
	if m := message(f.tenants[b], "Ready"); !strings.Contains(m, "until Tenant "+a) {
		t.Errorf("Ready says %q", m)
	}
	f.sawEvent(f.tenants[a], "RolloutFailed", "ignore-rollout-failure=v2")

	f.give(a) // it recovers by itself
	f.runs(a, "v2")
	f.expect(f.tenants[a], "Ready=True/Ready")
	names = f.first("v2", b, c)
	b, c = names[0], names[1]
	f.waits("RolloutWaiting", c)

	f.fails(b) // the platform team says that it goes on
	f.waits("RolloutHalted", c)
	edit(f.world, f.tenants[b], func(t *v1alpha1.Tenant) { t.Annotations = map[string]string{wave.AnnotationIgnore: "v2"} })
	f.begun(c, "v2")
	f.expect(f.tenants[b], "Ready=False/RolloutFailed")
	kube.Eventually(t, "it says that the others go on", func() error {
		f.get(f.tenants[b])
		return want(strings.Contains(message(f.tenants[b], "Ready"), "The other tenants go on"), true)
	})

	f.fails(c) // a newer release comes, for which the word of before does not count
	f.expect(f.tenants[c], "Ready=False/RolloutFailed")
	f.give("*")
	f.upgrade("v3", 1)
	for name, tenant := range f.tenants {
		f.runs(name, "v3")
		f.expect(tenant, "Ready=True/Ready")
	}
}

// TestCrashLoopHalts: a kubelet knows long before the deadline.
func TestCrashLoopHalts(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "x", "y")
	f.upgrade("v2", 1)
	names := f.first("v2", "x", "y")
	pod := f.pods(names[0])[0]
	component := pod.Labels[provision.LabelComponent]
	before := pod.DeepCopy()
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: component, Image: "foyer:v2", RestartCount: 4,
		State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}}}
	if err := f.client.Status().Patch(t.Context(), &pod, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	f.expect(f.tenants[names[0]], "Ready=False/RolloutFailed")
	if m := message(f.tenants[names[0]], "Ready"); !strings.Contains(m, "A pod of the "+component+" ends again and again") {
		t.Errorf("Ready says %q", m)
	}
	f.waits("RolloutHalted", names[1])
	before = pod.DeepCopy() // the kubelet starts it once more
	pod.Status.ContainerStatuses[0].State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	if err := f.client.Status().Patch(t.Context(), &pod, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	wait(t, 500*time.Millisecond)
	f.waits("RolloutHalted", names[1])
}

// TestRestartInTheMiddle: what the cluster shows is all that a rollout knows.
func TestRestartInTheMiddle(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "x", "y", "z")
	f.upgrade("v2", 1)
	names := f.first("v2", "x", "y", "z")
	f.expect(f.tenants[names[0]], "Ready=True/RollingOut")
	f.waits("RolloutWaiting", names[1:]...)
	f.stop()
	recording, writes := kube.RecordWrites(cluster.Config)
	f.startOperator(recording, nil)
	f.give("witness")
	witness := f.tenant("witness") // has many passes, and the others so had theirs
	f.create(witness)
	f.expect(witness, "Ready=True/Ready")
	f.expectRest(writes)
	for _, write := range writes.List() {
		made := strings.HasPrefix(write, "POST ") // the witness's: the others have all that they need
		if !made && !strings.Contains(write, "witness") {
			t.Errorf("with nothing changed, a restart in the middle wrote %s", write)
		}
	}
	f.waits("RolloutWaiting", names[1:]...)
	f.give("*")
	for name := range f.tenants {
		f.runs(name, "v2")
	}
	f.stop()
	f.is("v1", 1) // and back
	f.startOperator(cluster.Config, nil)
	for name := range f.tenants {
		f.runs(name, "v1")
	}
}

// TestWaveNewTenantNeverWaits: one that no release has got ready has the next one at once, which
// may be what mends it.
func TestWaveNewTenantNeverWaits(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "canary")
	f.replicas.set(func(r *replicas) {
		r.holds = func(d *appsv1.Deployment) bool {
			return f.holds(d) || imageOf(d) == "v1" && d.Labels[provision.LabelTenant] == "late"
		}
	})
	f.tenants["late"] = f.tenant("late")
	f.create(f.tenants["late"])
	f.begun("late", "v1")
	f.upgrade("v2", 1)
	f.begun("late", "v2")
	f.give("late")
	f.runs("late", "v2")
	f.expect(f.tenants["late"], "Ready=True/Ready")
}

// TestSamePodsDoNotWait: a release that makes the same pods replaces none, and none waits.
func TestSamePodsDoNotWait(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "x", "y")
	pods := func() (templates []corev1.PodTemplateSpec, uids []string) {
		for _, d := range slices.Concat(f.workloads("x"), f.workloads("y")) {
			templates = append(templates, d.Spec.Template)
		}
		for _, pod := range slices.Concat(f.pods("x"), f.pods("y")) {
			uids = append(uids, string(pod.UID))
		}
		return templates, uids
	}
	templates, uids := pods()
	f.stop()
	f.options = func(o *Options) { o.Version, o.Image, o.WaveSize = "v2", "foyer:v1", 1 }
	f.startOperator(cluster.Config, nil)
	f.runs("x", "v2")
	f.runs("y", "v2")
	nextTemplates, nextUIDs := pods()
	if diff := gocmp.Diff(templates, nextTemplates) + gocmp.Diff(uids, nextUIDs); diff != "" {
		t.Errorf("pods were changed (-want +got):\n%s", diff)
	}
}

// TestUpgradeFromReleaseWithoutWaves: its Deployments do not say what it made.
func TestUpgradeFromReleaseWithoutWaves(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "x", "y")
	f.stop()
	for name := range f.tenants {
		for _, d := range f.workloads(name) {
			edit(f.world, &d, func(d *appsv1.Deployment) {
				delete(d.Annotations, provision.AnnotationRelease)
				delete(d.Annotations, provision.AnnotationTemplate)
			})
		}
	}
	f.is("v2", 1)
	f.startOperator(cluster.Config, nil)
	last := f.first("v2", "x", "y")[1]
	f.waits("RolloutWaiting", last)
	edit(f.world, f.tenants[last], func(t *v1alpha1.Tenant) { t.Spec.Portal.Replicas = ptr.To(int32(3)) })
	kube.Eventually(t, "its replicas are applied", func() error {
		return want(fmt.Sprint(*f.deployment(last + "-portal").Spec.Replicas, " ", f.images(last)), "3 v1 v1 v1")
	})
	f.give("*")
	f.runs(last, "v2")
}

// sawEvent waits until an event says something of an object.
func (w *world) sawEvent(o client.Object, reason, note string) {
	w.t.Helper()
	kube.Eventually(w.t, "event "+reason, func() error {
		var list eventsv1.EventList
		if err := w.client.List(w.t.Context(), &list, client.InNamespace(o.GetNamespace())); err != nil {
			return err
		}
		var notes []string
		for _, e := range list.Items {
			if e.Regarding.Name != o.GetName() || e.Reason != reason {
				continue
			}
			if strings.Contains(e.Note, note) {
				return nil
			}
			notes = append(notes, e.Note)
		}
		return errorf("there is none with %q: %q", note, notes)
	})
}

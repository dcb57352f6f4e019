package wave

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
)

func named(names ...string) []types.NamespacedName {
	var keys []types.NamespacedName
	for _, name := range names {
		keys = append(keys, types.NamespacedName{Namespace: "ns", Name: name})
	}
	return keys
}

func tenant(name string, standing Standing, change ...func(*Tenant)) Tenant {
	t := Tenant{Key: named(name)[0], Standing: standing}
	for _, c := range change {
		c(&t)
	}
	return t
}

func asks(t *Tenant)    { t.Asks = true }
func begins(t *Tenant)  { t.Begins = true }
func canary(t *Tenant)  { t.Canary = true }
func isStuck(t *Tenant) { t.Stuck = true }
func soaks(t *Tenant)   { t.Soaks = true }
func busy(t *Tenant)    { t.Busy = true }
func ignored(t *Tenant) { t.Ignored = true }

func TestDecide(t *testing.T) {
	tests := map[string]struct {
		tenants []Tenant
		size    int
		want    Plan
	}{
		"nobody":                            {size: 5},
		"all done":                          {size: 1, tenants: []Tenant{tenant("a", Done), tenant("b", Uncounted)}},
		"one after another":                 {size: 1, tenants: []Tenant{tenant("b", Waiting, asks), tenant("a", Waiting, asks)}, want: Plan{Begin: named("a")}},
		"as many as may":                    {size: 2, tenants: []Tenant{tenant("c", Waiting, asks), tenant("b", Waiting, asks), tenant("a", Waiting, asks)}, want: Plan{Begin: named("a", "b")}},
		"who cannot holds nobody":           {size: 1, tenants: []Tenant{tenant("a", Waiting), tenant("b", Waiting, asks)}, want: Plan{Begin: named("b")}},
		"one is under way":                  {size: 2, tenants: []Tenant{tenant("a", Rolling), tenant("b", Waiting, asks), tenant("c", Waiting, asks)}, want: Plan{Begin: named("b")}},
		"one was let":                       {size: 1, tenants: []Tenant{tenant("b", Waiting, asks, begins), tenant("a", Waiting, asks)}},
		"who was let and began counts once": {size: 2, tenants: []Tenant{tenant("b", Rolling, asks, begins), tenant("a", Waiting, asks)}, want: Plan{Begin: named("a")}},
		"canaries first":                    {size: 3, tenants: []Tenant{tenant("a", Waiting, asks), tenant("z", Waiting, asks, canary)}, want: Plan{Begin: named("z"), Canary: true}},
		"canaries are bounded too":          {size: 1, tenants: []Tenant{tenant("y", Waiting, asks, canary), tenant("z", Waiting, asks, canary)}, want: Plan{Begin: named("y"), Canary: true}},
		"a canary is under way":             {size: 3, tenants: []Tenant{tenant("a", Waiting, asks), tenant("z", Rolling, canary)}, want: Plan{Canary: true}},
		"a canary cannot yet":               {size: 3, tenants: []Tenant{tenant("a", Waiting, asks), tenant("z", Waiting, canary)}, want: Plan{Canary: true}},
		"a canary cannot at all":            {size: 3, tenants: []Tenant{tenant("a", Waiting, asks), tenant("z", Waiting, canary, isStuck)}, want: Plan{Begin: named("a")}},
		"the canaries are done":             {size: 3, tenants: []Tenant{tenant("a", Waiting, asks), tenant("z", Done, canary)}, want: Plan{Begin: named("a")}},
		"a canary soaks":                    {size: 3, tenants: []Tenant{tenant("a", Waiting, asks), tenant("z", Done, canary, soaks)}, want: Plan{Canary: true}},
		"a canary is overruled":             {size: 3, tenants: []Tenant{tenant("a", Waiting, asks), tenant("y", Waiting, canary, ignored), tenant("z", Rolling, canary, ignored)}, want: Plan{Begin: named("a")}},
		"an overruled canary waits as all":  {size: 1, tenants: []Tenant{tenant("b", Waiting, asks, canary, ignored), tenant("a", Waiting, asks)}, want: Plan{Begin: named("a")}},
		"who rolls to the former has a place": {size: 2, tenants: []Tenant{tenant("a", Waiting, asks), tenant("b", Waiting, asks, busy), tenant("c", Waiting, busy), tenant("d", Waiting, asks)},
			want: Plan{Begin: named("b")}},
		"canaries wait for no such place": {size: 1, tenants: []Tenant{tenant("a", Waiting, asks, busy), tenant("z", Waiting, asks, canary)}, want: Plan{Begin: named("z"), Canary: true}},
		"one has failed":                  {size: 3, tenants: []Tenant{tenant("z", Failed), tenant("y", Failed), tenant("a", Waiting, asks)}, want: Plan{Failed: named("y", "z")}},
		"one has failed, never mind":      {size: 3, tenants: []Tenant{tenant("z", Failed, ignored), tenant("a", Waiting, asks)}, want: Plan{Begin: named("a")}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, Decide(test.tenants, test.size)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestDecideToTheEnd rolls fleets of every kind to their end: never more than size at a time,
// never another tenant while a canary is not done, and in the end all are.
func TestDecideToTheEnd(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 7)) //nolint:gosec // a test that can be repeated
		size := 1 + random.IntN(7)
		fleet := make([]Tenant, 100)
		for i := range fleet {
			fleet[i] = tenant(fmt.Sprintf("t-%03d", random.IntN(10000)*100+i), Waiting, asks)
			fleet[i].Canary = random.IntN(10) == 0
		}
		for step := 0; !allDone(fleet); step++ {
			if step > 10_000 {
				t.Fatalf("seed %d: it never ends", seed)
			}
			let := map[types.NamespacedName]bool{}
			for _, key := range Decide(fleet, size).Begin {
				let[key] = true
			}
			advance(fleet, let, random)
			check(t, fleet, size)
		}
	}
}

func allDone(fleet []Tenant) bool {
	for _, t := range fleet {
		if t.Standing != Done {
			return false
		}
	}
	return true
}

// advance lets who may begin do so, sooner or later, and some that are under way be done.
func advance(fleet []Tenant, let map[types.NamespacedName]bool, random *rand.Rand) {
	for i := range fleet {
		t := &fleet[i]
		switch {
		case let[t.Key]:
			t.Begins = true
		case t.Begins && random.IntN(2) == 0:
			t.Standing, t.Begins = Rolling, false
		case t.Standing == Rolling && random.IntN(3) == 0:
			t.Standing = Done
		}
	}
}

func check(t *testing.T, fleet []Tenant, size int) {
	t.Helper()
	underWay, canaries, others := 0, 0, 0
	for _, tenant := range fleet {
		if tenant.Standing == Rolling || tenant.Begins {
			underWay++
		}
		if tenant.Canary && tenant.Standing != Done {
			canaries++
		}
		if !tenant.Canary && tenant.Standing != Waiting {
			others++
		}
	}
	if underWay > size || canaries > 0 && others > 0 {
		t.Fatalf("%d of at most %d are under way, %d canaries are not done and %d others have begun", underWay, size, canaries, others)
	}
}

const mark = "this"

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func workload(component, mark string, change ...func(*appsv1.Deployment)) *appsv1.Deployment {
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "acme-" + component, Generation: 3,
			Labels:      map[string]string{provision.LabelComponent: component},
			Annotations: map[string]string{provision.AnnotationRelease: mark, provision.AnnotationVersion: "v-" + mark}},
		Spec:   appsv1.DeploymentSpec{Replicas: ptr.To(int32(2)), ProgressDeadlineSeconds: ptr.To(int32(300))},
		Status: appsv1.DeploymentStatus{ObservedGeneration: 3, Replicas: 2, UpdatedReplicas: 2, ReadyReplicas: 2, AvailableReplicas: 2},
	}
	for _, c := range change {
		c(d)
	}
	return d
}

func half(d *appsv1.Deployment)   { d.Status.Replicas, d.Status.UpdatedReplicas = 3, 1 }
func unseen(d *appsv1.Deployment) { d.Status.ObservedGeneration = 2 }
func down(d *appsv1.Deployment)   { d.Status.AvailableReplicas = 1 }
func overdue(d *appsv1.Deployment) {
	half(d)
	d.Status.Conditions = append(d.Status.Conditions, appsv1.DeploymentCondition{Type: appsv1.DeploymentProgressing, Status: "False", Reason: "ProgressDeadlineExceeded"})
}

// stamped is what a Deployment controller says whose clock is a day behind.
func stamped(reason string) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) {
		half(d)
		at := metav1.NewTime(now.Add(-24 * time.Hour))
		d.Status.Conditions = append(d.Status.Conditions, appsv1.DeploymentCondition{Type: appsv1.DeploymentProgressing, Status: "True",
			Reason: reason, LastUpdateTime: at, LastTransitionTime: at})
	}
}

func quota(d *appsv1.Deployment) {
	d.Status.Conditions = append(d.Status.Conditions, appsv1.DeploymentCondition{Type: appsv1.DeploymentReplicaFailure, Status: "True", Message: "exceeded quota: small"})
}

func pod(component, reason string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{provision.LabelComponent: component},
			OwnerReferences: []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "acme-" + component + "-5d9f", Controller: ptr.To(true)}}},
		Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{
			{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}}}},
	}
}

// restarted is a pod of the portal whose container runs, after so many ends.
func restarted(times int32, ready bool) *corev1.Pod {
	p := pod("portal", "")
	p.Status.ContainerStatuses[0] = corev1.ContainerStatus{RestartCount: times, Ready: ready,
		State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}
	return p
}

// foreign is a crashing pod that has the labels of a portal, and is none of its own.
func foreign(change func(*corev1.Pod)) *corev1.Pod {
	p := pod("portal", "CrashLoopBackOff")
	change(p)
	return p
}

func TestLook(t *testing.T) {
	type workloads = []*appsv1.Deployment
	both := func(change ...func(*appsv1.Deployment)) workloads {
		return workloads{workload("portal", mark, change...), workload("backoffice", mark)}
	}
	ran := func(t *v1alpha1.Tenant) { t.Status.Version = "v-" + mark }
	nodeLost := func(d *appsv1.Deployment) {
		stamped(availableBefore)(d)
		d.Status.Replicas, d.Status.UpdatedReplicas, d.Status.AvailableReplicas = 2, 2, 0
	}
	tests := map[string]struct {
		change      func(*v1alpha1.Tenant)
		deployments workloads
		pods        []*corev1.Pod
		refused     string
		soaks       bool
		still       time.Duration
		want        Standing
		why         string
		wasDone     bool
	}{
		"nothing is made yet":         {want: Uncounted},
		"done":                        {deployments: both(), want: Done},
		"paused":                      {deployments: both(overdue), change: func(t *v1alpha1.Tenant) { t.Spec.State = v1alpha1.TenantPaused }, want: Uncounted},
		"new":                         {deployments: both(overdue), change: func(t *v1alpha1.Tenant) { t.Status.Version = "" }, want: Uncounted},
		"being deleted":               {deployments: both(), change: func(t *v1alpha1.Tenant) { t.DeletionTimestamp = ptr.To(metav1.Now()) }, want: Uncounted},
		"of another release":          {deployments: workloads{workload("portal", "other"), workload("backoffice", "other")}, want: Waiting},
		"of another release, and ill": {deployments: workloads{workload("portal", "other", overdue)}, want: Waiting},
		"the cluster refuses it":      {deployments: workloads{workload("portal", "other")}, refused: "A policy denies it.", want: Failed, why: "policy"},
		"new, and refused":            {deployments: both(), refused: "A policy denies it.", change: func(t *v1alpha1.Tenant) { t.Status.Version = "" }, want: Uncounted},
		"one of them has begun":       {deployments: workloads{workload("portal", mark), workload("backoffice", "other")}, want: Rolling},
		"pods are missing":            {deployments: both(half), want: Rolling},
		"not seen by its controller":  {deployments: both(unseen), want: Rolling},
		"not available":               {deployments: both(down), want: Rolling},
		"no pods asked for": {deployments: workloads{workload("portal", mark, func(d *appsv1.Deployment) {
			d.Spec.Replicas, d.Status = ptr.To(int32(0)), appsv1.DeploymentStatus{ObservedGeneration: 3}
		})}, want: Done},
		"too late":                      {deployments: both(overdue), want: Failed, why: "portal have not become ready in time"},
		"too late, before this edit":    {deployments: both(overdue, unseen), want: Rolling},
		"too late for a quota":          {deployments: both(overdue, quota), want: Failed, why: "exceeded quota"},
		"paused by hand":                {deployments: both(half, func(d *appsv1.Deployment) { d.Spec.Paused = true }), want: Failed, why: "kubectl rollout resume"},
		"it crashes":                    {deployments: both(half), pods: []*corev1.Pod{pod("portal", "CrashLoopBackOff")}, want: Failed, why: "A pod of the portal ends again and again"},
		"a component crashes that runs": {deployments: both(half), pods: []*corev1.Pod{pod("backoffice", "CrashLoopBackOff")}, want: Rolling},
		"it crashes, and runs just now": {deployments: both(half), pods: []*corev1.Pod{restarted(2, false)}, want: Failed, why: "A pod of the portal ends again and again"},
		"it ended once":                 {deployments: both(half), pods: []*corev1.Pod{restarted(1, false)}, want: Rolling},
		"it crashed, and is ready":      {deployments: both(half), pods: []*corev1.Pod{restarted(9, true)}, want: Rolling},
		"somebody's pod crashes":        {deployments: both(half), pods: []*corev1.Pod{foreign(func(p *corev1.Pod) { p.OwnerReferences = nil })}, want: Rolling},
		"another tenant's pod crashes":  {deployments: both(half), pods: []*corev1.Pod{foreign(func(p *corev1.Pod) { p.OwnerReferences[0].Name = "acme-portal-two-5d9f" })}, want: Rolling},
		"it pulls":                      {deployments: both(half), pods: []*corev1.Pod{pod("portal", "ImagePullBackOff")}, want: Rolling},
		"nobody says that it is late":   {deployments: both(stamped("ReplicaSetUpdated")), still: Patience, want: Failed, why: "in time"},
		"nobody has looked at it for long": {deployments: both(unseen, stamped(availableBefore), func(d *appsv1.Deployment) { d.Status.Replicas, d.Status.UpdatedReplicas = 2, 2 }),
			still: Patience, want: Failed, why: "in time"},
		"its others wait for long": {deployments: workloads{workload("portal", mark), workload("backoffice", "other")}, still: Patience, want: Failed, why: "backoffice does not get the pods"},
		"it was available": {deployments: both(func(d *appsv1.Deployment) {
			down(d)
			stamped("")(d)
			d.Status.Replicas, d.Status.UpdatedReplicas = 2, 2
		},
			func(d *appsv1.Deployment) { d.Status.Conditions[0].Reason = availableBefore }), want: Done},
		"it was available, and no pod is": {deployments: both(stamped(""), func(d *appsv1.Deployment) {
			d.Status.Replicas, d.Status.UpdatedReplicas, d.Status.AvailableReplicas = 2, 2, 0
			d.Status.Conditions[0].Reason = availableBefore
		}), want: Rolling},
		"it was available, and for long no pod is": {still: Patience, deployments: both(stamped(""), func(d *appsv1.Deployment) {
			d.Status.Replicas, d.Status.UpdatedReplicas, d.Status.AvailableReplicas = 2, 2, 0
			d.Status.Conditions[0].Reason = availableBefore
		}), want: Failed, why: "for long none has been"},
		"it was available, and is to have more": {still: time.Hour, deployments: both(stamped(""), func(d *appsv1.Deployment) {
			d.Spec.Replicas = ptr.To(int32(50))
			d.Status.Replicas, d.Status.UpdatedReplicas, d.Status.AvailableReplicas = 2, 2, 2
			d.Status.Conditions[0].Reason = availableBefore
		}), want: Done},
		"it goes back, and has not moved": {deployments: both(stamped(""),
			func(d *appsv1.Deployment) {
				d.Status.Conditions[0].Reason = availableBefore
				d.Status.UpdatedReplicas = 0
			}), want: Rolling},
		"it was done, and for long no pod is": {change: ran, still: Patience, deployments: both(nodeLost), want: Failed, why: "for long none has been", wasDone: true},
		"it was done, and an edit takes long": {change: ran, still: Patience, deployments: both(stamped("ReplicaSetUpdated")), want: Failed, why: "in time"},
		"it soaks":                            {change: ran, soaks: true, deployments: both(), pods: []*corev1.Pod{restarted(9, true)}, want: Done},
		"it soaks, and a pod crashes":         {change: ran, soaks: true, deployments: both(), pods: []*corev1.Pod{pod("backoffice", "CrashLoopBackOff")}, want: Failed, why: "A pod of the backoffice ends again and again", wasDone: true},
		"it has soaked, and a pod crashes":    {change: ran, deployments: both(), pods: []*corev1.Pod{pod("backoffice", "CrashLoopBackOff")}, want: Done},
		"it has time":                         {deployments: both(stamped("ReplicaSetUpdated")), still: 100 * time.Second, want: Rolling},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			tenant := &v1alpha1.Tenant{Status: v1alpha1.TenantStatus{Version: "v1"}}
			if test.change != nil {
				test.change(tenant)
			}
			got := Look(Sight{Tenant: tenant, Deployments: test.deployments, Pods: test.pods, Refused: test.refused, Mark: mark, Soaks: test.soaks, Still: test.still, Patience: Patience})
			var again time.Duration
			if test.want == Rolling {
				again = Patience - test.still
			}
			if got.Standing != test.want || !strings.Contains(got.Why, test.why) || (got.Why == "") != (test.why == "") || got.Again != again || got.WasDone != test.wasDone {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// TestRelent: what a tenant lacks that was done is a failure of the rollout while others wait.
func TestRelent(t *testing.T) {
	wasDone := func(t *Tenant) { t.WasDone = true }
	for name, test := range map[string]struct {
		other    Tenant
		relented bool
	}{
		"all others are done":             {tenant("a", Done), true},
		"another one rolls":               {tenant("a", Rolling), true},
		"another one waits":               {tenant("a", Waiting), false},
		"another one waits for a person":  {tenant("a", Waiting, isStuck), true},
		"another one could begin, though": {tenant("a", Waiting, isStuck, asks), false},
	} {
		fleet := []Tenant{test.other, tenant("b", Failed, wasDone), tenant("c", Failed)}
		want, standing := []types.NamespacedName(nil), Failed
		if test.relented {
			want, standing = named("b"), Rolling
		}
		if diff := cmp.Diff(want, Relent(fleet)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if fleet[1].Standing != standing || fleet[2].Standing != Failed {
			t.Errorf("%s: they are %s and %s", name, fleet[1].Standing, fleet[2].Standing)
		}
	}
}

func TestBusy(t *testing.T) {
	for name, test := range map[string]struct {
		runs string // that all of its pods were of last
		of   *appsv1.Deployment
		want bool
	}{
		"at rest":                         {"v-a", workload("portal", "a"), false},
		"on its way to a former release":  {"v-a", workload("portal", "b", half), true},
		"it has come to a former release": {"v-a", workload("portal", "b"), false},
		"an edit replaces pods":           {"v-a", workload("portal", "a", half), false},
	} {
		tenant := &v1alpha1.Tenant{Status: v1alpha1.TenantStatus{Version: test.runs}}
		if got := Busy(tenant, []*appsv1.Deployment{workload("backoffice", "a"), test.of}); got != test.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestVersion(t *testing.T) {
	for name, test := range map[string]struct {
		deployments []*appsv1.Deployment
		want        string
	}{
		"none":              {},
		"one":               {[]*appsv1.Deployment{workload("portal", "a"), workload("backoffice", "a")}, "v-a"},
		"two":               {[]*appsv1.Deployment{workload("portal", "a"), workload("backoffice", "b")}, ""},
		"one is on its way": {[]*appsv1.Deployment{workload("portal", "a"), workload("backoffice", "a", half)}, ""},
	} {
		if got := Version(test.deployments); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

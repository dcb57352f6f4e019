package apply_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/apply"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// scale sets the number of pods as an autoscaler does.
func (f *fixture) scale(replicas int32) {
	f.Helper()
	scale := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: replicas}}
	err := cluster.Client.SubResource("scale").Update(f.Context(), f.deployment(), client.WithSubResourceBody(scale), client.FieldOwner("kube-controller-manager"))
	if err != nil {
		f.Fatalf("scale to %d: %v", replicas, err)
	}
}

func (f *fixture) replicas(want int32, when string) {
	f.Helper()
	if got := *f.deployment().Spec.Replicas; got != want {
		f.Errorf("%s there are %d replicas, want %d", when, got, want)
	}
}

// leastSeen is the smallest number of replicas that the Deployment has from now on.
func (f *fixture) leastSeen() func() int32 {
	f.Helper()
	least := *f.deployment().Spec.Replicas
	direct, err := client.NewWithWatch(cluster.Config, client.Options{Scheme: kube.Scheme()})
	if err != nil {
		f.Fatal(err)
	}
	watch, err := direct.Watch(f.Context(), &appsv1.DeploymentList{}, client.InNamespace(f.tenant.Namespace))
	if err != nil {
		f.Fatal(err)
	}
	return func() int32 {
		f.Helper()
		last := f.deployment().ResourceVersion
		for event := range watch.ResultChan() {
			d, ok := event.Object.(*appsv1.Deployment)
			if !ok || d.Name != "acme-portal" {
				continue
			}
			least = min(least, *d.Spec.Replicas)
			if d.ResourceVersion == last {
				break
			}
		}
		watch.Stop()
		return least
	}
}

// TestHandOverToAnAutoscalerAndBack: the number of pods never falls, and the operator and an
// autoscaler do not undo each other's work.
func TestHandOverToAnAutoscalerAndBack(t *testing.T) {
	f := newFixture(t)
	portal := &f.tenant.Spec.Portal
	portal.Replicas = ptr.To[int32](4)
	f.ensure()
	f.replicas(4, "at first")

	portal.Replicas, portal.Autoscaling = nil, v1alpha1.AutoscalingSpec{MinReplicas: 3, MaxReplicas: 9}
	least := f.leastSeen()
	f.ensure()
	f.replicas(4, "when an autoscaler takes over")
	if got := least(); got != 4 {
		t.Errorf("on the way there were %d", got)
	}
	f.writes.Reset()
	f.scale(7)
	f.ensure()
	f.replicas(7, "after the autoscaler has scaled")
	f.params.Image = "foyer:next" // an apply that does not name the number
	f.ensure()
	f.replicas(7, "after another image")
	f.scale(3)
	f.writes.Reset()
	f.ensure()
	f.replicas(3, "after the autoscaler has scaled again")
	if writes := f.writes.List(); len(writes) > 0 {
		t.Errorf("what the autoscaler did was answered by %v", writes)
	}

	portal.Autoscaling.MinReplicas = 5
	f.ensure()
	f.replicas(5, "with a higher minimum")
	f.scale(0) // which an autoscaler takes for being switched off
	f.ensure()
	f.replicas(5, "after somebody stopped all pods")

	portal.Autoscaling, portal.Replicas = v1alpha1.AutoscalingSpec{}, ptr.To[int32](6)
	f.ensure()
	f.replicas(6, "without the autoscaler")
	portal.Replicas = ptr.To[int32](2)
	f.ensure()
	f.replicas(2, "with another number")
	portal.Replicas, portal.Autoscaling = nil, v1alpha1.AutoscalingSpec{MinReplicas: 1, MaxReplicas: 9}
	f.ensure()
	f.replicas(2, "with an autoscaler again")
}

// quarrel lets nothing be healed, and notes what was to be.
type quarrel struct{ told []apply.Drift }

func (q *quarrel) Seen(client.Object, string, string)    {}
func (q *quarrel) Removed(client.Object, string, string) {}
func (q *quarrel) Heal(_ client.Object, d apply.Drift) (func(), bool) {
	q.told = append(q.told, d)
	return nil, false
}

// TestStoppedAgainAndAgain: whoever insists on no pods at all does not drive the operator.
func TestStoppedAgainAndAgain(t *testing.T) {
	f := newFixture(t)
	f.tenant.Spec.Portal.Autoscaling = v1alpha1.AutoscalingSpec{MinReplicas: 3, MaxReplicas: 9}
	f.ensure()
	keeper := &quarrel{}
	f.gateway = f.gateway.Watched(keeper)
	f.scale(0)
	if got := f.ensure()["Deployment acme-portal"]; got != apply.Contested {
		t.Errorf("the result is %s", got)
	}
	f.replicas(0, "while it is contested")
	if len(keeper.told) != 1 || keeper.told[0].Name != "acme-portal" || keeper.told[0].Fields[0] != "spec.replicas" {
		t.Fatalf("the keeper was told of %+v", keeper.told)
	}
}

// A Deployment that is made for an autoscaler has the least number of pods at once.
func TestAutoscaledFromTheBeginning(t *testing.T) {
	f := newFixture(t)
	f.tenant.Spec.Portal.Autoscaling = v1alpha1.AutoscalingSpec{MinReplicas: 3, MaxReplicas: 9}
	f.ensure()
	f.replicas(3, "at once")
	f.writes.Reset()
	want := every(apply.Unchanged)
	want["HorizontalPodAutoscaler acme-portal"] = apply.Unchanged
	if diff := cmp.Diff(want, f.ensure()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if writes := f.writes.List(); len(writes) > 0 {
		t.Errorf("an unchanged tenant was written to: %v", writes)
	}
}

// TestDropsWithoutHandOver is about the API server: what EnsureScaled is there for.
func TestDropsWithoutHandOver(t *testing.T) {
	f := newFixture(t)
	f.tenant.Spec.Portal.Replicas = ptr.To[int32](4)
	f.ensure()
	f.tenant.Spec.Portal.Replicas, f.tenant.Spec.Portal.Autoscaling = nil, v1alpha1.AutoscalingSpec{MinReplicas: 3, MaxReplicas: 9}
	for _, object := range provision.Objects(f.params) {
		if *object.GetName() == "acme-portal" && *object.GetKind() == "Deployment" {
			if _, err := f.gateway.Ensure(t.Context(), f.tenant, object); err != nil {
				t.Fatal(err)
			}
		}
	}
	f.replicas(1, "without a hand-over")
}

// TestRemove deletes what the tenant controls, and nothing else.
func TestRemove(t *testing.T) {
	f := newFixture(t)
	f.ensure()
	deployment := &appsv1.Deployment{}
	deployment.Namespace, deployment.Name = f.tenant.Namespace, "acme-portal"
	stranger := f.tenant.DeepCopy()
	stranger.UID = "another"
	for _, step := range []struct {
		owner client.Object
		want  apply.Result
	}{{stranger, apply.Foreign}, {f.tenant, apply.Removed}, {f.tenant, apply.Unchanged}} {
		got, err := f.gateway.Remove(t.Context(), step.owner, deployment.DeepCopy())
		if err != nil || got != step.want {
			t.Errorf("got %s, %v, want %s", got, err, step.want)
		}
	}
}

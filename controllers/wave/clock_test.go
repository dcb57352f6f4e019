package wave

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

func TestClock(t *testing.T) {
	acme, other := named("acme")[0], named("other")[0]
	clock := Clock{}
	for _, step := range []struct {
		name  string
		doing string
		way   Way
		after time.Duration
		want  time.Duration
	}{
		{"it begins", "rolls", Way{4, 9}, 0, 0},
		{"nothing moves", "rolls", Way{4, 9}, 50 * time.Second, 50 * time.Second},
		{"it goes back", "rolls", Way{4, 11}, 60 * time.Second, 60 * time.Second},
		{"it is where it was", "rolls", Way{4, 9}, 70 * time.Second, 70 * time.Second},
		{"it comes closer", "rolls", Way{4, 8}, 80 * time.Second, 0},
		{"it is to have more pods", "rolls", Way{9, 20}, 90 * time.Second, 10 * time.Second},
		{"it comes closer to those", "rolls", Way{9, 19}, 100 * time.Second, 0},
		{"it is to have fewer", "rolls", Way{2, 1}, 110 * time.Second, 10 * time.Second},
		{"it does something else", "soaks", Way{}, 120 * time.Second, 0},
		{"it goes on with that", "soaks", Way{}, 150 * time.Second, 30 * time.Second},
	} {
		if got := clock.Still(acme, step.doing, step.way, now.Add(step.after)); got != step.want {
			t.Errorf("%s: it has been so for %s, wanted %s", step.name, got, step.want)
		}
	}
	if got := clock.Still(other, "soaks", Way{}, now); got != 0 {
		t.Errorf("another tenant has been so for %s", got)
	}
	clock.Keep(map[types.NamespacedName]bool{acme: true})
	clock.Forget(acme)
	if len(clock) > 0 {
		t.Errorf("it remembers %v", clock)
	}
}

// TestWayOf follows two pods that are replaced, one after another: each step is closer.
func TestWayOf(t *testing.T) {
	at := func(replicas, updated, available int32) func(*appsv1.Deployment) {
		return func(d *appsv1.Deployment) {
			d.Status.Replicas, d.Status.UpdatedReplicas, d.Status.AvailableReplicas = replicas, updated, available
		}
	}
	var got []int
	for _, d := range []*appsv1.Deployment{
		workload("portal", "other"),
		workload("portal", mark, at(2, 0, 2)),
		workload("portal", mark, at(3, 1, 2)),
		workload("portal", mark, at(2, 1, 2)),
		workload("portal", mark, at(3, 2, 2)),
		workload("portal", mark, at(2, 2, 2)),
	} {
		got = append(got, WayOf([]*appsv1.Deployment{d}, mark).Left)
	}
	if diff := cmp.Diff([]int{7, 4, 3, 2, 1, 0}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	unknown := workload("portal", mark, unseen, func(d *appsv1.Deployment) { d.Spec.Replicas = ptr.To(int32(5)) })
	if diff := cmp.Diff(Way{Wanted: 5, Left: 16}, WayOf([]*appsv1.Deployment{unknown}, mark)); diff != "" {
		t.Errorf("whose controller has not looked (-want +got):\n%s", diff)
	}
}

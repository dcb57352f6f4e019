package wave

import (
	"maps"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

// Clock knows for how long each tenant has come no closer to what it is to be. It counts by
// the time at which this process saw it, and not by the stamps that other machines wrote. A
// process that is started begins anew, which takes longer and decides nothing else.
type Clock map[types.NamespacedName]moment

// moment is when a tenant last came closer.
type moment struct {
	doing string
	way   Way
	since time.Time
}

// Way is how far a tenant has to go still.
type Way struct {
	Wanted int // pods
	Left   int // steps
}

// Still is for how long a tenant has been doing something without coming closer than before.
func (c Clock) Still(tenant types.NamespacedName, doing string, way Way, now time.Time) time.Duration {
	last, known := c[tenant]
	switch {
	case !known || last.doing != doing, last.way.Wanted == way.Wanted && way.Left < last.way.Left:
		last = moment{doing, way, now}
	case last.way.Wanted != way.Wanted: // another way, which is not to be a longer time
		last.way = way
	}
	c[tenant] = last
	return now.Sub(last.since)
}

// Over says whether a tenant has been doing something for so long.
func (c Clock) Over(tenant types.NamespacedName, doing string, bound time.Duration, now time.Time) bool {
	last, known := c[tenant]
	return known && last.doing == doing && now.Sub(last.since) >= bound
}

// Forget is for a tenant that does nothing whose time counts.
func (c Clock) Forget(tenant types.NamespacedName) { delete(c, tenant) }

// Keep forgets all others.
func (c Clock) Keep(tenants map[types.NamespacedName]bool) {
	maps.DeleteFunc(c, func(tenant types.NamespacedName, _ moment) bool { return !tenants[tenant] })
}

// WayOf is how far Deployments have to go to a release. What they had before a step counts no
// more: one whose pods come and go does not come closer.
func WayOf(deployments []*appsv1.Deployment, mark string) Way {
	var way Way
	for _, d := range deployments {
		wanted, s := ptr.Deref(d.Spec.Replicas, 1), d.Status
		way.Wanted += int(wanted)
		if !marked(d, mark) || s.ObservedGeneration < d.Generation {
			way.Left += 3*int(wanted) + 1
			continue
		}
		way.Left += int(max(0, s.Replicas-s.UpdatedReplicas) + max(0, wanted-s.UpdatedReplicas) + max(0, wanted-s.AvailableReplicas))
	}
	return way
}

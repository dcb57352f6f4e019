package wave

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/types"
)

// Tenant is what a decision is made by.
type Tenant struct {
	Key      types.NamespacedName
	Standing Standing
	Canary   bool
	// Stuck: a person has to act before it can begin, or it has not begun for long, so nobody
	// waits for it.
	Stuck bool
	// Ignored: nobody waits for it, and that it has failed halts nobody.
	Ignored bool
	// WasDone: it has failed after it was done, as one whose only node is lost.
	WasDone bool
	// Soaks: it is done, and not for long enough to tell that it stays well.
	Soaks bool
	// Busy: it waits, and its pods are still being replaced by those of the former release.
	Busy bool
	// Asks: all that it needs to begin is there. Begins: it was let, and does not show it yet.
	Asks, Begins bool
}

// Plan is what was decided.
type Plan struct {
	Begin  []types.NamespacedName
	Failed []types.NamespacedName // have halted the rollout, in their order
	Canary bool                   // only canaries may begin
}

// Decide says who begins, so that at most size tenants are under way. One that is on its way
// to the former release has a place, and begins in it; canaries do not wait for its place.
func Decide(tenants []Tenant, size int) Plan {
	plan, asking, underWay, busy := sort(tenants)
	if len(plan.Failed) > 0 {
		return plan
	}
	if !plan.Canary {
		underWay += busy
	}
	for _, t := range asking {
		hasPlace := t.Busy && !plan.Canary
		if t.Canary != plan.Canary || !hasPlace && underWay >= size {
			continue
		}
		plan.Begin = append(plan.Begin, t.Key)
		if !hasPlace {
			underWay++
		}
	}
	return plan
}

// Relent has those be under way that have failed after they were done, if nobody waits: then
// that is no failure of the rollout. It returns them.
func Relent(tenants []Tenant) []types.NamespacedName {
	for _, t := range tenants {
		if t.Standing == Waiting && (t.Asks || !t.Stuck) {
			return nil
		}
	}
	var relented []types.NamespacedName
	for i := range tenants {
		if t := &tenants[i]; t.Standing == Failed && t.WasDone {
			t.Standing = Rolling
			relented = append(relented, t.Key)
		}
	}
	return relented
}

// sort tells tenants apart: those that have failed, those that ask, how many are under way,
// and how many of those that wait are so to the former release.
func sort(tenants []Tenant) (plan Plan, asking []Tenant, underWay, busy int) {
	for _, t := range tenants {
		t.Canary = t.Canary && !t.Ignored
		plan.Canary = plan.Canary || t.Canary && t.awaited()
		switch {
		case t.Standing == Failed && !t.Ignored:
			plan.Failed = append(plan.Failed, t.Key)
		case t.Standing == Rolling, t.Standing == Waiting && t.Begins:
			underWay++
		case t.Standing == Waiting:
			if t.Asks {
				asking = append(asking, t)
			}
			if t.Busy {
				busy++
			}
		}
	}
	slices.SortFunc(plan.Failed, compare)
	slices.SortFunc(asking, func(a, b Tenant) int { return compare(a.Key, b.Key) })
	return plan, asking, underWay, busy
}

// awaited says of a canary whether others wait for it.
func (t Tenant) awaited() bool {
	switch t.Standing {
	case Rolling:
		return true
	case Waiting:
		return t.Asks || !t.Stuck
	case Done:
		return t.Soaks
	default:
		return false
	}
}

func compare(a, b types.NamespacedName) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

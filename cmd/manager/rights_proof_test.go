package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// judge attributes every access to the narrowest grant that covers it. What everybody may
// do (read the API's own description) is no resource.
func judge(grants []grant, accesses map[kube.Access]int) (unused []grant, uncovered []string) {
	used := map[grant]bool{}
	for _, access := range slices.SortedFunc(maps.Keys(accesses), compareAccesses) {
		if access.NonResource != "" || access.Group == "*" { // the latter: whether the question that follows is needed at all
			continue
		}
		i := slices.IndexFunc(grants, func(g grant) bool { return g.covers(access) })
		if i < 0 {
			uncovered = append(uncovered, fmt.Sprintf("%s %s %s/%s, %d times",
				access.Verb, qualified(access.Resource, access.Group), access.Namespace, access.Name, accesses[access]))
			continue
		}
		used[grants[i]] = true
	}
	for _, g := range grants {
		if !used[g] {
			unused = append(unused, g)
		}
	}
	return unused, uncovered
}

func compareAccesses(a, b kube.Access) int {
	return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Verb, b.Verb),
		cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

// TestJudge: the proof finds what it is for.
func TestJudge(t *testing.T) {
	everywhere := grant{role: "ClusterRole a", resource: "secrets", verb: "get"}
	own := grant{role: "Role b", namespace: "own", resource: "secrets", verb: "get"}
	named := grant{role: "Role c", namespace: "own", group: "coordination.k8s.io", resource: "leases", verb: "get", name: "mine"}
	grants := []grant{named, own, everywhere}
	unused, uncovered := judge(grants, map[kube.Access]int{
		{Verb: "get", Resource: "secrets", Namespace: "own", Name: "a"}:                                  1,
		{Verb: "get", Group: "coordination.k8s.io", Resource: "leases", Namespace: "own", Name: "his"}:   1,
		{Verb: "get", Group: "coordination.k8s.io", Resource: "leases", Namespace: "else", Name: "mine"}: 2,
		{Verb: "get", NonResource: "/apis"}:                                                              1,
	})
	if !slices.Equal(unused, []grant{named, everywhere}) {
		t.Errorf("unused: %v", unused)
	}
	want := []string{"get leases.coordination.k8s.io else/mine, 2 times", "get leases.coordination.k8s.io own/his, 1 times"}
	if !slices.Equal(uncovered, want) {
		t.Errorf("uncovered: %q, want %q", uncovered, want)
	}
}

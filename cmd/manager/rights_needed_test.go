package main

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// TestEveryRightIsNeeded has the operator live through everything that it is for, on an API
// server that tells what it asked about it. Every right was used then, and nothing was asked
// for that is not a right. Who adds a right adds to the story what needs it.
func TestEveryRightIsNeeded(t *testing.T) {
	recording, accesses := kube.RecordAccesses(serviceAccount(operatorNamespace))
	freshCluster(t, recording)
	tellStory(t)
	grants := grantsOf(t, "rbac")
	slices.SortStableFunc(grants, func(a, b grant) int { return cmp.Compare(a.breadth(), b.breadth()) })
	asked := accesses.Each()
	maps.DeleteFunc(asked, func(a kube.Access, _ int) bool { return doneWithout(a) })
	unused, uncovered := judge(grants, asked)
	for _, g := range unused {
		t.Errorf("not used, so not needed, or the story lacks a chapter: %s", g)
	}
	for _, a := range uncovered {
		t.Errorf("asked for without a right of the operator's own: %s", a)
	}
}

// doneWithout says whether an access is one that the operator is refused, and does without:
// it may not delete Secrets, so on this API server it may not make the keys their Tenant's.
func doneWithout(a kube.Access) bool {
	return a.Verb == "delete" && a.Resource == "secrets" && strings.HasSuffix(a.Name, "-keys")
}

package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/cli/reach"
)

// treeNode is an object with what hangs on it.
type treeNode struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Ready is True, False or Unknown. Empty: an object of this kind just is there.
	Ready    metav1.ConditionStatus `json:"ready,omitempty"`
	Reason   string                 `json:"reason,omitempty"` // why it is not ready
	Details  []string               `json:"details"`          // for people
	Problems []treeProblem          `json:"problems"`

	// Of Foyer's kinds: what is wanted, what was looked at, what customers have.
	Generation         int64 `json:"generation,omitempty"`
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	LiveGeneration     int64 `json:"liveGeneration,omitempty"`

	Children []*treeNode `json:"children"`
}

// treeProblem is a condition that is not as it should be.
type treeProblem struct {
	Type    string `json:"type"`
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message"`
}

func newTreeNode(kind string, o metav1.Object) *treeNode {
	return &treeNode{Kind: kind, Namespace: o.GetNamespace(), Name: o.GetName(), Details: []string{}, Problems: []treeProblem{}, Children: []*treeNode{}}
}

func (n *treeNode) detail(format string, values ...any) {
	n.Details = append(n.Details, fmt.Sprintf(format, values...))
}

// notReady is for kinds whose state is not one condition.
func (n *treeNode) notReady(status metav1.ConditionStatus, p treeProblem) {
	if n.Ready == "" || n.Ready == metav1.ConditionTrue {
		n.Ready, n.Reason = status, p.Reason
	}
	if p.Message != "" {
		n.Problems = append(n.Problems, p)
	}
}

func (n *treeNode) add(children ...*treeNode) { n.Children = append(n.Children, children...) }

// isReady says it of an object and of everything below it.
func (n *treeNode) isReady() bool {
	return (n.Ready == "" || n.Ready == metav1.ConditionTrue) && !slices.ContainsFunc(n.Children, func(c *treeNode) bool { return !c.isReady() })
}

// faults are the conditions of Foyer's that are there only while something is to be told.
var faults = []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled, v1alpha1.ConditionConflicted, v1alpha1.ConditionOrphanedProfiles}

// conditions takes over what the operator says of an object of Foyer.
func (n *treeNode) conditions(all []metav1.Condition, generation, observed, live int64) {
	n.Generation, n.ObservedGeneration, n.LiveGeneration = generation, observed, live
	n.Ready, n.Reason = metav1.ConditionUnknown, "Pending"
	told := map[string]bool{}
	for _, c := range readyLast(all) {
		if c.Type == v1alpha1.ConditionReady {
			n.Ready, n.Reason = c.Status, choose(c.Status == metav1.ConditionTrue, "", c.Reason)
		}
		fine := metav1.ConditionTrue
		if slices.Contains(faults, c.Type) {
			fine = metav1.ConditionFalse
		}
		if c.Status != fine && !told[c.Message] {
			n.Problems = append(n.Problems, treeProblem{c.Type, c.Reason, c.Message})
			told[c.Message] = true
		}
	}
	switch {
	case observed < 1:
		n.notReady(metav1.ConditionUnknown, treeProblem{Reason: "Pending", Message: "No operator has looked at this object yet."})
	case observed < generation:
		n.notReady(metav1.ConditionUnknown, treeProblem{Reason: "Pending", Message: fmt.Sprintf("The operator has looked at generation %d of %d.", observed, generation)})
	}
	if live < 1 {
		n.detail("customers have nothing of it")
	} else if live != generation {
		n.detail("customers have generation %d of %d", live, generation)
	}
}

// readyLast puts the summary after what it sums up, so that the same words are told once, by
// the condition that is about them.
func readyLast(all []metav1.Condition) []metav1.Condition {
	rank := func(c metav1.Condition) int {
		switch c.Type {
		case v1alpha1.ConditionStalled, v1alpha1.ConditionReconciling:
			return 1
		case v1alpha1.ConditionReady:
			return 2
		}
		return 0
	}
	return slices.SortedStableFunc(slices.Values(all), func(a, b metav1.Condition) int { return cmp.Compare(rank(a), rank(b)) })
}

// newTreeReport hangs what is in an inventory on its tenants; tenant is the only one to show.
func newTreeReport(i *reach.Inventory, tenant string) treeReport {
	r := treeReport{Format: treeFormat, Ready: true, Tenants: []*treeNode{}, Strays: []*treeNode{}, Missing: slices.Concat([]reach.MissingRight{}, i.Missing)}
	for _, m := range r.Missing {
		r.Ready = r.Ready && !m.State
	}
	known := map[string]*treeNode{}
	for _, t := range i.Tenants {
		if tenant == "" || t.Name == tenant {
			node := tenantNode(t)
			known[t.Namespace+"/"+t.Name] = node
			r.Tenants = append(r.Tenants, node)
		}
	}
	r.hang(i, known, tenant)
	slices.SortStableFunc(r.Tenants, func(a, b *treeNode) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
	for _, t := range r.Tenants {
		r.Ready = r.Ready && t.isReady()
	}
	r.Ready = r.Ready && len(r.Strays) == 0
	return r
}

// hang adds Foyer's own objects, which name their tenant, and then those with its label. The
// latter outlive a Tenant only for a moment, but for a Secret that is meant to stay.
func (r *treeReport) hang(i *reach.Inventory, known map[string]*treeNode, tenant string) {
	own := func(o metav1.Object, ref v1alpha1.ObjectRef, node *treeNode) {
		if parent := known[o.GetNamespace()+"/"+ref.Name]; parent != nil {
			parent.add(node)
		} else if tenant == "" || ref.Name == tenant {
			node.detail("its Tenant %s is not there", ref.Name)
			r.Strays = append(r.Strays, node)
		}
	}
	for _, p := range i.MyAccountProfiles {
		own(&p, p.Spec.TenantRef, myAccountProfileNode(p))
	}
	for _, p := range i.AccountProfiles {
		own(&p, p.Spec.TenantRef, accountProfileNode(p))
	}
	for _, t := range i.EventTemplates {
		own(&t, t.Spec.TenantRef, eventTemplateNode(t))
	}
	for _, t := range i.Tenants {
		if node := known[t.Namespace+"/"+t.Name]; node != nil {
			node.add(orphanNodes(t)...)
		}
	}
	for _, labelled := range madeNodes(i) {
		if parent := known[labelled.Namespace+"/"+labelled.tenant]; parent != nil {
			parent.add(labelled.treeNode)
		}
	}
}

func tenantNode(t v1alpha1.Tenant) *treeNode {
	n := newTreeNode("Tenant", &t)
	s := t.Status
	n.conditions(s.Conditions, t.Generation, s.ObservedGeneration, s.LiveGeneration)
	if !t.DeletionTimestamp.IsZero() {
		n.detail("being deleted")
	}
	if s.Version != "" {
		n.detail("version %s", s.Version)
	}
	if s.Delivery.Mode != "" {
		n.detail("delivery %s", s.Delivery.Mode)
	}
	n.accounts(s.Accounts)
	if s.Rejected != nil && *s.Rejected > 0 {
		n.detail("%s rejected", plural(int(*s.Rejected), "object"))
	}
	if s.PortalURL != "" {
		n.detail("%s", s.PortalURL)
	}
	if c := s.Config; c.Replicas != nil && c.ProgrammedReplicas != nil {
		n.detail("what is live runs in %d of %s", *c.ProgrammedReplicas, plural(int(*c.Replicas), "replica"))
	}
	return n
}

func (n *treeNode) accounts(count *int64) {
	if count != nil {
		n.detail("%s", plural(int(*count), "account"))
	}
}

func myAccountProfileNode(p v1alpha1.MyAccountProfile) *treeNode {
	n := newTreeNode("MyAccountProfile", &p)
	n.conditions(p.Status.Conditions, p.Generation, p.Status.ObservedGeneration, p.Status.LiveGeneration)
	n.accounts(p.Status.Accounts)
	return n
}

func accountProfileNode(p v1alpha1.AccountProfile) *treeNode {
	n := newTreeNode("AccountProfile", &p)
	n.conditions(p.Status.Conditions, p.Generation, p.Status.ObservedGeneration, p.Status.LiveGeneration)
	n.accounts(p.Status.Accounts)
	return n
}

func eventTemplateNode(t v1alpha1.EventTemplate) *treeNode {
	n := newTreeNode("EventTemplate", &t)
	n.conditions(t.Status.Conditions, t.Generation, t.Status.ObservedGeneration, t.Status.LiveGeneration)
	n.detail("%s", t.Spec.Event)
	return n
}

// orphanNodes are profiles without an object: accounts still name them.
func orphanNodes(t v1alpha1.Tenant) (nodes []*treeNode) {
	for _, o := range t.Status.OrphanedProfiles {
		n := newTreeNode(o.Kind, &metav1.ObjectMeta{Namespace: t.Namespace, Name: o.Name})
		n.detail("deleted, stays for those who name it")
		n.accounts(o.Accounts)
		nodes = append(nodes, n)
	}
	return nodes
}

// madeNode is an object that the operator has made.
type madeNode struct {
	*treeNode
	tenant string
}

func made(kind string, o metav1.Object) madeNode {
	return madeNode{newTreeNode(kind, o), o.GetLabels()[provision.LabelTenant]}
}

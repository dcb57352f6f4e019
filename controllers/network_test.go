package controllers

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// network is what the manager makes of flags that say nothing.
func network() *provision.Network {
	anybody := []provision.Peer{{}}
	return &provision.Network{IngressFrom: anybody, DNSAt: anybody, DNSPorts: []int32{53}}
}

func (w *world) policies() []networkingv1.NetworkPolicy {
	w.t.Helper()
	var list networkingv1.NetworkPolicyList
	if err := w.client.List(w.t.Context(), &list, client.InNamespace(w.tenants), client.MatchingLabels{provision.LabelTenant: "acme"}); err != nil {
		w.t.Fatal(err)
	}
	return list.Items
}

// networkWorld has a tenant that runs, with NetworkPolicies.
func networkWorld(t *testing.T) (*world, *v1alpha1.Tenant) {
	t.Helper()
	w := quietWorld(t)
	w.options = func(o *Options) { o.Network = network() }
	w.declareServer("default", w.uri, w.tenants)
	w.startOperator(cluster.Config, nil)
	w.replicas = startReplicas(w)
	tenant := w.tenant("acme")
	w.create(tenant)
	w.expect(tenant, "Ready=True")
	return w, tenant
}

func TestNetworkPoliciesAreMadeHealedAndRemoved(t *testing.T) {
	t.Parallel()
	w, tenant := networkWorld(t)
	made := w.policies()
	if len(made) != len(provision.Components()) {
		t.Fatalf("there are %d policies", len(made))
	}
	for _, policy := range made {
		if !metav1.IsControlledBy(&policy, tenant) {
			t.Errorf("the Tenant does not control %s", policy.Name)
		}
	}

	portal := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: w.tenants, Name: "acme-portal"}}
	edit(w, portal, func(p *networkingv1.NetworkPolicy) { p.Spec.Egress = []networkingv1.NetworkPolicyEgressRule{{}} })
	w.delete(&networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: w.tenants, Name: "acme-dispatcher"}})
	kube.Eventually(t, "what was opened by hand is closed, and what was deleted is back", func() error {
		w.get(portal)
		if got := len(portal.Spec.Egress[0].Ports); got == 0 || len(w.policies()) != len(made) {
			return errorf("egress has %d ports, and there are %d policies", got, len(w.policies()))
		}
		return nil
	})

	w.stop()
	w.options = nil
	w.startOperator(cluster.Config, nil)
	kube.Eventually(t, "there are none any more", func() error { return want(len(w.policies()), 0) })
	w.expect(tenant, "Ready=True")
}

func TestForeignNetworkPolicyIsLeftAloneAndNamed(t *testing.T) {
	t.Parallel()
	w := quietWorld(t)
	w.options = func(o *Options) { o.Network = network() }
	w.declareServer("default", w.uri, w.tenants)
	foreign := &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.tenants, Name: "acme-portal"},
		Spec:       networkingv1.NetworkPolicySpec{PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{"theirs": "yes"}}},
	}
	tenant := w.tenant("acme")
	w.create(foreign, tenant)
	w.startOperator(cluster.Config, nil)
	w.replicas = startReplicas(w)
	w.expect(tenant, "Ready=False/ForeignObject")
	if said := message(tenant, v1alpha1.ConditionReady); !strings.Contains(said, "NetworkPolicy acme-portal") {
		t.Errorf("the status does not name it: %s", said)
	}
	before := foreign.ResourceVersion
	w.get(foreign)
	if foreign.ResourceVersion != before {
		t.Error("it was written to")
	}

	w.stop()
	w.options = nil
	w.startOperator(cluster.Config, nil)
	w.expect(tenant, "Ready=True")
	w.get(foreign) // which fails if it is not there
}

// Idle is silent with policies too, and so is a restart.
func TestNetworkPoliciesAtRestAreNotWritten(t *testing.T) {
	t.Parallel()
	w, tenant := networkWorld(t)
	w.stop()
	recording, writes := kube.RecordWrites(cluster.Config)
	w.startOperator(recording, nil)
	ofAcme := func() []string {
		return slices.DeleteFunc(writes.List(), func(write string) bool { return !strings.Contains(write, "acme") })
	}
	witness := w.tenant("witness") // has many passes, and acme so had its own
	w.create(witness)
	w.expect(witness, "Ready=True")
	if list := ofAcme(); len(list) != 0 {
		t.Errorf("a restarted operator wrote:\n%q", list)
	}
	edit(w, tenant, func(o *v1alpha1.Tenant) {
		o.Spec.Email = v1alpha1.EmailChannelSpec{From: "a@acme.example", SMTP: v1alpha1.SMTPSpec{Host: "smtp.acme.example", Port: 2525}}
	})
	kube.Eventually(t, "the dispatcher may connect to the mail server", func() error {
		for _, policy := range w.policies() {
			for _, rule := range policy.Spec.Egress {
				if policy.Name == "acme-dispatcher" && rule.Ports[0].Port.IntVal == 2525 {
					return nil
				}
			}
		}
		return errorf("it may not")
	})
	patches := 0
	for _, write := range ofAcme() {
		if strings.Contains(write, "networkpolicies") {
			patches++
		}
	}
	if patches != 1 {
		t.Errorf("%d policies were written, want that of the dispatcher alone: %q", patches, writes.List())
	}
}

func TestServerSaysWhereItIs(t *testing.T) {
	t.Parallel()
	w, tenant := networkWorld(t)
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.operator, Name: "default"}}
	says := func(networks string) {
		edit(w, secret, func(s *corev1.Secret) { s.Data[keyNetworks] = []byte(networks) })
	}
	says("10.7.0.0/16\n\nnamespaces:kubernetes.io/metadata.name=postgres\n")
	kube.Eventually(t, "the policies lead there", func() error {
		for _, policy := range w.policies() {
			to := policy.Spec.Egress[0].To
			if len(to) != 2 || to[0].IPBlock == nil || to[0].IPBlock.CIDR != "10.7.0.0/16" || to[1].NamespaceSelector == nil {
				return errorf("%s leads to %v", policy.Name, to)
			}
		}
		return nil
	})
	w.expect(tenant, "Ready=True")
	says("db.example")
	w.expect(tenant, "DatabaseReady=False/InvalidServer")
	if said := message(tenant, v1alpha1.ConditionDatabaseReady); !strings.Contains(said, `key networks: "db.example" is neither a network`) {
		t.Errorf("the status says: %s", said)
	}
}

package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// state is what rules are made from.
type state struct {
	policies   []*networkingv1.NetworkPolicy
	pods       []*corev1.Pod
	namespaces []*corev1.Namespace
}

// direction is one in which the packets of a pod go: which end of a packet is the pod, which
// the peer, and what a policy says of it.
type direction struct {
	name, own, peer string
	kind            networkingv1.PolicyType
	rules           func(networkingv1.NetworkPolicySpec) []rule
}

// rule is an ingress rule or an egress rule.
type rule struct {
	peers []networkingv1.NetworkPolicyPeer
	ports []networkingv1.NetworkPolicyPort
}

var directions = []direction{
	{"egress", "saddr", "daddr", networkingv1.PolicyTypeEgress, func(s networkingv1.NetworkPolicySpec) []rule {
		var list []rule
		for _, r := range s.Egress {
			list = append(list, rule{r.To, r.Ports})
		}
		return list
	}},
	{"ingress", "daddr", "saddr", networkingv1.PolicyTypeIngress, func(s networkingv1.NetworkPolicySpec) []rule {
		var list []rule
		for _, r := range s.Ingress {
			list = append(list, rule{r.From, r.Ports})
		}
		return list
	}},
}

// Packets between pods, and between pods and the rest of the world, go by the hook forward;
// those of pods to the node by input. What the node itself sends goes by neither: it passes,
// as the kubelet's probes must.
const hooks = `	chain forward {
		type filter hook forward priority -5; policy accept;
		jump policed
	}
	chain input {
		type filter hook input priority -5; policy accept;
		jump policed
	}
`

// script is the whole of the rules, as a file for nft that replaces the former ones at once.
func (s *state) script() string {
	var text, chains strings.Builder
	fmt.Fprintf(&text, "add table ip %[1]s\ndelete table ip %[1]s\ntable ip %[1]s {\n", table)
	jumps := map[string][]string{}
	for _, pod := range s.subjects() {
		for _, d := range directions {
			lines, isolated := s.linesOf(pod, d)
			if !isolated {
				continue
			}
			chain := d.name + "-" + strings.ReplaceAll(pod.Status.PodIP, ".", "-")
			jumps[d.name] = append(jumps[d.name], pod.Status.PodIP+" : jump "+chain)
			fmt.Fprintf(&chains, "\tchain %s {\n\t\tip %s %s return comment %q\n", chain, d.peer, pod.Status.PodIP, pod.Namespace+"/"+pod.Name)
			for _, line := range lines {
				fmt.Fprintf(&chains, "\t\t%s\n", line)
			}
			chains.WriteString("\t\treject with icmp type admin-prohibited\n\t}\n")
		}
	}
	text.WriteString(chains.String())
	text.WriteString("\tchain policed {\n\t\tct state established,related accept\n")
	for _, d := range directions {
		if list := jumps[d.name]; len(list) > 0 {
			fmt.Fprintf(&text, "\t\tip %s vmap { %s }\n", d.own, strings.Join(list, ", "))
		}
	}
	text.WriteString("\t}\n" + hooks + "}\n")
	return text.String()
}

// subjects are the pods with an address of their own, in the order of their names.
func (s *state) subjects() []*corev1.Pod {
	var list []*corev1.Pod
	for _, pod := range s.pods {
		address, err := netip.ParseAddr(pod.Status.PodIP)
		ended := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
		if err == nil && address.Is4() && !ended && !pod.Spec.HostNetwork {
			list = append(list, pod)
		}
	}
	slices.SortFunc(list, func(a, b *corev1.Pod) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	// An address that two seem to have for a moment is that of the newer one.
	newest := map[string]*corev1.Pod{}
	for _, pod := range list {
		if former := newest[pod.Status.PodIP]; former == nil || former.CreationTimestamp.Before(&pod.CreationTimestamp) {
			newest[pod.Status.PodIP] = pod
		}
	}
	return slices.DeleteFunc(list, func(pod *corev1.Pod) bool { return newest[pod.Status.PodIP] != pod })
}

// linesOf are what passes in a direction; false: no policy is about it, so all does.
func (s *state) linesOf(pod *corev1.Pod, d direction) ([]string, bool) {
	var lines []string
	isolated := false
	for _, policy := range s.policies {
		if policy.Namespace != pod.Namespace || !selects(&policy.Spec.PodSelector, pod.Labels) || !slices.Contains(kindsOf(policy.Spec), d.kind) {
			continue
		}
		isolated = true
		for _, r := range d.rules(policy.Spec) {
			lines = append(lines, s.linesOfRule(pod, policy.Namespace, d, r)...)
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines), isolated
}

func kindsOf(spec networkingv1.NetworkPolicySpec) []networkingv1.PolicyType {
	switch {
	case len(spec.PolicyTypes) > 0:
		return spec.PolicyTypes
	case len(spec.Egress) > 0:
		return []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}
	}
	return []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
}

func (s *state) linesOfRule(pod *corev1.Pod, namespace string, d direction, r rule) []string {
	ports := []string{""}
	if len(r.ports) > 0 {
		ports = numbered(r.ports)
		if d.kind == networkingv1.PolicyTypeIngress {
			ports = append(ports, named(r.ports, pod)...)
		}
	}
	var lines []string
	for _, peer := range s.peersOf(namespace, d, r.peers) {
		for _, port := range ports {
			lines = append(lines, strings.Join(strings.Fields(peer+" "+port+" return"), " "))
		}
	}
	if d.kind == networkingv1.PolicyTypeEgress {
		lines = append(lines, s.namedElsewhere(namespace, r)...)
	}
	return lines
}

// peersOf are the matches of the peers: an empty one for everybody, none for nobody.
func (s *state) peersOf(namespace string, d direction, peers []networkingv1.NetworkPolicyPeer) []string {
	if len(peers) == 0 {
		return []string{""}
	}
	var list, addresses []string
	for _, peer := range peers {
		if peer.IPBlock != nil {
			list = append(list, blockOf(d, peer.IPBlock)...)
		}
	}
	for _, pod := range s.selected(namespace, peers) {
		addresses = append(addresses, pod.Status.PodIP)
	}
	if len(addresses) > 0 {
		list = append(list, fmt.Sprintf("ip %s { %s }", d.peer, strings.Join(addresses, ", ")))
	}
	return list
}

// blockOf matches a network of IPv4; pods here have no other addresses.
func blockOf(d direction, block *networkingv1.IPBlock) []string {
	network, err := netip.ParsePrefix(block.CIDR)
	if err != nil || !network.Addr().Is4() {
		return nil
	}
	match := ""
	if network.Bits() > 0 {
		match = fmt.Sprintf("ip %s %s", d.peer, network.Masked())
	}
	if len(block.Except) > 0 {
		match += fmt.Sprintf(" ip %s != { %s }", d.peer, strings.Join(block.Except, ", "))
	}
	return []string{match}
}

// selected are the pods that any of the peers selects.
func (s *state) selected(namespace string, peers []networkingv1.NetworkPolicyPeer) []*corev1.Pod {
	var list []*corev1.Pod
	for _, pod := range s.subjects() {
		if slices.ContainsFunc(peers, func(peer networkingv1.NetworkPolicyPeer) bool { return s.isPeer(namespace, peer, pod) }) {
			list = append(list, pod)
		}
	}
	return list
}

func (s *state) isPeer(namespace string, peer networkingv1.NetworkPolicyPeer, pod *corev1.Pod) bool {
	if peer.IPBlock != nil || peer.PodSelector != nil && !selects(peer.PodSelector, pod.Labels) {
		return false
	}
	if peer.NamespaceSelector == nil {
		return pod.Namespace == namespace
	}
	return slices.ContainsFunc(s.namespaces, func(n *corev1.Namespace) bool {
		return n.Name == pod.Namespace && selects(peer.NamespaceSelector, n.Labels)
	})
}

// selects says whether a selector selects what has the labels. The API server has checked
// its form.
func selects(selector *metav1.LabelSelector, set map[string]string) bool {
	s, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && s.Matches(labels.Set(set))
}

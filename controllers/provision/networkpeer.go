package provision

import (
	"fmt"
	"net/netip"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"
)

// Peer is who may connect, or where to: a network, or pods by the labels of their
// namespaces and their own. The zero Peer is anybody.
type Peer struct {
	network          netip.Prefix
	namespaces, pods *metav1.LabelSelector
}

// Anybody is the text of the zero Peer.
const Anybody = "*"

const (
	namespacesWord = "namespaces:"
	podsWord       = "pods:"
)

// ParsePeer reads one Peer:
//
//   - anybody
//     10.1.0.0/16                                          a network, or an address
//     namespaces:kubernetes.io/metadata.name=edge          the pods of namespaces
//     namespaces:team=edge pods:app=proxy                  some pods of namespaces
//     pods:app=proxy                                       pods of the tenant's own namespace
//
// Selectors are those of kubectl; * selects all.
func ParsePeer(text string) (Peer, error) {
	text = strings.TrimSpace(text)
	if text == Anybody {
		return Peer{}, nil
	}
	if rest, found := strings.CutPrefix(text, namespacesWord); found {
		return parseNamespaces(rest)
	}
	if rest, found := strings.CutPrefix(text, podsWord); found {
		pods, err := parseSelector(rest)
		return Peer{pods: pods}, err
	}
	if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
		address = address.Unmap()
		return Peer{network: netip.PrefixFrom(address, address.BitLen())}, nil
	}
	network, err := netip.ParsePrefix(text)
	if err != nil {
		return Peer{}, fmt.Errorf("%q is neither a network, as 10.1.0.0/16, nor pods by labels, as namespaces:team=edge pods:app=proxy, nor * for anybody", text)
	}
	return Peer{network: network.Masked()}, nil
}

func parseNamespaces(text string) (Peer, error) {
	text, ofPods, both := strings.Cut(text, " "+podsWord)
	namespaces, err := parseSelector(text)
	if err != nil || !both {
		return Peer{namespaces: namespaces}, err
	}
	pods, err := parseSelector(ofPods)
	return Peer{namespaces: namespaces, pods: pods}, err
}

func parseSelector(text string) (*metav1.LabelSelector, error) {
	text = strings.TrimSpace(text)
	switch text {
	case Anybody:
		return &metav1.LabelSelector{}, nil
	case "":
		return nil, fmt.Errorf("a selector of labels is empty: write one as app=proxy, or * for all")
	}
	selector, err := metav1.ParseToLabelSelector(text)
	if err != nil {
		return nil, fmt.Errorf("%q is no selector of labels: %w", text, err)
	}
	return selector, nil
}

// peersOf renders peers; none if anybody is among them, which a rule without peers means.
func peersOf(peers []Peer) []*networkingv1ac.NetworkPolicyPeerApplyConfiguration {
	var list []*networkingv1ac.NetworkPolicyPeerApplyConfiguration
	for _, p := range peers {
		if p == (Peer{}) {
			return nil
		}
		peer := networkingv1ac.NetworkPolicyPeer()
		if p.network.IsValid() {
			peer.WithIPBlock(networkingv1ac.IPBlock().WithCIDR(p.network.String()))
		}
		if p.namespaces != nil {
			peer.WithNamespaceSelector(selectorOf(p.namespaces))
		}
		if p.pods != nil {
			peer.WithPodSelector(selectorOf(p.pods))
		}
		list = append(list, peer)
	}
	return list
}

func selectorOf(s *metav1.LabelSelector) *metav1ac.LabelSelectorApplyConfiguration {
	selector := metav1ac.LabelSelector().WithMatchLabels(s.MatchLabels)
	for _, r := range s.MatchExpressions {
		selector.WithMatchExpressions(metav1ac.LabelSelectorRequirement().
			WithKey(r.Key).WithOperator(r.Operator).WithValues(r.Values...))
	}
	return selector
}

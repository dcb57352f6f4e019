package main

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/foyerhq/foyer/controllers/provision"
)

// Values of --network-policies.
const (
	policiesManaged = "Managed"
	policiesNone    = "None"
)

// networkFlags are what the flags say of the network around the tenants' pods.
type networkFlags struct {
	policies    string
	ingressFrom peerList
	metricsFrom peerList
	dnsAt       peerList
	dnsPorts    string
}

// peerList is a flag that is given once for each peer.
type peerList []provision.Peer

func (l *peerList) String() string { return "" } // the usage says the default itself

func (l *peerList) Set(text string) error {
	peer, err := provision.ParsePeer(text)
	if err != nil {
		return err
	}
	*l = append(*l, peer)
	return nil
}

func (n *networkFlags) register(set *flag.FlagSet) {
	set.StringVar(&n.policies, "network-policies", policiesManaged,
		"Managed: each tenant's pods have NetworkPolicies, by which nothing reaches them, and they reach nothing, but what they need; None: they have none, and those that were made are removed")
	set.Var(&n.ingressFrom, "ingress-from",
		"who may connect to portals and APIs: * for anybody, a CIDR, or pods by labels as 'namespaces:team=edge pods:app=proxy'; one each time (default *)")
	set.Var(&n.metricsFrom, "metrics-from",
		"who may read the metrics of tenants' pods, as for --ingress-from (default nobody)")
	set.Var(&n.dnsAt, "dns-at",
		"where tenants' pods may ask for names, as for --ingress-from (default *)")
	set.StringVar(&n.dnsPorts, "dns-ports", "53",
		"ports, comma separated, by which tenants' pods ask for names")
}

// checked is what NetworkPolicies are made from; nil: none are made.
func (n *networkFlags) checked() (*provision.Network, error) {
	ports, err := portList(n.dnsPorts)
	if err != nil {
		return nil, fmt.Errorf("--dns-ports: %w", err)
	}
	switch n.policies {
	case policiesManaged:
	case policiesNone:
		return nil, nil
	default:
		return nil, fmt.Errorf("--network-policies: %q is not allowed, allowed is Managed or None", n.policies)
	}
	anybody := []provision.Peer{{}}
	network := &provision.Network{IngressFrom: n.ingressFrom, MetricsFrom: n.metricsFrom, DNSAt: n.dnsAt, DNSPorts: ports}
	if len(network.IngressFrom) == 0 {
		network.IngressFrom = anybody
	}
	if len(network.DNSAt) == 0 {
		network.DNSAt = anybody
	}
	return network, nil
}

// portList reads ports, each once and sorted.
func portList(text string) ([]int32, error) {
	var ports []int32
	for word := range strings.SplitSeq(text, ",") {
		port, err := strconv.ParseUint(strings.TrimSpace(word), 10, 16)
		if err != nil || port == 0 {
			return nil, fmt.Errorf("%q is not a port, allowed is 1 to 65535", strings.TrimSpace(word))
		}
		ports = append(ports, int32(port))
	}
	slices.Sort(ports)
	return slices.Compact(ports), nil
}

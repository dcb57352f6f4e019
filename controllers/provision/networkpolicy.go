package provision

import (
	"cmp"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
)

// Network is what the platform team says of the network around the pods.
type Network struct {
	// IngressFrom may connect to the sites, MetricsFrom to the admin port; the kubelet's
	// probes always may.
	IngressFrom []Peer
	MetricsFrom []Peer
	// DNSAt and DNSPorts are where pods ask for names.
	DNSAt    []Peer
	DNSPorts []int32
}

// Database is where pods find the tenant's database.
type Database struct {
	// Endpoints are those of the server's uri, At what the platform team says instead of
	// their hosts.
	Endpoints []Endpoint
	At        []Peer
}

// Endpoint is one address of a server.
type Endpoint struct {
	Host string // a name or an address
	Port int32
}

// notPublic are the networks that are not on the public internet, and those that lead from
// there back inside: where dispatchers do not connect to, unless they are allowed to. The
// dispatcher itself refuses the same.
var notPublic = map[string][]string{
	"0.0.0.0/0": {
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16",
		"172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
		"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	},
	"::/0": {
		"100::/64", "2001::/32", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "64:ff9b::/96",
		"64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
	},
}

// NetworkPolicies renders what the pods of each component may do on the network. Nothing
// else reaches them, and they reach nothing else. There are none where Foyer is to make none.
func NetworkPolicies(p Params) []Object {
	if p.Network == nil {
		return nil
	}
	var objects []Object
	for _, c := range Components() {
		objects = append(objects, networkPolicy(p, c))
	}
	return objects
}

func networkPolicy(p Params, c Component) Object {
	return networkingv1ac.NetworkPolicy(WorkloadName(p.Tenant.Name, c), p.Tenant.Namespace).
		WithLabels(Labels(p.Tenant.Name, c)).
		WithOwnerReferences(owner(p.Tenant)).
		WithSpec(networkingv1ac.NetworkPolicySpec().
			WithPodSelector(metav1ac.LabelSelector().WithMatchLabels(Selector(p.Tenant.Name, c))).
			WithPolicyTypes(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress).
			WithIngress(ingressRules(p.Network, c)...).
			WithEgress(egressRules(p, c)...))
}

func ingressRules(n *Network, c Component) []*networkingv1ac.NetworkPolicyIngressRuleApplyConfiguration {
	var rules []*networkingv1ac.NetworkPolicyIngressRuleApplyConfiguration
	add := func(port int32, from []Peer) {
		if len(from) > 0 {
			rules = append(rules, networkingv1ac.NetworkPolicyIngressRule().
				WithPorts(policyPorts(corev1.ProtocolTCP, port)...).
				WithFrom(peersOf(from)...))
		}
	}
	if l, serves := listeners[c]; serves {
		add(l.port, n.IngressFrom)
	}
	add(PortAdmin, n.MetricsFrom)
	return rules
}

func egressRules(p Params, c Component) []*networkingv1ac.NetworkPolicyEgressRuleApplyConfiguration {
	collector := traceEndpoints(p.Traces)
	rules := append(rulesTo(p.Database.Endpoints, p.Database.At), rulesTo(collector, nil)...)
	sends := outgoingPorts(p)
	if c == Dispatcher && len(sends) > 0 {
		rules = append(rules, egressRule(corev1.ProtocolTCP, sends).WithTo(outside(p.AllowOutgoing)...))
	}
	named := slices.ContainsFunc(append(collector, p.Database.Endpoints...), func(e Endpoint) bool { return !isAddress(e.Host) })
	if (named || c == Dispatcher && len(sends) > 0) && len(p.Network.DNSAt) > 0 {
		ports := append(policyPorts(corev1.ProtocolUDP, p.Network.DNSPorts...), policyPorts(corev1.ProtocolTCP, p.Network.DNSPorts...)...)
		rules = append(rules, networkingv1ac.NetworkPolicyEgressRule().WithPorts(ports...).WithTo(peersOf(p.Network.DNSAt)...))
	}
	return rules
}

// rulesTo lead to servers. A name is nothing that a policy can say: unless the platform team
// says where the server is, its port is open wherever it leads to.
func rulesTo(endpoints []Endpoint, at []Peer) []*networkingv1ac.NetworkPolicyEgressRuleApplyConfiguration {
	var rules []*networkingv1ac.NetworkPolicyEgressRuleApplyConfiguration
	var anywhere []int32
	for _, e := range endpoints {
		address, err := netip.ParseAddr(e.Host)
		if err != nil || len(at) > 0 {
			anywhere = append(anywhere, e.Port)
			continue
		}
		address = address.Unmap().WithZone("")
		rules = append(rules, egressRule(corev1.ProtocolTCP, []int32{e.Port}).
			WithTo(peersOf([]Peer{{network: netip.PrefixFrom(address, address.BitLen())}})...))
	}
	if len(anywhere) > 0 {
		slices.Sort(anywhere)
		rules = append(rules, egressRule(corev1.ProtocolTCP, slices.Compact(anywhere)).WithTo(peersOf(at)...))
	}
	return rules
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// outgoingPorts are the ports of what the tenant sends to, sorted.
func outgoingPorts(p Params) []int32 {
	spec := p.Tenant.Spec
	var ports []int32
	for _, called := range p.WebhookURLs {
		ports = append(ports, portOfURL(called))
	}
	if spec.Email.SMTP.Host != "" {
		ports = append(ports, mailPort(spec.Email.SMTP))
	}
	if spec.SMS.Type != "" {
		ports = append(ports, portOfURL(spec.SMS.URL))
	}
	for _, w := range spec.Webhooks {
		ports = append(ports, portOfURL(w.URL))
	}
	slices.Sort(ports)
	return slices.Compact(ports)
}

func mailPort(s v1alpha1.SMTPSpec) int32 {
	submission := int32(465)
	if s.Security != "" && s.Security != v1alpha1.SMTPTLS {
		submission = 587
	}
	return cmp.Or(s.Port, submission)
}

const (
	portHTTP  = 80
	portHTTPS = 443
)

// portOfURL is the port that a URL leads to.
func portOfURL(text string) int32 {
	u, err := url.Parse(text)
	if err != nil {
		return portHTTPS
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	switch {
	case err == nil && port > 0:
		return int32(port)
	case u.Scheme == "http":
		return portHTTP
	}
	return portHTTPS
}

// traceEndpoints is where pods send spans: none, or the one that their environment says.
func traceEndpoints(environment map[string]string) []Endpoint {
	at := cmp.Or(environment["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"], environment["OTEL_EXPORTER_OTLP_ENDPOINT"])
	u, err := url.Parse(at)
	if err != nil || u.Host == "" {
		return nil
	}
	return []Endpoint{{u.Hostname(), portOfURL(at)}}
}

// outside are the public internet, and the networks that dispatchers may connect to all
// the same.
func outside(allowed string) []*networkingv1ac.NetworkPolicyPeerApplyConfiguration {
	var list []*networkingv1ac.NetworkPolicyPeerApplyConfiguration
	add := func(network string, except ...string) {
		list = append(list, networkingv1ac.NetworkPolicyPeer().
			WithIPBlock(networkingv1ac.IPBlock().WithCIDR(network).WithExcept(except...)))
	}
	for _, all := range []string{"0.0.0.0/0", "::/0"} {
		add(all, notPublic[all]...)
	}
	for network := range strings.SplitSeq(allowed, ",") {
		if network != "" {
			add(network)
		}
	}
	return list
}

func egressRule(protocol corev1.Protocol, ports []int32) *networkingv1ac.NetworkPolicyEgressRuleApplyConfiguration {
	return networkingv1ac.NetworkPolicyEgressRule().WithPorts(policyPorts(protocol, ports...)...)
}

func policyPorts(protocol corev1.Protocol, ports ...int32) []*networkingv1ac.NetworkPolicyPortApplyConfiguration {
	var list []*networkingv1ac.NetworkPolicyPortApplyConfiguration
	for _, port := range ports {
		list = append(list, networkingv1ac.NetworkPolicyPort().WithProtocol(protocol).WithPort(intstr.FromInt32(port)))
	}
	return list
}

// NetworkPoliciesNotAskedFor lists those that a Tenant may have from the time when Foyer was
// to make them.
func NetworkPoliciesNotAskedFor(p Params) []Dispensable {
	if p.Network != nil {
		return nil
	}
	var list []Dispensable
	for _, c := range Components() {
		list = append(list, Dispensable{Kind: KindNetworkPolicy, Name: WorkloadName(p.Tenant.Name, c)})
	}
	return list
}

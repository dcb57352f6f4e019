package provision_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/notify/channel/outbound"
)

func peers(t *testing.T, texts ...string) []provision.Peer {
	t.Helper()
	var list []provision.Peer
	for _, text := range texts {
		peer, err := provision.ParsePeer(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, peer)
	}
	return list
}

// open is what a platform team has that says nothing: sites and names anywhere, no metrics.
func open(t *testing.T) provision.Params {
	p := minimal()
	p.Network = &provision.Network{IngressFrom: peers(t, "*"), DNSAt: peers(t, "*"), DNSPorts: []int32{53}}
	p.Database = provision.Database{Endpoints: []provision.Endpoint{{Host: "db.example", Port: 5432}}}
	return p
}

func closed(t *testing.T) provision.Params {
	p := full()
	p.Network = &provision.Network{
		IngressFrom: peers(t, "10.9.0.0/16", "namespaces:kubernetes.io/metadata.name=edge pods:app in (envoy, nginx)", "pods:gateway"),
		MetricsFrom: peers(t, "namespaces:team=monitoring"),
		DNSAt:       peers(t, "namespaces:kubernetes.io/metadata.name=kube-system pods:k8s-app=kube-dns", "169.254.20.10"),
		DNSPorts:    []int32{53, 5353},
	}
	p.Database = provision.Database{Endpoints: []provision.Endpoint{{Host: "10.2.0.7", Port: 6432}, {Host: "2001:db8::7", Port: 5432}}}
	p.WebhookURLs = []string{"https://crm.acme.example/in", "https://crm.acme.example:8443/in"}
	return p
}

func TestNetworkPoliciesGolden(t *testing.T) {
	for name, params := range map[string]provision.Params{"network-open": open(t), "network-closed": closed(t)} {
		t.Run(name, func(t *testing.T) {
			checkGolden(t, name, encode(t, provision.NetworkPolicies(params)))
		})
	}
}

func TestNoNetworkPoliciesWhereFoyerIsToMakeNone(t *testing.T) {
	if list := provision.NetworkPolicies(full()); len(list) > 0 {
		t.Errorf("got %d", len(list))
	}
}

// egressOf are the egress rules of a component, each as one line: its peers, then its ports.
func egressOf(t *testing.T, p provision.Params, c provision.Component) []string {
	t.Helper()
	var lines []string
	for _, rule := range policyOf(t, p, c).Spec.Egress {
		var words []string
		for _, peer := range rule.To {
			words = append(words, peer.IPBlock.CIDR)
		}
		for _, port := range rule.Ports {
			words = append(words, string(*port.Protocol)+"/"+port.Port.String())
		}
		lines = append(lines, strings.Join(words, " "))
	}
	return lines
}

func policyOf(t *testing.T, p provision.Params, c provision.Component) networkingv1.NetworkPolicy {
	t.Helper()
	for _, object := range provision.NetworkPolicies(p) {
		var policy networkingv1.NetworkPolicy
		text, err := yaml.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalStrict(text, &policy); err != nil {
			t.Fatal(err)
		}
		if policy.Name == provision.WorkloadName(p.Tenant.Name, c) {
			return policy
		}
	}
	t.Fatalf("%s has no policy", c)
	return networkingv1.NetworkPolicy{}
}

func TestEveryComponentIsClosedInBothDirections(t *testing.T) {
	for _, c := range provision.Components() {
		policy := policyOf(t, open(t), c)
		want := []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}
		if diff := cmp.Diff(want, policy.Spec.PolicyTypes); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c, diff)
		}
		if diff := cmp.Diff(provision.Selector("acme", c), policy.Spec.PodSelector.MatchLabels); diff != "" {
			t.Errorf("%s selects other pods (-want +got):\n%s", c, diff)
		}
	}
	if rules := policyOf(t, open(t), provision.Dispatcher).Spec.Ingress; len(rules) > 0 {
		t.Errorf("a dispatcher is reached by %v", rules)
	}
}

func TestEgressToTheDatabase(t *testing.T) {
	const names = "UDP/53 TCP/53"
	for name, test := range map[string]struct {
		database provision.Database
		want     []string
	}{
		"a name":                 {provision.Database{Endpoints: []provision.Endpoint{{"db.example", 5432}}}, []string{"TCP/5432", names}},
		"an address":             {provision.Database{Endpoints: []provision.Endpoint{{"10.2.0.7", 5432}}}, []string{"10.2.0.7/32 TCP/5432"}},
		"an IPv6 address":        {provision.Database{Endpoints: []provision.Endpoint{{"fd00::7", 5432}}}, []string{"fd00::7/128 TCP/5432"}},
		"an address in old form": {provision.Database{Endpoints: []provision.Endpoint{{"::ffff:10.2.0.7", 5432}}}, []string{"10.2.0.7/32 TCP/5432"}},
		"several": {provision.Database{Endpoints: []provision.Endpoint{{"b.example", 6432}, {"10.2.0.7", 5432}, {"a.example", 5433}, {"c.example", 6432}}},
			[]string{"10.2.0.7/32 TCP/5432", "TCP/5433 TCP/6432", names}},
		"a name, and where it is": {provision.Database{Endpoints: []provision.Endpoint{{"db.example", 5432}}, At: peers(t, "10.2.0.0/24", "10.3.0.0/24")},
			[]string{"10.2.0.0/24 10.3.0.0/24 TCP/5432", names}},
		"an address of a Service": {provision.Database{Endpoints: []provision.Endpoint{{"10.96.0.7", 5432}}, At: peers(t, "10.2.0.0/24")},
			[]string{"10.2.0.0/24 TCP/5432"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t)
			p.Database = test.database
			for _, c := range provision.Components() {
				if diff := cmp.Diff(test.want, egressOf(t, p, c)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", c, diff)
				}
			}
		})
	}
}

// Every component sends spans where the manager's environment says.
func TestEgressToTheCollector(t *testing.T) {
	const database, names = "10.2.0.7/32 TCP/5432", "UDP/53 TCP/53"
	for endpoint, want := range map[string][]string{
		"http://otel.monitoring:4318": {database, "TCP/4318", names},
		"https://otel.example":        {database, "TCP/443", names},
		"http://10.3.0.9":             {database, "10.3.0.9/32 TCP/80"},
		"":                            {database},
	} {
		p := open(t)
		p.Database.Endpoints = []provision.Endpoint{{"10.2.0.7", 5432}}
		p.Traces = map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
		for _, c := range provision.Components() {
			if diff := cmp.Diff(want, egressOf(t, p, c)); diff != "" {
				t.Errorf("%s, %q (-want +got):\n%s", c, endpoint, diff)
			}
		}
	}
	p := open(t)
	p.Traces = map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:1", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://10.3.0.9:2"}
	if diff := cmp.Diff([]string{"TCP/5432", "10.3.0.9/32 TCP/2", names}, egressOf(t, p, provision.Portal)); diff != "" {
		t.Errorf("that of traces goes first (-want +got):\n%s", diff)
	}
}

func TestEgressOfTheDispatcher(t *testing.T) {
	const database, names, public = "TCP/5432", "UDP/53 TCP/53", "0.0.0.0/0 ::/0 "
	for name, test := range map[string]struct {
		edit func(*provision.Params)
		want string
	}{
		"no channel": {func(*provision.Params) {}, ""},
		"mail":       {func(p *provision.Params) { p.Tenant.Spec.Email.SMTP.Host = "smtp.example" }, public + "TCP/465"},
		"mail by StartTLS": {func(p *provision.Params) {
			p.Tenant.Spec.Email.SMTP = v1alpha1.SMTPSpec{Host: "smtp.example", Security: v1alpha1.SMTPStartTLS}
		}, public + "TCP/587"},
		"mail by a port of its own": {func(p *provision.Params) {
			p.Tenant.Spec.Email.SMTP = v1alpha1.SMTPSpec{Host: "smtp.example", Port: 2525}
		}, public + "TCP/2525"},
		"Twilio": {func(p *provision.Params) { p.Tenant.Spec.SMS.Type = v1alpha1.SMSTwilio }, public + "TCP/443"},
		"a text gateway": {func(p *provision.Params) {
			p.Tenant.Spec.SMS.Type, p.Tenant.Spec.SMS.URL = "HTTP", "https://sms.example:8443/x"
		}, public + "TCP/8443"},
		"webhooks": {func(p *provision.Params) {
			p.Tenant.Spec.Webhooks = []v1alpha1.TenantWebhookSpec{{URL: "https://a.example:9443"}, {URL: "https://b.example/x"}, {URL: "https://c.example:443"}}
			p.WebhookURLs = []string{"https://d.example:9443", "https://e.example:7443"}
		}, public + "TCP/443 TCP/7443 TCP/9443"},
		"a mail server in the cluster": {func(p *provision.Params) {
			p.AllowOutgoing = "10.5.0.0/16,fd00::/64"
			p.Tenant.Spec.Email.SMTP.Host = "mail.svc"
		}, public + "10.5.0.0/16 fd00::/64 TCP/465"},
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t)
			test.edit(&p)
			want := []string{database, names}
			if test.want != "" {
				want = []string{database, test.want, names}
			}
			if diff := cmp.Diff(want, egressOf(t, p, provision.Dispatcher)); diff != "" {
				t.Errorf("dispatcher (-want +got):\n%s", diff)
			}
			for _, c := range []provision.Component{provision.Portal, provision.Backoffice} {
				if diff := cmp.Diff([]string{database, names}, egressOf(t, p, c)); diff != "" {
					t.Errorf("%s may send (-want +got):\n%s", c, diff)
				}
			}
		})
	}
}

// What the dispatcher refuses to call, its policy refuses too, and nothing else: both have
// a list of their own, of the same networks.
func TestPublicIsWhatTheDispatcherCalls(t *testing.T) {
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	p := open(t)
	p.Tenant.Spec.Email.SMTP.Host = "smtp.example"
	guard, blocks := outbound.NewGuard(nil), []*networkingv1.IPBlock{}
	for _, rule := range policyOf(t, p, provision.Dispatcher).Spec.Egress {
		for _, peer := range rule.To {
			blocks = append(blocks, peer.IPBlock)
		}
	}
	allowed := func(address netip.Addr) bool {
		for _, block := range blocks {
			if !netip.MustParsePrefix(block.CIDR).Contains(address) {
				continue
			}
			for _, except := range block.Except {
				if netip.MustParsePrefix(except).Contains(address) {
					return false
				}
			}
			return true
		}
		return false
	}
	for _, address := range edges(blocks) {
		if got, want := allowed(address), guard.Check(address) == nil; got != want {
			t.Errorf("%s: the policy allows it: %t, the dispatcher calls it: %t", address, got, want)
		}
	}
}

// edges are the first and last addresses of each network that is left out, those beside
// them, and some that everybody knows.
func edges(blocks []*networkingv1.IPBlock) []netip.Addr {
	var list []netip.Addr
	for _, text := range []string{"1.1.1.1", "8.8.8.8", "2606:4700::1111", "127.0.0.1", "::1", "169.254.169.254", "fd00:ec2::254", "fe80::1", "255.255.255.255", "0.0.0.0", "::", "224.0.0.1", "ff02::1"} {
		list = append(list, netip.MustParseAddr(text))
	}
	for _, block := range blocks {
		for _, except := range block.Except {
			network := netip.MustParsePrefix(except)
			first, last := network.Addr(), lastOf(network)
			for _, address := range []netip.Addr{first.Prev(), first, last, last.Next()} {
				if address.IsValid() && !address.Is4In6() {
					list = append(list, address)
				}
			}
		}
	}
	return list
}

func lastOf(network netip.Prefix) netip.Addr {
	bytes := network.Addr().AsSlice()
	for bit := network.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	address, _ := netip.AddrFromSlice(bytes)
	return address
}

func TestParsePeer(t *testing.T) {
	for text, want := range map[string]string{
		"*":            "- from:\n",
		" 10.1.2.3/8 ": "ipBlock:\n        cidr: 10.0.0.0/8\n",
		"192.0.2.1":    "ipBlock:\n        cidr: 192.0.2.1/32\n",
		"2001:db8::1":  "ipBlock:\n        cidr: 2001:db8::1/128\n",
		"namespaces:*": "namespaceSelector: {}\n",
		"namespaces:team=edge, tier pods:app notin (a,b)": "namespaceSelector:\n        matchExpressions:\n        - key: tier\n          operator: Exists\n        matchLabels:\n          team: edge\n      podSelector:\n        matchExpressions:\n        - key: app\n          operator: NotIn\n          values:\n          - a\n          - b\n",
		"pods:*": "podSelector: {}\n",
	} {
		p := open(t)
		p.Network.IngressFrom = peers(t, text)
		got := encode(t, provision.NetworkPolicies(p)[:1])
		_, got, _ = strings.Cut(got, "ingress:\n")
		got, _, _ = strings.Cut(got, "podSelector:\n    matchLabels:\n      app.kubernetes")
		if text == "*" && strings.Contains(got, "from") || text != "*" && !strings.Contains(got, want) {
			t.Errorf("%q is rendered as\n%s", text, got)
		}
	}
	for text, problem := range map[string]string{
		"":                           `"" is neither a network`,
		"edge":                       `"edge" is neither a network, as 10.1.0.0/16, nor pods by labels`,
		"10.1.0.0/33":                "is neither a network",
		"fe80::1%eth0":               "is neither a network",
		"namespaces:":                "a selector of labels is empty",
		"namespaces:team=edge pods:": "a selector of labels is empty",
		"pods:a>1":                   `"a>1" is no selector of labels`,
		"pods:app=a=b":               `"app=a=b" is no selector of labels`,
	} {
		if _, err := provision.ParsePeer(text); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("%q: got %v, want an error with %q", text, err, problem)
		}
	}
}

// TestNetworkPoliciesAllowTheLastRelease: they are the new release's at once, also where the
// pods are of the last one still. Who moves a port keeps the former one here for a release, and
// in the policies.
func TestNetworkPoliciesAllowTheLastRelease(t *testing.T) {
	last := map[provision.Component][]int32{
		provision.Portal:     {8080, 9090},
		provision.Backoffice: {8082, 9090},
		provision.Dispatcher: {9090},
	}
	for component, ports := range last {
		policy := policyOf(t, closed(t), component)
		for _, port := range ports {
			allowed := slices.ContainsFunc(policy.Spec.Ingress, func(rule networkingv1.NetworkPolicyIngressRule) bool {
				return slices.ContainsFunc(rule.Ports, func(p networkingv1.NetworkPolicyPort) bool { return p.Port.IntVal == port })
			})
			if !allowed {
				t.Errorf("nobody reaches port %d of a %s of the last release", port, component)
			}
		}
	}
}

package main

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

func pod(namespace, name, address, app string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"app": app}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Ports: []corev1.ContainerPort{
			{Name: "web", ContainerPort: 8080}, {Name: "dns", ContainerPort: 53, Protocol: corev1.ProtocolUDP}}}}},
		Status: corev1.PodStatus{PodIP: address, Phase: corev1.PodRunning},
	}
}

// world has a server and a client in a, a client in b, and some pods that are not to count.
func world() *state {
	other := pod("b", "server", "10.88.0.5", "server")
	other.Spec.Containers[0].Ports[0].ContainerPort = 9999
	host, ended, starting := pod("a", "host", "10.88.0.1", "client"), pod("a", "ended", "10.88.0.9", "client"), pod("a", "starting", "", "client")
	host.Spec.HostNetwork, ended.Status.Phase = true, corev1.PodSucceeded
	return &state{
		pods: []*corev1.Pod{
			pod("a", "server", "10.88.0.2", "server"), pod("a", "client", "10.88.0.3", "client"), pod("b", "client", "10.88.0.4", "client"), other, host, ended, starting,
		},
		namespaces: []*corev1.Namespace{
			{ObjectMeta: metav1.ObjectMeta{Name: "a", Labels: map[string]string{"team": "one"}}},
			{ObjectMeta: metav1.ObjectMeta{Name: "b", Labels: map[string]string{"team": "two"}}},
		},
	}
}

// with adds a policy to namespace a, by its spec in YAML.
func with(t *testing.T, s *state, specs ...string) *state {
	t.Helper()
	for _, text := range specs {
		policy := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "a"}}
		if err := yaml.UnmarshalStrict([]byte(text), &policy.Spec); err != nil {
			t.Fatal(err)
		}
		s.policies = append(s.policies, policy)
	}
	return s
}

func TestLines(t *testing.T) {
	const server = "podSelector: {matchLabels: {app: server}}\n"
	for name, test := range map[string]struct {
		specs           []string
		ingress, egress []string // of the server in a; nil: all passes
	}{
		"no policy":                       {},
		"a policy about others":           {specs: []string{"podSelector: {matchLabels: {app: client}}\npolicyTypes: [Ingress, Egress]"}},
		"nothing in":                      {specs: []string{server + "policyTypes: [Ingress]"}, ingress: []string{}},
		"nothing out":                     {specs: []string{server + "policyTypes: [Egress]"}, egress: []string{}},
		"nothing at all":                  {specs: []string{"podSelector: {}\npolicyTypes: [Ingress, Egress]"}, ingress: []string{}, egress: []string{}},
		"types are told by what is there": {specs: []string{server + "egress: [{}]"}, ingress: []string{}, egress: []string{"return"}},
		"ingress is one of them":          {specs: []string{server}, ingress: []string{}},
		"policies add up": {specs: []string{server + "ingress: [{ports: [{port: 80}]}]", server + "ingress: [{ports: [{port: 81}]}]"},
			ingress: []string{"tcp dport 80 return", "tcp dport 81 return"}},
		"pods of the namespace": {specs: []string{server + "ingress: [{from: [{podSelector: {matchLabels: {app: client}}}]}]"},
			ingress: []string{"ip saddr { 10.88.0.3 } return"}},
		"all pods of some namespaces": {specs: []string{server + "ingress: [{from: [{namespaceSelector: {matchLabels: {team: two}}}]}]"},
			ingress: []string{"ip saddr { 10.88.0.4, 10.88.0.5 } return"}},
		"some pods of all namespaces": {specs: []string{server + "ingress: [{from: [{namespaceSelector: {}, podSelector: {matchExpressions: [{key: app, operator: In, values: [client]}]}}]}]"},
			ingress: []string{"ip saddr { 10.88.0.3, 10.88.0.4 } return"}},
		"either of two": {specs: []string{server + "ingress: [{from: [{namespaceSelector: {matchLabels: {team: two}}}, {podSelector: {matchLabels: {app: client}}}]}]"},
			ingress: []string{"ip saddr { 10.88.0.3, 10.88.0.4, 10.88.0.5 } return"}},
		"pods that there are not": {specs: []string{server + "ingress: [{from: [{podSelector: {matchLabels: {app: nobody}}}]}]"}, ingress: []string{}},
		"a network": {specs: []string{server + "egress: [{to: [{ipBlock: {cidr: 10.1.2.3/16}}], ports: [{port: 5432}]}]\npolicyTypes: [Egress]"},
			egress: []string{"ip daddr 10.1.0.0/16 tcp dport 5432 return"}},
		"all but some networks": {specs: []string{server + "egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 192.168.0.0/16]}}], ports: [{port: 25}]}]\npolicyTypes: [Egress]"},
			egress: []string{"ip daddr != { 10.0.0.0/8, 192.168.0.0/16 } tcp dport 25 return"}},
		"a network of IPv6": {specs: []string{server + "egress: [{to: [{ipBlock: {cidr: '::/0'}}]}]\npolicyTypes: [Egress]"}, egress: []string{}},
		"ports": {specs: []string{server + "ingress: [{ports: [{port: 80}, {port: 53, protocol: UDP}, {port: 1000, endPort: 2000}, {protocol: SCTP}]}]"},
			ingress: []string{"meta l4proto sctp return", "tcp dport 1000-2000 return", "tcp dport 80 return", "udp dport 53 return"}},
		"a named port":                     {specs: []string{server + "ingress: [{ports: [{port: web}]}]"}, ingress: []string{"tcp dport 8080 return"}},
		"a named port of another protocol": {specs: []string{server + "ingress: [{ports: [{port: dns}]}]"}, ingress: []string{}},
		"a named port of each pod there": {specs: []string{server + "egress: [{to: [{namespaceSelector: {}, podSelector: {matchLabels: {app: server}}}], ports: [{port: web}]}]\npolicyTypes: [Egress]"},
			egress: []string{"ip daddr 10.88.0.2 tcp dport 8080 return", "ip daddr 10.88.0.5 tcp dport 9999 return"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := with(t, world(), test.specs...)
			for i, want := range [][]string{test.egress, test.ingress} {
				got, isolated := s.linesOf(s.pods[0], directions[i])
				if isolated != (want != nil) {
					t.Errorf("%s: a policy is about it: %t", directions[i].name, isolated)
				}
				if diff := cmp.Diff(strings.Join(want, "\n"), strings.Join(got, "\n")); diff != "" {
					t.Errorf("%s (-want +got):\n%s", directions[i].name, diff)
				}
			}
		})
	}
}

func TestPodsThatCount(t *testing.T) {
	s := world()
	later := pod("b", "later", "10.88.0.4", "client") // has the address of one that is about to go
	later.CreationTimestamp = metav1.Now()
	s.pods = append(s.pods, later)
	var names []string
	for _, p := range s.subjects() {
		names = append(names, p.Namespace+"/"+p.Name)
	}
	if diff := cmp.Diff([]string{"a/client", "a/server", "b/later", "b/server"}, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

const wholeScript = `add table ip foyer-policies
delete table ip foyer-policies
table ip foyer-policies {
	chain egress-10-88-0-2 {
		ip daddr 10.88.0.2 return comment "a/server"
		ip daddr != { 10.0.0.0/8 } tcp dport 443 return
		reject with icmp type admin-prohibited
	}
	chain ingress-10-88-0-2 {
		ip saddr 10.88.0.2 return comment "a/server"
		ip saddr { 10.88.0.3 } tcp dport 8080 return
		reject with icmp type admin-prohibited
	}
	chain policed {
		ct state established,related accept
		ip saddr vmap { 10.88.0.2 : jump egress-10-88-0-2 }
		ip daddr vmap { 10.88.0.2 : jump ingress-10-88-0-2 }
	}
` + hooks + "}\n"

func TestScript(t *testing.T) {
	s := with(t, world(), `podSelector: {matchLabels: {app: server}}
ingress: [{from: [{podSelector: {matchLabels: {app: client}}}], ports: [{port: web}]}]
egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}], ports: [{port: 443}]}]`)
	if diff := cmp.Diff(wholeScript, s.script()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The kernel takes what is written, again and again: nft itself reads it, in a network
// namespace of its own.
func TestKernelTakesTheScript(t *testing.T) {
	needsKernel(t)
	empty := world().script()
	full := with(t, world(), `podSelector: {}
ingress: [{from: [{podSelector: {}}, {ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}], ports: [{port: web}, {port: 1000, endPort: 2000}, {protocol: UDP}, {protocol: SCTP, port: 7}]}]
egress: [{ports: [{port: dns, protocol: UDP}, {port: web}]}]`).script()
	cmd := exec.CommandContext(t.Context(), "unshare", "--net", "nft", "-f", "-")
	var said bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(empty+full+full+empty), &said, &said
	if err := cmd.Run(); err != nil {
		t.Errorf("%v: %s\n%s", err, said.String(), full)
	}
}

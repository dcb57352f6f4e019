package main

import (
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/controllers/provision"
)

func TestNetworkFlags(t *testing.T) {
	peer := func(text string) provision.Peer {
		p, err := provision.ParsePeer(text)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	anybody := []provision.Peer{{}}
	for name, test := range map[string]struct {
		args    []string
		want    *provision.Network
		problem string
	}{
		"nothing is said": {want: &provision.Network{IngressFrom: anybody, DNSAt: anybody, DNSPorts: []int32{53}}},
		"none":            {args: []string{"--network-policies=None", "--ingress-from=10.0.0.0/8"}},
		"all is said": {
			args: []string{"--network-policies=Managed", "--ingress-from=10.1.2.3/8", "--ingress-from=namespaces:team=edge pods:app=proxy",
				"--metrics-from=namespaces:team=monitoring", "--dns-at=169.254.20.10", "--dns-ports=5353, 53,53"},
			want: &provision.Network{
				IngressFrom: []provision.Peer{peer("10.0.0.0/8"), peer("namespaces:team=edge pods:app=proxy")},
				MetricsFrom: []provision.Peer{peer("namespaces:team=monitoring")},
				DNSAt:       []provision.Peer{peer("169.254.20.10/32")},
				DNSPorts:    []int32{53, 5353},
			},
		},
		"an unknown value":         {args: []string{"--network-policies=Off"}, problem: `--network-policies: "Off" is not allowed, allowed is Managed or None`},
		"a proxy that is none":     {args: []string{"--ingress-from=edge"}, problem: `-ingress-from: "edge" is neither a network`},
		"an empty proxy":           {args: []string{"--ingress-from="}, problem: `-ingress-from: "" is neither a network`},
		"a monitoring that isn't":  {args: []string{"--metrics-from=pods:"}, problem: "-metrics-from: a selector of labels is empty"},
		"a name server that isn't": {args: []string{"--dns-at=namespaces:a=b=c"}, problem: `-dns-at: "a=b=c" is no selector of labels`},
		"no port":                  {args: []string{"--dns-ports="}, problem: `--dns-ports: "" is not a port, allowed is 1 to 65535`},
		"a port out of range":      {args: []string{"--dns-ports=53,65536"}, problem: `--dns-ports: "65536" is not a port`},
	} {
		t.Run(name, func(t *testing.T) {
			env := map[string]string{"POD_NAMESPACE": "foyer-system", "FOYER_IMAGE": "foyer:dev"}
			got, err := parseFlags(test.args, func(key string) string { return env[key] }, io.Discard)
			if test.problem != "" {
				if err == nil || !strings.Contains(err.Error(), test.problem) {
					t.Errorf("got %v, want an error with %q", err, test.problem)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got.network, comparePeers); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

var comparePeers = cmp.Comparer(func(a, b provision.Peer) bool { return reflect.DeepEqual(a, b) })

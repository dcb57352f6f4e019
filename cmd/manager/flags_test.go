package main

import (
	"errors"
	"flag"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseFlags(t *testing.T) {
	inPod := map[string]string{"POD_NAMESPACE": "foyer-system", "FOYER_IMAGE": "foyer:dev"}
	tests := map[string]struct {
		env     map[string]string
		args    []string
		want    options
		problem string
	}{
		"in a pod": {
			env:  inPod,
			want: options{namespace: "foyer-system", image: "foyer:dev", metricsListen: ":8080", healthListen: ":8081", waveSize: 5, canarySoak: 60},
		},
		"flags win": {
			env: inPod,
			args: []string{"--namespace=ops", "--image=foyer:v2", "--metrics-listen=0", "--health-listen=:1",
				"--leader-elect", "--trusted-proxies=10.1.2.3/8, 192.0.2.1", "--api-requests-per-second=20", "--api-request-burst=50",
				"--allow-outgoing=10.1.2.3/16", "--wave-size=20", "--canary-soak-seconds=600", "--tenant-clock"},
			want: options{namespace: "ops", image: "foyer:v2", metricsListen: "0", healthListen: ":1",
				leaderElect: true, trustedProxies: "10.0.0.0/8,192.0.2.1/32", apiPerSecond: 20, apiRequestBurst: 50,
				allowOutgoing: "10.1.0.0/16", waveSize: 20, canarySoak: 600, tenantClock: true},
		},
		"watched namespaces": {
			env:  inPod,
			args: []string{"--watch-namespaces=nordlicht, acme,acme", "--cluster-id=2b6e1f3a-0000"},
			want: options{namespace: "foyer-system", image: "foyer:dev", metricsListen: ":8080", healthListen: ":8081", waveSize: 5, canarySoak: 60,
				watchNamespaces: []string{"acme", "nordlicht"}, clusterID: "2b6e1f3a-0000"},
		},
		"a watched namespace that is none":   {env: inPod, args: []string{"--watch-namespaces=acme,Nordlicht"}, problem: `--watch-namespaces: "Nordlicht" is not`},
		"a watched namespace without name":   {env: inPod, args: []string{"--watch-namespaces=acme,"}, problem: `--watch-namespaces: "" is not`},
		"a list of namespaces without any":   {env: inPod, args: []string{"--watch-namespaces= "}, problem: `--watch-namespaces: "" is not`},
		"an own namespace that is none":      {env: inPod, args: []string{"--namespace=Foyer System"}, problem: `--namespace: "Foyer System" is not`},
		"a cluster ID that is short":         {env: inPod, args: []string{"--cluster-id=prod"}, problem: `--cluster-id: "prod" is not`},
		"a cluster ID with other characters": {env: inPod, args: []string{"--cluster-id=prod/frankfurt"}, problem: `--cluster-id: "prod/frankfurt" is not`},
		"no namespace":                       {env: map[string]string{"FOYER_IMAGE": "foyer:dev"}, problem: "POD_NAMESPACE"},
		"no image":                           {env: map[string]string{"POD_NAMESPACE": "ops"}, problem: "FOYER_IMAGE"},
		"a proxy that is none":               {env: inPod, args: []string{"--trusted-proxies=edge"}, problem: `--trusted-proxies: "edge"`},
		"a network that is none":             {env: inPod, args: []string{"--allow-outgoing=mail"}, problem: `--allow-outgoing: "mail"`},
		"a rate that is none":                {env: inPod, args: []string{"--api-requests-per-second=-1"}, problem: "--api-requests-per-second: -1 is out of range"},
		"a burst that is none":               {env: inPod, args: []string{"--api-request-burst=-1"}, problem: "--api-request-burst: -1 is out of range"},
		"a wave of nobody":                   {env: inPod, args: []string{"--wave-size=0"}, problem: "--wave-size: 0 is out of range"},
		"a wave without bound":               {env: inPod, args: []string{"--wave-size=1001"}, problem: "--wave-size: 1001 is out of range"},
		"a soak that is none":                {env: inPod, args: []string{"--canary-soak-seconds=-1"}, problem: "--canary-soak-seconds: -1 is out of range"},
		"a soak of weeks":                    {env: inPod, args: []string{"--canary-soak-seconds=86401"}, problem: "--canary-soak-seconds: 86401 is out of range"},
		"an argument":                        {env: inPod, args: []string{"start"}, problem: `unexpected argument "start"`},
		"an unknown flag":                    {env: inPod, args: []string{"--verbose"}, problem: "verbose"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseFlags(test.args, func(key string) string { return test.env[key] }, io.Discard)
			if test.problem != "" {
				if err == nil || !strings.Contains(err.Error(), test.problem) {
					t.Errorf("got %v, want an error with %q", err, test.problem)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got.network = nil // TestNetworkFlags looks at it
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(options{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestHelpIsNoFailure(t *testing.T) {
	var usage strings.Builder
	_, err := parseFlags([]string{"--help"}, func(string) string { return "" }, &usage)
	if !errors.Is(err, flag.ErrHelp) || !strings.Contains(usage.String(), "-trusted-proxies") {
		t.Errorf("got %v and usage %q", err, usage.String())
	}
}

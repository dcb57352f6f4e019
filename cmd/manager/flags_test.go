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
			want: options{namespace: "foyer-system", image: "foyer:dev", metricsListen: ":8080", healthListen: ":8081"},
		},
		"flags win": {
			env: inPod,
			args: []string{"--namespace=ops", "--image=foyer:v2", "--metrics-listen=0", "--health-listen=:1",
				"--leader-elect", "--trusted-proxies=10.1.2.3/8, 192.0.2.1", "--api-requests-per-second=20", "--api-request-burst=50",
				"--allow-outgoing=10.1.2.3/16", "--tenant-clock"},
			want: options{namespace: "ops", image: "foyer:v2", metricsListen: "0", healthListen: ":1",
				leaderElect: true, trustedProxies: "10.0.0.0/8,192.0.2.1/32", apiPerSecond: 20, apiRequestBurst: 50,
				allowOutgoing: "10.1.0.0/16", tenantClock: true},
		},
		"no namespace":           {env: map[string]string{"FOYER_IMAGE": "foyer:dev"}, problem: "POD_NAMESPACE"},
		"no image":               {env: map[string]string{"POD_NAMESPACE": "ops"}, problem: "FOYER_IMAGE"},
		"a proxy that is none":   {env: inPod, args: []string{"--trusted-proxies=edge"}, problem: `--trusted-proxies: "edge"`},
		"a network that is none": {env: inPod, args: []string{"--allow-outgoing=mail"}, problem: `--allow-outgoing: "mail"`},
		"a rate that is none":    {env: inPod, args: []string{"--api-requests-per-second=-1"}, problem: "--api-requests-per-second: -1 is out of range"},
		"a burst that is none":   {env: inPod, args: []string{"--api-request-burst=-1"}, problem: "--api-request-burst: -1 is out of range"},
		"an argument":            {env: inPod, args: []string{"start"}, problem: `unexpected argument "start"`},
		"an unknown flag":        {env: inPod, args: []string{"--verbose"}, problem: "verbose"},
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

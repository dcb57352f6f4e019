//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

// What a person sees at a glance.
func TestKubectlGetReadsWell(t *testing.T) {
	waitReady(t, "tenant/acme")
	out := mustKubectl(t, "get", "foyer", "--all-namespaces")
	for _, want := range []string{"READY", "REASON", "ACCOUNTS", "URL", "AVAILABILITY", "https://acme.localhost", "https://nordlicht.localhost", "tenant.foyer.dev/acme", "accountprofile.foyer.dev/business", "eventtemplate.foyer.dev/", "myaccountprofile.foyer.dev/full"} {
		if !strings.Contains(out, want) {
			t.Errorf("kubectl get foyer -A does not show %q:\n%s", want, out)
		}
	}
	for _, short := range []string{"tn", "ap", "myap", "et"} {
		mustKubectl(t, "get", short, "--all-namespaces")
	}
	t.Log("\n" + out)
}

// A value out of range never gets past the API server, and the answer names the
// field and the range.
func TestOutOfRangeIsRefusedByTheServer(t *testing.T) {
	out, err := kubectl(t.Context(), "--namespace", "acme", "patch", "accountprofile", "business", "--type=merge", "--patch", `{"spec":{"attributes":{"tradingTermsDays":400}}}`)
	if err == nil {
		t.Fatal("400 days were accepted")
	}
	for _, want := range []string{"spec.attributes.tradingTermsDays", "365"} {
		if !strings.Contains(out, want) {
			t.Errorf("the refusal does not say %q: %s", want, out)
		}
	}
}

// A mistake that only the operator can find changes nothing for customers, and the
// status names the fault.
func TestUnresolvedReferenceKeepsTheLastGood(t *testing.T) {
	t.Cleanup(func() { restoreSamples(t) })
	dana := cookiesOf(t, "dana")
	mustKubectl(t, "--namespace", "acme", "patch", "accountprofile", "business", "--type=merge", "--patch", `{"spec":{"myAccountProfileRef":{"name":"fulll"},"attributes":{"tradingTermsDays":60}}}`)
	mustKubectl(t, "--namespace", "acme", "wait", "--for=condition=Ready=false", "accountprofile/business", "--timeout=30s")
	status := mustKubectl(t, "--namespace", "acme", "get", "accountprofile", "business", "-o", "jsonpath={.status.conditions[?(@.type=='Ready')].message}")
	if !strings.Contains(status, "fulll") {
		t.Errorf("the status does not name the fault: %s", status)
	}
	for _, pod := range portalPods(t, cluster(t)) {
		if missing := lacks(t, pod, dana, "/", "21 days"); missing != "" {
			t.Errorf("customers noticed a refused edit, %s: %s", pod.Name, missing)
		}
	}
	waitReady(t, "tenant/acme")
}

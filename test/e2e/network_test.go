//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/controllers/provision"
)

// Where pods of the demo find the host, and what listens there.
const (
	host         = "10.88.0.1"
	onPostgreSQL = 25432
	onMail       = 25025
	onIntake     = 25443
	onAPIServer  = 6443
	onKubelet    = 10250
	serviceOfAPI = "10.89.0.1:443"
)

// visitorNamespaces are those of pods that stand in for a proxy, for the monitoring, and for
// anybody else in the cluster. The demo's operator knows them by their labels.
const visitorNamespaces = `
{apiVersion: v1, kind: Namespace, metadata: {name: e2e-proxy, labels: {demo.foyer.dev/role: proxy}}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: e2e-monitoring, labels: {demo.foyer.dev/role: monitoring}}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: e2e-stranger}}
`

const visitorPod = `
---
apiVersion: v1
kind: Pod
metadata: {name: visitor, namespace: %s}
spec:
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: 0
  dnsPolicy: Default
  containers: [{name: visitor, image: "foyer-pause:1", imagePullPolicy: Never}]
`

// end is a pod, as the one that connects and as what is connected to.
type end struct {
	name, address string
	process       int // in its network namespace
}

func (e end) at(port int32) string { return net.JoinHostPort(e.address, strconv.Itoa(int(port))) }

// connection is one that is tried, and whether policies let it through.
type connection struct {
	from   end
	to     string
	what   string
	passes bool
}

// Real connections from the network of real pods. Without the policies every one of them
// passes: those that are refused with them are refused by them, and by nothing else.
func TestNetworkPoliciesOnRealPods(t *testing.T) {
	c := cluster(t)
	makeVisitors(t)
	list := connections(t, c)
	t.Run("with policies", func(t *testing.T) { try(t, list, true) })
	if t.Failed() {
		return
	}
	t.Run("without", func(t *testing.T) {
		withoutPolicies(t)
		try(t, list, false)
	})
	eventually(t, time.Minute, "the policies are back", func() string {
		return missingPolicies(t, 3)
	})
	t.Run("with policies again", func(t *testing.T) { try(t, list, true) })
}

func makeVisitors(t *testing.T) {
	t.Helper()
	text, names := visitorNamespaces, []string{"e2e-proxy", "e2e-monitoring", "e2e-stranger"}
	for _, name := range names {
		text += fmt.Sprintf(visitorPod, name)
	}
	file := filepath.Join(t.TempDir(), "visitors.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := kubectl(context.WithoutCancel(t.Context()), append([]string{"delete", "namespace", "--timeout=60s", "--ignore-not-found"}, names...)...); err != nil {
			t.Error(err)
		}
	})
	eventually(t, time.Minute, "visitors are made", func() string { // an earlier run's may still go
		if out, err := kubectl(t.Context(), "apply", "--server-side", "-f", file); err != nil {
			return out
		}
		return ""
	})
	for _, name := range names {
		mustKubectl(t, "--namespace", name, "wait", "--for=condition=Ready", "pod/visitor", "--timeout=60s")
	}
}

// connections are from each component, and from others, to all that is worth a try.
func connections(t *testing.T, c client.Client) []connection {
	t.Helper()
	tenant := func(namespace string, component provision.Component) end {
		return endOf(t, c, namespace, client.MatchingLabels{provision.LabelTenant: namespace, provision.LabelComponent: string(component)})
	}
	portal, backoffice, dispatcher := tenant("acme", provision.Portal), tenant("acme", provision.Backoffice), tenant("acme", provision.Dispatcher)
	other, otherAPI, otherDispatcher := tenant("nordlicht", provision.Portal), tenant("nordlicht", provision.Backoffice), tenant("nordlicht", provision.Dispatcher)
	visitor := func(namespace string) end { return endOf(t, c, namespace) }
	proxy, monitoring, stranger := visitor("e2e-proxy"), visitor("e2e-monitoring"), visitor("e2e-stranger")
	on := end{address: host}

	var list []connection
	add := func(passes bool, from end, what, to string) { list = append(list, connection{from, to, what, passes}) }
	for _, from := range []end{portal, backoffice, dispatcher} {
		add(true, from, "PostgreSQL", on.at(onPostgreSQL))
		add(false, from, "another tenant's portal", other.at(provision.PortPortal))
		add(false, from, "another tenant's API", otherAPI.at(provision.PortAPI))
		add(false, from, "the admin port of another tenant's portal", other.at(provision.PortAdmin))
		add(false, from, "another tenant's dispatcher", otherDispatcher.at(provision.PortAdmin))
		add(false, from, "the API server", on.at(onAPIServer))
		add(false, from, "the API server's Service", serviceOfAPI)
		add(false, from, "the kubelet", on.at(onKubelet))
		add(from == dispatcher, from, "the mail server", on.at(onMail))
		add(from == dispatcher, from, "the receiver of webhooks", on.at(onIntake))
	}
	add(false, portal, "its own tenant's API", backoffice.at(provision.PortAPI))
	for _, from := range []end{proxy, monitoring, stranger} {
		add(from == proxy, from, "a portal", portal.at(provision.PortPortal))
		add(from == proxy, from, "an API", backoffice.at(provision.PortAPI))
		for _, to := range []end{portal, backoffice, dispatcher} {
			add(from == monitoring, from, "the admin port of "+to.name, to.at(provision.PortAdmin))
		}
	}
	return list
}

// The operator's own policy, which the demo has of config/network-policy.
func TestOperatorsNetworkPolicyOnRealPods(t *testing.T) {
	c := cluster(t)
	makeVisitors(t)
	manager := endOf(t, c, operatorNamespace, client.MatchingLabels{"app.kubernetes.io/component": "manager"})
	stranger := endOf(t, c, "e2e-stranger")
	list := []connection{
		{manager, end{address: host}.at(onPostgreSQL), "PostgreSQL", true},
		{manager, serviceOfAPI, "the API server's Service", true},
		{manager, end{address: host}.at(onMail), "the mail server", false},
		{stranger, manager.at(8080), "the operator's metrics", false},
		{stranger, manager.at(8081), "the operator's probes", false},
	}
	try(t, list, true)
	policy := filepath.Join(t.TempDir(), "policy.yaml")
	text := mustKubectl(t, "--namespace", operatorNamespace, "get", "networkpolicy", "foyer-manager", "-o", "yaml")
	if err := os.WriteFile(policy, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	mustKubectl(t, "--namespace", operatorNamespace, "delete", "networkpolicy", "foyer-manager")
	t.Cleanup(func() {
		if _, err := kubectl(context.WithoutCancel(t.Context()), "create", "-f", policy); err != nil {
			t.Error(err)
		}
	})
	try(t, list, false)
}

// try has each connection tried until it does what it should: rules follow a policy within a
// moment. Without policies all of them pass.
func try(t *testing.T, list []connection, policed bool) {
	t.Helper()
	for _, l := range list {
		want := "passes"
		if policed && !l.passes {
			want = "is refused by a policy"
		}
		eventually(t, 15*time.Second, fmt.Sprintf("%s -> %s (%s) %s", l.from.name, l.what, l.to, want), func() string {
			if got := connect(t, l.from, l.to); got != want {
				return "it " + got
			}
			return ""
		})
	}
}

// connect opens a connection from the network namespace of a pod, and closes it.
func connect(t *testing.T, from end, to string) string {
	t.Helper()
	name, port, err := net.SplitHostPort(to)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", from.process),
		"timeout", "5", "bash", "-c", fmt.Sprintf("exec 3<>/dev/tcp/%s/%s", name, port))
	out, err := cmd.CombinedOutput()
	switch {
	case err == nil:
		return "passes"
	case strings.Contains(string(out), "No route to host"):
		return "is refused by a policy"
	}
	return fmt.Sprintf("fails otherwise: %v: %s", err, out)
}

// endOf is a ready pod.
func endOf(t *testing.T, c client.Client, namespace string, options ...client.ListOption) end {
	t.Helper()
	var pods corev1.PodList
	if err := c.List(t.Context(), &pods, append(options, client.InNamespace(namespace))...); err != nil {
		t.Fatal(err)
	}
	for _, pod := range pods.Items {
		if len(pod.Status.ContainerStatuses) == 0 || !pod.Status.ContainerStatuses[0].Ready || pod.DeletionTimestamp != nil {
			continue
		}
		container := strings.TrimPrefix(pod.Status.ContainerStatuses[0].ContainerID, "containerd://")
		return end{name: namespace + "/" + pod.Name, address: pod.Status.PodIP, process: processOf(t, container)}
	}
	t.Fatalf("there is no ready pod in %s: %v", namespace, options)
	return end{}
}

// processOf asks containerd which process a container is.
func processOf(t *testing.T, container string) int {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ctr", "--address", filepath.Join(repository, ".state/cluster/containerd/containerd.sock"),
		"--namespace", "k8s.io", "task", "ls").CombinedOutput()
	if err != nil {
		t.Fatalf("ctr task ls: %v: %s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if words := strings.Fields(line); len(words) >= 2 && words[0] == container {
			if process, err := strconv.Atoi(words[1]); err == nil {
				return process
			}
		}
	}
	t.Fatalf("containerd does not know container %s:\n%s", container, out)
	return 0
}

// withoutPolicies runs the operator with --network-policies=None until the test ends.
func withoutPolicies(t *testing.T) {
	t.Helper()
	before := mustKubectl(t, "--namespace", operatorNamespace, "get", "deployment", "foyer-manager", "-o", "jsonpath={.spec.template.spec.containers[0].args}")
	var args []string
	if err := json.Unmarshal([]byte(before), &args); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { runOperator(t, before) })
	with, err := json.Marshal(append(args, "--network-policies=None"))
	if err != nil {
		t.Fatal(err)
	}
	runOperator(t, string(with))
	eventually(t, time.Minute, "the policies are removed", func() string { return missingPolicies(t, 0) })
}

func runOperator(t *testing.T, args string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	patch := fmt.Sprintf(`[{"op":"replace","path":"/spec/template/spec/containers/0/args","value":%s}]`, args)
	for _, command := range [][]string{
		{"patch", "deployment", "foyer-manager", "--type=json", "--patch", patch},
		{"rollout", "status", "deployment/foyer-manager", "--timeout=120s"},
	} {
		if _, err := kubectl(ctx, append([]string{"--namespace", operatorNamespace}, command...)...); err != nil {
			t.Error(err)
		}
	}
}

// missingPolicies says which tenant has not that many policies.
func missingPolicies(t *testing.T, count int) string {
	t.Helper()
	for _, namespace := range []string{"acme", "nordlicht"} {
		names := strings.Fields(mustKubectl(t, "--namespace", namespace, "get", "networkpolicies", "-o", "name"))
		if len(names) != count {
			return fmt.Sprintf("%s has %v", namespace, names)
		}
	}
	return ""
}

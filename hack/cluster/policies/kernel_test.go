package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// inside marks the process that plays the node, in a network namespace of its own.
const inside = "FOYER_POLICIES_TEST_INSIDE"

// needsKernel skips a test where nobody can hand the kernel rules; CI can.
func needsKernel(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("nft"); err == nil && os.Geteuid() == 0 {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatal("needs root and nft")
	}
	t.Skip("needs root and nft")
}

// TestKernelEnforces plays a node with a bridge and three pods, each in a network namespace,
// and connects from one to another through the rules as the kernel has them.
func TestKernelEnforces(t *testing.T) {
	needsKernel(t)
	if os.Getenv(inside) == "" {
		cmd := exec.CommandContext(t.Context(), "unshare", "--net", os.Args[0], "-test.run=^TestKernelEnforces$", "-test.v") //nolint:gosec // this test itself
		cmd.Env = append(os.Environ(), inside+"=yes")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	must(t, "ip link set lo up")
	must(t, "ip link add br0 type bridge")
	must(t, "ip address add 10.88.0.1/16 dev br0")
	must(t, "ip link set br0 up")
	must(t, "sysctl -qw net.bridge.bridge-nf-call-iptables=1")
	pods := map[string]int{}
	for name, address := range map[string]string{"a/server": "10.88.0.2", "a/client": "10.88.0.3", "b/client": "10.88.0.4"} {
		pods[name] = plug(t, address)
	}
	serve(t, pods["a/server"], 8080, 9090)
	serve(t, os.Getpid(), 5432, 6443)

	type connection struct {
		from, to string
		passes   bool
	}
	list := []connection{
		{"a/client", "10.88.0.2/8080", true}, {"b/client", "10.88.0.2/8080", false}, {"a/client", "10.88.0.2/9090", false},
		{"a/server", "10.88.0.1/5432", true}, {"a/server", "10.88.0.1/6443", false},
		{"a/server", "10.88.0.2/9090", true}, // itself
		{"node", "10.88.0.2/9090", true},     // a probe
		{"b/client", "10.88.0.1/6443", true}, // no policy is about it
	}
	pods["node"] = os.Getpid()
	try := func(policed bool) {
		t.Helper()
		for _, c := range list {
			want := "passes"
			if policed && !c.passes {
				want = "is refused by a policy"
			}
			if got := connect(t, pods[c.from], c.to); got != want {
				t.Errorf("policies %t: %s -> %s %s, want that it %s", policed, c.from, c.to, got, want)
			}
		}
	}
	s := world()
	try(false)
	s = with(t, s, `podSelector: {matchLabels: {app: server}}
ingress: [{from: [{podSelector: {matchLabels: {app: client}}}], ports: [{port: web}]}]
egress: [{to: [{ipBlock: {cidr: 10.88.0.1/32}}], ports: [{port: 5432}]}]
policyTypes: [Ingress, Egress]`)
	for _, step := range []struct {
		state   *state
		policed bool
	}{{s, true}, {world(), false}, {s, true}} {
		if err := load(t.Context(), step.state.script()); err != nil {
			t.Fatal(err)
		}
		try(step.policed)
	}
}

func must(t *testing.T, command string) {
	t.Helper()
	words := strings.Fields(command)
	if out, err := exec.CommandContext(t.Context(), words[0], words[1:]...).CombinedOutput(); err != nil { //nolint:gosec // of this test
		t.Fatalf("%s: %v: %s", command, err, out)
	}
}

// plug makes a network namespace with an address on the bridge, and returns a process in it.
func plug(t *testing.T, address string) int {
	t.Helper()
	holder := exec.CommandContext(t.Context(), "unshare", "--net", "sleep", "600")
	start(t, holder)
	process := holder.Process.Pid
	link := "v" + address[strings.LastIndex(address, ".")+1:]
	deadline := time.Now().Add(10 * time.Second)
	for { // until it has left ours
		own, _ := os.Readlink("/proc/self/ns/net")
		if its, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", process)); err == nil && its != own {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("unshare does not begin")
		}
	}
	must(t, fmt.Sprintf("ip link add %s type veth peer name eth0 netns %d", link, process))
	must(t, fmt.Sprintf("ip link set %s master br0 up", link))
	in := fmt.Sprintf("nsenter --net=/proc/%d/ns/net ", process)
	must(t, in+"ip address add "+address+"/16 dev eth0")
	must(t, in+"ip link set eth0 up")
	must(t, in+"ip link set lo up")
	return process
}

// serve listens on ports in the network namespace of a process.
func serve(t *testing.T, process int, ports ...int) {
	t.Helper()
	for _, port := range ports {
		cmd := exec.CommandContext(t.Context(), "nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", process), os.Args[0], "-test.run=^TestListener$") //nolint:gosec // this test itself
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=:%d", inside, port))
		start(t, cmd)
	}
	for _, port := range ports {
		deadline := time.Now().Add(20 * time.Second)
		for connect(t, process, fmt.Sprintf("127.0.0.1/%d", port)) != "passes" {
			if time.Now().After(deadline) {
				t.Fatalf("nobody listens on port %d", port)
			}
		}
	}
}

// TestListener is what serve runs, until it is killed.
func TestListener(t *testing.T) {
	address := os.Getenv(inside)
	if !strings.HasPrefix(address, ":") {
		t.Skip("run by TestKernelEnforces")
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		_ = connection.Close() // it was made: that is all
	}
}

func start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // gone already is what we want
		_ = cmd.Wait()
	})
}

func connect(t *testing.T, process int, to string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", process), "bash", "-c", "exec 3<>/dev/tcp/"+to).CombinedOutput() //nolint:gosec // of this test
	switch {
	case err == nil:
		return "passes"
	case strings.Contains(string(out), "No route to host"):
		return "is refused by a policy"
	}
	return fmt.Sprintf("fails otherwise: %v: %s", err, out)
}

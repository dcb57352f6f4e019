package main

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

func TestKubeletConfig(t *testing.T) {
	var got struct {
		Kind, ContainerRuntimeEndpoint, Address               string
		ConfigMapAndSecretChangeDetectionStrategy, PodLogsDir string
		MaxPods, ReadOnlyPort                                 int
		FailCgroupV1                                          *bool
	}
	if err := yaml.Unmarshal(rendered(t, "kubelet.yaml"), &got); err != nil {
		t.Fatal(err)
	}
	no := false
	want := got
	want.Kind = "KubeletConfiguration"
	want.ContainerRuntimeEndpoint = "unix:///srv/state/containerd/containerd.sock"
	want.Address = gateway
	want.ConfigMapAndSecretChangeDetectionStrategy = "Watch"
	want.PodLogsDir = "/srv/state/pod-logs"
	want.MaxPods = 250
	want.ReadOnlyPort = 0
	want.FailCgroupV1 = &no
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("kubelet.yaml (-want +got):\n%s", diff)
	}
}

func TestKubeProxyConfig(t *testing.T) {
	var got struct {
		Kind, Mode, ClusterCIDR string
		NodePortAddresses       []string
	}
	if err := yaml.Unmarshal(rendered(t, "kube-proxy.yaml"), &got); err != nil {
		t.Fatal(err)
	}
	if got.Kind != "KubeProxyConfiguration" || got.Mode != "iptables" || got.ClusterCIDR != podCIDR {
		t.Errorf("kube-proxy.yaml is %+v", got)
	}
	if diff := cmp.Diff([]string{podCIDR}, got.NodePortAddresses); diff != "" {
		t.Errorf("node ports answer elsewhere (-want +got):\n%s", diff)
	}
}

func TestNetworkConfig(t *testing.T) {
	var got struct {
		Name    string
		Plugins []struct {
			Type, Bridge string
			MTU          int
			IPAM         struct{ DataDir string }
		}
	}
	if err := json.Unmarshal(rendered(t, "cni.conflist"), &got); err != nil {
		t.Fatal(err)
	}
	plugin := got.Plugins[0]
	if got.Name != network || plugin.Bridge != bridge || plugin.MTU != 1400 {
		t.Errorf("cni.conflist is %+v", got)
	}
	if plugin.IPAM.DataDir != "/srv/state/cni/leases" {
		t.Errorf("leases are kept in %s, which down does not remove", plugin.IPAM.DataDir)
	}
}

func TestContainerdKeepsToTheStateDirectory(t *testing.T) {
	for line := range strings.Lines(string(rendered(t, "containerd.toml"))) {
		key, value, found := strings.Cut(strings.TrimSpace(line), " = \"/")
		if found && key != "bin_dir" && !strings.HasPrefix(value, "srv/state/") {
			t.Errorf("outside the state directory: %s", line)
		}
	}
}

func TestKubeconfigHoldsItsCertificates(t *testing.T) {
	dir := t.TempDir()
	if err := writePKI(dir); err != nil {
		t.Fatal(err)
	}
	text, err := renderKubeconfig(dir, "admin")
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Clusters []struct{ Cluster struct{ Server string } }
		Users    []struct {
			User map[string]string
		}
	}
	if err := yaml.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if server := got.Clusters[0].Cluster.Server; server != apiServerURL {
		t.Errorf("server is %s", server)
	}
	for _, key := range []string{"client-certificate-data", "client-key-data"} {
		if raw, err := base64.StdEncoding.DecodeString(got.Users[0].User[key]); err != nil || !strings.HasPrefix(string(raw), "-----BEGIN") {
			t.Errorf("%s is no PEM block", key)
		}
	}
}

func TestSocketPathsAreBounded(t *testing.T) {
	if err := pathTooLong(layout{state: "/home/someone/src/foyer/.state/cluster"}); err != nil {
		t.Error(err)
	}
	if err := pathTooLong(layout{state: "/" + strings.Repeat("x", 90)}); err == nil {
		t.Error("a path that no socket can have is accepted")
	}
}

func rendered(t *testing.T, name string) []byte {
	t.Helper()
	text, err := render(name, newConfigValues(layout{state: "/srv/state"}, 1400))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

package main

// What the cluster is called and where it listens. Every server listens on
// loopback or on the pod bridge, so nothing can be reached from another machine.
const (
	clusterName = "foyer"
	nodeName    = "foyer"
	bridge      = "foyer0"
	network     = "foyer" // of the CNI configuration
	podCIDR     = "10.88.0.0/16"
	gateway     = "10.88.0.1" // the bridge: where pods find the host
	gatewayCIDR = "10.88.0.1/16"
	serviceCIDR = "10.89.0.0/16"
	serviceIP   = "10.89.0.1" // of the Service "kubernetes"

	apiServerURL = "https://" + gateway + ":6443"
	etcdURL      = "https://127.0.0.1:12379"
	etcdPeerURL  = "http://127.0.0.1:12380"

	// policyTable holds the rules of NetworkPolicies: see hack/cluster/policies.
	policyTable = "foyer-policies"

	pauseTag   = "foyer-pause:1"
	cniPlugins = "/usr/lib/cni"

	// recordDir is outside the checkout: it must outlive it.
	recordDir = "/var/lib/foyer-cluster"

	// stateMark is a file that every state directory holds: none without it is removed.
	stateMark = "foyer-cluster-state"

	// daemonMark is an environment variable that every daemon carries, and every
	// shim that containerd starts inherits. No other process has it.
	daemonMark = "FOYER_CLUSTER_DAEMON"
)

// chainPrefixes are the iptables chains of a cluster: kube-proxy's and our own.
var chainPrefixes = []string{"KUBE-", "FOYER-"}

// debianPackages are all that the cluster needs besides Go.
var debianPackages = []string{"containerd", "runc", "containernetworking-plugins", "iptables", "nftables", "iproute2"}

// ports lists every address that a component will listen on.
var ports = map[string]string{
	gateway + ":6443":  "kube-apiserver",
	gateway + ":10250": "kubelet",
	"127.0.0.1:10248":  "kubelet",
	"127.0.0.1:10249":  "kube-proxy",
	"127.0.0.1:10256":  "kube-proxy",
	"127.0.0.1:10257":  "kube-controller-manager",
	"127.0.0.1:10259":  "kube-scheduler",
	"127.0.0.1:12379":  "etcd",
	"127.0.0.1:12380":  "etcd",
}

// hostPaths are what components make outside the state directory, with no
// setting to change it. Those that were absent before are removed again.
var hostPaths = []string{
	"/run/containerd",     // sockets of the shims
	"/var/lib/cni",        // results of the network plugins
	"/var/lib/kubelet",    // socket for device plugins
	"/var/log/containers", // links to the logs of containers
}

// sysctls are what kubelet, kube-proxy and the bridge change in the kernel.
var sysctls = []string{
	"net/ipv4/ip_forward",
	"net/bridge/bridge-nf-call-iptables",
	"vm/overcommit_memory",
	"vm/panic_on_oom",
	"kernel/panic",
	"kernel/panic_on_oops",
	"kernel/keys/root_maxkeys",
	"kernel/keys/root_maxbytes",
}

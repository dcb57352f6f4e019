package main

import (
	"fmt"
	"strings"
)

// component is one daemon of the cluster.
type component struct {
	name string
	path string
	args []string
}

// components are listed in the order in which they start.
func components(paths layout) []component {
	kube := func(name string, args ...string) component {
		return component{name: name, path: paths.kube(), args: append([]string{name}, args...)}
	}
	return []component{
		{name: "containerd", path: "containerd", args: []string{"--config", paths.in("containerd/config.toml")}},
		kube("etcd", etcdArgs(paths)...),
		kube("kube-apiserver", apiServerArgs(paths)...),
		kube("kube-controller-manager", controllerManagerArgs(paths)...),
		kube("kube-scheduler",
			"--kubeconfig="+paths.in("kubeconfigs/scheduler"),
			"--bind-address=127.0.0.1",
			"--leader-elect=false",
			"--profiling=false"),
		kube("kubelet",
			"--config="+paths.in("kubelet.yaml"),
			"--kubeconfig="+paths.in("kubeconfigs/kubelet"),
			"--root-dir="+paths.in("kubelet"),
			"--cert-dir="+paths.in("kubelet-pki"),
			"--hostname-override="+nodeName,
			"--node-ip="+gateway),
		kube("kube-proxy", "--config="+paths.in("kube-proxy.yaml")),
		{name: "policies", path: paths.in("policies"), args: []string{"--kubeconfig=" + paths.in("kubeconfigs/policies")}},
	}
}

// etcdArgs skip fsync: the state directory is thrown away with the cluster, and
// only a power cut can lose what the kernel has not written.
func etcdArgs(paths layout) []string {
	return []string{
		"--name=" + nodeName,
		"--data-dir=" + paths.in("etcd"),
		"--listen-client-urls=" + etcdURL,
		"--advertise-client-urls=" + etcdURL,
		"--listen-peer-urls=" + etcdPeerURL,
		"--initial-advertise-peer-urls=" + etcdPeerURL,
		"--initial-cluster=" + nodeName + "=" + etcdPeerURL,
		"--cert-file=" + paths.in("pki/etcd.crt"),
		"--key-file=" + paths.in("pki/etcd.key"),
		"--trusted-ca-file=" + paths.in("pki/ca.crt"),
		"--client-cert-auth=true",
		"--unsafe-no-fsync=true",
		"--log-level=warn",
	}
}

// apiServerArgs make the API server advertise the bridge's gateway, so that the
// Service "kubernetes" leads there from any pod.
func apiServerArgs(paths layout) []string {
	pki := func(file string) string { return paths.in("pki", file) }
	return []string{
		"--advertise-address=" + gateway,
		"--bind-address=" + gateway,
		"--secure-port=6443",
		"--tls-cert-file=" + pki("apiserver.crt"),
		"--tls-private-key-file=" + pki("apiserver.key"),
		"--client-ca-file=" + pki("ca.crt"),
		"--etcd-servers=" + etcdURL,
		"--etcd-cafile=" + pki("ca.crt"),
		"--etcd-certfile=" + pki("etcd-client.crt"),
		"--etcd-keyfile=" + pki("etcd-client.key"),
		"--kubelet-certificate-authority=" + pki("ca.crt"),
		"--kubelet-client-certificate=" + pki("apiserver-kubelet-client.crt"),
		"--kubelet-client-key=" + pki("apiserver-kubelet-client.key"),
		"--kubelet-preferred-address-types=InternalIP",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + pki("service-account.pub"),
		"--service-account-signing-key-file=" + pki("service-account.key"),
		"--service-cluster-ip-range=" + serviceCIDR,
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--allow-privileged=true",
		"--profiling=false",
	}
}

func controllerManagerArgs(paths layout) []string {
	return []string{
		"--kubeconfig=" + paths.in("kubeconfigs/controller-manager"),
		"--authentication-kubeconfig=" + paths.in("kubeconfigs/controller-manager"),
		"--authorization-kubeconfig=" + paths.in("kubeconfigs/controller-manager"),
		"--bind-address=127.0.0.1",
		"--leader-elect=false",
		"--use-service-account-credentials=true",
		"--service-account-private-key-file=" + paths.in("pki/service-account.key"),
		"--root-ca-file=" + paths.in("pki/ca.crt"),
		"--controllers=*",
		"--flex-volume-plugin-dir=" + paths.in("volume-plugins"),
		// One node with a slow lease: it is not gone because it was busy.
		"--node-monitor-period=30s",
		"--node-monitor-grace-period=10m",
		"--profiling=false",
	}
}

// pathTooLong reports a state directory in which a socket's name would not fit.
func pathTooLong(paths layout) error {
	longest := paths.in("kubelet/pod-resources/kubelet.sock")
	if len(longest) <= maxSocketPath {
		return nil
	}
	return fmt.Errorf("the state directory's name is too long for a Unix socket in it (%s): choose a shorter one with --state",
		strings.TrimSpace(longest))
}

const maxSocketPath = 107

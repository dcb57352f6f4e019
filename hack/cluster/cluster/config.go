package main

import (
	"bytes"
	"embed"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
)

//go:embed templates
var templateFiles embed.FS

var templates = template.Must(template.New("").Option("missingkey=error").ParseFS(templateFiles, "templates/*"))

// configValues is what the configuration files of the components are filled with.
type configValues struct {
	State, PauseImage, CNIPlugins, ResolvConf string
	Network, Bridge, PodCIDR, Gateway, Node   string
	MTU                                       int
}

func newConfigValues(paths layout, mtu int) configValues {
	return configValues{
		State:      paths.state,
		PauseImage: fullImageName(pauseTag),
		CNIPlugins: cniPlugins,
		ResolvConf: resolvConf(),
		Network:    network,
		Bridge:     bridge,
		PodCIDR:    podCIDR,
		Gateway:    gateway,
		Node:       nodeName,
		MTU:        mtu,
	}
}

// resolvConf is the file with name servers that a pod can reach: the local stub
// of systemd-resolved is not one of them.
func resolvConf() string {
	const upstream = "/run/systemd/resolve/resolv.conf"
	if _, err := os.Stat(upstream); err == nil {
		return upstream
	}
	return "/etc/resolv.conf"
}

// configFiles says which template becomes which file of the state directory.
var configFiles = map[string]string{
	"containerd.toml": "containerd/config.toml",
	"cni.conflist":    "cni/conf/10-foyer.conflist",
	"kubelet.yaml":    "kubelet.yaml",
	"kube-proxy.yaml": "kube-proxy.yaml",
}

func writeConfigs(paths layout, values configValues) error {
	for name, file := range configFiles {
		text, err := render(name, values)
		if err != nil {
			return err
		}
		if err := writeFile(paths.in(file), text); err != nil {
			return err
		}
	}
	return writeKubeconfigs(paths)
}

func render(name string, values any) ([]byte, error) {
	var out bytes.Buffer
	if err := templates.ExecuteTemplate(&out, name, values); err != nil {
		return nil, fmt.Errorf("configuration %s: %w", name, err)
	}
	return out.Bytes(), nil
}

// writeKubeconfigs writes one for each component that asks the API server.
func writeKubeconfigs(paths layout) error {
	for _, user := range []string{"controller-manager", "scheduler", "kubelet", "kube-proxy", "policies"} {
		text, err := renderKubeconfig(paths.in("pki"), user)
		if err != nil {
			return err
		}
		if err := writeFile(paths.in("kubeconfigs", user), text); err != nil {
			return err
		}
	}
	return nil
}

func renderKubeconfig(pki, user string) ([]byte, error) {
	values := map[string]string{"Cluster": clusterName, "Server": apiServerURL, "User": user}
	for key, file := range map[string]string{"CA": "ca.crt", "Certificate": user + ".crt", "Key": user + ".key"} {
		raw, err := os.ReadFile(filepath.Join(pki, file)) //nolint:gosec // our own state
		if err != nil {
			return nil, err
		}
		values[key] = base64.StdEncoding.EncodeToString(raw)
	}
	return render("kubeconfig.yaml", values)
}

// makeFolder makes one that everybody may enter: what is secret in it has a mode
// of its own, and the person behind sudo reads the kubeconfig.
func makeFolder(path string) error {
	return os.MkdirAll(path, 0o755) //nolint:gosec // see above
}

func writeFile(path string, content []byte) error {
	if err := makeFolder(filepath.Dir(path)); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o600)
}

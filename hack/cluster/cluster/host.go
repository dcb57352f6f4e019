package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// run executes a command and puts what it said into the error.
func run(name string, args ...string) (string, error) {
	return runInput("", name, args...)
}

func runInput(input, name string, args ...string) (string, error) {
	var out, errOut bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(input)
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(errOut.String()))
	}
	return out.String(), nil
}

const ownCluster = "To use a cluster of your own instead: build an image that it can pull, then\n" +
	"  KUBECONFIG=/path/to/kubeconfig make deploy IMG=registry.example/foyer:dev"

// checkHost says in plain words why this machine cannot run the cluster.
func checkHost() error {
	var missing []string
	if os.Geteuid() != 0 {
		missing = append(missing, "root (pods need namespaces, mounts and a bridge): run it as root")
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		missing = append(missing, "Debian (packages are installed with apt-get)")
	}
	if _, err := os.Stat("/sys/fs/cgroup"); err != nil {
		missing = append(missing, "cgroups (/sys/fs/cgroup is not there)")
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("the cluster runs as root on Debian only; missing here:\n  - %s\n%s",
		strings.Join(missing, "\n  - "), ownCluster)
}

// checkGo is apart from checkHost: sudo often hides Go's folder.
func checkGo() error {
	if _, err := exec.LookPath("go"); err != nil {
		return errors.New("go is not in PATH: install Go 1.26 or newer, and with sudo keep the PATH (sudo env \"PATH=$PATH\" ...)")
	}
	return nil
}

// installPackages installs what is missing and says what that was.
func installPackages() (string, error) {
	var missing []string
	for _, name := range debianPackages {
		out, err := run("dpkg-query", "-W", "-f", "${db:Status-Status}", name)
		if err != nil || out != "installed" {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return "all there", nil
	}
	if _, err := aptGet("update"); err != nil {
		return "", err
	}
	if _, err := aptGet(append([]string{"install", "-y", "--no-install-recommends"}, missing...)...); err != nil {
		return "", err
	}
	return "installed " + strings.Join(missing, " "), nil
}

func aptGet(args ...string) (string, error) {
	return run("env", append([]string{"DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"}, args...)...)
}

// checkFree refuses to share the machine with another Kubernetes.
func checkFree() error {
	if found := podCgroups(); len(found) > 0 {
		return fmt.Errorf("another kubelet uses this machine (%s exists): use that cluster instead\n%s", found[0], ownCluster)
	}
	chains, err := foreignChains()
	if err != nil {
		return err
	}
	if len(chains) > 0 {
		return fmt.Errorf("another Kubernetes uses this machine (iptables chain %s exists): use that cluster instead\n%s", chains[0], ownCluster)
	}
	return nil
}

// checkPorts runs once the bridge is there: one cannot listen on it before.
func checkPorts() error {
	var taken []string
	for address, name := range ports {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			taken = append(taken, fmt.Sprintf("%s for %s (%v)", address, name, err))
			continue
		}
		listener.Close()
	}
	if len(taken) == 0 {
		return nil
	}
	slices.Sort(taken)
	return fmt.Errorf("addresses in use (ss -ltnp shows by whom):\n  - %s", strings.Join(taken, "\n  - "))
}

// lockMachine lets one up or down run at a time. The kernel drops an
// abstract socket with its process, so no file is left and no lock is stale.
func lockMachine() (release func(), err error) {
	deadline := time.Now().Add(20 * time.Minute)
	for said := false; ; {
		listener, err := net.Listen("unix", "@foyer-cluster")
		if err == nil {
			return func() { listener.Close() }, nil
		}
		if time.Now().After(deadline) {
			return nil, errors.New("another cluster command has been running for 20 minutes: end it first")
		}
		if !said {
			fmt.Println("another cluster command is running; waiting for it")
			said = true
		}
		time.Sleep(200 * time.Millisecond)
	}
}

package main

import (
	"bytes"
	"context"
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
func run(ctx context.Context, name string, args ...string) (string, error) {
	return runInput(ctx, "", name, args...)
}

func runInput(ctx context.Context, input, name string, args ...string) (string, error) {
	var out, errOut bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // the programs that this command names
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
func installPackages(ctx context.Context) (string, error) {
	var missing []string
	for _, name := range debianPackages {
		out, err := run(ctx, "dpkg-query", "-W", "-f", "${db:Status-Status}", name)
		if err != nil || out != "installed" {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return "all there", nil
	}
	if _, err := aptGet(ctx, "update"); err != nil {
		return "", err
	}
	if _, err := aptGet(ctx, append([]string{"install", "-y", "--no-install-recommends"}, missing...)...); err != nil {
		return "", err
	}
	return "installed " + strings.Join(missing, " "), nil
}

func aptGet(ctx context.Context, args ...string) (string, error) {
	return run(ctx, "env", append([]string{"DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"}, args...)...)
}

// checkFree refuses to share the machine with another Kubernetes.
func checkFree(ctx context.Context) error {
	if found := podCgroups(); len(found) > 0 {
		return fmt.Errorf("another kubelet uses this machine (%s exists): use that cluster instead\n%s", found[0], ownCluster)
	}
	chains, err := foreignChains(ctx)
	if err != nil {
		return err
	}
	if len(chains) > 0 {
		return fmt.Errorf("another Kubernetes uses this machine (iptables chain %s exists): use that cluster instead\n%s", chains[0], ownCluster)
	}
	return nil
}

// checkPorts runs once the bridge is there: one cannot listen on it before.
func checkPorts(ctx context.Context) error {
	var taken []string
	for address, name := range ports {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
		if err != nil {
			taken = append(taken, fmt.Sprintf("%s for %s (%v)", address, name, err))
			continue
		}
		if err := listener.Close(); err != nil {
			return err
		}
	}
	if len(taken) == 0 {
		return nil
	}
	slices.Sort(taken)
	return fmt.Errorf("addresses in use (ss -ltnp shows by whom):\n  - %s", strings.Join(taken, "\n  - "))
}

// lockMachine lets one up or down run at a time. The kernel drops an abstract
// socket with its process, so no file is left and no lock is stale.
func lockMachine(ctx context.Context) (release func(), err error) {
	var listener net.Listener
	said := false
	err = waitFor(ctx, 20*time.Minute, func(ctx context.Context) error {
		listener, err = (&net.ListenConfig{}).Listen(ctx, "unix", "@foyer-cluster")
		if err != nil && !said {
			fmt.Println("another cluster command is running; waiting for it")
			said = true
		}
		return err
	}, neverGiveUp)
	if err != nil {
		return nil, fmt.Errorf("another cluster command is running: %w", err)
	}
	return func() { _ = listener.Close() }, nil
}

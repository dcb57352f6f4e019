// Command cluster runs a one-node Kubernetes on this machine for development,
// tests and the demo: real pods, Services, probes and volumes, as root on Debian.
//
//	cluster up            start it, or say that it runs
//	cluster down          stop it and leave nothing behind
//	cluster status        what runs
//	cluster env           shell lines with the kubeconfig, kubectl and gateway
//	cluster image         pack static binaries into an image and import it
//	cluster assets        links etcd, kube-apiserver and kubectl for envtest
//	cluster verify-down   fail and list whatever a cluster left on this machine
//
// Everything lives in one state directory under the checkout. What the host
// must be cleared of is also recorded in /var/lib/foyer-cluster, so that
// a cluster that died, or whose checkout is gone, can still be cleared.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

type command struct {
	summary string
	run     func(ctx context.Context, paths layout, args []string) error
}

var commands = map[string]command{
	"up":          {"start the cluster, or say that it runs already", runUp},
	"down":        {"stop the cluster and leave nothing behind", runDown},
	"status":      {"show what runs", runStatus},
	"env":         {"print shell lines: KUBECONFIG, kubectl, gateway address", runEnv},
	"image":       {"pack static binaries into an image and import it", runImage},
	"assets":      {"link etcd, kube-apiserver and kubectl into a folder for envtest", runAssets},
	"verify-down": {"list whatever a cluster left on this machine, and fail if there is any", runVerifyDown},
}

func main() {
	// iptables and ip live where an unprivileged PATH, kept by su or sudo, has no look.
	path := os.Getenv("PATH") + ":/usr/local/sbin:/usr/sbin:/sbin"
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := errors.Join(os.Setenv("PATH", path), dispatch(ctx, os.Args[1:]))
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("interrupted: %w", err)
	}
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "cluster: %v\n", err)
	}
	if err != nil {
		os.Exit(1)
	}
}

func dispatch(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("cluster", flag.ContinueOnError)
	state := flags.String("state", "", "state directory (default .state/cluster of the checkout)")
	flags.Usage = func() { usage(flags) }
	if err := flags.Parse(args); err != nil {
		return err
	}
	chosen, known := commands[flags.Arg(0)]
	if !known {
		usage(flags)
		return fmt.Errorf("unknown command %q", flags.Arg(0))
	}
	paths, err := findLayout(*state)
	if err != nil {
		return err
	}
	return chosen.run(ctx, paths, flags.Args()[1:])
}

func usage(flags *flag.FlagSet) {
	fmt.Fprintln(os.Stderr, "Usage: cluster [--state DIR] COMMAND [flags]")
	for _, name := range []string{"up", "down", "status", "env", "image", "assets", "verify-down"} {
		fmt.Fprintf(os.Stderr, "  %-12s %s\n", name, commands[name].summary)
	}
	flags.PrintDefaults()
}

// layout knows where things are: the checkout and the state directory.
type layout struct {
	checkout string
	state    string
}

// findLayout looks upwards from the working directory for the checkout.
func findLayout(state string) (layout, error) {
	dir, err := os.Getwd()
	if err != nil {
		return layout{}, err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "hack", "cluster", "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			return layout{}, errors.New("run this inside a checkout of Foyer (no hack/cluster/go.mod above the working directory)")
		}
	}
	if state == "" {
		state = filepath.Join(dir, ".state", "cluster")
	}
	state, err = filepath.Abs(state)
	return layout{checkout: dir, state: state}, err
}

func (l layout) module() string         { return filepath.Join(l.checkout, "hack", "cluster") }
func (l layout) kube() string           { return filepath.Join(l.checkout, "bin", "kube") }
func (l layout) kubectl() string        { return filepath.Join(l.checkout, "bin", "kubectl") }
func (l layout) mark() string           { return filepath.Join(l.state, stateMark) }
func (l layout) kubeconfig() string     { return filepath.Join(l.state, "kubeconfig") }
func (l layout) log(name string) string { return filepath.Join(l.state, "logs", name+".log") }
func (l layout) in(parts ...string) string {
	return filepath.Join(append([]string{l.state}, parts...)...)
}

// Command policies enforces NetworkPolicies on the one node of the development cluster, whose
// network plug-in does not:
//
//	policies --kubeconfig FILE
//
// It watches NetworkPolicies, pods and namespaces, and keeps one nftables table that says what
// they mean. A pod that a policy selects gets and sends what its policies name, in the
// direction that they are about; what belongs to a connection that was allowed passes, and so
// does what comes from the node. The rest is answered by "administratively prohibited" (a
// program reads "no route to host"), so that nobody waits for a timeout.
//
// It is for development: pods are known by their addresses, so one that has just begun is
// reached by anybody until the API server says that it has its address. Its networks are of
// IPv4.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

// table is the name of the rules in nftables. Package cluster removes it by this name.
const table = "foyer-policies"

// pause collects changes that come together.
const pause = 20 * time.Millisecond

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		log.Fatal("policies: ", err)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("policies", flag.ContinueOnError)
	kubeconfig := flags.String("kubeconfig", "", "file that says how to reach the API server")
	if err := flags.Parse(args); err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return fmt.Errorf("read the kubeconfig: %w", err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("reach the API server: %w", err)
	}
	changed := make(chan struct{}, 1)
	read, err := watch(ctx, client, changed)
	if err != nil {
		return err
	}
	return enforce(ctx, read, changed)
}

// enforce writes the rules whenever they change. What fails is tried again.
func enforce(ctx context.Context, read func() (*state, error), changed <-chan struct{}) error {
	written := ""
	var again <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
			if !wait(ctx, pause) {
				return nil
			}
		case <-again:
		}
		again = nil
		state, err := read()
		if err != nil {
			return err
		}
		script := state.script()
		if script == written {
			continue
		}
		if err := load(ctx, script); err != nil {
			log.Print(err)
			again = time.After(time.Second)
			continue
		}
		written = script
		log.Printf("%d policies for %d pods are in force", len(state.policies), len(state.pods))
	}
}

func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// load has the kernel take the rules, all or none.
func load(ctx context.Context, script string) error {
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, "nft", "-f", "-")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(script), &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("nft takes the rules not: %w: %s", err, strings.TrimSpace(said.String()))
	}
	return nil
}

// watch keeps what there is, and returns a function that reads it.
func watch(ctx context.Context, client kubernetes.Interface, changed chan<- struct{}) (func() (*state, error), error) {
	factory := informers.NewSharedInformerFactory(client, 0)
	policies, pods, namespaces := factory.Networking().V1().NetworkPolicies(), factory.Core().V1().Pods(), factory.Core().V1().Namespaces()
	tell := func() {
		select {
		case changed <- struct{}{}:
		default: // it is known already
		}
	}
	for _, informer := range []cache.SharedIndexInformer{policies.Informer(), pods.Informer(), namespaces.Informer()} {
		if err := informer.SetTransform(slim); err != nil {
			return nil, fmt.Errorf("watch: %w", err)
		}
		_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(any) { tell() },
			UpdateFunc: func(any, any) { tell() },
			DeleteFunc: func(any) { tell() },
		})
		if err != nil {
			return nil, fmt.Errorf("watch: %w", err)
		}
	}
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return nil, fmt.Errorf("read %s: %w", kind, ctx.Err())
		}
	}
	return func() (*state, error) {
		var s state
		var errs [3]error
		s.policies, errs[0] = policies.Lister().List(labels.Everything())
		s.pods, errs[1] = pods.Lister().List(labels.Everything())
		s.namespaces, errs[2] = namespaces.Lister().List(labels.Everything())
		return &s, errors.Join(errs[:]...)
	}, nil
}

// slim keeps of objects what rules are made from.
func slim(o any) (any, error) {
	switch o := o.(type) {
	case *networkingv1.NetworkPolicy:
		o.ManagedFields = nil
	case *corev1.Namespace:
		o.ManagedFields = nil
	case *corev1.Pod:
		o.ManagedFields, o.Annotations = nil, nil
		spec := corev1.PodSpec{HostNetwork: o.Spec.HostNetwork}
		for _, c := range o.Spec.InitContainers {
			spec.InitContainers = append(spec.InitContainers, corev1.Container{Ports: c.Ports})
		}
		for _, c := range o.Spec.Containers {
			spec.Containers = append(spec.Containers, corev1.Container{Ports: c.Ports})
		}
		o.Spec = spec
		o.Status = corev1.PodStatus{Phase: o.Status.Phase, PodIP: o.Status.PodIP}
	}
	return o, nil
}

// Package idle measures what a tenant costs that nobody visits: the memory of one pod of
// its portal, its backoffice and its dispatcher, and how soon each is ready after its
// process was started.
//
// It needs the running demo (make demo), whose node is this machine: it reads the pods'
// processes in /proc, as root. Each pod is replaced once.
package idle

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// tenant is one of the demo that nobody visits but its tests.
const tenant = "nordlicht"

// What the design allows: the pods together, and each until it is ready.
const (
	MemoryTarget = 60 << 20 // bytes
	ReadyTarget  = 300 * time.Millisecond
)

const (
	rest    = time.Minute // before memory is read: what starting took has been collected
	giveUp  = 2 * time.Minute
	pollAPI = 100 * time.Millisecond
	pollPod = 2 * time.Millisecond
)

// Pod is one pod of a component.
type Pod struct {
	Component string
	Resident  int64         // bytes of its process, what it shares with others included
	Ready     time.Duration // from the start of its process until /readyz says so
}

// Measure replaces a pod of each component and looks at the new ones.
func Measure(ctx context.Context, progress func(format string, args ...any)) ([]Pod, error) {
	config, err := clientcmd.BuildConfigFromFlags("", ".state/cluster/kubeconfig")
	if err != nil {
		return nil, fmt.Errorf("the demo's cluster is not there, run make demo: %w", err)
	}
	cluster, err := client.New(config, client.Options{})
	if err != nil {
		return nil, fmt.Errorf("reach the cluster: %w", err)
	}
	m := &measurement{cluster: cluster}
	var pods []Pod
	var processes []process
	for _, component := range []string{"portal", "backoffice", "dispatcher"} {
		started, ready, err := m.replace(ctx, component)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", component, err)
		}
		progress("%s is ready %s after its start", component, ready)
		pods, processes = append(pods, Pod{Component: component, Ready: ready}), append(processes, started)
	}
	progress("at rest for %s", rest)
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-time.After(rest):
	}
	for i, p := range processes {
		if pods[i].Resident, err = p.resident(); err != nil {
			return nil, fmt.Errorf("%s: %w", pods[i].Component, err)
		}
		progress("%s has %.1f MiB", pods[i].Component, float64(pods[i].Resident)/(1<<20))
	}
	return pods, nil
}

type measurement struct{ cluster client.Client }

// replace deletes a pod of a component, and waits until the process of the next one is
// ready.
func (m *measurement) replace(ctx context.Context, component string) (process, time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, giveUp)
	defer cancel()
	before, err := m.pods(ctx, component)
	if err != nil {
		return process{}, 0, err
	}
	if len(before) == 0 {
		return process{}, 0, fmt.Errorf("tenant %s has no such pod", tenant)
	}
	if err := m.cluster.Delete(ctx, &before[0]); err != nil {
		return process{}, 0, fmt.Errorf("delete %s: %w", before[0].Name, err)
	}
	known := func(uid types.UID) bool {
		return slices.ContainsFunc(before, func(p corev1.Pod) bool { return p.UID == uid })
	}
	var next types.UID
	err = wait.PollUntilContextCancel(ctx, pollAPI, true, func(ctx context.Context) (bool, error) {
		now, err := m.pods(ctx, component)
		for _, p := range now {
			if !known(p.UID) {
				next = p.UID
			}
		}
		return next != "", err
	})
	if err != nil {
		return process{}, 0, fmt.Errorf("no new pod came: %w", err)
	}
	var found process
	err = wait.PollUntilContextCancel(ctx, pollPod, true, func(context.Context) (ok bool, err error) {
		found, ok, err = processOf(next, component)
		return ok, err
	})
	if err != nil {
		return process{}, 0, fmt.Errorf("its process was not started: %w", err)
	}
	ready, err := found.ready(ctx)
	return found, ready, err
}

func (m *measurement) pods(ctx context.Context, component string) ([]corev1.Pod, error) {
	var list corev1.PodList
	err := m.cluster.List(ctx, &list, client.InNamespace(tenant),
		client.MatchingLabels{"foyer.dev/tenant": tenant, "app.kubernetes.io/component": component})
	if err != nil {
		return nil, fmt.Errorf("list pods: %w", err)
	}
	return list.Items, nil
}

// ready waits until a process says that it is, and returns how long after its start.
func (p process) ready(ctx context.Context) (time.Duration, error) {
	address, err := p.address()
	if err != nil {
		return 0, err
	}
	asks := &http.Client{Timeout: time.Second}
	var last error
	err = wait.PollUntilContextCancel(ctx, pollPod, true, func(ctx context.Context) (bool, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+":9090/readyz", nil)
		if err != nil {
			return false, fmt.Errorf("ask: %w", err)
		}
		response, err := asks.Do(request)
		if last = err; err != nil {
			return false, nil // it does not listen yet
		}
		return response.StatusCode == http.StatusOK, response.Body.Close()
	})
	if err != nil {
		return 0, fmt.Errorf("it is not ready: %w", errors.Join(err, last))
	}
	return p.age()
}

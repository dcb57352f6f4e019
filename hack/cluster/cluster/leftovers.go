package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func runVerifyDown(ctx context.Context, paths layout, args []string) error {
	if err := noArguments("verify-down", args); err != nil {
		return err
	}
	found, err := leftovers(ctx, paths.state)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		return fmt.Errorf("a cluster left on this machine:\n  - %s", strings.Join(found, "\n  - "))
	}
	fmt.Println("nothing of a cluster is left on this machine")
	return nil
}

// ownTraces finds what can only be ours, once something was started.
func ownTraces(ctx context.Context, state string) ([]string, error) {
	var found []string
	processes, err := markedProcesses()
	if err != nil {
		return nil, err
	}
	for _, pid := range processes {
		command, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)) // it may end just now
		found = append(found, fmt.Sprintf("process %d: %.80s", pid, strings.ReplaceAll(string(command), "\x00", " ")))
	}
	mounts, err := mountsBelow(state)
	if err != nil {
		return nil, err
	}
	for _, point := range mounts {
		found = append(found, "mount "+point)
	}
	for _, path := range []string{recordDir, "/sys/class/net/" + bridge} {
		if _, err := os.Lstat(path); err == nil {
			found = append(found, path)
		}
	}
	rules, err := hasPolicyTable()
	if err != nil {
		return nil, err
	}
	if rules {
		found = append(found, "nftables table "+policyTable)
	}
	chains, err := clusterChains(ctx, []string{"FOYER-"})
	return append(found, chains...), err
}

// leftovers also finds what another Kubernetes could have made: where there is
// no other, it must be gone.
func leftovers(ctx context.Context, state string) ([]string, error) {
	found, err := ownTraces(ctx, state)
	if err != nil {
		return nil, err
	}
	pods, err := podProcesses()
	if err != nil {
		return nil, err
	}
	for _, pid := range pods {
		found = append(found, fmt.Sprintf("process %d of a pod", pid))
	}
	for _, path := range podCgroups() {
		found = append(found, "cgroup "+path)
	}
	chains, err := clusterChains(ctx, []string{"KUBE-", "CNI-"})
	if err != nil {
		return nil, err
	}
	found = append(found, chains...)
	if _, err := os.Lstat(state); err == nil {
		found = append(found, state)
	}
	files, err := ownFiles(emptyRecord(layout{state: state}))
	if err != nil {
		return nil, err
	}
	found = append(found, files...)
	for _, pattern := range []string{"/run/netns/cni-*", "/var/lib/cni/networks/" + network, "/var/lib/kubelet/device-plugins/kubelet.sock"} {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			return nil, err
		}
		found = append(found, matches...)
	}
	return found, nil
}

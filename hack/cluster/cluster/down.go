package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func runDown(ctx context.Context, paths layout, args []string) error {
	if err := noArguments("down", args); err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return errors.New("down must run as root, like up")
	}
	release, err := lockMachine(ctx)
	if err != nil {
		return err
	}
	defer release()
	return newProgress().all(ctx, step{"cluster is down", func(ctx context.Context) (string, error) { return clearAny(ctx, paths) }})
}

// clearAny clears the recorded cluster; without a record, whatever bears our names.
func clearAny(ctx context.Context, paths layout) (string, error) {
	rec, err := loadRecord(recordDir)
	if err != nil {
		return "", err
	}
	if rec == nil {
		traces, err := ownTraces(ctx, paths.state)
		if err != nil {
			return "", err
		}
		if len(traces) == 0 {
			// Nothing was started: other chains or cgroups here are not ours.
			return "there was none", removeMarkedState(paths)
		}
		rec = emptyRecord(paths)
	}
	return "", clearHost(ctx, rec)
}

// clearHost undoes a cluster, running or dead. The record goes last: a clearing
// that fails half-way can be repeated.
func clearHost(ctx context.Context, rec *record) error {
	if rec.BootID != "" {
		if boot, err := bootID(); err != nil || boot != rec.BootID {
			return clearAfterRestart(rec)
		}
	}
	for _, s := range []struct {
		what string
		do   func() error
	}{
		{"end the processes", func() error { return killAll(ctx) }},
		{"unmount", func() error { return unmountBelow(rec.State) }},
		{"remove the interfaces", func() error { return removeInterfaces(ctx, rec.Bridge) }},
		{"remove the iptables chains", func() error { return cleanTables(ctx, rec) }},
		{"remove the rules of NetworkPolicies", removePolicyTable},
		{"remove the packet counters", deleteCounters},
		{"remove the cgroups", func() error { return removePodCgroups(ctx) }},
		{"remove files", func() error { return removeHostFiles(rec) }},
		{"restore kernel settings", func() error { return restoreSysctls(rec) }},
		{"remove the state directory", func() error { return removeState(rec.State) }},
	} {
		if err := s.do(); err != nil {
			return fmt.Errorf("%s: %w", s.what, err)
		}
	}
	return os.RemoveAll(recordDir)
}

// clearAfterRestart removes files only: all else ended with the machine, and
// what bears Kubernetes' names now belongs to another one.
func clearAfterRestart(rec *record) error {
	if len(podCgroups()) > 0 {
		rec.HostPaths = nil
	}
	if err := errors.Join(removeHostFiles(rec), removeState(rec.State)); err != nil {
		return err
	}
	return os.RemoveAll(recordDir)
}

// mountsBelow lists the mount points in and below a directory, deepest first.
func mountsBelow(dir string) ([]string, error) {
	raw, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	return parseMounts(string(raw), dir), nil
}

func parseMounts(mountinfo, dir string) []string {
	var found []string
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	for _, line := range strings.Split(mountinfo, "\n") {
		words := strings.Fields(line)
		if len(words) < 5 {
			continue
		}
		point := unescape.Replace(words[4])
		if point == dir || strings.HasPrefix(point, dir+"/") {
			found = append(found, point)
		}
	}
	slices.Reverse(found) // later mounts lie on earlier ones
	return found
}

// unmountBelow tries again, since mounts can lie on each other.
func unmountBelow(dir string) error {
	for range 10 {
		points, err := mountsBelow(dir)
		if err != nil || len(points) == 0 {
			return err
		}
		for _, point := range points {
			_ = syscall.Unmount(point, syscall.MNT_DETACH|umountNoFollow) // looked at again below
		}
	}
	points, err := mountsBelow(dir)
	if err == nil && len(points) > 0 {
		err = fmt.Errorf("%s cannot be unmounted", points[0])
	}
	return err
}

const umountNoFollow = 0x8

// removePodCgroups removes the emptied cgroups from the leaves up. The kernel
// needs a moment until a killed process has left its own.
func removePodCgroups(ctx context.Context) error {
	return waitFor(ctx, 10*time.Second, func(context.Context) error {
		for _, top := range podCgroups() {
			if err := removeCgroupTree(top); err != nil {
				return err
			}
		}
		return nil
	}, neverGiveUp)
}

func removeCgroupTree(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ignoreGone(err)
	}
	for _, entry := range entries {
		if entry.IsDir() {
			if err := removeCgroupTree(filepath.Join(dir, entry.Name())); err != nil {
				return err
			}
		}
	}
	return ignoreGone(syscall.Rmdir(dir))
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// removeHostFiles removes what was absent before. In folders that were there,
// because another program has them too, it removes our files only.
func removeHostFiles(rec *record) error {
	for _, path := range rec.HostPaths {
		if !slices.Contains(hostPaths, path) {
			return fmt.Errorf("the record names %s, which no cluster makes", path)
		}
		if err := unmountBelow(path); err != nil {
			return err
		}
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	ours, err := ownFiles(rec)
	if err != nil {
		return err
	}
	for _, path := range ours {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}

// ownFiles finds our files in folders that others use too.
func ownFiles(rec *record) ([]string, error) {
	found, err := filepath.Glob(filepath.Join("/var/lib/cni/results", rec.Network+"-*"))
	if err != nil {
		return nil, err
	}
	logs, err := filepath.Glob("/var/log/containers/*")
	if err != nil {
		return nil, err
	}
	for _, path := range logs {
		if target, err := os.Readlink(path); err == nil && strings.HasPrefix(target, rec.State+"/") {
			found = append(found, path)
		}
	}
	sockets, err := deadShimSockets()
	return append(found, sockets...), err
}

// deadShimSockets are those that nobody listens on any more.
func deadShimSockets() ([]string, error) {
	sockets, err := filepath.Glob("/run/containerd/s/*")
	if err != nil || len(sockets) == 0 {
		return nil, err
	}
	raw, err := os.ReadFile("/proc/net/unix")
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(sockets, func(path string) bool {
		return strings.Contains(string(raw), " "+path+"\n")
	}), nil
}

func restoreSysctls(rec *record) error {
	for name, value := range rec.Sysctls {
		if current, err := readSysctl(name); err != nil || current == value {
			continue
		}
		if err := writeSysctl(name, value); err != nil {
			return err
		}
	}
	return nil
}

// removeMarkedState removes what an up that failed early has left.
func removeMarkedState(paths layout) error {
	if _, err := os.Stat(paths.mark()); err != nil {
		return nil
	}
	return removeState(paths.state)
}

// removeState removes only what bears our mark, so that a mistaken --state or
// record does no harm, and never follows a mount.
func removeState(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, stateMark)); err != nil && len(entries) > 0 {
		return fmt.Errorf("%s has no file %s, so it is not a cluster's: remove it yourself", dir, stateMark)
	}
	if points, err := mountsBelow(dir); err != nil || len(points) > 0 {
		return fmt.Errorf("still mounted: %v %w", points, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	_ = os.Remove(filepath.Dir(dir)) // .state, unless something else is in it
	return nil
}

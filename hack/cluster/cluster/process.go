package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a daemon that was started. Its start time tells it from a later
// process with the same number.
type process struct {
	Name    string `json:"name"`
	PID     int    `json:"pid"`
	Started uint64 `json:"started"` // in clock ticks since boot
}

// start runs a component as a daemon in a session of its own, with its output
// in the log directory.
func start(ctx context.Context, paths layout, c component) (process, error) {
	log, err := os.OpenFile(paths.log(c.name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return process{}, err
	}
	defer log.Close() //nolint:errcheck // the daemon has its own handle
	// A daemon outlives this command.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), c.path, c.args...) //nolint:gosec // our own components
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = daemonEnv(paths)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return process{}, fmt.Errorf("start %s: %w", c.name, err)
	}
	// Collects its end while this command still runs; afterwards init does.
	go func() { _ = cmd.Wait() }()
	_, started, err := processState(cmd.Process.Pid)
	return process{Name: c.name, PID: cmd.Process.Pid, Started: started}, err
}

// daemonEnv is small on purpose: nothing of the caller's shell reaches a daemon.
func daemonEnv(paths layout) []string {
	return []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=/root",
		"GOGC=200", // memory is cheaper than processor time here
		daemonMark + "=" + paths.state,
	}
}

// alive reports whether this very process runs.
func (p process) alive() bool {
	state, started, err := processState(p.PID)
	return err == nil && started == p.Started && state != "Z"
}

// processState reads the state letter and the start time of a process.
func processState(pid int) (state string, started uint64, err error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", 0, err
	}
	return parseStat(string(raw))
}

// parseStat reads /proc/PID/stat. The name, in brackets, may itself hold
// brackets and blanks; the fields after it are plain.
func parseStat(line string) (state string, started uint64, err error) {
	fields := strings.Fields(line[strings.LastIndex(line, ")")+1:])
	if len(fields) < 20 {
		return "", 0, fmt.Errorf("unexpected process status %q", line)
	}
	started, err = strconv.ParseUint(fields[19], 10, 64)
	return fields[0], started, err
}

// markedProcesses finds the daemons and shims of every cluster of ours, also
// those that no record knows.
func markedProcesses() ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var found []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err == nil && isMarked(pid) {
			found = append(found, pid)
		}
	}
	return found, nil
}

func isMarked(pid int) bool {
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return false // it has ended
	}
	for _, variable := range strings.Split(string(env), "\x00") {
		if strings.HasPrefix(variable, daemonMark+"=") {
			state, _, err := processState(pid)
			return err == nil && state != "Z"
		}
	}
	return false
}

// podCgroups are the cgroups that the kubelet makes for pods: one in each
// hierarchy of version 1, a single one in version 2.
func podCgroups() []string {
	var found []string
	for _, pattern := range []string{"/sys/fs/cgroup/kubepods", "/sys/fs/cgroup/*/kubepods"} {
		matches, _ := filepath.Glob(pattern) // the patterns are correct
		found = append(found, matches...)
	}
	return found
}

// podProcesses finds every process inside pods.
func podProcesses() ([]int, error) {
	seen := map[int]bool{}
	for _, top := range podCgroups() {
		err := filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // a cgroup that has just gone
			}
			if err != nil || entry.Name() != "cgroup.procs" {
				return err
			}
			raw, _ := os.ReadFile(path) //nolint:gosec // of the kernel; unreadable: it has just gone
			for _, word := range strings.Fields(string(raw)) {
				if pid, err := strconv.Atoi(word); err == nil && pid > 1 {
					seen[pid] = true
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	var found []int
	for pid := range seen {
		found = append(found, pid)
	}
	return found, nil
}

// killAll ends daemons, shims and the processes of pods at once: their data is
// thrown away anyway, and nothing is left that could start one of them again.
func killAll(ctx context.Context) error {
	return waitFor(ctx, 30*time.Second, func(context.Context) error {
		daemons, err := markedProcesses()
		if err != nil {
			return err
		}
		pods, err := podProcesses()
		if err != nil {
			return err
		}
		left := append(daemons, pods...)
		if len(left) == 0 {
			return nil
		}
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL) // gone already is what we want
		}
		return fmt.Errorf("processes %v do not end", left)
	}, neverGiveUp)
}

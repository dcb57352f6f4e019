package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	fields := strings.Repeat(" 1", 18)
	for name, test := range map[string]struct {
		line, state string
		started     uint64
		bad         bool
	}{
		"plain":           {line: "7 (etcd) S" + fields + " 991 5", state: "S", started: 991},
		"name with blank": {line: "7 (a b) Z" + fields + " 12 5", state: "Z", started: 12},
		"name with )":     {line: "7 (a) R 9) S" + fields + " 12 5", state: "S", started: 12},
		"too short":       {line: "7 (etcd) S 1 1", bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			state, started, err := parseStat(test.line)
			if (err != nil) != test.bad {
				t.Fatalf("error is %v", err)
			}
			if !test.bad && (state != test.state || started != test.started) {
				t.Errorf("got %q, %d", state, started)
			}
		})
	}
}

func TestDaemonIsFoundByRecordAndByMark(t *testing.T) {
	paths := layout{state: t.TempDir()}
	if err := writeFile(paths.log("sleep"), nil); err != nil {
		t.Fatal(err)
	}
	daemon, err := start(t.Context(), paths, component{name: "sleep", path: "sleep", args: []string{"60"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(daemon.PID, syscall.SIGKILL) })
	if !daemon.alive() {
		t.Error("it does not count as alive")
	}
	other := process{PID: daemon.PID, Started: daemon.Started + 1}
	if other.alive() {
		t.Error("a process with the same number, but another start, counts as alive")
	}
	marked, err := markedProcesses()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(marked, daemon.PID) {
		t.Error("it is not found by its mark")
	}
	if err := syscall.Kill(daemon.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	err = waitFor(t.Context(), 10*time.Second, func(context.Context) error {
		if daemon.alive() || isMarked(daemon.PID) {
			return errors.New("it still counts as alive")
		}
		return nil
	}, neverGiveUp)
	if err != nil {
		t.Error(err)
	}
}

func TestWaitForStopsWhenItIsHopeless(t *testing.T) {
	hopeless := componentError{"etcd"}
	err := waitFor(t.Context(), time.Hour, func(context.Context) error { return errors.New("not yet") }, func() error { return hopeless })
	if !errors.Is(err, hopeless) {
		t.Errorf("error is %v", err)
	}
}

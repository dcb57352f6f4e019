package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// patience is how long a component may take to serve on a busy machine.
const patience = 2 * time.Minute

// startAll starts each component, waits where others need it, and at the end
// until pods can be made and can reach the API server's Service.
func startAll(ctx context.Context, paths layout, rec *record, show progress) error {
	client, err := newAPIClient(paths.state)
	if err != nil {
		return err
	}
	serves := map[string]func(context.Context) error{
		"containerd": func(ctx context.Context) error {
			_, err := run(ctx, "ctr", "--address", paths.in("containerd/containerd.sock"), "version")
			return err
		},
		"kube-apiserver": client.ready,
	}
	for _, c := range components(paths) {
		err := show.all(ctx, quiet(c.name, func(ctx context.Context) error {
			return startOne(ctx, paths, rec, c, serves[c.name])
		}))
		if err != nil {
			return withLog(paths, c.name, err)
		}
		if c.name == "containerd" {
			pause := quiet("pause image", func(ctx context.Context) error { return importPause(ctx, paths) })
			if err := show.all(ctx, pause); err != nil {
				return err
			}
		}
	}
	return waitReady(ctx, paths, rec, client, show)
}

// startOne starts a component, records it, and waits until it serves.
func startOne(ctx context.Context, paths layout, rec *record, c component, serves func(context.Context) error) error {
	started, err := start(ctx, paths, c)
	if err != nil {
		return err
	}
	rec.Processes = append(rec.Processes, started)
	if err := rec.save(recordDir); err != nil {
		return err
	}
	if serves == nil {
		return nil
	}
	return waitFor(ctx, patience, serves, func() error { return allAlive(rec) })
}

func allAlive(rec *record) error {
	for _, p := range rec.Processes {
		if !p.alive() {
			return componentError{p.Name}
		}
	}
	return nil
}

// componentError is a daemon that should run and does not.
type componentError struct{ name string }

func (e componentError) Error() string { return e.name + " does not run" }

func importPause(ctx context.Context, paths layout) error {
	binary, err := buildPause(ctx, paths)
	if err != nil {
		return err
	}
	return importImage(ctx, paths.state, imageSpec{tag: pauseTag, binaries: []string{binary}})
}

// waitReady blames, where waiting is in vain, the component whose work it was.
func waitReady(ctx context.Context, paths layout, rec *record, client apiClient, show progress) error {
	for _, wait := range []struct {
		name, culprit string
		ask           func(context.Context) error
	}{
		{"node is Ready", "kubelet", client.nodeReady},
		{"service account default", "kube-controller-manager", client.defaultServiceAccount},
		{"Service kubernetes answers at " + serviceIP, "kube-proxy", dialService},
	} {
		err := show.all(ctx, quiet(wait.name, func(ctx context.Context) error {
			return waitFor(ctx, patience, wait.ask, func() error { return allAlive(rec) })
		}))
		if err != nil {
			return withLog(paths, wait.culprit, err)
		}
	}
	return nil
}

func dialService(ctx context.Context) error {
	dialer := net.Dialer{Timeout: 2 * time.Second}
	connection, err := dialer.DialContext(ctx, "tcp", serviceIP+":443")
	if err != nil {
		return err
	}
	return connection.Close()
}

// withLog adds the end of the log of the component that is to blame.
func withLog(paths layout, culprit string, err error) error {
	var ended componentError
	if errors.As(err, &ended) {
		culprit = ended.name
	}
	raw, readErr := os.ReadFile(paths.log(culprit))
	if readErr != nil {
		return err
	}
	lines := lastOf(strings.Split(strings.TrimSpace(string(raw)), "\n"), 20)
	return fmt.Errorf("%w\nthe end of %s:\n  %s", err, paths.log(culprit), strings.Join(lines, "\n  "))
}

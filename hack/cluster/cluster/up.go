package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"
)

func runUp(ctx context.Context, paths layout, args []string) error {
	if err := noArguments("up", args); err != nil {
		return err
	}
	if err := checkHost(); err != nil {
		return err
	}
	release, err := lockMachine(ctx)
	if err != nil {
		return err
	}
	defer release()
	show := newProgress()
	running, err := alreadyRuns(ctx, paths)
	if err != nil {
		return err
	}
	if !running {
		if err := bringUp(ctx, paths, show); err != nil {
			return withAdvice(err)
		}
	}
	show.print("the cluster is ready")
	fmt.Printf("\n  export KUBECONFIG=%s\n  %s get nodes\n", paths.kubeconfig(), paths.kubectl())
	return nil
}

func noArguments(name string, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no arguments, but got %q", name, args)
	}
	return nil
}

// withAdvice says what became of the half that worked, if there is any.
func withAdvice(err error) error {
	if rec, recordErr := loadRecord(recordDir); rec == nil || recordErr != nil {
		return err
	}
	return fmt.Errorf("%w\nwhat was started is left for you to look at: `down`, or the next `up`, clears it", err)
}

// alreadyRuns is true when this checkout's cluster is healthy. One that is only
// slow to answer is given a minute; nothing brings back one that is replaced.
func alreadyRuns(ctx context.Context, paths layout) (bool, error) {
	rec, err := loadRecord(recordDir)
	if rec == nil || err != nil {
		return false, err
	}
	reason := waitFor(ctx, time.Minute,
		func(ctx context.Context) error { return answers(ctx, rec) },
		func() error { return complete(rec) })
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if reason != nil {
		fmt.Printf("a cluster was here and is not well (%v): it is replaced\n", reason)
		return false, nil
	}
	if rec.State != paths.state {
		return false, fmt.Errorf("a cluster with state directory %s runs on this machine, and there can be one only: take it down first", rec.State)
	}
	return true, nil
}

// answers says why a recorded cluster cannot be used.
func answers(ctx context.Context, rec *record) error {
	if err := complete(rec); err != nil {
		return err
	}
	client, err := newAPIClient(rec.State)
	if err != nil {
		return err
	}
	if err := client.ready(ctx); err != nil {
		return err
	}
	return client.nodeReady(ctx)
}

// complete says which daemon a recorded cluster lacks.
func complete(rec *record) error {
	if boot, err := bootID(); err != nil || boot != rec.BootID {
		return errors.New("the machine was restarted since")
	}
	for _, c := range components(layout{state: rec.State}) {
		if p, found := rec.process(c.name); !found || !p.alive() {
			return componentError{c.name}
		}
	}
	return nil
}

// bringUp makes everything anew, after clearing what a dead cluster left.
func bringUp(ctx context.Context, paths layout, show progress) error {
	var rec *record
	err := show.all(ctx,
		step{"clear what a dead cluster left", func(ctx context.Context) (string, error) { return clearAny(ctx, paths) }},
		step{"Debian packages", installPackages},
		quiet("look for another Kubernetes", checkFree),
		quiet("look for other users of "+podCIDR+" and "+serviceCIDR, checkRoutes),
		quiet("state directory "+paths.state, func(context.Context) error { return makeState(paths) }),
		quiet("Kubernetes binary", func(ctx context.Context) error { return buildKube(ctx, paths, log.New(os.Stdout, "", 0)) }),
		quiet("enforcer of NetworkPolicies", func(ctx context.Context) error { return buildPolicies(ctx, paths) }),
		quiet("record in "+recordDir, func(ctx context.Context) error {
			var err error
			if rec, err = newRecord(ctx, paths); err != nil {
				return err
			}
			return rec.save(recordDir)
		}),
		quiet("bridge "+bridge+" at "+gateway, makeNetwork),
		quiet("look for other users of the ports", checkPorts),
		quiet("certificates and configuration", func(ctx context.Context) error { return writeState(ctx, paths) }),
	)
	if err != nil {
		return err
	}
	if err := startAll(ctx, paths, rec, show); err != nil {
		return err
	}
	return writeKubeconfig(paths)
}

// makeState makes the directory with our mark in it, and takes over no other's.
func makeState(paths layout) error {
	if err := pathTooLong(paths); err != nil {
		return err
	}
	if entries, err := os.ReadDir(paths.state); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s is not empty, and is not a cluster's: choose another with --state", paths.state)
	}
	if err := writeFile(paths.mark(), []byte("The development cluster's: `down` removes this directory.\n")); err != nil {
		return err
	}
	return makeFolder(paths.in("logs"))
}

func writeState(ctx context.Context, paths layout) error {
	if err := writePKI(paths.in("pki")); err != nil {
		return err
	}
	return writeConfigs(paths, newConfigValues(paths, outsideMTU(ctx)))
}

// writeKubeconfig writes the administrator's, and lets the person behind sudo
// use it without sudo.
func writeKubeconfig(paths layout) error {
	text, err := renderKubeconfig(paths.in("pki"), "admin")
	if err != nil {
		return err
	}
	if err := writeFile(paths.kubeconfig(), text); err != nil {
		return err
	}
	uid, err := strconv.Atoi(os.Getenv("SUDO_UID"))
	if err != nil {
		return nil // no sudo
	}
	return os.Chown(paths.kubeconfig(), uid, -1)
}

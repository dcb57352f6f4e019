package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// progress prints one line for each step, with the time it took.
type progress struct {
	out   io.Writer
	begin time.Time
}

func (p progress) step(name string, do func() (string, error)) error {
	begin := time.Now()
	note, err := do()
	if err != nil {
		fmt.Fprintf(p.out, "%6.1fs %s: failed after %.1fs\n", time.Since(p.begin).Seconds(), name, time.Since(begin).Seconds())
		return fmt.Errorf("%s: %w", name, err)
	}
	if note != "" {
		note = " (" + note + ")"
	}
	fmt.Fprintf(p.out, "%6.1fs %s%s\n", time.Since(p.begin).Seconds(), name, note)
	return nil
}

// quiet makes a step of a function that has nothing to remark.
func quiet(do func() error) func() (string, error) {
	return func() (string, error) { return "", do() }
}

func runUp(paths layout, args []string) error {
	if err := noArguments("up", args); err != nil {
		return err
	}
	if err := checkHost(); err != nil {
		return err
	}
	release, err := lockMachine()
	if err != nil {
		return err
	}
	defer release()
	show := progress{out: os.Stdout, begin: time.Now()}
	running, err := alreadyRuns(paths)
	if err != nil {
		return err
	}
	if !running {
		if err := bringUp(paths, show); err != nil {
			return withAdvice(err)
		}
	}
	fmt.Printf("%6.1fs the cluster is ready\n\n  export KUBECONFIG=%s\n  %s get nodes\n",
		time.Since(show.begin).Seconds(), paths.kubeconfig(), paths.kubectl())
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
func alreadyRuns(paths layout) (bool, error) {
	rec, err := loadRecord(recordDir)
	if rec == nil || err != nil {
		return false, err
	}
	reason := waitFor(time.Minute, func() error { return answers(rec) }, func() error { return complete(rec) })
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
func answers(rec *record) error {
	if err := complete(rec); err != nil {
		return err
	}
	client, err := newAPIClient(rec.State)
	if err != nil {
		return err
	}
	if err := client.ready(); err != nil {
		return err
	}
	return client.nodeReady()
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
func bringUp(paths layout, show progress) error {
	rec, err := prepareHost(paths, show)
	if err != nil {
		return err
	}
	for _, s := range []struct {
		name string
		do   func() (string, error)
	}{
		{"bridge " + bridge + " at " + gateway, quiet(makeNetwork)},
		{"look for other users of the ports", quiet(checkPorts)},
		{"certificates and configuration", quiet(func() error { return writeState(paths) })},
	} {
		if err := show.step(s.name, s.do); err != nil {
			return err
		}
	}
	return startAll(paths, rec, show)
}

// prepareHost checks and clears the machine, and records how it was.
func prepareHost(paths layout, show progress) (*record, error) {
	var rec *record
	steps := []struct {
		name string
		do   func() (string, error)
	}{
		{"clear what a dead cluster left", func() (string, error) { return clearAny(paths) }},
		{"Debian packages", installPackages},
		{"look for another Kubernetes", quiet(checkFree)},
		{"look for other users of " + podCIDR + " and " + serviceCIDR, quiet(checkRoutes)},
		{"state directory " + paths.state, quiet(func() error { return makeState(paths) })},
		{"Kubernetes binary", quiet(func() error { return buildKube(paths, show.out) })},
		{"record in " + recordDir, quiet(func() error {
			var err error
			if rec, err = newRecord(paths); err != nil {
				return err
			}
			return rec.save(recordDir)
		})},
	}
	for _, s := range steps {
		if err := show.step(s.name, s.do); err != nil {
			return nil, err
		}
	}
	return rec, nil
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
	return os.MkdirAll(paths.in("logs"), 0o755)
}

func writeState(paths layout) error {
	if err := writePKI(paths.in("pki")); err != nil {
		return err
	}
	return writeConfigs(paths, newConfigValues(paths, outsideMTU()))
}

// startAll starts each component and waits, where others need it, until it serves.
func startAll(paths layout, rec *record, show progress) error {
	client, err := newAPIClient(paths.state)
	if err != nil {
		return err
	}
	serves := map[string]func() error{
		"containerd": func() error {
			_, err := run("ctr", "--address", paths.in("containerd/containerd.sock"), "version")
			return err
		},
		"kube-apiserver": client.ready,
	}
	for _, c := range components(paths) {
		err := show.step(c.name, quiet(func() error {
			return startOne(paths, rec, c, serves[c.name])
		}))
		if err != nil {
			return withLog(paths, c.name, err)
		}
		if c.name == "containerd" {
			if err := show.step("pause image", quiet(func() error { return importPause(paths) })); err != nil {
				return err
			}
		}
	}
	return waitReady(paths, rec, client, show)
}

// startOne starts a component, records it, and waits until it serves.
func startOne(paths layout, rec *record, c component, serves func() error) error {
	started, err := start(paths, c)
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
	return waitFor(2*time.Minute, serves, func() error { return allAlive(rec) })
}

func allAlive(rec *record) error {
	for _, p := range rec.Processes {
		if !p.alive() {
			return componentError{p.Name}
		}
	}
	return nil
}

// componentError is the end of a daemon that should still run.
type componentError struct{ name string }

func (e componentError) Error() string { return e.name + " does not run" }

func importPause(paths layout) error {
	binary, err := buildPause(paths)
	if err != nil {
		return err
	}
	return importImage(paths.state, imageSpec{tag: pauseTag, binaries: []string{binary}})
}

// waitReady waits until pods can be made and reach the API server's Service.
func waitReady(paths layout, rec *record, client apiClient, show progress) error {
	for _, s := range []struct {
		name, culprit string
		ask           func() error
	}{
		{"node is Ready", "kubelet", client.nodeReady},
		{"service account default", "kube-controller-manager", client.defaultServiceAccount},
		{"Service kubernetes answers at " + serviceIP, "kube-proxy", dialService},
	} {
		err := show.step(s.name, quiet(func() error {
			return waitFor(2*time.Minute, s.ask, func() error { return allAlive(rec) })
		}))
		if err != nil {
			return withLog(paths, s.culprit, err)
		}
	}
	text, err := os.ReadFile(paths.in("kubeconfigs/admin"))
	if err != nil {
		return err
	}
	if err := writeFile(paths.kubeconfig(), text); err != nil {
		return err
	}
	return giveToCaller(paths.kubeconfig())
}

// giveToCaller lets the person behind sudo use kubectl without it.
func giveToCaller(path string) error {
	uid, err := strconv.Atoi(os.Getenv("SUDO_UID"))
	if err != nil {
		return nil // no sudo
	}
	return os.Chown(path, uid, -1)
}

func dialService() error {
	connection, err := net.DialTimeout("tcp", serviceIP+":443", 2*time.Second)
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

func noArguments(name string, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no arguments, but got %q", name, args)
	}
	return nil
}

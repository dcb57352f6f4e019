package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// The demo's own state, below the checkout. PostgreSQL's data is elsewhere: the
// server's user may not be able to enter the checkout.
const (
	stateDir   = ".state/demo"
	postgresIn = "/var/lib/foyer-demo"
)

// step is one thing that up does, with a line on the screen.
type step struct {
	title string
	run   func(context.Context, *demo) error
}

// demo is what the steps learn for one another.
type demo struct {
	kubeconfig string
	kubectl    string
	gateway    string // the host as pods see it
	podCIDR    string
	image      string
	inbox      inboxSettings
}

// runSteps runs them in order and shows each with its time.
func runSteps(ctx context.Context, d *demo, steps []step) error {
	begin := time.Now()
	for i, s := range steps {
		fmt.Printf("[%d/%d] %s\n", i+1, len(steps), s.title)
		started := time.Now()
		if err := s.run(ctx, d); err != nil {
			return fmt.Errorf("%s: %w", s.title, err)
		}
		fmt.Printf("      done in %s (%s so far)\n", seconds(started), seconds(begin))
	}
	return nil
}

func seconds(since time.Time) string { return time.Since(since).Round(100 * time.Millisecond).String() }

// note prints a line below the step that is running.
func note(format string, args ...any) { fmt.Printf("      "+format+"\n", args...) }

// show runs a program and lets its output through, indented.
func show(ctx context.Context, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // programs of the demo itself
	cmd.Env = append(os.Environ(), env...)
	out := &indenter{to: os.Stdout}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", filepath.Base(name), strings.Join(args, " "), err)
	}
	return nil
}

// capture runs a program and returns what it printed; the error holds the rest.
func capture(ctx context.Context, env []string, input []byte, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // programs of the demo itself
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin = bytes.NewReader(input)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", filepath.Base(name), err, strings.TrimSpace(errOut.String()))
	}
	return out.String(), nil
}

// kube runs kubectl against the demo's cluster and returns what it printed.
func (d *demo) kube(ctx context.Context, input []byte, args ...string) (string, error) {
	return capture(ctx, []string{"KUBECONFIG=" + d.kubeconfig}, input, d.kubectl, args...)
}

// until asks again and again until ask says yes, fails, or the time is over. The
// last "not yet" explains a time-out.
func until(ctx context.Context, limit time.Duration, what string, ask func(context.Context) (notYet string, err error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	last := ""
	for {
		notYet, err := ask(ctx)
		if err == nil && notYet == "" {
			return nil
		}
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			notYet = err.Error()
		}
		if notYet != "" {
			last = notYet
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited %s for %s: %s", limit, what, last)
		case <-tick.C:
		}
	}
}

// indenter puts spaces before each line.
type indenter struct {
	to     io.Writer
	inLine bool
}

func (w *indenter) Write(p []byte) (int, error) {
	for _, line := range bytes.SplitAfter(p, []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		if !w.inLine {
			if _, err := io.WriteString(w.to, "      "); err != nil {
				return 0, fmt.Errorf("print: %w", err)
			}
		}
		w.inLine = !bytes.HasSuffix(line, []byte("\n"))
		if _, err := w.to.Write(line); err != nil {
			return 0, fmt.Errorf("print: %w", err)
		}
	}
	return len(p), nil
}

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const progressEvery = 10 * time.Second

// buildKube builds the one binary with every Kubernetes program in it, with
// visible progress. When nothing has changed it takes about two seconds.
func buildKube(ctx context.Context, paths layout, say *log.Logger) error {
	if err := checkGo(); err != nil {
		return err
	}
	version, err := kubernetesVersion(paths)
	if err != nil {
		return err
	}
	total := 0
	if _, err := os.Stat(paths.kube()); err != nil {
		say.Printf("        building Kubernetes %s: 8 to 10 minutes on two cores the first time, seconds afterwards", version)
		say.Print("        fetching its modules, unless they are here already")
		if total, err = countPackages(ctx, paths); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-v", "-trimpath", "-ldflags", linkFlags(version), "-o", paths.kube(), "./kube") //nolint:gosec // our own paths
	cmd.Dir = paths.module()
	if err := watchBuild(cmd, say, total); err != nil {
		return fmt.Errorf("build Kubernetes: %w", err)
	}
	return link(paths.kube(), paths.kubectl())
}

// linkFlags tell the programs their version, which kubectl cannot do without.
func linkFlags(version string) string {
	numbers := strings.Split(strings.TrimPrefix(version, "v"), ".")
	const variable = " -X k8s.io/component-base/version."
	return "-s -w" + variable + "gitVersion=" + version + variable + "gitMajor=" + numbers[0] + variable + "gitMinor=" + numbers[1]
}

// kubernetesVersion reads go.mod, so that the version stands in one place.
func kubernetesVersion(paths layout) (string, error) {
	raw, err := os.ReadFile(filepath.Join(paths.module(), "go.mod"))
	if err != nil {
		return "", err
	}
	for _, line := range strings.Split(string(raw), "\n") {
		words := strings.Fields(line)
		if len(words) == 2 && words[0] == "k8s.io/kubernetes" && strings.Count(words[1], ".") == 2 {
			return words[1], nil
		}
	}
	return "", errors.New("hack/cluster/go.mod requires no version of k8s.io/kubernetes")
}

// countPackages also downloads the modules.
func countPackages(ctx context.Context, paths layout) (int, error) {
	var list, said bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "./kube")
	cmd.Dir = paths.module()
	cmd.Stdout, cmd.Stderr = &list, &said
	if err := cmd.Run(); err != nil {
		lines := strings.Split(strings.TrimSpace(said.String()), "\n")
		return 0, fmt.Errorf("fetch the modules of Kubernetes: %w\n%s", err, strings.Join(lastOf(lines, 10), "\n"))
	}
	return strings.Count(list.String(), "\n"), nil
}

// buildProgress counts what "go build -v" says on its way.
type buildProgress struct {
	mu       sync.Mutex
	packages int
	other    []string // anything that is not the name of a package
}

func (p *buildProgress) read(in io.Reader) {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		p.mu.Lock()
		if line := lines.Text(); strings.ContainsAny(line, " \t#") {
			p.other = append(p.other, line)
		} else {
			p.packages++
		}
		p.mu.Unlock()
	}
}

func (p *buildProgress) counted() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.packages
}

// watchBuild runs the build and prints every ten seconds how far it is.
func watchBuild(cmd *exec.Cmd, say *log.Logger, total int) error {
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	progress, read := &buildProgress{}, make(chan struct{})
	go func() {
		defer close(read)
		progress.read(stderr)
	}()
	begin, ticker := time.Now(), time.NewTicker(progressEvery)
	defer ticker.Stop()
	for done := false; !done; {
		select {
		case <-read:
			done = true
		case <-ticker.C:
			say.Printf("        %s: %s compiled", time.Since(begin).Round(time.Second), packagesOf(progress.counted(), total))
		}
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%w\n%s", err, strings.Join(lastOf(progress.other, 30), "\n"))
	}
	return nil
}

func packagesOf(done, total int) string {
	if total == 0 {
		return fmt.Sprintf("%d packages", done)
	}
	return fmt.Sprintf("%d of about %d packages", done, total)
}

func lastOf(lines []string, count int) []string {
	return lines[max(0, len(lines)-count):]
}

// buildPause builds the first process of every pod, without any library.
func buildPause(ctx context.Context, paths layout) (string, error) {
	return buildOwn(ctx, paths, "pause", "CGO_ENABLED=0")
}

// buildPolicies builds what enforces NetworkPolicies. It is made of packages that the Kubernetes
// binary has too, built in the same way, so that they are in Go's cache.
func buildPolicies(ctx context.Context, paths layout) error {
	_, err := buildOwn(ctx, paths, "policies")
	return err
}

func buildOwn(ctx context.Context, paths layout, name string, env ...string) (string, error) {
	binary := paths.in(name)
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "./"+name) //nolint:gosec // our own path
	cmd.Dir = paths.module()
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", name, err, out)
	}
	return binary, nil
}

// link makes a symbolic link, replacing what is there under its name.
func link(target, name string) error {
	if current, err := os.Readlink(name); err == nil && current == target {
		return nil
	}
	if err := makeFolder(filepath.Dir(name)); err != nil {
		return err
	}
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.Symlink(target, name)
}

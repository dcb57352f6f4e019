package main

import (
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestVersionComesFromTheModule(t *testing.T) {
	paths, err := findLayout("")
	if err != nil {
		t.Fatal(err)
	}
	version, err := kubernetesVersion(paths)
	if err != nil {
		t.Fatal(err)
	}
	numbers := strings.Split(strings.TrimPrefix(version, "v"), ".")
	want := "version.gitMajor=" + numbers[0]
	if flags := linkFlags(version); !strings.Contains(flags, want) || !strings.Contains(flags, "gitVersion="+version+" ") {
		t.Errorf("flags %q do not say %s", flags, version)
	}
}

func TestBuildCountsPackages(t *testing.T) {
	progress := &buildProgress{}
	progress.read(strings.NewReader("go: downloading k8s.io/api v0.37.1\nk8s.io/api/core/v1\nk8s.io/api/apps/v1\n# k8s.io/x\nx.go:1:1: broken\n"))
	if progress.counted() != 2 || len(progress.other) != 3 {
		t.Errorf("%d packages and %q", progress.counted(), progress.other)
	}
}

func TestBrokenBuildShowsWhatWasSaid(t *testing.T) {
	err := watchBuild(exec.CommandContext(t.Context(), "sh", "-c", "echo 'x.go:1:1: broken' >&2; exit 1"), log.New(io.Discard, "", 0), 0)
	if err == nil || !strings.Contains(err.Error(), "x.go:1:1: broken") {
		t.Errorf("error is %v", err)
	}
}

func TestLinkReplacesWhatIsThere(t *testing.T) {
	name := filepath.Join(t.TempDir(), "folder", "etcd")
	for _, target := range []string{"/srv/a", "/srv/b", "/srv/b"} {
		if err := link(target, name); err != nil {
			t.Fatal(err)
		}
		if got, err := os.Readlink(name); err != nil || got != target {
			t.Errorf("it leads to %s, %v", got, err)
		}
	}
}

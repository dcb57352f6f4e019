package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRelease makes a release twice, of programs that say hello, and looks at it as its
// users do: with sha256sum, tar and helm.
func TestRelease(t *testing.T) {
	t.Chdir("../..") // as make runs it
	for _, program := range []string{"bin/cluster", "bin/helm", "bin/cyclonedx-gomod", "bin/kube-assets/kubectl"} {
		if _, err := os.Stat(program); err != nil {
			t.Fatalf("there is no %s: run \"make test-needs\"", program)
		}
	}
	hello := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(hello, []byte("package main\n\nvar version string\n\nfunc main() { println(version) }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	here := platform{"linux", runtime.GOARCH}
	first, second := filepath.Join(t.TempDir(), "dist"), filepath.Join(t.TempDir(), "dist")
	for _, output := range []string{first, second} {
		r := release{
			version: "v1.2.3-rc.1", image: "registry.example/foyer", output: output, kubectl: "bin/kube-assets/kubectl",
			platforms: []platform{here}, clients: []platform{here, {"windows", runtime.GOARCH}},
			build: func(ctx context.Context, version, _ string, _ platform, path string) error {
				return execute(ctx, []string{"CGO_ENABLED=0"}, "go", "build", "-trimpath", "-ldflags", "-s -w -X main.version="+version, "-o", path, hello)
			},
		}
		if err := r.run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}

	base := "foyer_v1.2.3-rc.1_" + here.String()
	plugin := "kubectl-foyer_v1.2.3-rc.1_"
	want := []string{
		"SHA256SUMS", "crds.yaml", "foyer-1.2.3-rc.1.tgz", base + ".image.tar", base + ".tar.gz", "install.yaml", "operator.yaml",
		plugin + here.String() + ".tar.gz", plugin + "windows_" + runtime.GOARCH + ".zip",
	}
	for _, name := range append(slices.Clone(servers), "kubectl-foyer") {
		want = append(want, "sbom/"+name+"_"+here.String()+".cdx.json")
	}
	want = append(want, "sbom/kubectl-foyer_windows_"+runtime.GOARCH+".cdx.json")
	slices.Sort(want)
	if diff := cmp.Diff(want, filesOf(t, first)); diff != "" {
		t.Fatalf("files of the release (-want +got):\n%s", diff)
	}
	for _, name := range want {
		if read(t, first, name) != read(t, second, name) {
			t.Errorf("%s is another the second time", name)
		}
	}
	sumsAreRight(t, first, len(want)-1)
	imagesAreNamed(t, first)
	archiveWorks(t, filepath.Join(first, base+".tar.gz"))
	sbomsAreRead(t, first)
}

func sumsAreRight(t *testing.T, folder string, files int) {
	t.Helper()
	check := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", "SHA256SUMS")
	check.Dir = folder
	out, err := check.CombinedOutput()
	if err != nil || strings.Count(string(out), ": OK\n") != files {
		t.Errorf("sha256sum of %d files: %v\n%s", files, err, out)
	}
}

// imagesAreNamed: whatever way one installs, the image is the release's.
func imagesAreNamed(t *testing.T, folder string) {
	t.Helper()
	const image = "registry.example/foyer:v1.2.3-rc.1"
	rendered, err := capture(t.Context(), []string{"HELM_CACHE_HOME=" + t.TempDir()}, "bin/helm", "template", "foyer", filepath.Join(folder, "foyer-1.2.3-rc.1.tgz"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"install.yaml": read(t, folder, "install.yaml"), "operator.yaml": read(t, folder, "operator.yaml"), "the chart": rendered} {
		if !strings.Contains(text, "image: "+image) && !strings.Contains(text, `image: "`+image+`"`) {
			t.Errorf("%s does not run %s", name, image)
		}
		if strings.Contains(text, developmentImage) {
			t.Errorf("%s names %s", name, developmentImage)
		}
	}
	kinds := func(name string) map[string]int {
		count := map[string]int{}
		for line := range strings.Lines(read(t, folder, name)) {
			if kind, found := strings.CutPrefix(line, "kind: "); found {
				count[strings.TrimSpace(kind)]++
			}
		}
		return count
	}
	all := kinds("install.yaml")
	if diff := cmp.Diff(map[string]int{"CustomResourceDefinition": 4}, kinds("crds.yaml")); diff != "" {
		t.Errorf("crds.yaml has not the four CRDs alone (-want +got):\n%s", diff)
	}
	if all["CustomResourceDefinition"] != 4 || all["Deployment"] != 1 {
		t.Errorf("install.yaml has not everything: %v", all)
	}
	delete(all, "CustomResourceDefinition") // who goes back applies the rest
	if diff := cmp.Diff(all, kinds("operator.yaml")); diff != "" {
		t.Errorf("operator.yaml is not install.yaml without its CRDs (-want +got):\n%s", diff)
	}
	for _, tag := range []string{"v1.2.3-rc.1", "1.2.3-rc.1"} {
		if !strings.Contains(rendered, tag) {
			t.Errorf("the chart's labels have no %s", tag)
		}
	}
}

// archiveWorks unpacks it and runs what is in it.
func archiveWorks(t *testing.T, path string) {
	t.Helper()
	packed, err := os.Open(path) //nolint:gosec // of just now
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close() //nolint:errcheck // read only
	unzipped, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewReader(unzipped)
	var names []string
	manager := filepath.Join(t.TempDir(), "manager")
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, header.Name)
		if header.Name != "manager" {
			continue
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(manager, content, header.FileInfo().Mode()); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(append([]string{"LICENSE"}, servers...), names); diff != "" {
		t.Errorf("files of the archive (-want +got):\n%s", diff)
	}
	said, err := exec.CommandContext(t.Context(), manager).CombinedOutput() //nolint:gosec // of just now
	if err != nil || string(said) != "v1.2.3-rc.1\n" {
		t.Errorf("the program says %q: %v", said, err)
	}
}

func sbomsAreRead(t *testing.T, folder string) {
	t.Helper()
	var document struct {
		BOMFormat, SpecVersion string
		Metadata               struct{ Component struct{ Version string } }
		Components             []struct{ Name, Version string }
	}
	for _, name := range filesOf(t, filepath.Join(folder, "sbom")) {
		if err := json.Unmarshal([]byte(read(t, folder, "sbom/"+name)), &document); err != nil {
			t.Fatal(err)
		}
		if document.BOMFormat != "CycloneDX" || document.Metadata.Component.Version != "v1.2.3-rc.1" || len(document.Components) == 0 {
			t.Errorf("%s is no SBOM of this version: %+v", name, document)
		}
	}
}

// What a person's environment says to Go changes no byte of a program.
func TestProgramsAreTheSameInAnyEnvironment(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.MkdirAll("cmd/hello", 0o750); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"go.mod": "module hello\n\ngo 1.26\n", "cmd/hello/main.go": "package main\n\nvar version string\n\nfunc main() { println(version) }\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	build := func(name string) string {
		t.Helper()
		if err := goBuild(t.Context(), "v1.2.3", "hello", platform{"linux", "amd64"}, name); err != nil {
			t.Fatal(err)
		}
		return read(t, ".", name)
	}
	plain := build("plain")
	t.Setenv("GOAMD64", "v3")
	t.Setenv("GOFLAGS", "-tags=other")
	if build("other") != plain {
		t.Error("GOAMD64 and GOFLAGS of the environment change the program")
	}
}

func TestWhatIsNoRelease(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no version":             {nil, `version ""`},
		"what git describe says": {[]string{"-version=v0.1.0-3-gabc+dirty"}, "is not one as v0.1.0"},
		"without a v":            {[]string{"-version=0.1.0"}, "is not one as v0.1.0"},
		"an image with a tag":    {[]string{"-version=v0.1.0", "-image=foyer:dev"}, "the tag is the version"},
		"no platform":            {[]string{"-version=v0.1.0", "-platforms=linux"}, "is not a platform"},
		"no platform of people":  {[]string{"-version=v0.1.0", "-client-platforms=/amd64"}, "is not a platform"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := run(t.Context(), append([]string{"-output=" + filepath.Join(t.TempDir(), "dist")}, test.args...)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func filesOf(t *testing.T, folder string) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(os.DirFS(folder), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

func read(t *testing.T, folder, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, name)) //nolint:gosec // of just now
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

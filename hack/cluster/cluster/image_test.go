package main

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestImageIsReadBackAsPacked(t *testing.T) {
	dir := t.TempDir()
	ca := filepath.Join(dir, "ca.crt")
	if err := os.WriteFile(ca, []byte("certificates"), 0o600); err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(dir, "own.crt")
	if err := os.WriteFile(own, []byte("of our own"), 0o600); err != nil {
		t.Fatal(err)
	}
	spec := imageSpec{
		tag:         "foyer:dev",
		binaries:    []string{program(t, dir, "manager", elf.PT_LOAD), program(t, dir, "portal", elf.PT_LOAD)},
		authorities: []string{ca, own},
	}
	archive := packed(t, spec)
	files := untar(t, archive)

	var manifests []imageManifest
	if err := json.Unmarshal(files["manifest.json"], &manifests); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"docker.io/library/foyer:dev"}, manifests[0].RepoTags); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	var config imageConfig
	if err := json.Unmarshal(files[manifests[0].Config], &config); err != nil {
		t.Fatal(err)
	}
	layer := files[manifests[0].Layers[0]]
	if config.Architecture != "amd64" || config.OS != "linux" {
		t.Errorf("the image is for %s/%s, the programs for linux/amd64", config.OS, config.Architecture)
	}
	if config.Config.User != "65532:65532" || config.RootFS.DiffIDs[0] != "sha256:"+digest(layer) {
		t.Errorf("configuration is %+v", config)
	}
	if got := string(untar(t, layer)["etc/ssl/certs/ca-certificates.crt"]); got != "certificates\nof our own\n" {
		t.Errorf("programs trust %q", got)
	}
	var names []string
	for name := range untar(t, layer) {
		names = append(names, name)
	}
	if diff := cmp.Diff([]string{"etc/ssl/certs/ca-certificates.crt", "manager", "portal"}, names, sorted); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if !bytes.Equal(archive, packed(t, spec)) {
		t.Error("the same files gave another image")
	}
}

func TestImageRefusesWhatCannotRun(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		binaries []string
		want     string
	}{
		"no binary":         {want: "at least one --binary"},
		"no program":        {binaries: []string{script}, want: "not a Linux program"},
		"needs a loader":    {binaries: []string{program(t, dir, "dynamic", elf.PT_INTERP)}, want: "CGO_ENABLED=0"},
		"that is not there": {binaries: []string{filepath.Join(dir, "none")}, want: "none"},
		"two architectures": {binaries: []string{program(t, dir, "amd", elf.PT_LOAD), machineOf(t, program(t, dir, "arm", elf.PT_LOAD), elf.EM_AARCH64)}, want: "arm is for arm64, another binary for amd64"},
		"another machine":   {binaries: []string{machineOf(t, program(t, dir, "mips", elf.PT_LOAD), elf.EM_MIPS)}, want: "no image is made for"},
		"same name twice":   {binaries: []string{program(t, dir, "a", elf.PT_LOAD), program(t, t.TempDir(), "a", elf.PT_LOAD)}, want: "two binaries"},
	} {
		t.Run(name, func(t *testing.T) {
			err := packImage(io.Discard, imageSpec{tag: "x", binaries: test.binaries})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestFullImageName(t *testing.T) {
	for tag, want := range map[string]string{
		"foyer:dev":                   "docker.io/library/foyer:dev",
		"foyer":                       "docker.io/library/foyer:latest",
		"foyerhq/foyer:1":             "docker.io/foyerhq/foyer:1",
		"registry.example/foyer:1":    "registry.example/foyer:1",
		"registry.example:5000/foyer": "registry.example:5000/foyer:latest",
		"localhost/foyer:1":           "localhost/foyer:1",
	} {
		if got := fullImageName(tag); got != want {
			t.Errorf("%s: got %s, want %s", tag, got, want)
		}
	}
}

// machineOf makes a program one for another machine.
func machineOf(t *testing.T, path string, machine elf.Machine) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	binary.LittleEndian.PutUint16(content[18:], uint16(machine))
	if err := os.WriteFile(path, content, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// program writes the smallest file that reads as a Linux program, with one part.
func program(t *testing.T, dir, name string, part elf.ProgType) string {
	t.Helper()
	header := elf.Header64{
		Type:      uint16(elf.ET_EXEC),
		Machine:   uint16(elf.EM_X86_64),
		Version:   uint32(elf.EV_CURRENT),
		Phoff:     64,
		Ehsize:    64,
		Phentsize: 56,
		Phnum:     1,
		Shentsize: 64,
	}
	copy(header.Ident[:], "\x7fELF")
	header.Ident[elf.EI_CLASS] = byte(elf.ELFCLASS64)
	header.Ident[elf.EI_DATA] = byte(elf.ELFDATA2LSB)
	header.Ident[elf.EI_VERSION] = byte(elf.EV_CURRENT)
	var out bytes.Buffer
	if err := errors.Join(
		binary.Write(&out, binary.LittleEndian, header),
		binary.Write(&out, binary.LittleEndian, elf.Prog64{Type: uint32(part)}),
	); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, out.Bytes(), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func packed(t *testing.T, spec imageSpec) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := packImage(&out, spec); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func untar(t *testing.T, raw []byte) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	archive := tar.NewReader(bytes.NewReader(raw))
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[header.Name], err = io.ReadAll(archive); err != nil {
			t.Fatal(err)
		}
	}
}

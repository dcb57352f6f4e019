package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const (
	hostCABundle  = "/etc/ssl/certs/ca-certificates.crt"
	imageCABundle = "etc/ssl/certs/ca-certificates.crt"
	imageUser     = "65532:65532"
)

// imageSpec says what goes into an image: each binary at the root under its
// base name, and the CA certificates that clients of TLS servers need.
type imageSpec struct {
	tag         string
	binaries    []string
	authorities []string // files with CA certificates
}

type imageConfig struct {
	Created      string        `json:"created"`
	Architecture string        `json:"architecture"`
	OS           string        `json:"os"`
	Config       runtimeConfig `json:"config"`
	RootFS       rootFS        `json:"rootfs"`
}

type runtimeConfig struct {
	User       string   `json:"User"`
	Env        []string `json:"Env"`
	Entrypoint []string `json:"Entrypoint"`
	WorkingDir string   `json:"WorkingDir"`
}

type rootFS struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

// imageManifest is one entry of manifest.json of a docker archive.
type imageManifest struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// packImage writes a docker archive. The same files give the same bytes.
func packImage(out io.Writer, spec imageSpec) error {
	layer, architecture, err := packLayer(spec)
	if err != nil {
		return err
	}
	config, err := json.Marshal(imageConfig{
		Created:      "1970-01-01T00:00:00Z",
		Architecture: architecture,
		OS:           "linux",
		Config: runtimeConfig{
			User:       imageUser,
			Env:        []string{"PATH=/"},
			Entrypoint: []string{"/" + filepath.Base(spec.binaries[0])},
			WorkingDir: "/",
		},
		RootFS: rootFS{Type: "layers", DiffIDs: []string{"sha256:" + digest(layer)}},
	})
	if err != nil {
		return err
	}
	manifest := imageManifest{
		Config:   digest(config) + ".json",
		RepoTags: []string{fullImageName(spec.tag)},
		Layers:   []string{digest(layer) + ".tar"},
	}
	manifests, err := json.Marshal([]imageManifest{manifest})
	if err != nil {
		return err
	}
	archive := tar.NewWriter(out)
	return errors.Join(
		addFile(archive, "manifest.json", 0o644, manifests),
		addFile(archive, manifest.Config, 0o644, config),
		addFile(archive, manifest.Layers[0], 0o644, layer),
		archive.Close(),
	)
}

// packLayer returns the files as a tar, and the architecture that all binaries are for.
func packLayer(spec imageSpec) (content []byte, architecture string, err error) {
	if len(spec.binaries) == 0 {
		return nil, "", errors.New("an image needs at least one --binary")
	}
	var out bytes.Buffer
	layer := tar.NewWriter(&out)
	seen := map[string]bool{}
	for _, path := range spec.binaries {
		if seen[filepath.Base(path)] {
			return nil, "", fmt.Errorf("two binaries are named %s", filepath.Base(path))
		}
		seen[filepath.Base(path)] = true
		machine, err := checkStatic(path)
		if err != nil {
			return nil, "", err
		}
		if architecture != "" && machine != architecture {
			return nil, "", fmt.Errorf("%s is for %s, another binary for %s: an image is for one", path, machine, architecture)
		}
		architecture = machine
		content, err := os.ReadFile(path) //nolint:gosec // what the caller wants in the image
		if err != nil {
			return nil, "", err
		}
		if err := addFile(layer, filepath.Base(path), 0o755, content); err != nil {
			return nil, "", err
		}
	}
	var bundle bytes.Buffer
	for _, path := range spec.authorities {
		content, err := os.ReadFile(path) //nolint:gosec // what the caller has pods trust
		if err != nil {
			return nil, "", err
		}
		bundle.Write(append(content, '\n'))
	}
	if bundle.Len() > 0 {
		if err := addFile(layer, imageCABundle, 0o644, bundle.Bytes()); err != nil {
			return nil, "", err
		}
	}
	return out.Bytes(), architecture, layer.Close()
}

func addFile(archive *tar.Writer, name string, mode int64, content []byte) error {
	header := &tar.Header{Name: name, Mode: mode, Size: int64(len(content)), Typeflag: tar.TypeReg, Format: tar.FormatPAX}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err := archive.Write(content)
	return err
}

// architectures are those that images are made for, as Go and OCI call them.
var architectures = map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}

// checkStatic refuses a binary that would not start in an empty image, and says which
// architecture it is for.
func checkStatic(path string) (architecture string, err error) {
	file, err := elf.Open(path)
	if err != nil {
		return "", fmt.Errorf("%s is not a Linux program: %w", path, err)
	}
	defer file.Close() //nolint:errcheck // read only
	if architecture = architectures[file.Machine]; architecture == "" {
		return "", fmt.Errorf("%s is for %s, which no image is made for", path, file.Machine)
	}
	for _, part := range file.Progs {
		if part.Type == elf.PT_INTERP {
			return "", fmt.Errorf("%s needs shared libraries, which the image has not: build it with CGO_ENABLED=0", path)
		}
	}
	return architecture, nil
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// fullImageName writes out what a short name stands for, as the kubelet does:
// "foyer:dev" is "docker.io/library/foyer:dev".
func fullImageName(tag string) string {
	first, rest, found := strings.Cut(tag, "/")
	switch {
	case !found:
		tag = "docker.io/library/" + tag
	case !strings.ContainsAny(first, ".:") && first != "localhost":
		tag = "docker.io/" + first + "/" + rest
	}
	if !strings.Contains(tag[strings.LastIndex(tag, "/"):], ":") {
		tag += ":latest"
	}
	return tag
}

// importImage packs an image and gives it to the cluster's containerd.
func importImage(ctx context.Context, state string, spec imageSpec) error {
	file, err := os.CreateTemp(state, "image-*.tar")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) //nolint:errcheck // down removes it, too
	if err := errors.Join(packImage(file, spec), file.Close()); err != nil {
		return err
	}
	socket := filepath.Join(state, "containerd", "containerd.sock")
	_, err = run(ctx, "ctr", "--address", socket, "--namespace", "k8s.io", "images", "import", file.Name())
	return err
}

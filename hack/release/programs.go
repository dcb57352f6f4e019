package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// servers are the programs of the image. The first is its entry point.
var servers = []string{"manager", "portal", "backoffice", "dispatcher"}

// servers makes an image and an archive for each platform.
func (r *release) servers(ctx context.Context) error {
	for _, p := range r.platforms {
		name := fmt.Sprintf("foyer_%s_%s", r.version, p)
		image := []string{"image", "--tag", r.image + ":" + r.version, "--output", r.out(name + ".image.tar")}
		files := []file{{name: "LICENSE", path: "LICENSE"}}
		for _, program := range servers {
			path, err := r.program(ctx, program, p)
			if err != nil {
				return err
			}
			image = append(image, "--binary", path)
			files = append(files, file{name: program, path: path, program: true})
		}
		if err := execute(ctx, nil, "bin/cluster", image...); err != nil {
			return err
		}
		if err := writeTarGz(r.out(name+".tar.gz"), files); err != nil {
			return err
		}
	}
	return nil
}

// kubectlFoyer makes an archive of the plugin for each platform that people work on.
func (r *release) kubectlFoyer(ctx context.Context) error {
	for _, p := range r.clients {
		path, err := r.program(ctx, "kubectl-foyer", p)
		if err != nil {
			return err
		}
		files := []file{{name: "LICENSE", path: "LICENSE"}, {name: filepath.Base(path), path: path, program: true}}
		name := r.out(fmt.Sprintf("kubectl-foyer_%s_%s", r.version, p))
		if p.os == "windows" {
			err = writeZip(name+".zip", files)
		} else {
			err = writeTarGz(name+".tar.gz", files)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// program builds one and writes down what it is made of.
func (r *release) program(ctx context.Context, name string, p platform) (path string, err error) {
	path = filepath.Join(r.work, p.String(), name)
	if p.os == "windows" {
		path += ".exe"
	}
	if err := r.build(ctx, r.version, name, p, path); err != nil {
		return "", err
	}
	return path, r.sbom(ctx, path, fmt.Sprintf("%s_%s.cdx.json", name, p))
}

// goBuild makes the same bytes wherever the checkout is, and whatever the environment says to
// Go. What Git says of it is not written into the program: the version is.
func goBuild(ctx context.Context, version, name string, p platform, path string) error {
	return execute(ctx, []string{"CGO_ENABLED=0", "GOOS=" + p.os, "GOARCH=" + p.arch, "GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=", "GOEXPERIMENT=", "GOFIPS140=off"},
		"go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -X main.version="+version, "-o", path, "./cmd/"+name)
}

// sbom asks cyclonedx-gomod what a program is made of, and drops the time of asking.
func (r *release) sbom(ctx context.Context, program, name string) error {
	raw := filepath.Join(r.work, "sbom.json")
	err := execute(ctx, nil, "bin/cyclonedx-gomod", "bin", "-json", "-std", "-noserial", "-version", r.version, "-output", raw, program)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(raw) //nolint:gosec // of just now
	if err != nil {
		return fmt.Errorf("read the SBOM: %w", err)
	}
	var document map[string]any
	if err := json.Unmarshal(content, &document); err != nil {
		return fmt.Errorf("read the SBOM: %w", err)
	}
	if metadata, ok := document["metadata"].(map[string]any); ok {
		delete(metadata, "timestamp")
	}
	if content, err = json.MarshalIndent(document, "", "  "); err != nil {
		return fmt.Errorf("write the SBOM: %w", err)
	}
	return r.write("sbom/"+name, append(content, '\n'))
}

func (r *release) out(name string) string { return filepath.Join(r.output, name) }

func (r *release) write(name string, content []byte) error {
	if err := os.WriteFile(r.out(name), content, 0o644); err != nil { //nolint:gosec // what is handed out
		return fmt.Errorf("write a file of the release: %w", err)
	}
	return nil
}

// execute runs a program; its error has what it printed.
func execute(ctx context.Context, env []string, program string, args ...string) error {
	_, err := capture(ctx, env, program, args...)
	return err
}

func capture(ctx context.Context, env []string, program string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, program, args...) //nolint:gosec // programs of the checkout
	command.Env = append(os.Environ(), env...)
	var problems strings.Builder
	command.Stderr = &problems
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", program, strings.Join(args, " "), err, strings.TrimSpace(problems.String()))
	}
	return string(out), nil
}

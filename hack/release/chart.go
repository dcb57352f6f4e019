package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const developmentImage = "foyer:dev" // of config/manager and of the chart's defaults

// manifests writes what kubectl apply needs, with the image of the release: the CRDs, the
// operator with its rights, and both. Who goes back a release needs the second alone.
func (r *release) manifests(ctx context.Context) error {
	whole, err := capture(ctx, nil, r.kubectl, "kustomize", "config/default")
	if err != nil {
		return err
	}
	if found := strings.Count(whole, developmentImage); found != 2 {
		return fmt.Errorf("config/default names image %s %d times, not 2 times: for the manager and for the tenants' pods", developmentImage, found)
	}
	whole = strings.ReplaceAll(whole, developmentImage, r.image+":"+r.version)
	crds, operator := splitCRDs(whole)
	for name, text := range map[string]string{"install.yaml": whole, "crds.yaml": crds, "operator.yaml": operator} {
		head := fmt.Sprintf("# Foyer %s: kubectl apply --server-side -f %s\n", r.version, name)
		if err := r.write(name, []byte(head+text)); err != nil {
			return err
		}
	}
	return nil
}

// splitCRDs takes the documents apart: the CRDs, and everything else.
func splitCRDs(text string) (crds, others string) {
	const between = "\n---\n"
	var of [2][]string
	for document := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), between) {
		i := 1
		if strings.Contains("\n"+document+"\n", "\nkind: CustomResourceDefinition\n") {
			i = 0
		}
		of[i] = append(of[i], document)
	}
	return strings.Join(of[0], between) + "\n", strings.Join(of[1], between) + "\n"
}

// chart packages charts/foyer with the version and image of the release. Helm checks it and
// puts it together; its package has the time of the day in it, so it is packed again.
func (r *release) chart(ctx context.Context) error {
	number := strings.TrimPrefix(r.version, "v")
	source, unpacked := filepath.Join(r.work, "source", "foyer"), filepath.Join(r.work, "unpacked")
	if err := os.CopyFS(source, os.DirFS("charts/foyer")); err != nil {
		return fmt.Errorf("copy the chart: %w", err)
	}
	if err := replaceLine(filepath.Join(source, "values.yaml"), "  repository: foyer\n", "  repository: "+r.image+"\n"); err != nil {
		return err
	}
	helm := []string{"HELM_CACHE_HOME=" + r.work, "HELM_CONFIG_HOME=" + r.work, "HELM_DATA_HOME=" + r.work}
	if err := execute(ctx, helm, "bin/helm", "lint", "--strict", source); err != nil {
		return err
	}
	if err := execute(ctx, helm, "bin/helm", "package", source, "--version", number, "--app-version", r.version, "--destination", r.work); err != nil {
		return err
	}
	packed := "foyer-" + number + ".tgz"
	if err := os.Mkdir(unpacked, 0o755); err != nil { //nolint:gosec // no secrets
		return fmt.Errorf("unpack the chart: %w", err)
	}
	if err := execute(ctx, nil, "tar", "-xzf", filepath.Join(r.work, packed), "-C", unpacked); err != nil {
		return err
	}
	var files []file
	err := filepath.WalkDir(unpacked, func(path string, entry fs.DirEntry, err error) error { // in lexical order
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(unpacked, path)
		files = append(files, file{name: filepath.ToSlash(name), path: path})
		return err
	})
	if err != nil {
		return fmt.Errorf("read the chart: %w", err)
	}
	return writeTarGz(r.out(packed), files)
}

// replaceLine replaces what must be there once.
func replaceLine(path, line, with string) error {
	content, err := os.ReadFile(path) //nolint:gosec // a copy of the chart
	if err != nil {
		return fmt.Errorf("read the chart: %w", err)
	}
	if strings.Count(string(content), line) != 1 {
		return fmt.Errorf("%s has not one line %q", filepath.Base(path), strings.TrimSpace(line))
	}
	return save(path, []byte(strings.Replace(string(content), line, with, 1)))
}

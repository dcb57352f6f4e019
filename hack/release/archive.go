package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// epoch is the time of every file: the first that all formats know.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// file is one of an archive.
type file struct {
	name, path string
	program    bool
}

func (f file) mode() fs.FileMode {
	if f.program {
		return 0o755
	}
	return 0o644
}

func writeTarGz(path string, files []file) error {
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	archive := tar.NewWriter(zipped)
	for _, f := range files {
		content, err := os.ReadFile(f.path)
		if err != nil {
			return fmt.Errorf("read for an archive: %w", err)
		}
		header := &tar.Header{Name: f.name, Mode: int64(f.mode()), Size: int64(len(content)), ModTime: epoch, Typeflag: tar.TypeReg, Format: tar.FormatPAX}
		if err := archive.WriteHeader(header); err != nil {
			return fmt.Errorf("write an archive: %w", err)
		}
		if _, err := archive.Write(content); err != nil {
			return fmt.Errorf("write an archive: %w", err)
		}
	}
	if err := errors.Join(archive.Close(), zipped.Close()); err != nil {
		return fmt.Errorf("write an archive: %w", err)
	}
	return save(path, out.Bytes())
}

func writeZip(path string, files []file) error {
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, f := range files {
		content, err := os.ReadFile(f.path)
		if err != nil {
			return fmt.Errorf("read for an archive: %w", err)
		}
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: epoch}
		header.SetMode(f.mode())
		entry, err := archive.CreateHeader(header)
		if err != nil {
			return fmt.Errorf("write an archive: %w", err)
		}
		if _, err := entry.Write(content); err != nil {
			return fmt.Errorf("write an archive: %w", err)
		}
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("write an archive: %w", err)
	}
	return save(path, out.Bytes())
}

// sums writes the digest of every file of the release, as sha256sum -c reads it.
func (r *release) sums(context.Context) error {
	var lines []string
	err := filepath.WalkDir(r.output, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.Open(path) //nolint:gosec // of just now
		if err != nil {
			return err
		}
		defer content.Close() //nolint:errcheck // read only
		sum := sha256.New()
		if _, err := io.Copy(sum, content); err != nil {
			return err
		}
		name, err := filepath.Rel(r.output, path)
		lines = append(lines, hex.EncodeToString(sum.Sum(nil))+"  "+filepath.ToSlash(name)+"\n")
		return err
	})
	if err != nil {
		return fmt.Errorf("read what was made: %w", err)
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[66:], b[66:]) })
	return r.write("SHA256SUMS", []byte(strings.Join(lines, "")))
}

func save(path string, content []byte) error {
	if err := os.WriteFile(path, content, 0o644); err != nil { //nolint:gosec // what is handed out
		return fmt.Errorf("write an archive: %w", err)
	}
	return nil
}

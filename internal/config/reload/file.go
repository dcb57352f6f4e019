package reload

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/foyerhq/foyer/internal/config"
)

// File holds what was loaded last from a mounted file, or from several that belong
// together.
type File[T any] struct {
	dir     string
	paths   []string
	load    func([][]byte) (*T, error)
	changed func(digest string, err error)
	current atomic.Pointer[T]

	// Only the goroutine of Run uses these.
	inForce string // digest of current; empty: none
	seen    string // what the last look found: a digest, or an error
}

// NewFile follows the file at path once Run is called. changed is told of each new
// content, from the goroutine of Run: the digest that is in force now (empty: none
// yet), and why the newest content is not, if so. It is told of a problem once.
func NewFile[T any](path string, load func([]byte) (*T, error), changed func(digest string, err error)) *File[T] {
	return NewFiles(filepath.Dir(path), []string{filepath.Base(path)}, func(contents [][]byte) (*T, error) { return load(contents[0]) }, changed)
}

// NewFiles is NewFile for files of one directory, which are loaded together in the order of
// names.
func NewFiles[T any](dir string, names []string, load func([][]byte) (*T, error), changed func(digest string, err error)) *File[T] {
	file := &File[T]{dir: dir, load: load, changed: changed}
	for _, name := range names {
		file.paths = append(file.paths, filepath.Join(dir, name))
	}
	return file
}

// Current returns the last good content, nil before the first. It never blocks.
func (f *File[T]) Current() *T { return f.current.Load() }

// Run follows the file until ctx ends.
func (f *File[T]) Run(ctx context.Context) { f.run(ctx, usual) }

func (f *File[T]) run(ctx context.Context, t timing) {
	watch(ctx, f.dir, t, f.look)
}

func (f *File[T]) look() {
	contents, err := f.read()
	found := config.Digest(bytes.Join(contents, []byte{0}))
	if err != nil {
		found = err.Error()
	}
	if found == f.seen {
		return
	}
	f.seen = found
	if err == nil {
		err = f.swap(contents, found)
	}
	f.changed(f.inForce, err)
}

func (f *File[T]) read() ([][]byte, error) {
	var contents [][]byte
	for _, path := range f.paths {
		content, err := os.ReadFile(path) //nolint:gosec // which files are read is decided by the flags of the process
		if err != nil {
			return nil, fmt.Errorf("read the mounted file: %w", err)
		}
		contents = append(contents, content)
	}
	return contents, nil
}

func (f *File[T]) swap(contents [][]byte, digest string) error {
	next, err := f.load(contents)
	if err != nil {
		return fmt.Errorf("load %s: %w", f.names(), err)
	}
	f.current.Store(next)
	f.inForce = digest
	return nil
}

func (f *File[T]) names() string {
	var names []string
	for _, path := range f.paths {
		names = append(names, filepath.Base(path))
	}
	return strings.Join(names, " and ")
}

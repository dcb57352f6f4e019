package reload

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/foyerhq/foyer/internal/config"
)

// File holds what was loaded last from one mounted file.
type File[T any] struct {
	path    string
	load    func([]byte) (*T, error)
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
	return &File[T]{path: path, load: load, changed: changed}
}

// Current returns the last good content, nil before the first. It never blocks.
func (f *File[T]) Current() *T { return f.current.Load() }

// Run follows the file until ctx ends.
func (f *File[T]) Run(ctx context.Context) { f.run(ctx, usual) }

func (f *File[T]) run(ctx context.Context, t timing) {
	watch(ctx, filepath.Dir(f.path), t, f.look)
}

func (f *File[T]) look() {
	content, err := os.ReadFile(f.path)
	found := config.Digest(content)
	if err != nil {
		err = fmt.Errorf("read the mounted file: %w", err)
		found = err.Error()
	}
	if found == f.seen {
		return
	}
	f.seen = found
	if err == nil {
		err = f.swap(content, found)
	}
	f.changed(f.inForce, err)
}

func (f *File[T]) swap(content []byte, digest string) error {
	next, err := f.load(content)
	if err != nil {
		return fmt.Errorf("load %s: %w", filepath.Base(f.path), err)
	}
	f.current.Store(next)
	f.inForce = digest
	return nil
}

package process

import (
	"flag"
	"fmt"
	"sync"

	"github.com/foyerhq/foyer/internal/config/reload"
	"github.com/foyerhq/foyer/internal/identity"
)

// KeyFiles is where the tenant's keys are mounted.
type KeyFiles struct{ Dir string }

// Flags declares the flag of the directory.
func (k *KeyFiles) Flags(set *flag.FlagSet) {
	set.StringVar(&k.Dir, "keys-dir", "/etc/foyer/keys", "directory with the files link and seal, the tenant's keys")
}

// Follow waits for the keys, without which the replica is not ready, and keeps those in
// force that were read last.
func (k *KeyFiles) Follow(r *Runtime) (current func() *identity.Keys, err error) {
	return follow(r, "keys", k.Dir, []string{identity.LinkKeyFile, identity.SealKeyFile}, func(files [][]byte) (*identity.Keys, error) {
		return identity.ParseKeys(files[0], files[1])
	})
}

// follow loads files of a mounted directory together, and again when they change; what
// cannot be loaded leaves the last good content in force. what names them in the log and
// on /readyz, neither of which shows their content.
//
// It returns when there is a first good content, and the replica is not ready before. It
// fails only if the process is asked to stop while it waits.
func follow[T any](r *Runtime, what, dir string, names []string, load func([][]byte) (*T, error)) (current func() *T, err error) {
	r.health.Fail(what, "not loaded yet")
	first := make(chan struct{})
	announce := sync.OnceFunc(func() {
		r.health.Meet(what)
		close(first)
	})
	files := reload.NewFiles(dir, names, load, func(digest string, err error) {
		switch {
		case err == nil:
			r.Log.Info(what + " in force")
		case digest == "":
			r.Log.Error("no "+what+" could be loaded yet", "error", err)
			r.health.Fail(what, err.Error())
		default:
			r.Log.Error("the newest "+what+" could not be loaded, the last good ones stay in force", "error", err)
		}
		if digest != "" {
			announce()
		}
	})
	r.Go(files.Run)
	select {
	case <-first:
		return files.Current, nil
	case <-r.stop.Done():
		return nil, fmt.Errorf("stopped while it waited for %s: %w", what, r.stop.Err())
	}
}

package deliver

import (
	"encoding/json"
	"hash/maphash"
	"maps"
	"time"

	"github.com/foyerhq/foyer/internal/store"
)

const (
	// restFor is for how long an account is left alone of which a day is due and nobody was
	// told, because the condition of a template is false.
	restFor = 10 * time.Minute
	// mostResting bounds what is remembered.
	mostResting = 100_000
)

// unmoved remembers the accounts that a sweep has read in full and planned nothing for, so
// that the next one, a minute later, does not read all of them again. Where the account, one
// of its invoices or a document has changed it does. Only the sweep uses it.
type unmoved struct {
	seed  maphash.Seed
	until map[uint64]time.Time // by what was seen
}

func newUnmoved() unmoved {
	return unmoved{maphash.MakeSeed(), map[uint64]time.Time{}}
}

// look is what is seen of an account; 0: it cannot be told.
func (u *unmoved) look(of documents, a store.DueAccount) uint64 {
	text, err := json.Marshal(a)
	if err != nil {
		return 0
	}
	return maphash.Bytes(u.seed, append(text, of.settings+of.routing...))
}

// rests says whether an account that looks so is left alone.
func (u *unmoved) rests(seen uint64, now time.Time) bool {
	until, known := u.until[seen]
	return known && now.Before(until) && until.Sub(now) <= restFor // else by another clock
}

// rest leaves an account alone that looks so.
func (u *unmoved) rest(seen uint64, now time.Time) {
	if seen != 0 && len(u.until) < mostResting {
		u.until[seen] = now.Add(restFor)
	}
}

// tidy forgets what is over.
func (u *unmoved) tidy(now time.Time) {
	maps.DeleteFunc(u.until, func(seen uint64, _ time.Time) bool { return !u.rests(seen, now) })
}

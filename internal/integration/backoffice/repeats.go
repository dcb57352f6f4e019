package backoffice

import (
	"fmt"
	"hash/maphash"

	"github.com/foyerhq/foyer/internal/integration"
)

// maxIDs is how many ids of an import are remembered, in 16 MiB. After that an id that
// comes again is found within its batch only.
const maxIDs = 2_000_000

// idHashes is a set of ids in 8 bytes each, by hashes that are others in each import. That
// two ids of a full set have the same one happens once in ten million imports.
type idHashes struct {
	seed  maphash.Seed
	slots []uint64 // by open addressing; 0 is free
	count int
}

func newIDHashes() *idHashes { return &idHashes{seed: maphash.MakeSeed()} }

// slot is where a hash is, or is to be put. There is always a free one.
func (h *idHashes) slot(hash uint64) int {
	for at := hash; ; at++ {
		if i := int(at & uint64(len(h.slots)-1)); h.slots[i] == 0 || h.slots[i] == hash { //nolint:gosec // less than the length
			return i
		}
	}
}

func (h *idHashes) hash(id string) uint64 { return max(1, maphash.String(h.seed, id)) }

func (h *idHashes) has(id string) bool {
	if h.count == 0 {
		return false
	}
	hash := h.hash(id)
	return h.slots[h.slot(hash)] == hash
}

func (h *idHashes) add(id string) {
	if h.count >= maxIDs {
		return
	}
	h.grow()
	hash := h.hash(id)
	if i := h.slot(hash); h.slots[i] == 0 {
		h.slots[i] = hash
		h.count++
	}
}

// grow makes room for one more: three quarters are used at most, but for the largest,
// which is as large as its ids need.
func (h *idHashes) grow() {
	const first, last = 1 << 10, 1 << 21
	if len(h.slots) == last || h.count < len(h.slots)/4*3 {
		return
	}
	old := h.slots
	h.slots = make([]uint64, max(first, 2*len(old)))
	for _, hash := range old {
		if hash != 0 {
			h.slots[h.slot(hash)] = hash
		}
	}
}

// repeated refuses a line whose id another line has, and remembers that of this one.
func (s *run[T]) repeated(l *line[T]) []integration.FieldProblem {
	if s.kind.repeats {
		return nil
	}
	where := ""
	if first, twice := s.seen[l.id]; twice {
		where = fmt.Sprintf("in line %d", first)
	} else if s.earlier.has(l.id) {
		where = "in an earlier line"
	}
	if where == "" {
		s.seen[l.id] = l.number
		return nil
	}
	return []integration.FieldProblem{{Field: "id", Rule: "uniqueItems", Message: fmt.Sprintf("%q is already %s", l.id, where)}}
}

// remember keeps the ids of a batch that is done.
func (s *run[T]) remember() {
	for id := range s.seen {
		s.earlier.add(id)
	}
	clear(s.seen)
}

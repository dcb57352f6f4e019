package backoffice

import (
	"io"
	"runtime"
	"testing"

	"github.com/foyerhq/foyer/internal/integration"
)

// manyLines makes lines as they are read, and looks at the heap on the way.
type manyLines struct {
	next, last int
	line       func(int) string
	pending    []byte
	looks      map[int]uint64 // line -> live heap in bytes
}

func (m *manyLines) Read(p []byte) (int, error) {
	for len(m.pending) < len(p) && m.next <= m.last {
		if _, wanted := m.looks[m.next]; wanted {
			m.looks[m.next] = liveHeap()
		}
		m.pending = append(append(m.pending, m.line(m.next)...), '\n')
		m.next++
	}
	if len(m.pending) == 0 {
		return 0, io.EOF
	}
	n := copy(p, m.pending)
	m.pending = append(m.pending[:0], m.pending[n:]...)
	return n, nil
}

// liveHeap is the least of a few looks: what is being thrown away does not count.
func liveHeap() uint64 {
	least := ^uint64(0)
	for range 4 {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		least = min(least, stats.HeapAlloc)
	}
	return least
}

// An import of 200,000 lines, every tenth of them bad, takes no more memory in its
// last line than in its first batches.
func TestImportTakesConstantMemory(t *testing.T) {
	const early, late, all = 20_000, 199_000, 200_000
	s := newSite(t, server)
	body := &manyLines{next: 1, last: all, looks: map[int]uint64{early: 0, late: 0}, line: func(i int) string {
		if i%10 == 0 {
			return `{"id":"bad","status":"Unknown"}`
		}
		return groupLine(i % 1000) // most lines meet what is there: this is about memory, not about the disk
	}}
	var refused int64
	sum, err := s.Import(t.Context(), integration.Groups, body, func(integration.Refusal) { refused++ })
	if err != nil {
		t.Fatal(err)
	}
	if sum.Received != all || sum.Refused != all/10 || refused != sum.Refused {
		t.Errorf("summary %+v, %d refusals", sum, refused)
	}
	const most = 3 << 20
	t.Logf("live heap: %d KiB at line %d, %d KiB at line %d", body.looks[early]>>10, early, body.looks[late]>>10, late)
	if grown := int64(body.looks[late]) - int64(body.looks[early]); grown > most {
		t.Errorf("the live heap grew by %d bytes, want less than %d", grown, most)
	}
}

package backoffice

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
	"time"

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

// raceDetected says whether the test is built with the race detector.
func raceDetected() bool {
	info, _ := debug.ReadBuildInfo()
	return slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// callLine is a call of one of a hundred accounts.
func callLine(i int) string {
	return fmt.Sprintf(`{"id":"C%09d","accountId":"A-%06d","startedAt":"%s","direction":"Outbound","outcome":"Answered","number":"+6129%07d","otherNumber":"+6138%07d","seconds":%d,"charge":"0.25"}`,
		i, i%100, time.Unix(1_767_225_600+int64(i), 0).UTC().Format(time.RFC3339), i%100, i%9_999_991, i%3600)
}

// An import of a million calls by lines, or of many accounts whole, every tenth of them bad,
// takes no more memory in its last line than in its first batches but for the ids.
func TestImportTakesConstantMemory(t *testing.T) {
	million := 1_000_000
	if raceDetected() {
		million = 200_000 // each line takes several times as long, and no more memory
	}
	for mode, all := range map[integration.Mode]int{integration.ModeLines: million, integration.ModeWhole: 200_000} {
		t.Run(string(mode), func(t *testing.T) {
			s := newSite(t, server)
			s.must(t, integration.Accounts, lines(0, 99, accountLine)...)
			early, late := all/4, all-1000
			body := &manyLines{next: 1, last: all, looks: map[int]uint64{early: 0, late: 0}, line: func(i int) string {
				if i%10 == 0 {
					return `{"id":"bad","direction":"Unknown"}`
				}
				if mode == integration.ModeWhole {
					return accountLine(i)
				}
				return callLine(i)
			}}
			kind := integration.Calls
			if mode == integration.ModeWhole {
				kind = integration.Accounts
			}
			var refused int64
			sum, err := s.ImportWith(t.Context(), integration.ImportOptions{Kind: kind, Mode: mode}, body, func(integration.Refusal) { refused++ })
			if mode == integration.ModeLines && err != nil || mode == integration.ModeWhole && asProblem(t, err).Status != 422 {
				t.Fatal(err)
			}
			if sum.Received != int64(all) || sum.Refused != int64(all)/10 || refused != sum.Refused {
				t.Errorf("summary %+v, %d refusals", sum, refused)
			}
			most := int64(3 << 20)
			if mode == integration.ModeWhole {
				most = 8 << 20 // a row of an account is large, and 8 bytes of each id
			}
			t.Logf("live heap: %d KiB at line %d, %d KiB at line %d", body.looks[early]>>10, early, body.looks[late]>>10, late)
			if grown := int64(body.looks[late]) - int64(body.looks[early]); grown > most {
				t.Errorf("the live heap grew by %d bytes, want less than %d", grown, most)
			}
		})
	}
}

package bulk

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"

	"github.com/foyerhq/foyer/internal/integration"
)

// Progress is how far an import is.
type Progress struct {
	Bytes, Size int64 // of the file; a size of -1 is unknown
	Lines       int64 // that were sent, those included that nobody has answered for yet
	Refused     int64

	FormerBytes, FormerLines int64 // of them, what an earlier run has handled
}

// progress is kept while requests run, and read by whoever shows it.
type progress struct {
	source  atomic.Pointer[source]
	sent    atomic.Int64 // bytes of the request that runs
	refused atomic.Int64 // lines of the request that runs

	mutex   sync.Mutex
	former  Progress
	done    integration.Summary
	bytes   int64 // of the file, that were handled
	ahead   int64 // bytes of the file that the request that runs brings
	length  int64 // of the request that runs
	records int64 // in it
}

// send returns the body of the next request.
func (p *progress) send(c *chunk) io.Reader {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.sent.Store(0)
	p.refused.Store(0)
	p.length, p.records = int64(len(c.text)), c.records
	p.ahead = p.source.Load().read.Load() - p.bytes
	return &counter{bytes.NewReader(c.text), &p.sent}
}

// settle: no request runs.
func (p *progress) settle() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.sent.Store(0)
	p.refused.Store(0)
}

// handled notes what was handled, and how much of the file it was.
func (p *progress) handled(done integration.Summary, bytes int64) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.done, p.bytes = done, bytes
	p.sent.Store(0)
	p.refused.Store(0)
}

// goesOn notes that what was handled so far is of an earlier run.
func (p *progress) goesOn() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.former = Progress{FormerBytes: p.bytes, FormerLines: p.done.Received}
}

// Progress is how far the import is now.
func (j *Job) Progress() Progress {
	p := &j.progress
	source := p.source.Load()
	if source == nil {
		return Progress{Size: -1}
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	now := p.former
	now.Bytes, now.Size, now.Lines, now.Refused = p.bytes, source.size, p.done.Received, p.done.Refused+p.refused.Load()
	if sent := p.sent.Load(); sent > 0 && p.length > 0 {
		now.Lines += p.records * sent / p.length
		now.Bytes += p.ahead * sent / p.length
	}
	return now
}

package bulk

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/foyerhq/foyer/internal/integration"
)

// Progress is how far an import is.
type Progress struct {
	Bytes, Size int64 // of the file; a size of -1 is unknown
	Lines       int64 // that were sent, those included that nobody has answered for yet
	Refused     int64

	// LinesPerSecond and Left are by what was answered for in this run; 0 is not known.
	LinesPerSecond float64
	Left           time.Duration
}

// progress is kept while requests run, and read by whoever shows it.
type progress struct {
	source  atomic.Pointer[source]
	sent    atomic.Int64 // bytes of the request that runs
	refused atomic.Int64 // lines of the request that runs

	mutex   sync.Mutex
	began   time.Time // of the first request
	settled time.Time // when something was handled last
	former  Progress  // what an earlier run has handled
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
	p.start()
	p.length, p.records = int64(len(c.text)), c.records
	p.ahead = p.source.Load().read.Load() - p.bytes
	return &counter{bytes.NewReader(c.text), &p.sent}
}

func (p *progress) start() {
	if p.began.IsZero() {
		p.began = time.Now()
	}
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
	p.start()
	p.done, p.bytes, p.settled = done, bytes, time.Now()
	p.sent.Store(0)
	p.refused.Store(0)
}

// goesOn notes that what was handled so far is of an earlier run.
func (p *progress) goesOn() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.former, p.began = Progress{Bytes: p.bytes, Lines: p.done.Received}, time.Time{}
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
	now := Progress{Bytes: p.bytes, Size: source.size, Lines: p.done.Received, Refused: p.done.Refused + p.refused.Load()}
	p.pace(&now, time.Now())
	if sent := p.sent.Load(); sent > 0 && p.length > 0 {
		now.Lines += p.records * sent / p.length
		now.Bytes += p.ahead * sent / p.length
	}
	return now
}

// pace says how fast it is, before what nobody has answered for is added.
func (p *progress) pace(now *Progress, at time.Time) {
	took, bytes := p.settled.Sub(p.began), now.Bytes-p.former.Bytes
	if p.began.IsZero() || took <= 0 || bytes <= 0 {
		return
	}
	now.LinesPerSecond = float64(now.Lines-p.former.Lines) / took.Seconds()
	if now.Size > 0 {
		left := time.Duration(float64(took) * float64(now.Size-now.Bytes) / float64(bytes))
		now.Left = max(left-at.Sub(p.settled), 0)
	}
}

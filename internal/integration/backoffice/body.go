package backoffice

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/integration"
)

// Bounds of an import. The size is that of the lines, after decompression.
const (
	maxBodyBytes = 1 << 30
	maxDuration  = time.Hour
	idleTimeout  = time.Minute // between two pieces of the body, and for one piece of the answer
	minimumRate  = 16 << 10    // bytes for each minute that is waited for them
)

// Bounds of what is read of a body that nobody wants any more.
const (
	discardBytes = 64 << 20
	discardTime  = 10 * time.Second
)

var errBodyTooLarge = errors.New("the body is larger than an import may be (1 GiB): send the rest in another request")

// lineReader reads the lines of a body in constant memory.
type lineReader struct {
	patient  *patientReader
	buffered *bufio.Reader
	number   int64 // of the line read last, from 1
}

// openBody checks what the client says of its body and returns a reader of its lines.
func openBody(w http.ResponseWriter, r *http.Request, limit int64) (*lineReader, *integration.Problem) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != integration.MediaType {
		w.Header().Set("Accept-Post", integration.MediaType)
		return nil, problem(http.StatusUnsupportedMediaType, "send NDJSON, one JSON object per line, as Content-Type: "+integration.MediaType)
	}
	patient := &patientReader{body: r.Body, control: http.NewResponseController(w), until: time.Now().Add(maxDuration)}
	var body io.Reader = &limitedReader{reader: patient, left: limit}
	switch encoding := strings.ToLower(r.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
	case "gzip":
		unzipped, err := gzip.NewReader(body)
		if err != nil {
			return nil, problem(http.StatusBadRequest, "the body is not gzip, as its Content-Encoding says")
		}
		body = unzipped
	default:
		w.Header().Set("Accept-Encoding", "gzip")
		return nil, problem(http.StatusUnsupportedMediaType, fmt.Sprintf("Content-Encoding %q is not supported, allowed is gzip or none", encoding))
	}
	body = &limitedReader{reader: body, left: limit}                                                           // of what a small gzip may unfold to
	return &lineReader{patient: patient, buffered: bufio.NewReaderSize(body, integration.MaxLineBytes+2)}, nil // a line with \r\n
}

// patientReader moves the deadline of the connection with each read: an import may
// take long, a silent client may not.
type patientReader struct {
	body    io.Reader
	control *http.ResponseController
	until   time.Time
	batch   time.Time // until when the next lines have to be there; zero: no such time

	waited time.Duration // for the pieces that came since it was counted last
	came   int
}

// hurry says until when the next lines have to be there: somebody waits for them. The
// zero time is for nobody.
func (l *lineReader) hurry(until time.Time) { l.patient.batch = until }

func (p *patientReader) Read(b []byte) (int, error) {
	start := time.Now()
	_ = p.control.SetReadDeadline(p.deadline(start)) // not supported by test recorders only
	n, err := p.body.Read(b)
	if err == nil && p.tooSlow(n, time.Since(start)) {
		return n, os.ErrDeadlineExceeded
	}
	return n, err
}

// tooSlow counts a piece and how long it was waited for: a client that sends a byte now
// and then would keep a place for long.
func (p *patientReader) tooSlow(n int, wait time.Duration) bool {
	p.came, p.waited = p.came+n, p.waited+wait
	if p.waited < time.Minute {
		return false
	}
	slow := float64(p.came) < minimumRate*p.waited.Minutes()
	p.came, p.waited = 0, 0
	return slow
}

// deadline is until when the next piece has to be there.
func (p *patientReader) deadline(now time.Time) time.Time {
	deadline := now.Add(idleTimeout)
	for _, sooner := range []time.Time{p.until, p.batch} {
		if !sooner.IsZero() && deadline.After(sooner) {
			deadline = sooner
		}
	}
	return deadline
}

// limitedReader fails with errBodyTooLarge once there is a byte past the limit.
type limitedReader struct {
	reader io.Reader
	left   int64 // negative after a byte too many
}

func (l *limitedReader) Read(b []byte) (int, error) {
	if l.left <= 0 {
		return 0, l.probe()
	}
	if int64(len(b)) > l.left {
		b = b[:l.left]
	}
	n, err := l.reader.Read(b)
	l.left -= int64(n)
	return n, err
}

// probe looks for a byte past the limit: a body of exactly the limit just ends.
func (l *limitedReader) probe() error {
	if l.left == 0 {
		n, err := l.reader.Read(make([]byte, 1))
		l.left -= int64(n)
		if n == 0 {
			return err
		}
	}
	return errBodyTooLarge
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// next returns the next line that is not empty, without its end. It is valid until
// the next call. tooLong: the line was skipped. io.EOF ends the body; a last line
// needs no newline.
func (l *lineReader) next() (line []byte, tooLong bool, err error) {
	for {
		line, err := l.buffered.ReadSlice('\n')
		if err != nil && len(line) == 0 {
			return nil, false, err
		}
		l.number++
		if l.number == 1 {
			line = bytes.TrimPrefix(line, byteOrderMark)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, true, l.skipLine()
		case err != nil && !errors.Is(err, io.EOF):
			return nil, false, err // half a line
		}
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		if len(line) > integration.MaxLineBytes {
			return nil, true, nil
		}
		if len(bytes.TrimSpace(line)) > 0 {
			return line, false, nil
		}
	}
}

// skipLine reads to the end of a line that does not fit.
func (l *lineReader) skipLine() error {
	for {
		_, err := l.buffered.ReadSlice('\n')
		switch {
		case err == nil, errors.Is(err, io.EOF):
			return nil // the end of the body is for the next call
		case !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}

// discard reads the rest of a body after an early answer. Closing the connection under
// a client that still sends would destroy the answer before it is read, and net/http
// cannot use the connection of a full-duplex handler again that left a rest. A client
// that goes on for too long is cut.
func discard(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	_ = control.Flush()
	_ = control.SetReadDeadline(time.Now().Add(discardTime))
	n, err := io.CopyN(io.Discard, r.Body, discardBytes)
	if n == discardBytes || (err != nil && !errors.Is(err, io.EOF)) {
		panic(http.ErrAbortHandler)
	}
}

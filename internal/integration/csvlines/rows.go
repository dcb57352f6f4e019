package csvlines

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/foyerhq/foyer/internal/integration"
)

// maxRowBytes bounds a row: a longer one would not fit into a line of an import.
const maxRowBytes = integration.MaxLineBytes

// cell is what is between two separators.
type cell struct {
	text   []byte
	quoted bool
}

// row is one row of the file. Its cells are valid until the next one is read.
type row struct {
	first, last int64 // its lines in the file
	cells       []cell
	problem     string // why it cannot be read; there are no cells then
}

// rowReader reads rows one by one. A row with broken quoting costs its first line: the
// next row begins in the line after it, however many lines the quote seems to span.
type rowReader struct {
	from      io.Reader
	buffer    []byte
	start     int // of what was not read yet
	end       int
	ended     error // of from, once it has ended
	line      int64 // number of the next line
	separator byte

	text []byte // of the cells of a row, one after the other
	ends []end
	row  row
}

// end is where a cell ends in the text of its row.
type end struct {
	at     int
	quoted bool
}

func newRowReader(from io.Reader) *rowReader {
	return &rowReader{from: from, buffer: make([]byte, 4*maxRowBytes), line: 1, separator: ','}
}

// fill makes as much readable as a row may have, and one byte more, or all that is left.
// It reads as much again, so that what it moves is no more than what it brings.
func (r *rowReader) fill() {
	if r.end-r.start > maxRowBytes || r.ended != nil {
		return
	}
	copy(r.buffer, r.buffer[r.start:r.end])
	r.start, r.end = 0, r.end-r.start
	for empty := 0; r.end <= 2*maxRowBytes && r.ended == nil; {
		n, err := r.from.Read(r.buffer[r.end:])
		r.end += n
		r.ended = err
		if empty++; n > 0 {
			empty = 0
		} else if empty == 100 && err == nil {
			r.ended = io.ErrNoProgress
		}
	}
}

// next returns the next row that is not blank. io.EOF ends the file.
func (r *rowReader) next() (*row, error) {
	for {
		if err := r.read(); err != nil {
			return nil, err
		}
		if !r.blank() {
			return &r.row, nil
		}
	}
}

// read reads one row into r.row, blank or not.
func (r *rowReader) read() error {
	r.fill()
	if r.ended != nil && !errors.Is(r.ended, io.EOF) {
		return r.ended
	}
	if r.start == r.end {
		return io.EOF
	}
	r.row.first, r.row.problem, r.row.cells = r.line, "", r.row.cells[:0]
	// No more than a row may have, and one byte: what is read does not depend on how much there is.
	data := r.buffer[r.start:min(r.end, r.start+maxRowBytes+1)]
	size, problem := r.parse(data)
	if problem == "" {
		r.row.last = r.line + int64(bytes.Count(data[:size], newline))
		r.line = r.row.last
		if data[size-1] == '\n' {
			r.row.last--
		} else {
			r.line++ // the last line of the file has no end
		}
		r.start += size
		return nil
	}
	r.row.problem, r.row.last = problem, r.line
	r.line++
	return r.skipLine()
}

// blank says whether there is nothing in any cell.
func (r *rowReader) blank() bool {
	if r.row.problem != "" {
		return false
	}
	for _, cell := range r.row.cells {
		if len(bytes.TrimSpace(cell.text)) > 0 {
			return false
		}
	}
	return true
}

var newline = []byte("\n")

// skipLine leaves the rest of a line behind, however long it is.
func (r *rowReader) skipLine() error {
	for {
		if at := bytes.IndexByte(r.buffer[r.start:r.end], '\n'); at >= 0 {
			r.start += at + 1
			return nil
		}
		r.start = r.end
		r.fill()
		if r.start == r.end {
			if errors.Is(r.ended, io.EOF) {
				return nil
			}
			return r.ended
		}
	}
}

var problemTooLong = fmt.Sprintf("the row is longer than %d KiB, or a quote is opened and not closed", maxRowBytes>>10)

const (
	problemQuoteInside = "there is a quote inside of a cell: put the cell in quotes, and double those inside"
	problemAfterQuote  = "there is text after the quote that ends a cell: double the quotes inside of a cell"
	problemNoEnd       = "a quote is opened and not closed"
)

// parse reads the cells of the row with which data begins, and returns its size with the
// end of its line, or why it cannot be read.
func (r *rowReader) parse(data []byte) (size int, problem string) {
	r.text, r.ends = r.text[:0], r.ends[:0]
	at := 0
	for {
		n, problem := r.parseCell(data[at:])
		if problem == problemNoEnd && len(data) > maxRowBytes {
			return 0, problemTooLong
		}
		if problem != "" {
			return 0, problem
		}
		r.ends = append(r.ends, end{len(r.text), n > 0 && data[at] == '"'})
		at += n
		last := at == len(data) || data[at] != r.separator
		if at < len(data) {
			at++ // the separator or the end of the line
		}
		if at > maxRowBytes {
			return 0, problemTooLong
		}
		if last {
			break
		}
	}
	begin := 0
	for _, end := range r.ends {
		r.row.cells = append(r.row.cells, cell{r.text[begin:end.at], end.quoted})
		begin = end.at
	}
	return at, ""
}

// parseCell adds the cell with which data begins to the text. What follows the size is the
// separator, the end of the line or nothing.
func (r *rowReader) parseCell(data []byte) (size int, problem string) {
	if len(data) > 0 && data[0] == '"' {
		return r.parseQuoted(data)
	}
	for size < len(data) && data[size] != r.separator && data[size] != '\n' {
		if data[size] == '"' {
			return 0, problemQuoteInside
		}
		size++
	}
	cell := data[:size]
	if size == len(data) || data[size] == '\n' {
		cell = bytes.TrimSuffix(cell, []byte("\r"))
	}
	r.text = append(r.text, cell...)
	return size, ""
}

func (r *rowReader) parseQuoted(data []byte) (size int, problem string) {
	size = 1
	for {
		end := bytes.IndexByte(data[size:], '"')
		if end < 0 {
			return 0, problemNoEnd
		}
		r.text = append(r.text, data[size:size+end]...)
		size += end + 1
		rest := data[size:]
		switch {
		case len(rest) > 0 && rest[0] == '"':
			r.text = append(r.text, '"')
			size++
		case len(rest) == 0 || rest[0] == r.separator || rest[0] == '\n':
			return size, ""
		case rest[0] == '\r' && (len(rest) == 1 || rest[1] == '\n'):
			return size + 1, ""
		default:
			return 0, problemAfterQuote
		}
	}
}

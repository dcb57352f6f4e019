package bulk

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/integration/csvlines"
)

var byteOrderMark = []byte("\xef\xbb\xbf")

// ndjson reads lines as they are: the server says what is wrong with one.
type ndjson struct {
	from *bufio.Reader
	line int64 // number of the line read last
}

func newNDJSON(from io.Reader) *ndjson {
	return &ndjson{from: bufio.NewReaderSize(from, integration.MaxLineBytes+2)} // a line with \r\n
}

// Next returns the next line that is not blank.
func (n *ndjson) Next() (csvlines.Line, error) {
	for {
		text, tooLong, err := n.read()
		line := csvlines.Line{First: n.line, Last: n.line, Text: text}
		switch {
		case err != nil:
			return csvlines.Line{}, err
		case tooLong:
			line.Text = nil
			line.Refusal = &integration.Refusal{Line: n.line, Message: fmt.Sprintf("is longer than %d KiB", integration.MaxLineBytes>>10)}
			return line, nil
		case len(bytes.TrimSpace(text)) > 0:
			return line, nil
		}
	}
}

// read reads a line without its end. A last line needs none.
func (n *ndjson) read() (text []byte, tooLong bool, err error) {
	text, err = n.from.ReadSlice('\n')
	if err != nil && (len(text) == 0 || !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull)) {
		return nil, false, err
	}
	n.line++
	if n.line == 1 {
		text = bytes.TrimPrefix(text, byteOrderMark)
	}
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, true, n.skipLine()
	}
	text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	return text, len(text) > integration.MaxLineBytes, nil
}

func (n *ndjson) skipLine() error {
	for {
		_, err := n.from.ReadSlice('\n')
		switch {
		case err == nil, errors.Is(err, io.EOF):
			return nil // the end is for the next call
		case !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}

// SkipTo leaves out the lines up to one.
func (n *ndjson) SkipTo(line int64) error {
	for n.line < line {
		if _, _, err := n.read(); err != nil {
			return err
		}
	}
	return nil
}

// Column is the field: there are no columns.
func (*ndjson) Column(field string, _ []byte) string { return field }

package bulk

import (
	"bytes"
	"slices"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/integration/csvlines"
)

// Bounds of one request, which is held in memory until it is answered. A server takes
// some seconds for one: more would only make what is sent again after a failure larger.
const (
	maxChunkLines    = 50_000
	maxChunkBytes    = 16 << 20
	maxChunkRefusals = 10_000 // of rows that are not sent
)

// chunk is the body of one request. Its lines are those of the file from first on.
type chunk struct {
	first, last int64 // lines of the file
	text        []byte
	next        int64 // number of the line of the file that the next line of text is
	records     int64 // lines that are not empty
	refusals    []integration.Refusal
	lent        bool // a request that has failed may still read the text
	again       bool // a request broke off, so that lines may be applied that count as unchanged later
}

// fill reads lines into an empty chunk. After an error, which io.EOF is too, the chunk
// has what was read before.
func (c *chunk) fill(s *source, after int64) error {
	text := c.text[:0]
	if c.lent {
		text = nil
	}
	*c = chunk{first: after + 1, last: after, next: after + 1, text: text, refusals: c.refusals[:0]}
	for c.records < maxChunkLines && len(c.text) < maxChunkBytes && len(c.refusals) < maxChunkRefusals {
		line, err := s.Next()
		if err != nil {
			return err
		}
		c.add(line)
	}
	return nil
}

func (c *chunk) add(line csvlines.Line) {
	c.last = line.Last
	if line.Refusal != nil {
		c.refusals = append(c.refusals, *line.Refusal)
		return
	}
	c.text = appendAt(c.text, &c.next, line)
	c.records++
}

// appendAt adds a line where it has its number, after empty ones.
func appendAt(text []byte, next *int64, line csvlines.Line) []byte {
	for ; *next < line.First; *next++ {
		text = append(text, '\n')
	}
	*next++
	return append(append(text, line.Text...), '\n')
}

// dropTo leaves out the lines up to one of the file.
func (c *chunk) dropTo(line int64) {
	for ; c.first <= line && len(c.text) > 0; c.first++ {
		end := bytes.IndexByte(c.text, '\n') + 1
		if end > 1 {
			c.records--
		}
		c.text = c.text[end:]
	}
	c.refusals = slices.DeleteFunc(c.refusals, func(r integration.Refusal) bool { return r.Line <= line })
}

// refusedUpTo are the rows up to a line of the file that were not sent.
func (c *chunk) refusedUpTo(line int64) []integration.Refusal {
	return slices.DeleteFunc(slices.Clone(c.refusals), func(r integration.Refusal) bool { return r.Line > line })
}

// finder finds the lines of a chunk by their number. It is fast if they are asked for in order.
type finder struct {
	text []byte
	line int64 // the first of text
	rest []byte
	at   int64
}

// find is a line of the text, without its end.
func (f *finder) find(line int64) []byte {
	if f.rest == nil || f.at > line {
		f.rest, f.at = f.text, f.line
	}
	for ; f.at < line; f.at++ {
		_, f.rest, _ = bytes.Cut(f.rest, []byte("\n"))
	}
	text, _, _ := bytes.Cut(f.rest, []byte("\n"))
	return text
}

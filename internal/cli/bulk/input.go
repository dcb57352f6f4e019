package bulk

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/integration/csvlines"
)

// Format is how lines are written.
type Format string

// The formats. Without one it is told by the name of the file, else by how it begins.
const (
	CSV    Format = "csv"
	NDJSON Format = "ndjson"
)

// Input is a file, or standard input, with the lines of a kind.
type Input struct {
	Path   string
	Stdin  io.Reader // read if the path is -
	Format Format
	Kind   integration.Kind
}

// IsStdin says that it is standard input.
func (i Input) IsStdin() bool { return i.Path == "-" }

// Name is what messages call it.
func (i Input) Name() string {
	if i.IsStdin() {
		return "standard input"
	}
	return i.Path
}

// beginningBytes is how much tells one file from another.
const beginningBytes = 1 << 20

// source is an input that is being read.
type source struct {
	lineReader
	input     Input
	size      int64 // -1: unknown
	once      bool  // it cannot be read again
	format    Format
	beginning string
	read      atomic.Int64 // bytes of the file
	digest    hash.Hash    // of these bytes
	close     func() error
}

// lineReader reads lines in order. io.EOF ends them.
type lineReader interface {
	Next() (csvlines.Line, error)
	SkipTo(line int64) error
	Column(field string, line []byte) string
}

// open opens the input, and refuses columns that there are not. Waiting for what somebody
// still writes ends with the context.
func (i Input) open(ctx context.Context) (*source, error) {
	s := &source{input: i, size: -1, once: true, digest: sha256.New(), close: func() error { return nil }}
	from := i.Stdin
	if !i.IsStdin() {
		file, err := os.Open(i.Path)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", i.Path, errors.Unwrap(err))
		}
		info, err := file.Stat()
		if err == nil && info.IsDir() {
			err = errors.New("is a directory, name a file")
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("read %s: %w", i.Path, err), file.Close())
		}
		if info.Mode().IsRegular() {
			s.size, s.once = info.Size(), false
		}
		from, s.close = file, file.Close
	}
	if s.once {
		from = waitingFor(ctx, from)
	}
	if err := s.begin(from); err != nil {
		return nil, errors.Join(s.explained(err), s.close())
	}
	return s, nil
}

// waitingFor reads what may be long in coming, until the context ends.
func waitingFor(ctx context.Context, from io.Reader) io.Reader {
	reader, writer := io.Pipe()
	stop := context.AfterFunc(ctx, func() { _ = writer.CloseWithError(ctx.Err()) })
	go func() {
		defer stop()
		_, err := io.Copy(writer, from)
		_ = writer.CloseWithError(err) // nil is the end
	}()
	return reader
}

// begin looks at how the input begins, and chooses how to read it.
func (s *source) begin(from io.Reader) error {
	raw := bufio.NewReaderSize(from, beginningBytes)
	beginning, err := raw.Peek(beginningBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	digest := sha256.Sum256(beginning)
	s.beginning = digestText(digest[:])
	text := bufio.NewReader(&counter{io.TeeReader(raw, s.digest), &s.read})
	if bytes.HasPrefix(beginning, []byte{0x1f, 0x8b}) {
		unzipped, err := gzip.NewReader(text)
		if err != nil {
			return err
		}
		text = bufio.NewReader(unzipped)
	}
	if s.format, err = s.input.format(text); err != nil {
		return err
	}
	if s.format == NDJSON {
		s.lineReader = newNDJSON(text)
		return nil
	}
	s.lineReader, err = csvlines.New(text, s.input.Kind)
	return err
}

func digestText(sum []byte) string { return "sha256:" + hex.EncodeToString(sum) }

// digestOf is the digest of the first bytes of the file; "" of what can be read once only.
func (s *source) digestOf(bytes int64) (string, error) {
	if s.once {
		return "", nil
	}
	file, err := os.Open(s.input.Path)
	if err != nil {
		return "", s.explained(errors.Unwrap(err))
	}
	defer file.Close() //nolint:errcheck // only read
	digest := sha256.New()
	if _, err := io.CopyN(digest, file, bytes); err != nil && !errors.Is(err, io.EOF) {
		return "", s.explained(err)
	}
	return digestText(digest.Sum(nil)), nil
}

// format is the one that was asked for, or that the name says, or how the text begins.
func (i Input) format(text *bufio.Reader) (Format, error) {
	if i.Format != "" {
		return i.Format, nil
	}
	switch strings.ToLower(filepath.Ext(strings.TrimSuffix(i.Path, ".gz"))) {
	case ".csv":
		return CSV, nil
	case ".ndjson", ".jsonl":
		return NDJSON, nil
	}
	beginning, _ := text.Peek(512) // an error is for who reads on
	switch beginning = bytes.TrimLeft(bytes.TrimPrefix(beginning, byteOrderMark), " \t\r\n"); {
	case bytes.HasPrefix(beginning, []byte("[")):
		return "", errors.New("it is one list of JSON: write one object a line, as jq -c '.[]' does")
	case bytes.HasPrefix(beginning, []byte("{")):
		return NDJSON, nil
	}
	return CSV, nil
}

// Next adds to an error what it is about.
func (s *source) Next() (csvlines.Line, error) {
	line, err := s.lineReader.Next()
	return line, s.explained(err)
}

// SkipTo adds to an error what it is about.
func (s *source) SkipTo(line int64) error { return s.explained(s.lineReader.SkipTo(line)) }

func (s *source) explained(err error) error {
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader):
		return fmt.Errorf("read %s: it is compressed, and damaged or not all there: %w", s.input.Name(), err)
	}
	return fmt.Errorf("read %s: %w", s.input.Name(), err)
}

// counter counts what is read.
type counter struct {
	from io.Reader
	n    *atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n.Add(int64(n))
	return n, err
}

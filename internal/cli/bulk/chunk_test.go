package bulk

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/integration"
)

// opened reads a file of groups.
func opened(t *testing.T, format Format, content io.Reader) *source {
	t.Helper()
	s, err := Input{Path: "-", Stdin: content, Format: format, Kind: integration.Groups}.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Every line of a request has the number of its line in the file.
func TestChunkKeepsTheNumbersOfLines(t *testing.T) {
	const file = "name,displayName\n\na,\"1\n2\"\nb\nc,x\n\nd,x\n" // a in 3 to 4, b is refused, c in 6, d in 8
	c := &chunk{}
	if err := c.fill(opened(t, CSV, strings.NewReader(file)), 0); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	const a, cc, d = `{"name":"a","displayName":"1\n2"}`, `{"name":"c","displayName":"x"}`, `{"name":"d","displayName":"x"}`
	if diff := cmp.Diff("\n\n"+a+"\n\n\n"+cc+"\n\n"+d+"\n", string(c.text)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	lines := finder{text: c.text, line: c.first}
	for _, want := range []struct {
		line int64
		text string
	}{{3, a}, {6, cc}, {8, d}, {3, a}, {4, ""}, {99, ""}} {
		if got := string(lines.find(want.line)); got != want.text {
			t.Errorf("line %d is %s, want %s", want.line, got, want.text)
		}
	}
	if c.last != 8 || c.records != 3 || len(c.refusals) != 1 || len(c.refusedUpTo(4)) != 0 || len(c.refusedUpTo(5)) != 1 {
		t.Errorf("last %d, %d records, refused %v", c.last, c.records, c.refusals)
	}
	c.dropTo(4)
	if want := "\n" + cc + "\n\n" + d + "\n"; string(c.text) != want || c.first != 5 || c.records != 2 || len(c.refusals) != 1 {
		t.Errorf("from line %d %q, %d records, refused %v", c.first, c.text, c.records, c.refusals)
	}
	c.dropTo(8)
	if len(c.text) > 0 || c.records != 0 || len(c.refusals) != 0 {
		t.Errorf("left %q, %d records", c.text, c.records)
	}
}

// A request is bounded by lines, by bytes and by rows that are not sent.
func TestChunkIsBounded(t *testing.T) {
	long := strings.Repeat("x", 60<<10)
	for name, test := range map[string]struct {
		file string
		n    int
		want int64 // records
	}{
		"lines":    {"{\"name\":\"a\"}\n", maxChunkLines + 10, maxChunkLines},
		"bytes":    {`{"name":"` + long + "\"}\n", maxChunkBytes/len(long) + 10, maxChunkBytes/int64(len(long)) + 1},
		"refusals": {long + long + "\n", maxChunkRefusals + 10, 0},
	} {
		c := &chunk{}
		if err := c.fill(opened(t, NDJSON, &repeated{text: test.file, left: test.n}), 0); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if c.records != test.want && c.records+1 != test.want || len(c.refusals) > maxChunkRefusals {
			t.Errorf("%s: %d records, want %d; %d are refused", name, c.records, test.want, len(c.refusals))
		}
	}
}

// repeated is a file of the same text again and again.
type repeated struct {
	text string
	left int
	at   int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.text[r.at:])
	if r.at += n; r.at == len(r.text) {
		r.at = 0
		r.left--
	}
	return n, nil
}

func TestNDJSON(t *testing.T) {
	longest := `"` + strings.Repeat("x", integration.MaxLineBytes-2) + `"`
	file := "\xef\xbb\xbf{}\r\n\n \t\n" + longest + "\r\n" + longest + "x\n" + strings.Repeat("y", 1<<20) + "\n[1]\n{" // the last has no end
	lines := newNDJSON(strings.NewReader(file))
	var got []string
	for {
		line, err := lines.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text := string(line.Text)
		switch {
		case text == longest:
			text = "the longest"
		case line.Refusal != nil:
			text = line.Refusal.String()
		}
		got = append(got, text)
	}
	want := []string{"{}", "the longest", "line 5   is longer than 64 KiB", "line 6   is longer than 64 KiB", "[1]", "{"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	lines = newNDJSON(strings.NewReader(file))
	if err := lines.SkipTo(6); err != nil {
		t.Fatal(err)
	}
	if line, err := lines.Next(); err != nil || string(line.Text) != "[1]" || line.First != 7 {
		t.Errorf("after line 6: %q, %v", line.Text, err)
	}
}

// Values that differ make no other reason, and however many reasons there are, few are kept.
func TestReport(t *testing.T) {
	r := &Report{}
	for line := range int64(1000) {
		r.refuse(integration.Refusal{Line: line + 1, Field: "currency", Message: `"eur` + strings.Repeat("x", int(line%3)) + `" is not a currency`,
			More: []integration.FieldProblem{{Field: "name", Message: "is missing"}}})
	}
	r.refuse(integration.Refusal{Line: 1001, Message: "is odd"})
	want := []Reason{
		{Field: "currency", Message: `"eur" is not a currency`, Differs: true, Count: 1000, Lines: []int64{1, 2, 3, 4, 5}},
		{Field: "name", Message: "is missing", Count: 1000, Lines: []int64{1, 2, 3, 4, 5}},
		{Message: "is odd", Count: 1, Lines: []int64{1001}},
	}
	if diff := cmp.Diff(want, r.Frequent()); diff != "" || len(r.First) != firstRefusals {
		t.Errorf("%d are kept; -want +got:\n%s", len(r.First), diff)
	}
	for i := range maxReasons + 50 {
		r.refuse(integration.Refusal{Line: 1, Message: strings.Repeat("z", i+1)})
	}
	if len(r.Reasons) != maxReasons || r.Others != 53 {
		t.Errorf("%d reasons, %d others", len(r.Reasons), r.Others)
	}
}

// A file of sixty megabytes takes no more memory than one request.
func TestMemoryIsThatOfOneRequest(t *testing.T) {
	s := opened(t, NDJSON, &repeated{text: "{\"name\":\"" + strings.Repeat("x", 1000) + "\"}\n", left: 60_000})
	c, line, most := &chunk{}, int64(0), uint64(0)
	for ended := error(nil); ended == nil; {
		ended = c.fill(s, line)
		line = c.last
		var memory runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&memory)
		most = max(most, memory.HeapAlloc)
	}
	if line != 60_000 || most > 3*maxChunkBytes {
		t.Errorf("%d lines, %d MiB", line, most>>20)
	}
}

func TestOpenTellsWhatItReads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "groups.csv")
	if err := os.WriteFile(path, []byte("name\na\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Input{Path: path, Kind: integration.Groups}.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.close() //nolint:errcheck // only read
	again, err := Input{Path: path, Kind: integration.Groups}.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer again.close() //nolint:errcheck // only read
	if s.size != 7 || s.beginning != again.beginning || !strings.HasPrefix(s.beginning, "sha256:") || s.read.Load() != 7 {
		t.Errorf("size %d, beginning %s and %s, read %d", s.size, s.beginning, again.beginning, s.read.Load())
	}
}

// The pace is that of what was answered for in this run, and goes on while a request runs.
func TestPace(t *testing.T) {
	began := time.Now()
	p := progress{began: began, settled: began.Add(40 * time.Second), former: Progress{Bytes: 100, Lines: 1000}}
	now := Progress{Bytes: 500, Size: 1000, Lines: 5000}
	p.pace(&now, began.Add(45*time.Second))
	if now.LinesPerSecond != 100 || now.Left != 45*time.Second { // of 50 s, 5 are over
		t.Errorf("%+v", now)
	}
	unknown := Progress{Bytes: 100, Size: 1000, Lines: 1000}
	p.pace(&unknown, began.Add(45*time.Second))
	if unknown.LinesPerSecond != 0 || unknown.Left != 0 {
		t.Errorf("before anything was answered for: %+v", unknown)
	}
}

package backoffice

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/integration"
)

type readLine struct {
	Number  int64
	Text    string
	TooLong bool
}

func readAll(t *testing.T, body io.Reader) []readLine {
	t.Helper()
	l := &lineReader{buffered: bufio.NewReaderSize(body, integration.MaxLineBytes+2)}
	var list []readLine
	for {
		text, tooLong, err := l.next()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, readLine{l.number, string(text), tooLong})
	}
}

func TestLineLengths(t *testing.T) {
	most := strings.Repeat("x", integration.MaxLineBytes)
	for _, end := range []string{"\n", "\r\n", ""} {
		got := readAll(t, strings.NewReader("a\n"+most+end))
		if diff := cmp.Diff([]readLine{{1, "a", false}, {2, most, false}}, got); diff != "" {
			t.Errorf("the longest line, ended by %q: %s", end, diff)
		}
		got = readAll(t, strings.NewReader("a\n"+most+"x"+end))
		if diff := cmp.Diff([]readLine{{1, "a", false}, {2, "", true}}, got); diff != "" {
			t.Errorf("a line too long, ended by %q: %s", end, diff)
		}
		got = readAll(t, strings.NewReader(most+most+most+"\nb"+end))
		if diff := cmp.Diff([]readLine{{1, "", true}, {2, "b", false}}, got); diff != "" {
			t.Errorf("a line much too long, ended by %q: %s", end, diff)
		}
	}
}

func TestLimitedReader(t *testing.T) {
	readers := map[string]func(io.Reader) io.Reader{
		"whole":                 func(r io.Reader) io.Reader { return r },
		"byte by byte":          iotest.OneByteReader,
		"the end with the data": iotest.DataErrReader,
	}
	for name, pieces := range readers {
		for _, test := range []struct {
			body string
			want string
			err  error
		}{
			{body: "", want: ""},
			{body: "1234", want: "1234"},
			{body: "12345", want: "12345"},
			{body: "123456", want: "12345", err: errBodyTooLarge},
			{body: "1234567890", want: "12345", err: errBodyTooLarge},
		} {
			limited := &limitedReader{reader: pieces(strings.NewReader(test.body)), left: 5}
			got, err := io.ReadAll(limited)
			if string(got) != test.want || !errors.Is(err, test.err) {
				t.Errorf("%s, %q: got %q, %v; want %q, %v", name, test.body, got, err, test.want, test.err)
			}
			if _, err := limited.Read(make([]byte, 1)); test.err != nil && !errors.Is(err, test.err) {
				t.Errorf("%s, %q: asked again: got %v, want %v", name, test.body, err, test.err)
			}
		}
	}
}

// The reader finds what a plain split finds, in whatever pieces the body comes.
func FuzzLines(f *testing.F) {
	for _, body := range []string{"", "\n", "a", "a\nb\n", "a\r\n\r\n \nb", "\xef\xbb\xbf{}\n{}", "\r\r\n", "a\x00\n\n\n"} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var want []readLine
		for i, text := range strings.Split(strings.TrimPrefix(string(body), "\xef\xbb\xbf"), "\n") {
			text = strings.TrimSuffix(text, "\r")
			tooLong := len(text) > integration.MaxLineBytes
			if tooLong {
				text = ""
			}
			if tooLong || len(bytes.TrimSpace([]byte(text))) > 0 {
				want = append(want, readLine{int64(i + 1), text, tooLong})
			}
		}
		if diff := cmp.Diff(want, readAll(t, bytes.NewReader(body))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, readAll(t, iotest.OneByteReader(bytes.NewReader(body)))); diff != "" {
			t.Errorf("byte by byte (-want +got):\n%s", diff)
		}
	})
}

func TestLowestRateOfAnImport(t *testing.T) {
	for name, test := range map[string]struct {
		bytes int
		wait  time.Duration
		slow  bool
	}{
		"a byte every half minute": {1, 30 * time.Second, true},
		"just enough":              {minimumRate / 2, 30 * time.Second, false},
		"fast":                     {1 << 20, time.Second, false},
		"small pieces, fast":       {100, 10 * time.Millisecond, false},
		"small pieces, slow":       {100, time.Second, true},
	} {
		p := &patientReader{}
		slow := false
		for range 10_000 {
			slow = slow || p.tooSlow(test.bytes, test.wait)
		}
		if slow != test.slow {
			t.Errorf("%s: too slow %t", name, slow)
		}
	}
}

func TestPlaces(t *testing.T) {
	p := newPlaces(4, 3)
	var leave []func()
	for range 3 {
		one, _ := p.enter("greedy")
		if one == nil {
			t.Fatal("there is no place")
		}
		leave = append(leave, one)
	}
	if one, have := p.enter("greedy"); one != nil || have != 3 {
		t.Errorf("one takes all places: %d", have)
	}
	other, _ := p.enter("other")
	if other == nil {
		t.Fatal("another finds no place")
	}
	if one, have := p.enter("third"); one != nil || have != 0 {
		t.Errorf("one more than there are places: %d", have)
	}
	leave[0]()
	if one, _ := p.enter("greedy"); one == nil {
		t.Error("a place that is free again is not given")
	}
	other()
	if _, left := p.of["other"]; left || p.all != 3 {
		t.Errorf("left: %v in all %d", p.of, p.all)
	}
}

package cli

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/cli/bulk"
)

func TestProgressBar(t *testing.T) {
	half := bulk.Progress{Bytes: 500_000_000, Size: 1_000_000_000, Lines: 2_400_000, Refused: 1_234, LinesPerSecond: 50_000, Left: 50 * time.Second}
	stream := bulk.Progress{Bytes: 1_500, Size: -1, Lines: 12, LinesPerSecond: 12}
	for _, test := range []struct {
		now   bulk.Progress
		width int
		want  string
	}{
		{half, 120, "[####################--------------------]  50% of 1.0 GB  2,400,000 lines  1,234 refused  50,000 lines/s  50s left"},
		{half, 80, " 50% of 1.0 GB  2,400,000 lines  1,234 refused  50,000 lines/s  50s left"},
		{half, 55, " 50% of 1.0 GB  2,400,000 lines  1,234 refused"},
		{half, 10, " 50% of 1."},
		{half, 0, ""},
		{stream, 100, "1.5 kB read  12 lines  0 refused  12 lines/s"},
		{bulk.Progress{Size: 10}, 51, "[----------------]   0% of 10 B  0 lines  0 refused"},
	} {
		got := progressBar(test.now, test.width)
		if diff := cmp.Diff(test.want, got); diff != "" || len(got) > test.width {
			t.Errorf("width %d, -want +got:\n%s", test.width, diff)
		}
	}
}

// What stays on a terminal does not run into the line that changes.
func TestProgressOnATerminal(t *testing.T) {
	var screen bytes.Buffer
	view := newProgressView(Streams{Err: terminal{&screen, false}, screen: &screen, Width: func() int { return 40 }}, "g.csv", false)
	view.draw(bulk.Progress{Size: 10, Bytes: 5, Lines: 3})
	view.away(errors.New("busy\x1b[2J"), 2*time.Second)
	view.draw(bulk.Progress{Size: 10, Bytes: 10, Lines: 6})
	view.watch(&bulk.Job{})()
	want := "\r\x1b[K 50% of 10 B  3 lines  0 refused\r\x1b[KThe server is away (busy\\u001b[2J), trying again in 2s\n\r\x1b[K100% of 10 B  6 lines  0 refused\r\x1b[K"
	if diff := cmp.Diff(want, screen.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestProgressIsQuiet(t *testing.T) {
	var screen bytes.Buffer
	view := newProgressView(Streams{Err: &screen, screen: &screen, Width: func() int { return 40 }}, "g.csv", true)
	view.away(errors.New("busy"), time.Second)
	view.goesOn(7)
	view.watch(&bulk.Job{})()
	if screen.Len() > 0 {
		t.Errorf("it says %q", screen.String())
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234", 100: "100"} {
		if got := grouped(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}

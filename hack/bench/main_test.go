package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

// with runs the test on other benchmarks than the real ones.
func with(t *testing.T, others ...benchmark) {
	t.Helper()
	own := benchmarks
	benchmarks = others
	t.Cleanup(func() { benchmarks = own })
}

func of(value float64) func(context.Context, func(string, ...any)) (figure, error) {
	return func(_ context.Context, progress func(string, ...any)) (figure, error) {
		progress("half of %d", 2)
		return figure{value: value, floor: 5, unit: "us", smallest: value - 1, largest: value + 1}, nil
	}
}

func TestOneLineForEachFigure(t *testing.T) {
	with(t, benchmark{"resolve", of(2)}, benchmark{"page", of(2.5)})
	var out, log bytes.Buffer
	if err := measure(context.Background(), ".", &out, &log); err != nil {
		t.Fatal(err)
	}
	const want = "BENCH name=resolve ratio=0.4 value=2 floor=5 unit=us spread=1..3\n" +
		"BENCH name=page ratio=0.5 value=2.5 floor=5 unit=us spread=1.5..3.5\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
	if log.String() != "resolve: half of 2\npage: half of 2\n" {
		t.Errorf("log %q", log.String())
	}
}

func TestMissedFigureIsAnErrorAfterAllWereMeasured(t *testing.T) {
	with(t, benchmark{"slow", of(6)}, benchmark{"good", of(1)})
	var out bytes.Buffer
	err := measure(context.Background(), ".", &out, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "[slow]") || !strings.Contains(out.String(), "name=good") {
		t.Errorf("error %v, output %q", err, out.String())
	}
}

func TestRatioOfAFloor(t *testing.T) {
	for _, test := range []struct {
		figure figure
		ratio  string
		missed bool
	}{
		{figure{value: 0, floor: 0}, "ratio=0 ", false},
		{figure{value: 2, floor: 0}, "ratio=+Inf ", true},
		{figure{value: 5, floor: 5}, "ratio=1 ", false},
		{figure{value: 6, floor: 5}, "ratio=1.2 ", true},
		{figure{value: 6, floor: 5, limit: 1.3}, "ratio=1.2 ", false},
		{figure{value: 7, floor: 5, limit: 1.3}, "ratio=1.4 ", true},
	} {
		if line := test.figure.line("x"); !strings.Contains(line, test.ratio) || test.figure.missed() != test.missed {
			t.Errorf("%+v: %q, missed %t", test.figure, line, test.figure.missed())
		}
	}
}

func TestWhatCannotBeMeasuredKeepsNothingFromBeingMeasured(t *testing.T) {
	with(t, benchmark{"page", func(context.Context, func(string, ...any)) (figure, error) {
		return figure{}, errors.New("no demo")
	}}, benchmark{"good", of(1)})
	var out bytes.Buffer
	err := measure(context.Background(), ".", &out, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "page: no demo") || !strings.Contains(out.String(), "name=good") {
		t.Errorf("error %v, output %q", err, out.String())
	}
}

func TestRunChooses(t *testing.T) {
	with(t, benchmark{"resolve", of(1)}, benchmark{"page", func(context.Context, func(string, ...any)) (figure, error) {
		return figure{}, errors.New("no database")
	}})
	var out bytes.Buffer
	if err := measure(context.Background(), "^res", &out, io.Discard); err != nil || !strings.Contains(out.String(), "name=resolve") {
		t.Errorf("error %v, output %q", err, out.String())
	}
	for run, want := range map[string]string{"page": "page: no database", "nothing": "[resolve page]", "(": "-run"} {
		if err := measure(context.Background(), run, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("run %q: error %v", run, err)
		}
	}
}

func TestResolveIsMeasured(t *testing.T) {
	f, err := runResolve(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if f.value <= 0 || f.smallest > f.value || f.largest < f.value {
		t.Errorf("figure %+v", f)
	}
}

package main

import (
	"testing"
	"time"
)

func TestMoved(t *testing.T) {
	for by, want := range map[string]time.Duration{"+1d": 25 * time.Hour, "+36h": 37 * time.Hour, "+90m": 150 * time.Minute, "0": 0, "+0d": time.Hour} {
		if got, err := moved(time.Hour, by); err != nil || got != want {
			t.Errorf("%q is %v, %v, want %v", by, got, err, want)
		}
	}
	for _, by := range []string{"", "1d", "-1d", "+", "+d", "+-1d", "+99999d", "+1w", "tomorrow", "+-1h"} {
		if got, err := moved(time.Hour, by); err == nil {
			t.Errorf("%q is %v", by, got)
		}
	}
}

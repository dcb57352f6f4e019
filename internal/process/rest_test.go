package process

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

func TestRest(t *testing.T) {
	var r rest
	var allocated uint64
	poll := func(grown uint64) change {
		allocated += grown
		return r.poll(allocated)
	}
	settle := func(what string) {
		t.Helper()
		for i := range restPolls - 1 {
			if got := poll(restBytes - 1); got != nothingNew {
				t.Fatalf("%s, poll %d: %v, want nothing new", what, i, got)
			}
		}
	}
	for i, grown := range []uint64{10 << 20, restBytes, restBytes - 1, restBytes} { // starting
		if got := poll(grown); got != nothingNew {
			t.Fatalf("start, poll %d: %v, want nothing new", i, got)
		}
	}
	for range 2 {
		settle("after work")
		for _, step := range []struct {
			grown uint64
			want  change
		}{{0, cameToRest}, {0, nothingNew}, {restBytes - 1, nothingNew}, {restBytes, wentToWork}, {restBytes, nothingNew}} {
			if got := poll(step.grown); got != step.want {
				t.Errorf("%d bytes more: %v, want %v", step.grown, got, step.want)
			}
		}
	}
}

// A process collects as its program says, closer when it is at rest, and as before at its end.
func TestKeepSmall(t *testing.T) {
	for _, test := range []struct {
		name, environment string
		want              int // at rest
	}{{"at rest", "", restPercent}, {"GOGC wins", "100", workPercent}} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("GOGC", test.environment)
			defer debug.SetGCPercent(debug.SetGCPercent(workPercent))
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() { keepSmall(ctx, 400); close(ended) }()
			deadline := time.Now().Add(time.Minute)
			for percent() != test.want && time.Now().Before(deadline) {
				select {
				case <-ended:
					deadline = time.Now()
				case <-time.After(restPoll):
				}
			}
			if got := percent(); got != test.want {
				t.Errorf("it collects at %d percent, want %d", got, test.want)
			}
			stop()
			<-ended
			if got := percent(); got != workPercent {
				t.Errorf("afterwards it collects at %d percent, want %d as before", got, workPercent)
			}
		})
	}
}

// percent is how much the heap may grow now.
func percent() int {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return int(sample[0].Value.Uint64()) //nolint:gosec // a percentage
}

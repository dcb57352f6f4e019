package deliver

import (
	"testing"
	"time"
)

var start = time.Date(2026, 3, 27, 9, 0, 0, 0, time.UTC)

// A breaker opens after five failures in a row, lets one through after a rest that doubles,
// and closes when that works.
func TestBreaker(t *testing.T) {
	b, at := &breaker{}, start
	for range brokenInARow - 1 {
		if b.fails(false, at) {
			t.Fatal("it opened too soon")
		}
	}
	b.works(at)
	for range brokenInARow - 1 {
		b.fails(false, at)
	}
	if got := b.admit(7, at); got != 7 || b.isOpen() {
		t.Fatalf("closed, it admits %d of 7", got)
	}
	if !b.fails(false, at) || !b.isOpen() {
		t.Fatal("it did not open after five failures in a row")
	}
	if b.fails(false, at) || b.fails(true, at) {
		t.Error("what was under way opens it again")
	}
	for rest := minRest; rest < maxRest; rest = min(2*rest, maxRest) {
		at = at.Add(rest - 1)
		if got := b.admit(7, at); got != 0 {
			t.Fatalf("it admits %d before it has rested for %s", got, rest)
		}
		if at = at.Add(1); b.admit(0, at) != 0 || b.admit(7, at) != 1 || b.admit(7, at) != 0 {
			t.Fatalf("after %s it does not admit exactly one", rest)
		}
		if b.fails(true, at) {
			t.Fatal("it opened twice")
		}
	}
	at = at.Add(maxRest)
	if b.admit(7, at) != 1 {
		t.Fatal("the rest grows without end")
	}
	b.unused()
	if b.admit(7, at) != 1 {
		t.Fatal("a probe that had nothing to send is never made up for")
	}
	if !b.works(at) || b.works(at) || b.isOpen() || b.admit(7, at) != 7 {
		t.Error("it did not close, once, when the channel worked")
	}
}

func TestBreakerOpensAtOnceWhenItIsCertain(t *testing.T) {
	b := &breaker{}
	if !b.fails(true, start) || b.admit(1, start) != 0 || b.admit(1, start.Add(minRest)) != 1 {
		t.Error("a wrong password is tried again with the next message")
	}
}

// What fails for one message while it works for others is not the channel.
func TestBreakerKnowsWhatWorksForOthers(t *testing.T) {
	b, at := &breaker{}, start
	if b.worksForOthers(at) {
		t.Error("it has never worked")
	}
	b.works(at)
	b.fails(false, at)
	if !b.worksForOthers(at.Add(lately-1)) || b.worksForOthers(at.Add(lately)) {
		t.Error("that it worked for another one says something for another time than it should")
	}
	if b.fails(true, at); b.worksForOthers(at) {
		t.Error("while it is left alone it works for nobody")
	}
}

func TestDelayAfter(t *testing.T) {
	for tries, bound := range map[int]time.Duration{
		0: time.Minute, 1: time.Minute, 2: 2 * time.Minute, 3: 4 * time.Minute, 9: 256 * time.Minute, 10: maxDelay, 12: maxDelay, 100: maxDelay, 1 << 40: maxDelay,
	} {
		shortest, longest := bound, time.Duration(0)
		for range 1000 {
			got := delayAfter(tries, 0)
			if got < bound/2 || got < minDelay || got >= bound {
				t.Fatalf("after %d tries: %s, want less than %s and at least half of it", tries, got, bound)
			}
			shortest, longest = min(shortest, got), max(longest, got)
		}
		if longest-shortest < bound/3 {
			t.Errorf("after %d tries: from %s to %s: that is not spread", tries, shortest, longest)
		}
	}
	if got := delayAfter(1, 3*time.Hour); got != 3*time.Hour {
		t.Errorf("the provider asked for 3 hours, it gets %s", got)
	}
	if got := delayAfter(1, 24*time.Hour); got != maxDelay {
		t.Errorf("the provider asked for a day, it gets %s", got)
	}
}

// A server that fails for a night, or for two days, gets every mail in the end.
func TestTriesGoOnForThreeDays(t *testing.T) {
	for range 1000 {
		tries := 1
		for at := time.Duration(0); at <= tooLate; tries++ {
			at += delayAfter(tries, 0)
		}
		if tries < 20 || tries > 40 {
			t.Fatalf("%d tries in three days", tries)
		}
	}
}

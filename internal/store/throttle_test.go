package store_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/store"
)

func TestThrottlePolicy(t *testing.T) {
	t.Parallel()
	policy := store.DefaultThrottlePolicy()
	for failures, want := range map[int]time.Duration{
		0: 0, 1: 0, 5: 0, 6: time.Second, 7: 2 * time.Second, 8: 4 * time.Second, 15: 512 * time.Second,
		16: 15 * time.Minute, 17: 15 * time.Minute, 1000: 15 * time.Minute, 1 << 30: 15 * time.Minute,
	} {
		if got := policy.Delay(failures); got != want {
			t.Errorf("after %d failures: got %s, want %s", failures, got, want)
		}
	}
}

func TestThrottle(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	policy := store.ThrottlePolicy{Free: 2, First: time.Second, Most: 3 * time.Second, Forget: time.Hour}
	at := now
	fail := func(keys ...string) {
		t.Helper()
		if err := tn.Portal.RecordFailure(t.Context(), keys, at, policy); err != nil {
			t.Fatal(err)
		}
	}
	blocked := func(want time.Duration, keys ...string) {
		t.Helper()
		until, err := tn.Portal.Blocked(t.Context(), keys, at)
		if err != nil {
			t.Fatal(err)
		}
		var got time.Duration
		if !until.IsZero() {
			got = until.Sub(at)
		}
		if got != want {
			t.Errorf("%v: blocked for %s, want %s", keys, got, want)
		}
	}
	blocked(0, "user:dana")
	for _, want := range []time.Duration{0, 0, time.Second, 2 * time.Second, 3 * time.Second, 3 * time.Second} {
		fail("user:dana", "ip:192.0.2.1", "user:dana")
		blocked(want, "user:dana", "never seen")
	}
	fail("ip:192.0.2.1")
	blocked(0, "user:kim")
	at = at.Add(time.Second)
	blocked(2*time.Second, "user:kim", "user:dana", "ip:192.0.2.1")
	at = at.Add(2 * time.Second)
	blocked(0, "user:dana", "ip:192.0.2.1")
	fail("user:dana") // failures still count
	blocked(3*time.Second, "user:dana")
	if err := tn.Portal.ClearFailures(t.Context(), []string{"user:dana", "x\x00"}); err != nil {
		t.Fatal(err)
	}
	blocked(0, "user:dana")
	fail("ip:192.0.2.1")
	blocked(3*time.Second, "ip:192.0.2.1")
	at = at.Add(time.Hour + time.Second) // and are forgotten after a while
	fail("ip:192.0.2.1")
	blocked(0, "ip:192.0.2.1")
	fail("x\x00")
	blocked(0, "x\x00")
	fail()
}

func TestThrottleForgetsKeys(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	policy := store.DefaultThrottlePolicy()
	for i := range 25 {
		if err := tn.Portal.RecordFailure(t.Context(), []string{fmt.Sprint("user:", i)}, now, policy); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		later := now.Add(policy.Forget + time.Duration(1+i)*time.Second)
		if err := tn.Portal.RecordFailure(t.Context(), []string{"user:other"}, later, policy); err != nil {
			t.Fatal(err)
		}
	}
	if left := tn.column(t, "SELECT key FROM throttle"); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
}

func TestThrottleCountsFailuresAtOnce(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	policy := store.ThrottlePolicy{Free: 9, First: time.Minute, Most: time.Minute, Forget: time.Hour}
	var wait sync.WaitGroup
	for range 10 {
		wait.Go(func() {
			if err := tn.Portal.RecordFailure(t.Context(), []string{"b", "a"}, now, policy); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	until, err := tn.Portal.Blocked(t.Context(), []string{"a"}, now)
	if err != nil || !until.Equal(now.Add(time.Minute)) {
		t.Errorf("the tenth failure should delay: got %s, %v", until, err)
	}
}

// Of attempts at the same moment only those get through that are free.
func TestThrottleAttemptsAtOnce(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	policy := store.ThrottlePolicy{Free: 3, First: time.Minute, Most: time.Minute, Forget: time.Hour}
	var free atomic.Int64
	attempt := func(at time.Time) {
		taken, err := tn.Portal.Attempt(t.Context(), "a", at, policy)
		if err != nil {
			t.Error(err)
		}
		if taken {
			free.Add(1)
		}
	}
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() { attempt(now) })
	}
	wait.Wait()
	if free.Load() != 4 { // three are free, the fourth brings the delay
		t.Errorf("%d attempts got through, want 4", free.Load())
	}
	attempt(now.Add(59 * time.Second))
	if attempt(now.Add(time.Minute)); free.Load() != 5 {
		t.Errorf("after the delay %d attempts got through, want 5", free.Load())
	}
}

// An attempt that is taken back is as if it had not been; the delay of a later one stays.
func TestThrottleTakesAttemptsBack(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	policy := store.ThrottlePolicy{Free: 2, First: time.Minute, Most: time.Hour, Forget: 24 * time.Hour}
	at := func(minute int) time.Time { return now.Add(time.Duration(minute) * time.Minute) }
	attempt := func(minute int, want bool) {
		t.Helper()
		if got := must[bool](t)(tn.Portal.Attempt(t.Context(), "own", at(minute), policy)); got != want {
			t.Errorf("attempt at minute %d: %t, want %t", minute, got, want)
		}
	}
	takeBack := func(minute int) {
		t.Helper()
		if err := tn.Portal.TakeBack(t.Context(), "own", at(minute), policy); err != nil {
			t.Fatal(err)
		}
	}
	takeBack(0)
	for range 5 { // as often as one likes
		attempt(0, true)
		takeBack(0)
	}
	for range 3 {
		attempt(0, true)
	}
	attempt(0, false) // the third brings a minute
	attempt(1, true)  // and the fourth two
	attempt(1, false)
	takeBack(1)
	attempt(1, true)
	attempt(3, true) // the fifth brings four
	takeBack(1)      // of the fourth: the fifth was the fourth
	attempt(4, false)
	attempt(5, true) // four again
	attempt(8, false)
	attempt(9, true)
}

// A failure under a policy that forgets soon leaves the keys of the others alone.
func TestThrottleRemembersByPolicy(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	strict := store.DefaultThrottlePolicy()
	for range 16 {
		if err := tn.Portal.RecordFailure(t.Context(), []string{"own:dana"}, now, strict); err != nil {
			t.Fatal(err)
		}
	}
	later := now.Add(2 * time.Hour)
	short := store.ThrottlePolicy{Free: 50, First: time.Second, Most: time.Minute, Forget: time.Hour}
	if err := tn.Portal.RecordFailure(t.Context(), []string{"network:x"}, later, short); err != nil {
		t.Fatal(err)
	}
	if err := tn.Portal.RecordFailure(t.Context(), []string{"own:dana"}, later, strict); err != nil {
		t.Fatal(err)
	}
	until, err := tn.Portal.Blocked(t.Context(), []string{"own:dana"}, later)
	if err != nil || !until.Equal(later.Add(strict.Most)) {
		t.Errorf("after two hours the failures are forgotten: delayed until %s, %v", until, err)
	}
}

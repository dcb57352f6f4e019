package kube

import (
	"testing"
	"time"
)

// patience is how long Eventually waits. It only matters to a test that fails: a machine of
// two cores that runs all packages at once took more than a minute for fifty tenants.
const patience = 3 * time.Minute

// Eventually calls check until it returns nil, and fails the test with its last error
// when that takes too long.
func Eventually(t testing.TB, what string, check func() error) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("waited %s until %s: %v", patience, what, err)
		case <-t.Context().Done():
			t.Fatalf("the test ended before %s: %v", what, err)
		case <-tick.C:
		}
	}
}

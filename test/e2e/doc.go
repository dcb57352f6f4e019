// Package e2e is what a user of Foyer sees on the running demo (make demo): real
// pods, a real PostgreSQL, kubectl. Each test leaves the demo as it found it.
//
// The tests have the build tag e2e, because they need the demo: make test-e2e.
package e2e

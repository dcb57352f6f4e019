// Package operator runs the control plane in a process of its own, so that what it
// costs, in processor time and in memory, is its own and not that of the benchmark,
// which is the same binary:
//
//	if operator.IsChild(os.Args) { os.Exit(operator.Child()) } // first thing in main
//	child, err := operator.Start(ctx, operator.Settings{...})
//	report, err := child.Ask(operator.Count)
//	err = child.Stop()
//
// It is the manager of cmd/manager without its lease, its listeners and its log: the
// same cache, client and controllers. Every write to the API server is counted on its
// way out.
//
// In mode Cache it has no controllers: a cache of the same kinds, filled in the same
// way, is the floor of what the operator's memory costs.
package operator

import (
	"time"
)

// Mode is what a child runs.
type Mode string

// The modes.
const (
	Control Mode = "control"
	Cache   Mode = "cache"
)

// Settings are what a child is started with.
type Settings struct {
	Mode      Mode
	Host      string // of the API server
	CA        []byte
	Cert, Key []byte
	Namespace string // the operator's
	// Profile is the file for a processor profile of the child's whole life; none if empty.
	Profile string
	// Record keeps the bodies of writes.
	Record bool
}

// Question is what a child is asked.
type Question string

// The questions.
const (
	Count    Question = "count"    // writes, passes and processor time so far, and memory
	Reset    Question = "reset"    // forget the writes so far
	Collect  Question = "collect"  // Count, after collecting garbage
	Requests Question = "requests" // Count, with the writes that were recorded
)

// Report is a child's answer.
type Report struct {
	Filled    bool               // the cache holds all that there is
	Writes    int                // to the API server, since the start or the last Reset
	First     []string           // some of them, as "PATCH /apis/apps/v1/..."
	Passes    float64            // over tenants
	Written   map[string]float64 // by kind of object
	Processor time.Duration      // user and system time since the process began
	Heap      uint64             // bytes in objects, dead ones included since garbage was collected
	Resident  uint64             // bytes in memory
	Requests  []Request
	Failure   string
}

// Request is a write to the API server.
type Request struct {
	Method      string
	URI         string
	ContentType string
	Body        string
}

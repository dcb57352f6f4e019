// Package watch tests what an on-call person works with: that every metric is documented and
// named by convention, that alerts fire when they should and not when they should not (by
// promtool, which "make test-needs" builds), that each has a runbook whose commands and
// metrics exist, that dashboards show what there is, and that the log says what
// docs/logs.md promises.
package watch

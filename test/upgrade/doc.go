// Package upgrade takes a cluster with tenants from a previous state of Foyer to the one of
// the checkout, and back, while customers and systems use it: no request fails, nothing is
// lost, and every status ends Ready. People sign in and read, systems read, write and send
// events in; nobody waits longer than 5 seconds, and each event that was accepted becomes a mail.
//
// The previous state is the commit in the file previous: the last release, once there is one.
// Its own demo makes everything, from Kubernetes to customers; what is in the checkout then
// takes its place as docs/upgrades.md says. Only the tools of the cluster, hack/cluster,
// are of the checkout for both. Pods of a previous state before commit e8c7b72 drop connections
// that a proxy keeps when they end; then, and only while those end, a write that was answered
// 502 may be sent once more.
//
// The tests have the build tag e2e, because they make a Kubernetes node of the machine:
// make test-upgrade.
package upgrade

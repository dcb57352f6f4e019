// Package status says in conditions what a pass has found. It is pure: facts and the
// former status go in, the new status comes out, and equal facts give an equal status,
// so that nothing is written while nothing changes.
//
// Every status that leaves this package obeys the rules that kstatus, and with it
// GitOps tools, read:
//
//   - Ready is always present and sums up the others
//   - Reconciling and Stalled are present only while True, never both, and one of them
//     is, exactly while Ready is not True
//   - Stalled means that a person must change what was declared; what waits for another
//     object or for a machine is Reconciling
//   - the time of a transition changes with the condition's status only
//
// Messages are sentences without anything that changes by itself: no times, no
// counters, no names of pods.
package status

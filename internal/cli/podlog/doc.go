// Package podlog reads the logs of several pods as one: [Reader.Read] what there is, in the order of
// time, and [Reader.Follow] what is added, also by pods that come while it does.
//
// It needs the rights to list and watch pods and to get pods/log. Lines of pods that are
// followed are sorted within a short while only, because nobody can wait for the slowest.
package podlog

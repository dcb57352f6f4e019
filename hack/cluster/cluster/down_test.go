package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// sorted compares lists whatever their order.
var sorted = cmpopts.SortSlices(func(a, b string) bool { return a < b })

func TestMountsBelowAreListedFromTheTop(t *testing.T) {
	const mountinfo = `22 1 254:0 / / rw - ext4 /dev/vda rw
50 22 0:40 / /srv/state/kubelet/pods rw - tmpfs tmpfs rw
51 50 0:41 / /srv/state/kubelet/pods/a\040b rw - tmpfs tmpfs rw
52 22 0:42 / /srv/state-of-someone rw - tmpfs tmpfs rw
53 22 0:43 / /srv/state rw - tmpfs tmpfs rw
`
	want := []string{"/srv/state", "/srv/state/kubelet/pods/a b", "/srv/state/kubelet/pods"}
	if diff := cmp.Diff(want, parseMounts(mountinfo, "/srv/state")); diff != "" {
		t.Errorf("mounts (-want +got):\n%s", diff)
	}
}

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRecordIsReadBackAsWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "record")
	want := emptyRecord(layout{state: "/srv/checkout/.state/cluster"})
	want.BootID = "b"
	want.Processes = []process{{Name: "kubelet", PID: 42, Started: 4711}}
	want.HostPaths = []string{"/var/lib/cni"}
	want.Sysctls["net/ipv4/ip_forward"] = "0"
	want.Tables = []string{"iptables nat"}
	if err := want.save(dir); err != nil {
		t.Fatal(err)
	}
	got, err := loadRecord(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("record (-written +read):\n%s", diff)
	}
	if _, found := got.process("kubelet"); !found {
		t.Error("the recorded kubelet is not found")
	}
	if _, found := got.process("etcd"); found {
		t.Error("an etcd is found that was not recorded")
	}
}

func TestNoRecordIsNoError(t *testing.T) {
	rec, err := loadRecord(t.TempDir())
	if rec != nil || err != nil {
		t.Errorf("got %v, %v", rec, err)
	}
}

func TestRecordThatCannotBeTrusted(t *testing.T) {
	for name, content := range map[string]string{
		"not JSON":                 "{",
		"no state directory":       "{}",
		"relative state directory": `{"state": "cluster"}`,
		"the whole machine":        `{"state": "/.."}`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "record.json"), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := loadRecord(dir); err == nil || !strings.Contains(err.Error(), "remove it and run down") {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestRemoveStateNeedsTheMark(t *testing.T) {
	paths := layout{state: filepath.Join(t.TempDir(), "state")}
	precious := paths.in("precious")
	if err := writeFile(precious, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := removeState(paths.state); err == nil {
		t.Error("a directory without the mark was removed")
	}
	if _, err := os.Stat(precious); err != nil {
		t.Error("its content is gone")
	}
	if err := makeState(paths); err == nil {
		t.Error("a directory with other content was taken over")
	}
	if err := writeFile(paths.mark(), nil); err != nil {
		t.Fatal(err)
	}
	if err := removeState(paths.state); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(paths.state); err == nil {
		t.Error("the state directory is still there")
	}
	if err := removeState(paths.state); err != nil {
		t.Errorf("removing it again: %v", err)
	}
}

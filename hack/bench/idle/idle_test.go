package idle

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// TestProcess reads what the benchmark reads of a pod's process, of this one.
func TestProcess(t *testing.T) {
	p := process{filepath.Join("/proc", strconv.Itoa(os.Getpid()))}
	if resident, err := p.resident(); err != nil || resident < 1<<20 || resident > 1<<34 {
		t.Errorf("it has %d bytes, %v", resident, err)
	}
	if age, err := p.age(); err != nil || age < 0 || age > time.Hour {
		t.Errorf("it was started %s ago, %v", age, err)
	}
	if address, err := p.address(); err != nil || net.ParseIP(address) == nil {
		t.Errorf("its address is %q, %v", address, err)
	}
	if _, found, err := processOf("00000000-0000-0000-0000-000000000000", "portal"); found || err != nil {
		t.Errorf("a pod that is not there: %t, %v", found, err)
	}
}

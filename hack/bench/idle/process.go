package idle

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// process is one of a pod, as /proc shows it on the pod's node.
type process struct{ folder string }

// ticks is how many a second has in /proc, on every machine that Linux runs on here.
const ticks = 100

// processOf finds the process of a pod that runs a program.
func processOf(pod types.UID, program string) (process, bool, error) {
	groups, err := filepath.Glob("/proc/[0-9]*/cgroup")
	if err != nil {
		return process{}, false, fmt.Errorf("look for processes: %w", err)
	}
	for _, path := range groups {
		content, err := os.ReadFile(path) //nolint:gosec // of /proc
		if err != nil {
			continue // it has ended
		}
		if !bytes.Contains(content, []byte(pod)) && !bytes.Contains(content, []byte(strings.ReplaceAll(string(pod), "-", "_"))) {
			continue
		}
		p := process{filepath.Dir(path)}
		executable, err := os.Readlink(filepath.Join(p.folder, "exe"))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return process{}, false, fmt.Errorf("look at a process: %w", err)
		case filepath.Base(executable) == program:
			return p, true, nil
		}
	}
	return process{}, false, nil
}

// age is how long ago it was started, to a hundredth of a second.
func (p process) age() (time.Duration, error) {
	stat, err := p.read("stat")
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(stat, ") ") // the name in front may have spaces
	fields := strings.Fields(after)
	if len(fields) < 20 {
		return 0, fmt.Errorf("%s/stat is %q", p.folder, stat)
	}
	started, err := strconv.ParseInt(fields[19], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s/stat: %w", p.folder, err)
	}
	uptime, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return 0, fmt.Errorf("read how long the machine runs: %w", err)
	}
	first, _, _ := strings.Cut(string(uptime), " ")
	now, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return 0, fmt.Errorf("/proc/uptime: %w", err)
	}
	return time.Duration(now*ticks-float64(started)) * time.Second / ticks, nil
}

var residentLine = regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB$`)

// resident is its memory in bytes.
func (p process) resident() (int64, error) {
	status, err := p.read("status")
	if err != nil {
		return 0, err
	}
	found := residentLine.FindStringSubmatch(status)
	if found == nil {
		return 0, fmt.Errorf("%s/status has no line VmRSS", p.folder)
	}
	kilobytes, err := strconv.ParseInt(found[1], 10, 64)
	return kilobytes << 10, err
}

var localAddress = regexp.MustCompile(`\|-- (\d+\.\d+\.\d+\.\d+)\n\s+/32 host LOCAL`)

// address is that of its pod, in whose network it is.
func (p process) address() (string, error) {
	routes, err := p.read("net/fib_trie")
	if err != nil {
		return "", err
	}
	for _, found := range localAddress.FindAllStringSubmatch(routes, -1) {
		if !strings.HasPrefix(found[1], "127.") {
			return found[1], nil
		}
	}
	return "", fmt.Errorf("%s/net/fib_trie has no address", p.folder)
}

func (p process) read(name string) (string, error) {
	content, err := os.ReadFile(filepath.Join(p.folder, name)) //nolint:gosec // of /proc
	if err != nil {
		return "", fmt.Errorf("look at a process: %w", err)
	}
	return string(content), nil
}

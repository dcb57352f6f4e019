// Package clock measures the processor time of a benchmark: of this process and of all
// that it has started, by program.
package clock

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Clock measures time, and the processor time of this process and of all that it has
// started: the servers and the operator.
type Clock struct {
	started   time.Time
	processor map[string]time.Duration // by the name of the program
}

// Start starts one.
func Start() (Clock, error) {
	used, err := processorTime()
	return Clock{time.Now(), used}, err
}

// Spent is what a clock shows.
type Spent struct {
	Time      time.Duration
	Processor time.Duration
	Programs  map[string]time.Duration // what used the processor
}

func (s Spent) String() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(s.Programs)) {
		parts = append(parts, name+" "+s.Programs[name].Round(tick).String())
	}
	return fmt.Sprintf("%s of processor time (%s), in %s", s.Processor.Round(tick), strings.Join(parts, ", "), s.Time.Round(tick))
}

// Read says what was spent since the start.
func (c Clock) Read() (Spent, error) {
	s := Spent{Time: time.Since(c.started), Programs: map[string]time.Duration{}}
	used, err := processorTime()
	for name, sum := range used {
		s.Programs[name] = sum - c.processor[name]
		s.Processor += s.Programs[name]
	}
	return s, err
}

// tick is the unit of processor time in /proc, on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// processorTime adds up, by program, what this process, its descendants, and those of
// them that ended have used.
func processorTime() (map[string]time.Duration, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	parents, found := map[int]int{}, map[int]usage{}
	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // of the kernel
		if err != nil {
			continue // it has ended
		}
		of := parseStat(string(text))
		parents[of.id], found[of.id] = of.parent, of
	}
	total := map[string]time.Duration{}
	for id, of := range found {
		if descends(id, os.Getpid(), parents) {
			total[of.name] += time.Duration(of.ticks) * tick
		}
	}
	return total, nil
}

func descends(id, from int, parents map[int]int) bool {
	for ; id > 1; id = parents[id] {
		if id == from {
			return true
		}
	}
	return false
}

// usage is what the kernel says of a process.
type usage struct {
	id, parent int
	name       string
	ticks      int // of it, and of its children that ended
}

// parseStat reads "id (name) state parent ... utime stime cutime cstime ..."; the name
// can hold anything.
func parseStat(text string) usage {
	var u usage
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return u
	}
	fields := strings.Fields(text[end+1:])
	if len(fields) < 15 {
		return u
	}
	u.name = text[open+1 : end]
	u.id, _ = strconv.Atoi(strings.TrimSpace(text[:open])) // the kernel writes numbers
	u.parent, _ = strconv.Atoi(fields[1])
	for _, field := range fields[11:15] {
		n, _ := strconv.Atoi(field)
		u.ticks += n
	}
	return u
}

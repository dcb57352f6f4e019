package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// record says what a cluster put on this machine and how the machine was
// before. It is written before anything else is touched.
type record struct {
	State         string            `json:"state"`
	BootID        string            `json:"bootID"`
	Processes     []process         `json:"processes"`
	Bridge        string            `json:"bridge"`
	Network       string            `json:"network"`
	ChainPrefixes []string          `json:"chainPrefixes"`
	HostPaths     []string          `json:"hostPaths"` // absent before
	Sysctls       map[string]string `json:"sysctls"`   // as they were before
	Tables        []string          `json:"tables"`    // iptables tables there before: "iptables nat"
}

// newRecord looks at the machine as it is before a cluster starts.
func newRecord(ctx context.Context, paths layout) (*record, error) {
	rec := emptyRecord(paths)
	var err error
	if rec.BootID, err = bootID(); err != nil {
		return nil, err
	}
	for _, path := range hostPaths {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			rec.HostPaths = append(rec.HostPaths, path)
		}
	}
	for _, name := range sysctls {
		if value, err := readSysctl(name); err == nil {
			rec.Sysctls[name] = value
		}
	}
	rec.Tables, err = tablesInUse(ctx)
	return rec, err
}

// emptyRecord has the names of things only: for clearing without a record.
func emptyRecord(paths layout) *record {
	return &record{
		State:         paths.state,
		Bridge:        bridge,
		Network:       network,
		ChainPrefixes: chainPrefixes,
		Sysctls:       map[string]string{},
	}
}

// loadRecord returns nil without an error when no cluster is recorded.
func loadRecord(dir string) (*record, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "record.json")) //nolint:gosec // our own record
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rec := &record{}
	if err := json.Unmarshal(raw, rec); err != nil {
		return nil, fmt.Errorf("%s/record.json cannot be read (%w): remove it and run down", dir, err)
	}
	if !filepath.IsAbs(rec.State) || filepath.Clean(rec.State) == "/" {
		return nil, fmt.Errorf("%s/record.json names no state directory: remove it and run down", dir)
	}
	return rec, nil
}

// save replaces the file as a whole: a crash leaves the old record or the new.
func (r *record) save(dir string) error {
	if err := makeFolder(dir); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	next := filepath.Join(dir, "record.json.new")
	if err := os.WriteFile(next, append(raw, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(next, filepath.Join(dir, "record.json"))
}

// process finds a daemon that was recorded.
func (r *record) process(name string) (process, bool) {
	for _, p := range r.Processes {
		if p.Name == name {
			return p, true
		}
	}
	return process{}, false
}

func bootID() (string, error) {
	raw, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(raw)), err
}

func readSysctl(name string) (string, error) {
	raw, err := os.ReadFile(filepath.Join("/proc/sys", name)) //nolint:gosec // a setting of the kernel
	return strings.TrimSpace(string(raw)), err
}

func writeSysctl(name, value string) error {
	return os.WriteFile(filepath.Join("/proc/sys", name), []byte(value), 0o600) // the file and its mode are the kernel's
}

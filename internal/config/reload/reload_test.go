package reload

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/config"
)

// patience bounds every wait of these tests.
const patience = 10 * time.Second

// never makes a poll that no test waits for, so that only watching can have seen a change.
var (
	never   = timing{settle: 5 * time.Millisecond, poll: time.Hour, retry: 10 * time.Millisecond}
	polling = timing{settle: 5 * time.Millisecond, poll: 10 * time.Millisecond, retry: 10 * time.Millisecond}
)

type told struct {
	digest string
	err    error
}

// follow runs a file of words in capitals, and returns what is told of it.
func follow(t *testing.T, path string, timing timing) (*File[string], <-chan told) {
	t.Helper()
	reports := make(chan told, 100)
	file := NewFile(path, func(content []byte) (*string, error) {
		text := string(content)
		if text != strings.ToUpper(text) {
			return nil, fmt.Errorf("%q is not in capitals", text)
		}
		return &text, nil
	}, func(digest string, err error) { reports <- told{digest, err} })
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { file.run(ctx, timing) })
	t.Cleanup(func() { stop(); running.Wait() })
	return file, reports
}

func next(t *testing.T, reports <-chan told) told {
	t.Helper()
	select {
	case report := <-reports:
		return report
	case <-time.After(patience):
		t.Fatal("nothing was told in time")
		return told{}
	}
}

// mount changes a directory the way the kubelet does: a new directory of data, then
// one rename of the link to it.
func mount(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	data, err := os.MkdirTemp(dir, "..2026_")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		write(t, filepath.Join(data, name), content)
		link := filepath.Join(dir, name)
		if err := os.Symlink(filepath.Join("..data", name), link); err != nil && !errors.Is(err, os.ErrExist) {
			t.Fatal(err)
		}
	}
	old, _ := os.Readlink(filepath.Join(dir, "..data"))
	temporary := filepath.Join(dir, "..data_tmp")
	if err := os.Symlink(filepath.Base(data), temporary); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(temporary, filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
	if old != "" {
		if err := os.RemoveAll(filepath.Join(dir, old)); err != nil {
			t.Fatal(err)
		}
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, file *File[string], reports <-chan told, content string) {
	t.Helper()
	report := next(t, reports)
	if report.err != nil || report.digest != config.Digest([]byte(content)) {
		t.Fatalf("told %+v, want the digest of %q", report, content)
	}
	if current := file.Current(); current == nil || *current != content {
		t.Fatalf("in force is %v, want %q", current, content)
	}
}

func TestEachSwapIsFollowed(t *testing.T) {
	dir := t.TempDir()
	mount(t, dir, map[string]string{"doc": "ONE", "other": "x"})
	file, reports := follow(t, filepath.Join(dir, "doc"), never)
	expect(t, file, reports, "ONE")
	for i := range 5 {
		content := fmt.Sprintf("NEXT %d", i)
		mount(t, dir, map[string]string{"doc": content, "other": "x"})
		expect(t, file, reports, content)
	}
}

// Files that belong together are loaded together, whichever of them changes, and none
// without the other.
func TestFilesAreLoadedTogether(t *testing.T) {
	dir := t.TempDir()
	mount(t, dir, map[string]string{"one": "1"})
	reports := make(chan told, 100)
	both := NewFiles(dir, []string{"one", "two"}, func(contents [][]byte) (*string, error) {
		text := string(contents[0]) + " and " + string(contents[1])
		if strings.Contains(text, "bad") {
			return nil, errors.New("bad content")
		}
		return &text, nil
	}, func(digest string, err error) { reports <- told{digest, err} })
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { both.run(ctx, never) })
	t.Cleanup(func() { stop(); running.Wait() })

	if report := next(t, reports); report.err == nil || report.digest != "" || both.Current() != nil {
		t.Fatalf("one of two files is loaded: %+v", report)
	}
	for _, two := range []string{"2", "3"} {
		mount(t, dir, map[string]string{"one": "1", "two": two})
		if report := next(t, reports); report.err != nil || *both.Current() != "1 and "+two {
			t.Fatalf("told %+v, in force is %q", report, *both.Current())
		}
	}
	mount(t, dir, map[string]string{"one": "bad", "two": "3"})
	if report := next(t, reports); report.err == nil || report.err.Error() != "load one and two: bad content" || *both.Current() != "1 and 3" {
		t.Fatalf("told %+v, in force is %q", report, *both.Current())
	}
}

func TestSwapWithoutAChangeOfTheFileIsNotTold(t *testing.T) {
	dir := t.TempDir()
	mount(t, dir, map[string]string{"doc": "ONE", "other": "x"})
	file, reports := follow(t, filepath.Join(dir, "doc"), never)
	expect(t, file, reports, "ONE")
	before := file.Current()
	mount(t, dir, map[string]string{"doc": "ONE", "other": "y"})
	mount(t, dir, map[string]string{"doc": "TWO", "other": "y"})
	expect(t, file, reports, "TWO")
	if *before != "ONE" {
		t.Error("what a reader holds was changed under it")
	}
}

func TestBrokenFileKeepsTheLastGood(t *testing.T) {
	dir := t.TempDir()
	mount(t, dir, map[string]string{"doc": "ONE"})
	file, reports := follow(t, filepath.Join(dir, "doc"), never)
	expect(t, file, reports, "ONE")

	mount(t, dir, map[string]string{"doc": "broken"})
	report := next(t, reports)
	if report.err == nil || !strings.Contains(report.err.Error(), `load doc: "broken" is not in capitals`) || report.digest != config.Digest([]byte("ONE")) {
		t.Errorf("told %+v", report)
	}
	if *file.Current() != "ONE" {
		t.Errorf("in force is %q", *file.Current())
	}

	mount(t, dir, map[string]string{"doc": "TWO"})
	expect(t, file, reports, "TWO")
}

func TestSameContentAfterABrokenOneIsToldAsGood(t *testing.T) {
	dir := t.TempDir()
	mount(t, dir, map[string]string{"doc": "ONE"})
	file, reports := follow(t, filepath.Join(dir, "doc"), never)
	expect(t, file, reports, "ONE")
	mount(t, dir, map[string]string{"doc": "broken"})
	if report := next(t, reports); report.err == nil {
		t.Fatalf("told %+v", report)
	}
	mount(t, dir, map[string]string{"doc": "ONE"})
	expect(t, file, reports, "ONE")
}

func TestDirectoryAndFileMayComeLater(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "settings")
	file, reports := follow(t, filepath.Join(dir, "doc"), never)
	report := next(t, reports)
	if !errors.Is(report.err, os.ErrNotExist) || report.digest != "" || file.Current() != nil {
		t.Fatalf("told %+v, in force %v", report, file.Current())
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	mount(t, dir, map[string]string{"doc": "ONE"})
	expect(t, file, reports, "ONE")
	mount(t, dir, map[string]string{"doc": "TWO"})
	expect(t, file, reports, "TWO")
}

func TestFileThatVanishesKeepsTheLastGood(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "doc")
	write(t, path, "ONE")
	file, reports := follow(t, path, never)
	expect(t, file, reports, "ONE")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if report := next(t, reports); !errors.Is(report.err, os.ErrNotExist) || report.digest != config.Digest([]byte("ONE")) {
		t.Errorf("told %+v", report)
	}
	if *file.Current() != "ONE" {
		t.Errorf("in force is %q", *file.Current())
	}
}

func TestDirectoryThatIsMadeAnewIsFollowed(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "settings")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	mount(t, dir, map[string]string{"doc": "ONE"})
	file, reports := follow(t, filepath.Join(dir, "doc"), never)
	expect(t, file, reports, "ONE")

	if err := os.Rename(dir, filepath.Join(parent, "away")); err != nil {
		t.Fatal(err)
	}
	if report := next(t, reports); !errors.Is(report.err, os.ErrNotExist) {
		t.Fatalf("told %+v", report)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	mount(t, dir, map[string]string{"doc": "TWO"})
	expect(t, file, reports, "TWO")
	mount(t, dir, map[string]string{"doc": "THREE"})
	expect(t, file, reports, "THREE")
}

func TestChangesThatNobodyTellsAreFoundByLooking(t *testing.T) {
	elsewhere := filepath.Join(t.TempDir(), "doc")
	write(t, elsewhere, "ONE")
	path := filepath.Join(t.TempDir(), "doc")
	if err := os.Symlink(elsewhere, path); err != nil { // the watched directory never changes
		t.Fatal(err)
	}
	file, reports := follow(t, path, polling)
	expect(t, file, reports, "ONE")
	replacement := elsewhere + ".next"
	write(t, replacement, "TWO")
	if err := os.Rename(replacement, elsewhere); err != nil {
		t.Fatal(err)
	}
	expect(t, file, reports, "TWO")
}

func TestReadersDuringSwaps(t *testing.T) {
	dir := t.TempDir()
	mount(t, dir, map[string]string{"doc": "ONE"})
	file, reports := follow(t, filepath.Join(dir, "doc"), never)
	expect(t, file, reports, "ONE")
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if current := *file.Current(); current != "ONE" && current != "TWO" {
						t.Errorf("read %q", current)
						return
					}
				}
			}
		})
	}
	mount(t, dir, map[string]string{"doc": "TWO"})
	expect(t, file, reports, "TWO")
	close(stop)
	readers.Wait()
}

func TestWatchEndsWithItsContext(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	looks := make(chan struct{}, 10)
	done := make(chan struct{})
	go func() { Watch(ctx, t.TempDir(), func() { looks <- struct{}{} }); close(done) }()
	select {
	case <-looks:
	case <-time.After(patience):
		t.Fatal("it did not look at once")
	}
	stop()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal("it did not end")
	}
}

// Package chaos kills what a tenant's notifications need while they are sent.
package chaos

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/foyerhq/foyer/hack/bench/crash"
)

// Backoffice, dispatchers, PostgreSQL and the mail server are killed at random under load:
// nothing that was taken is lost, and hardly anything comes twice. `make bench RUN=crash-loss` does it for longer.
func TestNothingIsLost(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills for half a minute")
	}
	programs := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", programs, "../../cmd/backoffice", "../../cmd/dispatcher").CombinedOutput(); err != nil { //nolint:gosec // our own programs
		t.Fatalf("build the programs: %v\n%s", err, out)
	}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	report, err := crash.Run(t.Context(), crash.Options{Programs: programs, For: 30 * time.Second, Progress: t.Logf, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", report)
	if report.Events == 0 || report.Arrived == 0 || len(report.Kills) == 0 {
		t.Errorf("nothing happened: %+v", report)
	}
	for i, problem := range report.Problems {
		if i == 20 {
			t.Errorf("and %d more", len(report.Problems)-i)
			break
		}
		t.Error(problem)
	}
	if t.Failed() {
		text, _ := os.ReadFile(log.Name())
		t.Logf("the programs say:\n%s", text[max(0, len(text)-20000):])
	}
}

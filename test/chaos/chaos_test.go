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

// Dispatchers, PostgreSQL and the mail server are killed at random under load: nothing is
// lost, and hardly anything comes twice. `make bench RUN=crash-loss` does it for longer.
func TestNothingIsLost(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills for half a minute")
	}
	binary := filepath.Join(t.TempDir(), "dispatcher")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../../cmd/dispatcher").CombinedOutput(); err != nil {
		t.Fatalf("build the dispatcher: %v\n%s", err, out)
	}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	report, err := crash.Run(t.Context(), crash.Options{Binary: binary, For: 30 * time.Second, Progress: t.Logf, Log: log})
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
		t.Logf("the dispatchers say:\n%s", text[max(0, len(text)-20000):])
	}
}

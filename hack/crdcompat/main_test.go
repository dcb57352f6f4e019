package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A release records its CRDs: then nothing differs, until somebody takes a field away.
func TestRecordAndCheck(t *testing.T) {
	bases, err := filepath.Abs("../../" + current)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for _, folder := range []string{current, released} {
		if err := os.MkdirAll(folder, 0o750); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(current, os.DirFS(bases)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(released, "gone.yaml"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"record"}); err != nil {
		t.Fatal(err)
	}
	if err := run(nil); err != nil {
		t.Errorf("right after a release: %v", err)
	}

	file := filepath.Join(current, "foyer.dev_accountprofiles.yaml")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.ReplaceAll(string(content), "displayName:", "shownName:")
	if err := os.WriteFile(file, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(nil); err == nil || !strings.Contains(err.Error(), "accountprofiles.foyer.dev v1alpha1.spec.displayName (removed): the field is gone") {
		t.Errorf("a field was taken away, and the answer is: %v", err)
	}
	if err := run([]string{"x"}); err == nil {
		t.Error("an unknown command is accepted")
	}
}

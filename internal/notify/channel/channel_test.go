package channel

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestClean(t *testing.T) {
	for _, test := range []struct {
		text string
		most int
		want string
	}{
		{"", 5, ""},
		{"550 no", 10, "550 no"},
		{" a \r\n\tb\x00c\u202ed ", 20, "a b c d"},
		{"12345", 5, "12345"},
		{"äöüßé!", 5, "äöüß…"},
		{"a\xffb", 5, "a b"},
	} {
		if got := Clean(test.text, test.most); got != test.want {
			t.Errorf("%q: %q, want %q", test.text, got, test.want)
		}
	}
}

func TestFail(t *testing.T) {
	got := Fail(Temporary, "451 4.7.1\r\n", "not\nnow "+strings.Repeat("x", 1000))
	if got.Error() != "temporary 451 4.7.1: not now "+strings.Repeat("x", 491)+"…" {
		t.Error(got)
	}
}

func TestAnswered(t *testing.T) {
	for code, want := range map[string]bool{
		"550 5.1.1": true, "429": true, "": false, CodeSettings: false, CodeConnection: false, CodeTLS: false, CodeTimeout: false, CodeMessage: false, CodeAnswer: false,
	} {
		if got := Fail(Temporary, code, "").Answered(); got != want {
			t.Errorf("%q: %t", code, got)
		}
	}
}

func TestReadSecret(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "smtp", "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"password": " hunter2 \n", "empty": "\n", "long": strings.Repeat("x", maxSecret+1)} {
		if err := os.WriteFile(filepath.Join(dir, "smtp", name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := ReadSecret(dir, "smtp", "password"); err != nil || got != "hunter2" {
		t.Errorf("%q, %v", got, err)
	}
	for _, key := range []string{"empty", "missing", "long", "folder"} {
		if got, err := ReadSecret(dir, "smtp", key); err == nil || got != "" || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %q, %v", key, got, err)
		}
	}
	if _, found, err := ReadOptionalSecret(dir, "smtp", "missing"); found || err != nil {
		t.Errorf("found %v, %v", found, err)
	}
}

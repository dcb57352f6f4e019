package transcript

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(file, []byte("# Page\n```sh\n$ no\n```\n```console\n$ one\nout\nmore\n$ two \\\n  three\n```\nwords\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	steps, err := Read(file)
	want := []Step{{6, "one", "out\nmore\n"}, {9, "two \\\n  three", ""}}
	if diff := cmp.Diff(want, steps); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

func TestShows(t *testing.T) {
	for _, tt := range []struct {
		page, printed string
		want          bool
	}{
		{"a\nb\n", "a\nb\n", true},
		{"a\nb\n", "a\nc\n", false},
		{"a\nb\n", "a\nb\nc\n", false},
		{"a …\n", "a b c\n", true},
		{"a\n…\nd\n", "a\nb\nc\nd\n", true},
		{"a\n…\nd\n", "a\nb\nc\n", false},
		{"…\nd\n", "b\nc\nd\n", true},
		{"NAME   AGE\nacme   {age}\n", "NAME    AGE\nacme    3m20s\n", true},
		{"Pod acme-portal-{pod}  Ready\n", "Pod acme-portal-5d8f7-x7k2p  Ready\n", true},
		{"ConfigMap acme-settings  sha256:{digest}\n", "ConfigMap acme-settings  sha256:0123456789ab\n", true},
		{"ConfigMap acme-settings  sha256:{digest}\n", "ConfigMap acme-settings\n", false},
		{"tradingTermsDays  21  AccountProfile/business\n", "tradingTermsDays        21                AccountProfile/business\n", true},
		{"tradingTermsDays  21  AccountProfile/business\n", "tradingTermsDays        14                AccountProfile/business\n", false},
		{"business   {n} accounts\n", "business  1 account\n", true},
	} {
		if got := (Step{Output: tt.page}).Shows(tt.printed); got != tt.want {
			t.Errorf("%q shows %q: %t", tt.page, tt.printed, got)
		}
	}
}

func TestRun(t *testing.T) {
	got := Step{Command: "echo $WHO | tr a b; exit 3"}.Run(t.Context(), t.TempDir(), "WHO=anna")
	if want := "bnnb\nexit code 3\n"; got != want {
		t.Errorf("printed %q", got)
	}
}

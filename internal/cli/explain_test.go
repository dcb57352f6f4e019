package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/integration"
)

func TestExplainGolden(t *testing.T) {
	api := newFakeAPI(t)
	for name, args := range map[string][]string{
		"explain":        {"explain", "account", "10001"},
		"explain-closed": {"explain", "account", "closed"},
	} {
		got := api.run("", args...)
		if got.code != exitFine || got.err != "" {
			t.Errorf("%s: code %d, said %s", name, got.code, got.err)
		}
		golden(t, name, got.out)
		for line := range strings.Lines(got.out) {
			if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > pageWidth {
				t.Errorf("%s: wider than %d: %s", name, pageWidth, line)
			}
		}
	}
}

func TestExplainJSON(t *testing.T) {
	got := newFakeAPI(t).run("", "explain", "account", "10001", "-o", "json")
	text, err := os.ReadFile("testdata/explain/10001.json")
	if err != nil {
		t.Fatal(err)
	}
	var want, printed integration.AccountSettings
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(got.out), &printed); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, printed); diff != "" || got.code != exitFine {
		t.Errorf("code %d, -want +got:\n%s", got.code, diff)
	}
}

func TestExplainAccountThatIsNotThere(t *testing.T) {
	api := newFakeAPI(t)
	got := api.run("", "explain", "account", "no/such")
	if want := "error: " + api.server.URL + " has no account \"no/such\": its id is the one in the provider's own system\n"; got.code != exitUsage || got.err != want {
		t.Errorf("code %d, said %q", got.code, got.err)
	}
}

// Each layer has a colour, where a person looks and wants colours.
func TestExplainColours(t *testing.T) {
	api := newFakeAPI(t)
	var out bytes.Buffer
	Main([]string{"explain", "account", "10001", "--server", api.server.URL, "--token-file", api.token}, "", Streams{Out: &out, Err: &out, Colour: true}, nil)
	for _, want := range []string{"\x1b[36mAccountProfile/business\x1b[0m", "\x1b[33mTenant/acme\x1b[0m", "\x1b[2mBuiltIn\x1b[0m", "\x1b[32mAccount/10001\x1b[0m"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %q", want, out.String())
		}
	}
	plain := api.run("", "explain", "account", "10001")
	if stripped := ownColours.ReplaceAllString(out.String(), ""); stripped != plain.out {
		t.Errorf("without its colours it is %q, plain %q", stripped, plain.out)
	}
}

func TestLayout(t *testing.T) {
	long := strings.Repeat("x", 100)
	for name, test := range map[string]struct {
		rows [][]cell
		want string
	}{
		"aligned": {[][]cell{{{text: "a"}, {text: "bb"}}, {{text: "ccc"}, {text: ""}}}, "a    bb\nccc\n"},
		"wrapped": {
			[][]cell{{{text: "key"}, {text: strings.Repeat("word ", 20) + "end"}, {text: "layer"}}},
			"key  " + strings.TrimSuffix(strings.Repeat("word ", 13), " ") + "      layer\n     " + strings.TrimSuffix(strings.Repeat("word ", 7), " ") + " end\n",
		},
		"cut": {[][]cell{{{text: long}}}, long[:80] + "\n" + long[:20] + "\n"},
	} {
		got := layout(Streams{}, test.rows)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s, -want +got:\n%s", name, diff)
		}
	}
}

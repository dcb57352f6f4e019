package cli

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/foyerhq/foyer/internal/cli/lint"
)

var update = flag.Bool("update", false, "write what the commands print into testdata/golden/")

// answer is what a command did.
type answer struct {
	code     int
	out, err string
}

func run(t *testing.T, input string, args ...string) answer {
	t.Helper()
	var out, errOut bytes.Buffer
	code := Main(args, "v1.2.3", Streams{In: strings.NewReader(input), Out: &out, Err: &errOut}, nil)
	return answer{code, out.String(), errOut.String()}
}

// TestGolden compares what people read. After a deliberate change run
// go test ./internal/cli -run TestGolden -update, and read the difference.
func TestGolden(t *testing.T) {
	for name, tt := range map[string]struct {
		args []string
		code int
	}{
		"help":                {[]string{}, exitFine},
		"help-tree":           {[]string{"tree", "--help"}, exitFine},
		"help-logs":           {[]string{"logs", "--help"}, exitFine},
		"help-lint":           {[]string{"lint", "--help"}, exitFine},
		"help-events":         {[]string{"events", "--help"}, exitFine},
		"help-render":         {[]string{"render", "--help"}, exitFine},
		"help-import":         {[]string{"import", "--help"}, exitFine},
		"help-explain":        {[]string{"explain", "account", "--help"}, exitFine},
		"help-upcoming":       {[]string{"upcoming", "--help"}, exitFine},
		"help-status":         {[]string{"status", "--help"}, exitFine},
		"help-redrive":        {[]string{"redrive", "--help"}, exitFine},
		"help-cancel":         {[]string{"cancel", "--help"}, exitFine},
		"version":             {[]string{"version"}, exitFine},
		"lint-broken":         {[]string{"lint", "-f", "testdata/broken"}, exitFindings},
		"lint-broken-json":    {[]string{"lint", "-o", "json", "-f", "testdata/broken/tenant.yaml"}, exitFindings},
		"lint-partial":        {[]string{"lint", "-f", "testdata/partial"}, exitFine},
		"lint-elsewhere":      {[]string{"lint", "-f", "testdata/elsewhere"}, exitFine},
		"lint-complete":       {[]string{"lint", "--complete", "-f", "testdata/partial"}, exitFindings},
		"lint-conflict":       {[]string{"lint", "--complete", "-f", "testdata/conflict"}, exitFine},
		"lint-strict":         {[]string{"lint", "--strict", "-f", "testdata/conflict"}, exitFindings},
		"lint-fine":           {[]string{"lint", "--strict", "--complete", "-f", "testdata/render/tenant.yaml"}, exitFine},
		"events":              {[]string{"events"}, exitFine},
		"events-wide":         {[]string{"events", "-o", "wide"}, exitFine},
		"events-one":          {[]string{"events", "invoice.unpaid"}, exitFine},
		"events-security":     {[]string{"events", "portal.passwordReset"}, exitFine},
		"events-own":          {[]string{"events", "custom.meterReading", "--tenant-file", "testdata/render/tenant.yaml"}, exitFine},
		"events-own-json":     {[]string{"events", "custom.meterReading", "--tenant-file", "testdata/render/tenant.yaml", "-o", "json"}, exitFine},
		"events-own-schema":   {[]string{"events", "custom.meterReading", "--tenant-file", "testdata/render/tenant.yaml", "-o", "jsonschema"}, exitFine},
		"events-own-broken":   {[]string{"events", "--tenant-file", "testdata/broken/tenant.yaml"}, exitFindings},
		"render":              {[]string{"render", "-f", "testdata/render/reminder.yaml"}, exitFine},
		"render-tenant":       {[]string{"render", "-f", "testdata/render", "--name", "meter"}, exitFine},
		"render-locale":       {[]string{"render", "-f", "testdata/render", "--name", "reminder", "--action", "first", "--locale", "de-AT"}, exitFine},
		"render-payload":      {[]string{"render", "-f", "testdata/render/reminder.yaml", "--event", "testdata/payload/paid.json", "--action", "text"}, exitFine},
		"render-wrong":        {[]string{"render", "-f", "testdata/render/reminder.yaml", "--event", "testdata/payload/wrong.json"}, exitFindings},
		"render-refused":      {[]string{"render", "-f", "testdata/broken/templates.yaml", "--name", "reminder"}, exitFindings},
		"render-other-syntax": {[]string{"render", "-f", "testdata/broken", "--name", "conflict-a"}, exitFindings},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, "", tt.args...)
			if got.code != tt.code || got.err != "" {
				t.Errorf("code %d, expected %d; on standard error: %s", got.code, tt.code, got.err)
			}
			golden(t, name, got.out)
		})
	}
}

// golden compares with what is in testdata/golden, or writes it there.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestWrongUsage(t *testing.T) {
	for _, tt := range []struct {
		args []string
		says string
	}{
		{[]string{"lint"}, "name what to read, as -f config/ or -f -"},
		{[]string{"lint", "config/"}, "kubectl foyer lint takes no arguments: name what to read as -f config/"},
		{[]string{"lint", "-f", "testdata/nothing"}, "read testdata/nothing: no such file or directory"},
		{[]string{"lint", "-f", "testdata/golden"}, "no .yaml, .yml or .json file is in testdata/golden (-R looks into its directories as well)"},
		{[]string{"lint", "-R", "-f", "testdata/golden"}, "no .yaml, .yml or .json file is in testdata/golden or below"},
		{[]string{"lint", "-o", "xml", "-f", "testdata/render"}, "-o xml is not known, allowed is text or json"},
		{[]string{"lint", "--fast"}, "unknown flag: --fast\nSee 'kubectl foyer lint --help'"},
		{[]string{"version", "now"}, `kubectl foyer version takes no arguments, "now" is too much`},
		{[]string{"lnit"}, `unknown command "lnit" for "kubectl foyer"`},
		{[]string{"import"}, "name one kind to import: groups, products, accounts, "},
		{[]string{"import", "acounts", "-f", "x.csv"}, `there is no kind "acounts" to import, there are (the nearest first): accounts, `},
		{[]string{"import", "accounts"}, "name what to import, as -f accounts.csv or -f -"},
		{[]string{"import", "accounts", "-f", "x", "--format", "xml"}, "--format xml is not known, allowed is csv or ndjson"},
		{[]string{"import", "accounts", "-f", "x", "--mode", "all"}, "--mode all is not known, allowed is lines or whole"},
		{[]string{"import", "accounts", "-f", "x", "--notify", "some"}, "--notify some is not known, allowed is none or all"},
		{[]string{"import", "accounts", "-f", "x", "--wait", "-1s"}, "--wait must not be negative"},
		{[]string{"import", "accounts", "-f", "x", "--mode", "whole", "--state", "s"}, "--mode whole is one request, so there is no position to keep"},
		{[]string{"import", "calls", "-f", "x", "--mode", "whole"}, "--mode whole is not for calls"},
		{[]string{"import", "accounts", "-f", "x", "--token-file", "t"}, "--token-file is for --server"},
		{[]string{"import", "accounts", "-f", "x", "--server", "https://api.acme.example"}, "--server needs --token-file"},
		{[]string{"import", "accounts", "-f", "x", "--server", "https://api.acme.example", "--token-file", "t", "-n", "acme"}, "--server and --namespace exclude each other"},
		{[]string{"import", "accounts", "-f", "x", "--server", "api.acme.example", "--token-file", "t"}, "--server must be an address such as https://api.acme.example"},
		{[]string{"import", "accounts", "-f", "x", "--server", "http://api.acme.example", "--token-file", "t"}, "--server must be https: the token would be readable on its way"},
		{[]string{"import", "accounts", "-f", "x", "--server", "https://a:b@api.acme.example", "--token-file", "t"}, "--server must be an address alone"},
		{[]string{"import", "accounts", "-f", "x", "--server", "https://api.acme.example", "--token-file", "testdata/nothing"}, "read the token: open testdata/nothing: no such file or directory"},
		{[]string{"import", "accounts", "-f", "x", "--server", "https://api.acme.example", "--token-file", "testdata/import/accounts.csv"}, "what is in testdata/import/accounts.csv is not a token alone"},
		{[]string{"tree", "acme", "beta"}, `kubectl foyer tree takes one tenant at most, "beta" is too much`},
		{[]string{"tree", "acme", "--tenant", "beta"}, "--tenant beta and the argument acme name two tenants"},
		{[]string{"tree", "-A", "-n", "acme"}, "--all-namespaces and --namespace exclude each other"},
		{[]string{"tree", "-o", "yaml"}, "-o yaml is not known, allowed is text or json"},
		{[]string{"logs", "portals"}, `there is no component "portals", there are: portal, backoffice, dispatcher`},
		{[]string{"logs", "portal", "backoffice"}, `kubectl foyer logs takes one component at most, "backoffice" is too much`},
		{[]string{"logs", "--level", "loud"}, "--level loud is not known, allowed is debug, info, warn or error"},
		{[]string{"logs", "--since", "-1h"}, "--since must not be negative"},
		{[]string{"logs", "--operator-namespace", "foyer"}, "--operator-namespace is for --operator"},
		{[]string{"explain"}, "name what to explain, as kubectl foyer explain account 10001"},
		{[]string{"explain", "account"}, "name one account by its id, as kubectl foyer explain account 10001"},
		{[]string{"explain", "account", "1", "-o", "yaml"}, "-o yaml is not known, allowed is text or json"},
		{[]string{"events", "-o", "yaml"}, "-o yaml is not known, allowed is wide, json, jsonschema or markdown"},
		{[]string{"events", "invoice.paid", "-o", "markdown"}, "-o markdown writes the page of all events: leave out invoice.paid"},
		{[]string{"events", "--tenant-file", "testdata/render/meter.yaml"}, "testdata/render/meter.yaml has 0 Tenants, exactly one is needed to know its events"},
		{[]string{"render", "-f", "testdata/render"}, "there are 2 EventTemplates in these files, choose one by --name: meter, reminder"},
		{[]string{"render", "-f", "testdata/render", "--name", "remindr"}, `there is no EventTemplate "remindr" in these files, there are: meter, reminder`},
		{[]string{"render", "-f", "testdata/render/tenant.yaml"}, "there is no EventTemplate in these files"},
		{[]string{"render", "-f", "testdata/render/meter.yaml"}, "the event custom.meterReading is declared by a Tenant: add the file of it, as -f tenant.yaml"},
		{[]string{"render", "-f", "testdata/render/reminder.yaml", "--action", "third"}, `there is no action "third" in EventTemplate reminder, there are: first, text, hook, banner, note`},
		{[]string{"render", "-f", "testdata/render/reminder.yaml", "--event", "testdata/payload/nothing.json"}, "read the payload: open testdata/payload/nothing.json: no such file or directory"},
		{[]string{"render", "-f", "testdata/render/reminder.yaml", "--event", "-"}, "there is nothing in standard input"},
		{[]string{"lint", "-f", "-"}, "there is nothing in standard input"},
		{[]string{"render", "-f", "-", "--event", "-"}, "there is nothing in standard input"},
		{[]string{"render", "-f", "testdata/render/reminder.yaml", "--locale", "klingon-on-earth"}, "--locale: "},
		{[]string{"render", "-f", "testdata/render/reminder.yaml", "--time-zone", "Mars"}, "--time-zone: "},
		{[]string{"render", "-f", "testdata/render/reminder.yaml", "--currency", "euro"}, "--currency: "},
	} {
		got := run(t, "", tt.args...)
		if got.code != exitUsage || got.out != "" || !strings.HasPrefix(got.err, "error: "+tt.says) {
			t.Errorf("%s:\ncode %d, printed %q, said %q, expected code %d and %q", strings.Join(tt.args, " "), got.code, got.out, got.err, exitUsage, tt.says)
		}
	}
}

func TestEventIsNotKnown(t *testing.T) {
	got := run(t, "", "events", "invoice.unpayed")
	const want = `error: there is no event "invoice.unpayed", there are (the nearest first): invoice.unpaid, invoice.paid, `
	if got.code != exitUsage || !strings.HasPrefix(got.err, want) {
		t.Errorf("code %d, said %q", got.code, got.err)
	}
}

// TestSamplesAreClean: the samples are what people begin with. They have one thing that is to
// be mended by those who use them: they send nothing.
func TestSamplesAreClean(t *testing.T) {
	for _, tenant := range []string{"acme", "nordlicht"} {
		got := run(t, "", "lint", "--complete", "-o", "json", "-f", "../../config/samples/"+tenant)
		var report struct {
			Findings []lint.Finding `json:"findings"`
			Objects  map[string]int `json:"objects"`
		}
		if err := json.Unmarshal([]byte(got.out), &report); err != nil {
			t.Fatalf("%s: %v", tenant, err)
		}
		held := len(report.Findings) == 1 && report.Findings[0].Field == "spec.delivery"
		if got.code != exitFine || !held || report.Objects["Tenant"] != 1 || report.Objects["EventTemplate"] == 0 {
			t.Errorf("%s: code %d: %s", tenant, got.code, got.out)
		}
	}
}

func TestStandardInput(t *testing.T) {
	template, err := os.ReadFile("testdata/render/reminder.yaml")
	if err != nil {
		t.Fatal(err)
	}
	broken := strings.Replace(string(template), "event: invoice.unpaid", "event: invoice.unpayed", 1)
	got := run(t, broken, "lint", "-f", "-")
	if got.code != exitFindings || !strings.Contains(got.out, "stdin:10: error: EventTemplate/reminder: spec.event: ") {
		t.Errorf("code %d, printed:\n%s", got.code, got.out)
	}
	payload, err := os.ReadFile("testdata/payload/paid.json")
	if err != nil {
		t.Fatal(err)
	}
	got = run(t, string(payload), "render", "-f", "testdata/render/reminder.yaml", "--event", "-", "--action", "text")
	if got.code != exitFine || !strings.Contains(got.out, "does not hold here: it would not fire") {
		t.Errorf("code %d, printed:\n%s\n%s", got.code, got.out, got.err)
	}
	got = run(t, string(template), "render", "-f", "-", "--event", "-")
	if got.code != exitUsage || !strings.Contains(got.err, "standard input cannot be both") {
		t.Errorf("code %d, said: %s", got.code, got.err)
	}
}

// TestOddInput: whatever is in a file, it is told in words and with its line.
func TestOddInput(t *testing.T) {
	const object = "apiVersion: foyer.dev/v1alpha1\nkind: EventTemplate\n"
	for input, want := range map[string]string{
		"apiVersion: v1\nkind: Service\n": "stdin:1: error: no object of Foyer (of apiVersion foyer.dev/v1alpha1) is here, so nothing was checked\n1 error in 0 objects; 1 other document left out, not Foyer's\n",
		"a: *b\n":                         "stdin:1: error: this is neither YAML nor JSON: unknown anchor 'b' referenced\n1 error in 0 objects\n",
		"\x80\x81":                        "stdin:1: error: this is neither YAML nor JSON: ",
		object + "metadata: x\nspec: 3\n": "error: EventTemplate/(no name): metadata: is a text, and must be an object, as {name: value}\n",
		object + "metadata: {name: a, labels: 3}\nspec: 3":             "error: EventTemplate/a: metadata.labels: is a number, and must be an object, as {name: value}\n",
		object + "metadata: {name: a, namespace: n}\n":                 "metadata.namespace: is a truth value (as are yes, no, y, n, on and off), and must be a text: put it in quotes\n",
		object + "metadata: {name: 3}\n":                               "metadata.name: is a number, and must be a text: put it in quotes\n",
		object + "metadata: {name: {a: b}}\n":                          "metadata.name: is an object, and must be a text\n",
		object + "metadata: {name: a, labels: [1]}\n":                  "metadata.labels: is a list, and must be an object, as {name: value}\n",
		object + "metadata: [1]\n":                                     "metadata: is a list, and must be an object, as {name: value}\n",
		object + "metadata: {name: a, finalizers: 3}\n":                "metadata.finalizers: is a number, and must be a list\n",
		object + "metadata: {name: a, creationTimestamp: yesterday}\n": "metadata.creationTimestamp: must be a time such as 2026-11-21T09:00:00Z: remove it",

		object + "metadata: {name: a}\nspec: {actions: {a: 1}, accountProfileRefs: [1, x], tenantRef: acme, event: [1]}\n": `stdin:4: error: EventTemplate/a: spec.accountProfileRefs[1]: Invalid value: "string": `,
	} {
		got := run(t, input, "lint", "-f", "-")
		if !strings.Contains(got.out, want) || got.err != "" {
			t.Errorf("%q: code %d, %s%s", input, got.code, got.out, got.err)
		}
	}
}

// TestNothingOfFoyer: what was not checked does not pass for checked.
func TestNothingOfFoyer(t *testing.T) {
	directory := t.TempDir()
	for name, content := range map[string]string{"service.yaml": "apiVersion: v1\nkind: Service\n", "tenant.yaml": "apiVersion: capsule.example/v1\nkind: Tenant\n"} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	service, tenant := filepath.Join(directory, "service.yaml"), filepath.Join(directory, "tenant.yaml")
	for _, tt := range []struct {
		code int
		args []string
	}{
		{exitFindings, []string{"-f", service}},
		{exitFindings, []string{"-f", tenant}},
		{exitFindings, []string{"-f", tenant, "-o", "json"}},
		{exitFindings, []string{"-f", directory, "--complete"}},
		{exitFine, []string{"-f", directory}},
		{exitFine, []string{"-f", directory, "--strict"}},
		{exitFine, []string{"-f", service, "-f", tenant}}, // as what runs before a commit names what has changed
	} {
		if got := run(t, "", append([]string{"lint"}, tt.args...)...); got.code != tt.code {
			t.Errorf("%s: code %d, expected %d:\n%s", tt.args, got.code, tt.code, got.out)
		}
	}
}

// TestPayloadsToMend: what is wrong with a payload is a finding, as what is wrong in files.
func TestPayloadsToMend(t *testing.T) {
	for payload, want := range map[string]string{
		"# no":   "stdin: error: this is not JSON: invalid character '#' looking for beginning of value\n",
		"[]":     "stdin: error: this is no object, but another value of JSON: write it as {",
		`"text"`: "stdin: error: this is no object",
		"{} {}":  "stdin: error: there is more than one value in it",
		"{}":     "stdin: error: ",
	} {
		got := run(t, payload, "render", "-f", "testdata/render/reminder.yaml", "--event", "-")
		if got.code != exitFindings || !strings.HasPrefix(got.out, want) || got.err != "" || strings.Contains(got.out, "Go value") {
			t.Errorf("%s: code %d, printed %q, said %q", payload, got.code, got.out, got.err)
		}
	}
}

// TestTextThatIsTooLong: with some payloads a text is too long to send.
func TestTextThatIsTooLong(t *testing.T) {
	content, err := os.ReadFile("testdata/payload/paid.json")
	if err != nil {
		t.Fatal(err)
	}
	var payload map[string]any
	if err := json.Unmarshal(content, &payload); err != nil {
		t.Fatal(err)
	}
	payload["account"].(map[string]any)["name"] = strings.Repeat("n", 1000)
	if content, err = json.Marshal(payload); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "template.yaml")
	template := "apiVersion: foyer.dev/v1alpha1\nkind: EventTemplate\nmetadata: {name: long}\nspec:\n  tenantRef: {name: acme}\n  event: invoice.unpaid\n" +
		"  accountProfileRefs: [{name: default}]\n  actions:\n  - name: note\n    type: Banner\n    days: [1]\n    banner:\n      text: '" + strings.Repeat("{{.account.name}}", 300) + "'\n"
	if err := os.WriteFile(file, []byte(template), 0o600); err != nil {
		t.Fatal(err)
	}
	got := run(t, string(content), "render", "-f", file, "--event", "-")
	if want := file + ":13: error: EventTemplate/long: spec.actions[0].banner.text: "; got.code != exitFindings || !strings.HasPrefix(got.out, want) || got.err != "" {
		t.Errorf("code %d, printed %q, said %q", got.code, got.out, got.err)
	}
}

// TestNothingCommandsTheTerminal: files are written by others.
func TestNothingCommandsTheTerminal(t *testing.T) {
	const evil = `apiVersion: foyer.dev/v1alpha1
kind: EventTemplate
metadata: {name: evil}
spec:
  tenantRef: {name: acme}
  event: "\e]0;title\a\x9b2J\e[1mbold"
  accountProfileRefs: [{name: default}]
  actions: []
`
	for _, colour := range []bool{false, true} {
		var out bytes.Buffer
		Main([]string{"lint", "-f", "-"}, "", Streams{In: strings.NewReader(evil), Out: &out, Err: &out, Colour: colour}, nil)
		printed := ownColours.ReplaceAllString(out.String(), "")
		if strings.ContainsAny(printed, "\x1b\a\r") || strings.Contains(printed, "\u009b") || !strings.Contains(printed, "title") || !colour && printed != out.String() {
			t.Errorf("printed %q", out.String())
		}
	}
	var out bytes.Buffer
	Main([]string{"lint", "-f", "/nothing\x1b[2J"}, "", Streams{Out: &out, Err: &out}, nil)
	if !strings.Contains(out.String(), `read /nothing\u001b[2J: `) {
		t.Errorf("said %q", out.String())
	}
}

// TestRenderReplacesLinks: who can put a link into the directory cannot choose what is
// written over.
func TestRenderReplacesLinks(t *testing.T) {
	directory := t.TempDir()
	outside := filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(outside, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(directory, "first.txt")); err != nil {
		t.Fatal(err)
	}
	got := run(t, "", "render", "-f", "testdata/render", "--name", "reminder", "--action", "first", "--out", directory)
	kept, err := os.ReadFile(outside)
	if err != nil || string(kept) != "precious" || got.code != exitFine {
		t.Errorf("code %d, %s; the file outside says %q (%v)", got.code, got.err, kept, err)
	}
	written, err := os.ReadFile(filepath.Join(directory, "first.txt"))
	if err != nil || !strings.Contains(string(written), "EUR") {
		t.Errorf("written is %q (%v)", written, err)
	}
}

func TestColours(t *testing.T) {
	var out bytes.Buffer
	code := Main([]string{"lint", "-f", "testdata/partial"}, "", Streams{Out: &out, Err: &out, Colour: true}, nil)
	want := "\x1b[1mtestdata/partial/templates.yaml:6:\x1b[0m \x1b[1;36mnote:\x1b[0m EventTemplate/welcome: spec.tenantRef: "
	if code != exitFine || !strings.HasPrefix(out.String(), want) {
		t.Errorf("code %d, printed %q", code, out.String())
	}
}

func TestRenderWritesFiles(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "mails")
	got := run(t, "", "render", "-f", "testdata/render", "--name", "reminder", "--out", directory)
	if got.code != exitFine {
		t.Fatalf("code %d: %s%s", got.code, got.out, got.err)
	}
	want := map[string]string{
		"first.txt":    "has a balance of EUR 120.00.",
		"first.html":   `<a href="https://my.acme.example/invoices/1001">INV-1001</a>`,
		"first.de.txt": "120,00 € sind offen.",
		"text.txt":     "Acme Telecom: invoice INV-1001 for EUR 120.00 is late.",
		"hook.json":    `{"invoice": "INV-1001", "balance": 120.00}`,
		"banner.txt":   "Invoice INV-1001 is late.",
		"note.txt":     "Second reminder sent.",
	}
	for name, part := range want {
		path := filepath.Join(directory, name)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
			continue
		}
		text := strings.ReplaceAll(string(content), "\u00a0", " ")
		if !strings.Contains(text, part) {
			t.Errorf("%s lacks %q:\n%s", name, part, text)
		}
		if !strings.Contains(got.out, path) {
			t.Errorf("the path of %s is not printed", name)
		}
	}
	written, err := os.ReadDir(directory)
	if err != nil || len(written) != len(want) {
		t.Errorf("%d files were written, expected %d (%v)", len(written), len(want), err)
	}
	for _, line := range []string{"it would fire", "Subject: Invoice INV-1001 is unpaid", "54 characters, 1 segment"} {
		if !strings.Contains(got.out, line) {
			t.Errorf("%q is not printed:\n%s", line, got.out)
		}
	}
}

func TestMarkdownIsThePageOfAllEvents(t *testing.T) {
	got := run(t, "", "events", "-o", "markdown", "--tenant-file", "testdata/render/tenant.yaml")
	if got.code != exitFine || !strings.Contains(got.out, "\n## custom.meterReading\n") || !strings.Contains(got.out, "\n## invoice.unpaid\n") {
		t.Errorf("code %d, printed:\n%.500s", got.code, got.out)
	}
}

func TestAllSchemasAreJSON(t *testing.T) {
	for _, output := range []string{"json", "jsonschema"} {
		got := run(t, "", "events", "-o", output)
		if got.code != exitFine || !json.Valid([]byte(got.out)) || !strings.Contains(got.out, `"Invoice unpaid"`) {
			t.Errorf("-o %s: code %d, printed:\n%.500s", output, got.code, got.out)
		}
	}
}

func TestEveryCommandHasExamplesByItsRealName(t *testing.T) {
	for _, command := range newRoot("", Streams{}, nil).Commands() {
		if command.Name() == "help" || command.Name() == "completion" {
			continue
		}
		if !strings.Contains(command.Example, command.CommandPath()) || !strings.HasPrefix(command.CommandPath(), "kubectl foyer ") {
			t.Errorf("%s: %q", command.CommandPath(), command.Example)
		}
	}
}

func TestCompletion(t *testing.T) {
	got := run(t, "", cobra.ShellCompRequestCmd, "events", "invoice")
	if want := "invoice.issued\ninvoice.paid\ninvoice.unpaid\n"; !strings.HasPrefix(got.out, want) {
		t.Errorf("printed %q, expected %q first", got.out, want)
	}
}

// TestLinksNoDatabase: the command runs on people's machines; it reaches the API of a
// tenant, and nothing behind it. Of the control plane it has the names and labels of what
// that makes, which are pure.
func TestLinksNoDatabase(t *testing.T) {
	output, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "../../cmd/kubectl-foyer").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := strings.Fields(string(output))
	if len(packages) < 100 {
		t.Fatalf("only %d packages are listed", len(packages))
	}
	for _, p := range packages {
		if p == "github.com/foyerhq/foyer/controllers/provision" {
			continue
		}
		for _, refused := range []string{
			"github.com/foyerhq/foyer/internal/store", "github.com/foyerhq/foyer/internal/process", "github.com/foyerhq/foyer/controllers",
			"github.com/jackc/pgx", "sigs.k8s.io/controller-runtime", "google.golang.org/grpc", "go.etcd.io",
		} {
			if p == refused || strings.HasPrefix(p, refused+"/") {
				t.Errorf("kubectl-foyer links %s", p)
			}
		}
	}
}

package cli

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/cli/bulk"
	"github.com/foyerhq/foyer/internal/integration"
)

// inputFile writes a file into a directory of the test.
func inputFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// groupLines are n lines of groups, g1 to gn.
func groupLines(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "{\"name\":\"g%d\"}\n", i+1)
	}
	return text.String()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func refuseProfiles(line string) (field, message string) {
	for _, name := range []string{"gold", "silver"} {
		if strings.Contains(line, `"accountProfile":"`+name+`"`) {
			return "accountProfile", fmt.Sprintf("there is no AccountProfile %q, allowed are business, residential", name)
		}
	}
	return "", ""
}

func TestImportGolden(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	api := newFakeAPI(t)
	api.refuse = refuseProfiles
	got := api.run("", "import", "accounts", "-f", "testdata/import/accounts.csv", "--state", state)
	if got.code != exitFindings || got.err != "" {
		t.Errorf("code %d, said %s", got.code, got.err)
	}
	golden(t, "import-refused", got.out)
	want := []string{
		`{"id":"10001","name":"Ann Smith","accountProfile":"business","attributes":{"currency":"EUR","custom":[{"name":"segment","value":"gold"}]}}`,
		`{"id":"10006","name":"Emil","accountProfile":"residential","attributes":{"currency":"USD","custom":[{"name":"segment","value":"bronze"}]}}`,
	}
	if diff := cmp.Diff(want, api.applied); diff != "" {
		t.Errorf("applied, -want +got:\n%s", diff)
	}
	got = api.run("", "import", "accounts", "-f", "testdata/import/accounts.csv", "--mode", "whole")
	if got.code != exitFindings || got.err != "" {
		t.Errorf("code %d, said %s", got.code, got.err)
	}
	golden(t, "import-whole-unreadable", got.out)

	api = newFakeAPI(t)
	got = api.run("", "import", "accounts", "-f", "testdata/import/semicolons.csv", "--state", state, "--notify", "all")
	if got.code != exitFine || got.err != "" || exists(state) {
		t.Errorf("code %d, said %s", got.code, got.err)
	}
	golden(t, "import-fine", got.out)
	want = []string{
		`{"id":"1","name":"Müller, Ann","groups":["vip"],"attributes":{"tradingTermsDays":14}}`,
		`{"id":"2","name":"Bert","groups":["vip","north"],"attributes":{"tradingTermsDays":null}}`,
	}
	if diff := cmp.Diff(want, api.applied); diff != "" {
		t.Errorf("applied, -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"accounts?mode=lines&notify=all"}, api.requests); diff != "" {
		t.Errorf("requests, -want +got:\n%s", diff)
	}
}

// A refusal names the line of the file and the column as it is written there, and --refused
// has them all.
func TestImportRefusedFile(t *testing.T) {
	api := newFakeAPI(t)
	api.refuse = refuseProfiles
	refused := filepath.Join(t.TempDir(), "refused.ndjson")
	api.run("", "import", "accounts", "-f", "testdata/import/accounts.csv", "--state", filepath.Join(t.TempDir(), "s"), "--refused", refused)
	text, err := os.ReadFile(refused)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"line":3,"id":"10002","field":"AccountProfile","message":"there is no AccountProfile \"gold\", allowed are business, residential"}
{"line":5,"id":"10003","field":"AccountProfile","message":"there is no AccountProfile \"silver\", allowed are business, residential"}
{"line":6,"message":"the row has 2 cells, the first row names 5"}
{"line":7,"message":"a quote is opened and not closed"}
`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, same := range []string{"testdata/import/accounts.csv", "testdata/import/../import/accounts.csv"} {
		got := api.run("", "import", "accounts", "-f", "testdata/import/accounts.csv", "--refused", same)
		if got.code != exitUsage || !strings.Contains(got.err, "--refused must be another file") {
			t.Errorf("code %d, said %s", got.code, got.err)
		}
	}
}

// The forms of input, and how each is told.
func TestImportInputs(t *testing.T) {
	const ndjson, csv = "{\"name\":\"a\"}\n\n{\"name\":\"b\"}", "\xef\xbb\xbfname,displayName\r\na,\r\nb,\r\n"
	var zipped bytes.Buffer
	zip := gzip.NewWriter(&zipped)
	io.WriteString(zip, csv)
	zip.Close()
	want := []string{`{"name":"a"}`, `{"name":"b"}`}
	for name, test := range map[string]struct {
		file, input string
		args        []string
	}{
		"groups.csv":            {file: csv},
		"groups.ndjson":         {file: ndjson},
		"groups.jsonl":          {file: ndjson},
		"groups.csv.gz":         {file: zipped.String()},
		"groups":                {file: zipped.String()},
		"groups.json":           {file: "\n" + ndjson},
		"groups.txt":            {file: csv, args: []string{"--format", "csv"}},
		"standard input":        {input: csv},
		"standard input NDJSON": {input: ndjson},
		"standard input gzip":   {input: zipped.String()},
	} {
		t.Run(name, func(t *testing.T) {
			api := newFakeAPI(t)
			path := "-"
			if test.input == "" {
				path = inputFile(t, name, test.file)
			}
			got := api.run(test.input, append([]string{"import", "groups", "-f", path}, test.args...)...)
			if got.code != exitFine || got.err != "" {
				t.Errorf("code %d, said %s", got.code, got.err)
			}
			if diff := cmp.Diff(want, api.applied); diff != "" {
				t.Errorf("applied, -want +got:\n%s", diff)
			}
			if exists(path + stateSuffix) {
				t.Error("the position is still there")
			}
		})
	}
}

// What cannot be read is told before anything is sent.
func TestImportOfNothing(t *testing.T) {
	damaged := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0}
	for name, test := range map[string]struct{ file, says string }{
		"empty.csv":     {"", "empty.csv: the file is empty: its first row names the columns, such as id,name"},
		"header.csv":    {"name\n\n", "there is no line to import in "},
		"empty.ndjson":  {"\n\n", "there is no line to import in "},
		"list.json":     {`[{"name":"a"}]`, "it is one list of JSON: write one object a line"},
		"column.csv":    {"name,displayname,grade\n", `column.csv: there is no column "grade" for groups, the nearest is name, there are: id, name, displayName`},
		"damaged.gz":    {string(damaged), "it is compressed, and damaged or not all there"},
		"wide.csv":      {"\xff\xfen\x00", "the file is UTF-16: save it as CSV UTF-8"},
		"directory.csv": {"/", "is a directory, name a file"},
		"missing.csv":   {"?", "missing.csv: no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			api := newFakeAPI(t)
			path := inputFile(t, name, test.file)
			switch test.file {
			case "/":
				path = filepath.Dir(path)
			case "?":
				path = filepath.Join(t.TempDir(), name)
			}
			got := api.run("", "import", "groups", "-f", path)
			if got.code != exitUsage || !strings.Contains(got.err, test.says) || got.out != "" {
				t.Errorf("code %d, printed %q, said %q, expected %q", got.code, got.out, got.err, test.says)
			}
			if len(api.requests) > 0 || exists(path+stateSuffix) {
				t.Errorf("requests %v were made", api.requests)
			}
		})
	}
}

// While the server is away nothing is lost, and nothing is refused twice.
func TestImportWhileTheServerIsAway(t *testing.T) {
	for name, test := range map[string]struct {
		faults   []fault
		requests int
		says     string
		twice    bool
	}{
		"busy at first":     {[]fault{{status: 503}, {status: 429}}, 3, "Service Unavailable: later", false},
		"a failure":         {[]fault{{status: 500}}, 2, "Internal Server Error: later", false},
		"a proxy":           {[]fault{{status: 502}}, 2, "Bad Gateway", false},
		"stops in between":  {[]fault{{after: 3, last: 503}, {after: 2, last: 503}}, 3, "Service Unavailable: later", false},
		"stops at its end":  {[]fault{{after: 8, last: 503}}, 1, "", false},
		"handled nothing":   {[]fault{{after: 0, last: 503}}, 2, "Service Unavailable", false},
		"the answer breaks": {[]fault{{after: 5, cut: true}}, 2, "the answer broke off before its summary", true},
	} {
		t.Run(name, func(t *testing.T) {
			api := newFakeAPI(t, test.faults...)
			api.refuse = func(line string) (string, string) {
				if strings.Contains(line, "g2") || strings.Contains(line, "g7") {
					return "name", "is taken"
				}
				return "", ""
			}
			refused := filepath.Join(t.TempDir(), "refused")
			got := api.run("", "import", "groups", "-f", inputFile(t, "g.ndjson", groupLines(8)), "--refused", refused)
			if got.code != exitFindings || !strings.Contains(got.err, test.says) {
				t.Errorf("code %d, said %q, expected %q", got.code, got.err, test.says)
			}
			if !strings.Contains(got.out, "8 lines: ") || !strings.Contains(got.out, " 2 refused") || len(api.applied) != 6 {
				t.Errorf("applied %v:\n%s", api.applied, got.out)
			}
			if strings.Contains(got.out, "up to 8 lines may have been applied before they were sent again") != test.twice {
				t.Errorf("sent twice %t:\n%s", test.twice, got.out)
			}
			text, err := os.ReadFile(refused)
			if want := "{\"line\":2,\"field\":\"name\",\"message\":\"is taken\"}\n{\"line\":7,\"field\":\"name\",\"message\":\"is taken\"}\n"; err != nil || string(text) != want {
				t.Errorf("refused %v:\n%s", err, text)
			}
			if len(api.requests) != test.requests {
				t.Errorf("%d requests, expected %d", len(api.requests), test.requests)
			}
		})
	}
}

// What does not pass by itself is not waited for.
func TestImportEndsAtLastingErrors(t *testing.T) {
	for status, says := range map[int]string{401: "Unauthorized", 413: "Request Entity Too Large", 403: "Forbidden"} {
		api := newFakeAPI(t, fault{status: status})
		path := inputFile(t, "g.ndjson", groupLines(3))
		got := api.run("", "import", "groups", "-f", path)
		if got.code != exitUsage || !strings.HasPrefix(got.err, "error: import groups: "+says) || len(api.requests) != 1 || exists(path+stateSuffix) {
			t.Errorf("code %d, said %q after %d requests", got.code, got.err, len(api.requests))
		}
	}
	api := newFakeAPI(t, fault{status: 503}, fault{status: 503})
	got := api.run("", "import", "groups", "-f", inputFile(t, "g.ndjson", groupLines(3)), "--wait", "0s")
	if got.code != exitUsage || !strings.Contains(got.err, "the server was away for 0s: import groups: Service Unavailable: later") {
		t.Errorf("code %d, said %q", got.code, got.err)
	}
}

// A file of many lines is several requests, each of a bounded number of lines, and the
// numbers of refused lines are those of the file.
func TestImportOfManyLines(t *testing.T) {
	const many = 120_000
	api := newFakeAPI(t)
	api.refuse = func(line string) (string, string) {
		if strings.HasSuffix(line, `0001"}`) {
			return "name", "is taken"
		}
		if strings.HasSuffix(line, `"g120000"}`) {
			return "id", `"g119999" is already in line 19999` // of the third request
		}
		return "", ""
	}
	path := inputFile(t, "groups.ndjson", groupLines(many))
	var positions []int64
	look := fault{before: func(*http.Request) { positions = append(positions, lineOf(t, path+stateSuffix)) }}
	api.faults = []fault{{}, look, look}
	got := api.run("", "import", "groups", "-f", path)
	if got.code != exitFindings || !strings.HasPrefix(got.out, path+": 120,000 lines: 119,988 new, 0 changed, 0 as before, 12 refused\n") {
		t.Errorf("code %d, said %s, printed:\n%.500s", got.code, got.err, got.out)
	}
	const want = "11  name: is taken\n    lines 10001, 20001, 30001, 40001, 50001 and 6 more\n 1  id: \"g119999\" is already in line 119999\n    line 120000\n"
	if !strings.Contains(got.out, want) {
		t.Errorf("printed:\n%s", got.out)
	}
	if diff := cmp.Diff([]int64{50_000, 100_000}, positions); diff != "" || len(api.requests) != 3 {
		t.Errorf("%d requests; positions, -want +got:\n%s", len(api.requests), diff)
	}
}

func lineOf(t *testing.T, state string) int64 {
	text, err := os.ReadFile(state)
	if err != nil {
		t.Error(err)
		return 0
	}
	var s bulk.State
	if err := json.Unmarshal(text, &s); err != nil {
		t.Error(err)
	}
	return s.Line
}

func TestImportWhole(t *testing.T) {
	api := newFakeAPI(t, fault{status: 503})
	path := inputFile(t, "groups.csv", "name\na\n\nb\nc\n")
	got := api.run("", "import", "groups", "-f", path, "--mode", "whole")
	if want := path + ": 3 lines: 3 new, 0 changed, 0 as before, 0 refused\n"; got.code != exitFine || got.out != want || exists(path+stateSuffix) {
		t.Errorf("code %d, printed %q, said %q", got.code, got.out, got.err)
	}
	if diff := cmp.Diff([]string{"groups?mode=whole&notify=none", "groups?mode=whole&notify=none"}, api.requests); diff != "" {
		t.Errorf("requests, -want +got:\n%s", diff)
	}

	api = newFakeAPI(t)
	api.refuse = func(string) (string, string) { return "name", "is taken" }
	got = api.run("NAME\na\n", "import", "groups", "-f", "-", "--mode", "whole")
	if got.code != exitFindings || !strings.HasPrefix(got.out, "standard input: nothing is applied: of 1 line 1 is refused, and --mode whole is all or nothing\n") ||
		!strings.Contains(got.out, "standard input:2: NAME: is taken\n") {
		t.Errorf("code %d, printed %s, said %s", got.code, got.out, got.err)
	}

	api = newFakeAPI(t, fault{status: 503})
	got = api.run(groupLines(1), "import", "groups", "-f", "-", "--mode", "whole")
	if got.code != exitUsage || !strings.Contains(got.err, "Nothing is known to be applied: the same command sends all of it again") || len(api.requests) != 1 {
		t.Errorf("code %d, said %s", got.code, got.err)
	}
}

// A row that cannot be read ends a request in mode whole half-way: nothing of it is applied.
func TestImportWholeOfUnreadableRows(t *testing.T) {
	api := newFakeAPI(t)
	path := inputFile(t, "groups.csv", "name\n"+strings.Repeat("abcdefghijklmnopqrstuvwxyz0123456789\n", 50_000)+"a,b\n\"c\nd\n")
	got := api.run("", "import", "groups", "-f", path, "--mode", "whole")
	if got.code != exitFindings || !strings.Contains(got.out, "nothing is applied: of 50,003 lines 2 are refused") {
		t.Errorf("code %d, printed %s, said %s", got.code, got.out, got.err)
	}
	if !strings.Contains(got.out, path+":50002: the row has 2 cells, the first row names 1\n"+path+":50003: a quote is opened and not closed\n") {
		t.Errorf("printed %s", got.out)
	}
	api.mutex.Lock()
	defer api.mutex.Unlock()
	if len(api.applied) > 0 || len(api.received) > 0 {
		t.Errorf("%d lines were applied", len(api.applied))
	}
}

func TestImportWithoutServer(t *testing.T) {
	api := newFakeAPI(t)
	api.server.Close()
	got := api.run("", "import", "groups", "-f", inputFile(t, "g.ndjson", groupLines(1)), "--wait", "1ms")
	if got.code != exitUsage || !strings.Contains(got.err, "connection refused") {
		t.Errorf("code %d, said %q", got.code, got.err)
	}
	api = newFakeAPI(t)
	if err := os.WriteFile(api.token, []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	got = api.run("", "import", "groups", "-f", inputFile(t, "g.ndjson", groupLines(1)))
	if got.code != exitUsage || got.err != "error: import groups: Unauthorized: the token is not known\n" {
		t.Errorf("code %d, said %q", got.code, got.err)
	}
}

func TestCompleteKind(t *testing.T) {
	got := run(t, "", "__complete", "import", "acc")
	if !strings.HasPrefix(got.out, "accounts\n:4\n") {
		t.Errorf("completed %q", got.out)
	}
	all := run(t, "", "__complete", "import", "")
	for _, kind := range integration.Kinds() {
		if !strings.Contains(all.out, string(kind)+"\n") {
			t.Errorf("%s is not completed: %q", kind, all.out)
		}
	}
}

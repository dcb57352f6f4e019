package cli

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// An import that has failed goes on where it was, and its report is about all of it.
func TestImportGoesOn(t *testing.T) {
	api := newFakeAPI(t, fault{after: 6, last: 403})
	api.refuse = func(line string) (string, string) {
		if strings.Contains(line, `"b"`) || strings.Contains(line, `"f"`) {
			return "displayName", "is not nice"
		}
		return "", ""
	}
	const file = "name,DisplayName\na,\"1\n2\"\nb,x\nc\nd,x\ne,\"1\n2\n3\"\nf,x\ng,x\n" // lines 2-3, 4, 5, 6, 7-9, 10, 11
	path, refused := inputFile(t, "groups.csv", file), filepath.Join(t.TempDir(), "refused")
	command := []string{"import", "groups", "-f", path, "--refused", refused}
	got := api.run("", command...)
	if want := "Forbidden: later\nThe lines up to 6 of " + path + " are handled: the same command goes on from there\n"; got.code != exitUsage || got.out != "" || !strings.HasSuffix(got.err, want) {
		t.Fatalf("code %d, printed %q, said %q", got.code, got.out, got.err)
	}
	state := []string{"--state", path + stateSuffix}
	edited := inputFile(t, "g.csv", strings.Replace(file, "d,x", "d,y", 1))
	for says, args := range map[string][]string{
		"it is of an import with --mode lines":            append(command, "--mode", "whole"),
		"it is of an import with --notify none":           append(command, "--notify", "all"),
		"it is of an import with --format csv":            append(command, "--format", "ndjson"),
		"it is of an import of groups":                    append([]string{"import", "invoices", "-f", inputFile(t, "g", `{"id":"1"}`)}, state...),
		"the file has changed: it had 53 bytes and has 6": append([]string{"import", "groups", "-f", inputFile(t, "g.csv", "name\nx")}, state...),
		"the file has changed: it begins otherwise":       append([]string{"import", "groups", "-f", edited}, state...),
		"does not say how far an import got":              {"import", "groups", "-f", path, "--state", "testdata/import/accounts.csv"},
	} {
		if got := api.run("", args...); got.code != exitUsage || !strings.Contains(got.err, says) || !strings.Contains(got.err, "--restart") {
			t.Errorf("expected %q: code %d, said %q", says, got.code, got.err)
		}
	}
	got = newFakeAPI(t).run("", command...)
	if got.code != exitUsage || !strings.Contains(got.err, "it is of an import to "+api.server.URL) {
		t.Errorf("another server: code %d, said %q", got.code, got.err)
	}
	if !exists(path + stateSuffix) {
		t.Fatal("the position is gone")
	}
	sent := len(api.requests)
	got = api.run("", command...)
	if got.code != exitFindings || got.err != path+": going on after line 6, where it was interrupted\n" || exists(path+stateSuffix) {
		t.Errorf("code %d, said %q", got.code, got.err)
	}
	if want := path + ": 7 lines: 4 new, 0 changed, 0 as before, 3 refused\n"; !strings.HasPrefix(got.out, want) {
		t.Errorf("printed %s", got.out)
	}
	want := []string{`{"name":"e","displayName":"1\n2\n3"}`, `{"name":"f","displayName":"x"}`, `{"name":"g","displayName":"x"}`}
	if diff := cmp.Diff(want, api.received[len(api.received)-1]); diff != "" || len(api.requests) != sent+1 {
		t.Errorf("sent, -want +got:\n%s", diff)
	}
	text, err := os.ReadFile(refused)
	if lines := strings.Count(string(text), "\n"); err != nil || lines != 3 || !strings.Contains(string(text), `{"line":10,"field":"DisplayName","message":"is not nice"}`) {
		t.Errorf("refused: %v\n%s", err, text)
	}
}

// A token that is rotated during an import is read again.
func TestImportGoesOnWithANewToken(t *testing.T) {
	for _, mode := range []string{"lines", "whole"} {
		api := newFakeAPI(t)
		if err := os.WriteFile(api.token, []byte("foyer_former"), 0o600); err != nil {
			t.Fatal(err)
		}
		api.refused = func() {
			if err := os.WriteFile(api.token, []byte(apiToken), 0o600); err != nil {
				t.Error(err)
			}
		}
		got := api.run("", "import", "groups", "-f", inputFile(t, "g.ndjson", groupLines(4)), "--mode", mode)
		if got.code != exitFine || got.err != "" || len(api.applied) != 4 {
			t.Errorf("%s: code %d, said %q, applied %d", mode, got.code, got.err, len(api.applied))
		}
	}
}

func TestImportRestart(t *testing.T) {
	api := newFakeAPI(t, fault{after: 2, last: 403})
	path := inputFile(t, "g.ndjson", groupLines(4))
	api.run("", "import", "groups", "-f", path)
	if !exists(path + stateSuffix) {
		t.Fatal("no position was kept")
	}
	got := api.run("", "import", "groups", "-f", path, "--restart")
	if want := path + ": 4 lines: 2 new, 0 changed, 2 as before, 0 refused\n"; got.code != exitFine || got.out != want || exists(path+stateSuffix) {
		t.Errorf("code %d, printed %q, said %q", got.code, got.out, got.err)
	}
}

// Standard input goes on as well, if its position is kept.
func TestImportGoesOnWithStandardInput(t *testing.T) {
	api := newFakeAPI(t, fault{after: 2, last: 403}, fault{after: 2, last: 403})
	got := api.run(groupLines(4), "import", "groups", "-f", "-")
	if want := "The lines up to 2 of standard input are handled. No position is kept of it without --state"; got.code != exitUsage || !strings.Contains(got.err, want) {
		t.Errorf("code %d, said %q", got.code, got.err)
	}
	if want := "standard input: 2 lines: 2 new, 0 changed, 0 as before, 0 refused\n"; got.out != want {
		t.Errorf("printed %q, want %q", got.out, want)
	}
	state := filepath.Join(t.TempDir(), "state")
	for range 2 {
		got = api.run(groupLines(4), "import", "groups", "-f", "-", "--state", state)
	}
	if got.code != exitFine || len(api.received[len(api.received)-1]) != 2 || exists(state) {
		t.Errorf("code %d, sent %q, said %q", got.code, api.received, got.err)
	}
}

// A line that was mended in the part that is handled would never be sent: however far it
// is from the beginning, it is told.
func TestImportOfAFileThatWasEdited(t *testing.T) {
	const line = 40_000
	api := newFakeAPI(t, fault{after: line + 10, last: 403})
	file := strings.ReplaceAll(groupLines(2*line), "}", `,"displayName":"`+strings.Repeat("x", 50)+`"}`)
	path := inputFile(t, "groups.ndjson", file)
	command := []string{"import", "groups", "-f", path}
	api.run("", command...)
	edited := strings.Replace(file, `"g40000"`, `"h40000"`, 1)
	for _, test := range []struct {
		content string
		says    string
	}{
		{edited, "the file has changed: what was read of it is different now"}, {file, "going on after line 40,010"},
	} {
		if err := os.WriteFile(path, []byte(test.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := api.run("", command...); !strings.Contains(got.err, test.says) {
			t.Errorf("code %d, said %q, expected %q", got.code, got.err, test.says)
		}
	}
}

// Ctrl-C ends an import in the middle of a request, and says how to go on.
func TestImportIsInterrupted(t *testing.T) {
	api := newFakeAPI(t)
	api.faults = []fault{{after: 2, last: 503}, {before: func(r *http.Request) {
		if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
			t.Error(err)
		}
		_, _ = io.Copy(io.Discard, r.Body) // else the server does not look at the connection
		select {
		case <-r.Context().Done():
		case <-time.After(time.Minute):
			t.Error("the request goes on")
		}
	}}}
	path := inputFile(t, "g.ndjson", groupLines(4))
	got := api.run("", "import", "groups", "-f", path)
	if want := "error: interrupted\nThe lines up to 2 of " + path + " are handled: the same command goes on from there\n"; got.code != exitUsage || !strings.HasSuffix(got.err, want) {
		t.Errorf("code %d, said %q", got.code, got.err)
	}
	if got = api.run("", "import", "groups", "-f", path, "--quiet"); got.code != exitFine || got.err != "" {
		t.Errorf("code %d, said %q", got.code, got.err)
	}
}

// Ctrl-C also ends an import that waits for what another program writes.
func TestImportIsInterruptedWhileItWaits(t *testing.T) {
	api := newFakeAPI(t)
	input, writer := io.Pipe()
	defer writer.Close()
	go func() {
		io.WriteString(writer, groupLines(2)) // returns when it is read
		if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
			t.Error(err)
		}
	}()
	var out, errOut bytes.Buffer
	code := Main([]string{"import", "groups", "-f", "-", "--format", "ndjson", "--server", api.server.URL, "--token-file", api.token}, "", Streams{In: input, Out: &out, Err: &errOut}, nil)
	if code != exitUsage || !strings.Contains(errOut.String(), "interrupted") || len(api.requests) > 0 {
		t.Errorf("code %d, said %q", code, errOut.String())
	}
}

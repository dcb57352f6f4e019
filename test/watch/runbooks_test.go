package watch

import (
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/cli"
)

var (
	metricName = regexp.MustCompile(`\b(?:foyer|workqueue|controller_runtime|rest_client|leader_election)_[a-z0-9_]+\b`)
	subcommand = regexp.MustCompile(`kubectl foyer ([a-z]+)`)
	otherAlert = regexp.MustCompile(`\bFoyer[A-Z][A-Za-z]+\b`)
	shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")
)

// verbs of kubectl that runbooks use.
var verbs = []string{"get", "describe", "logs", "top", "auth", "rollout", "annotate", "apply", "diff", "port-forward", "foyer"}

// Each alert has a page that says what it means, how to see it, why, and what to do; and what
// the page names is there.
func TestRunbooks(t *testing.T) {
	all := allMetrics(t)
	var names []string
	for _, a := range alerts(t) {
		names = append(names, a.Alert)
	}
	index := read(t, "docs", "runbooks", "README.md")
	for _, a := range alerts(t) {
		page := read(t, "docs", "runbooks", a.Alert+".md")
		if !strings.Contains(index, "("+a.Alert+".md)") {
			t.Errorf("docs/runbooks/README.md does not list %s", a.Alert)
		}
		for _, heading := range []string{"# " + a.Alert + "\n", "## What it means for customers", "## How to see", "## Causes", "## What to do", "## When to call others"} {
			if !strings.Contains(page, heading) {
				t.Errorf("%s lacks %q", a.Alert, heading)
			}
		}
		if !strings.Contains(page, "```promql\n"+strings.TrimSpace(a.Expr)+"\n```") {
			t.Errorf("%s does not show the expression of its alert", a.Alert)
		}
		for _, name := range metricName.FindAllString(page, -1) {
			exist(t, a.Alert+".md", name, all)
		}
		for _, other := range otherAlert.FindAllString(page, -1) {
			if !slices.Contains(names, other) {
				t.Errorf("%s names the alert %s, which is not there", a.Alert, other)
			}
		}
		for _, found := range subcommand.FindAllStringSubmatch(page, -1) {
			if !isCommand(found[1]) {
				t.Errorf("%s: kubectl foyer has no command %s", a.Alert, found[1])
			}
		}
		checkCommands(t, a.Alert, page)
	}
	pages, err := filepath.Glob(filepath.Join(root(t), "docs", "runbooks", "Foyer*.md"))
	if err != nil || len(pages) != len(names) {
		t.Errorf("%d pages for %d alerts, %v", len(pages), len(names), err)
	}
}

func checkCommands(t *testing.T, name, page string) {
	t.Helper()
	for _, block := range shellBlock.FindAllStringSubmatch(page, -1) {
		for line := range strings.Lines(block[1]) {
			words := strings.Fields(line)
			if len(words) == 0 {
				continue
			}
			if len(words) < 2 || words[0] != "kubectl" || !slices.Contains(verbs, words[1]) {
				t.Errorf("%s: a command that is not kubectl, or of another verb: %s", name, line)
			}
			if strings.Count(line, "'")%2 != 0 || strings.Count(line, `"`)%2 != 0 {
				t.Errorf("%s: a quote is not closed: %s", name, line)
			}
			checkLogs(t, name, line, words)
			if command, _, _ := strings.Cut(line, "|"); len(words) > 1 && words[1] == "foyer" && !isCommand(strings.Fields(command)[2:]...) {
				t.Errorf("%s: kubectl foyer does not take these arguments: %s", name, line)
			}
		}
	}
}

// checkLogs demands that a command reads the log of every pod and all of it: of a Deployment
// kubectl reads one pod, which may be the one that waits, and by labels ten lines of each.
func checkLogs(t *testing.T, name, line string, words []string) {
	t.Helper()
	if len(words) < 2 || words[1] != "logs" {
		return
	}
	if strings.Contains(line, " deployment/") && !slices.Contains(words, "--all-pods") {
		t.Errorf("%s: reads one pod of the Deployment, --all-pods is missing: %s", name, line)
	}
	if slices.Contains(words, "-l") && !strings.Contains(line, " --tail=") {
		t.Errorf("%s: reads ten lines of each pod, --tail is missing: %s", name, line)
	}
}

// isCommand says whether kubectl foyer has a command that takes these arguments.
func isCommand(arguments ...string) bool {
	return cli.Main(append(arguments, "--help"), "v1", cli.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}, nil) == 0
}

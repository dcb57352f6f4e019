// Package transcript runs the sessions that pages of the docs show: blocks of the language
// console, in which a line after "$ " is a command and what follows is what it prints.
//
// In what is printed "…" stands for the rest of a line, and alone on a line for any lines.
// Names in braces, as {age}, stand for what is another one each time; [Normal] writes them.
package transcript

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

// Step is a command and what it prints, exit codes other than 0 as "exit code 1" at the end.
type Step struct {
	Line            int
	Command, Output string
}

// Read returns the commands of a page, in order.
func Read(file string) ([]Step, error) {
	page, err := os.ReadFile(file) //nolint:gosec // a page of the docs
	if err != nil {
		return nil, fmt.Errorf("read a page: %w", err)
	}
	var steps []Step
	inside := false
	for i, line := range strings.Split(string(page), "\n") {
		command, begins := strings.CutPrefix(line, "$ ")
		switch last := len(steps) - 1; {
		case strings.HasPrefix(line, "```"):
			inside = line == "```console"
		case inside && begins:
			steps = append(steps, Step{Line: i + 1, Command: command})
		case inside && last >= 0 && strings.HasSuffix(steps[last].Command, `\`):
			steps[last].Command += "\n" + line
		case inside && last >= 0:
			steps[last].Output += line + "\n"
		}
	}
	return steps, nil
}

// Run runs a command as a person does in a folder, and returns what it prints.
func (s Step) Run(ctx context.Context, folder string, environment ...string) string {
	shell := exec.CommandContext(ctx, "bash", "-c", s.Command) //nolint:gosec // the page's own command
	shell.Dir = folder
	shell.Env = append(append(os.Environ(), "NO_COLOR=1"), environment...)
	out, err := shell.CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%sexit code %d\n", out, shell.ProcessState.ExitCode())
	}
	return string(out)
}

const (
	digest  = `[0-9a-f]{12,64}`
	moment  = `\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}[.0-9]*Z?`
	pod     = `[a-z0-9]+(?:-[a-z0-9]+)?`
	age     = `(?:\d+[dhms])+`
	version = `[^\s,]+`
)

// volatile are what is another one each time, as it is printed and as a page names it.
var volatile = []struct {
	printed *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`sha256:` + digest), "sha256:{digest}"},
	{regexp.MustCompile(moment), "{time}"},
	{regexp.MustCompile(`\b(acme-(?:portal|backoffice|dispatcher))-` + pod + `\b`), "$1-{pod}"},
	{regexp.MustCompile(`\b((?:portal|backoffice|dispatcher)/)[a-z0-9]+\b`), "$1{pod}"},
	{regexp.MustCompile(`(?m) ` + age + `$`), " {age}"},
	{regexp.MustCompile(`\d+ accounts?\b`), "{n} accounts"},
	{regexp.MustCompile(`generation \d+( of )\d+`), "generation {n}${1}{n}"},
	{regexp.MustCompile(`generation \d+`), "generation {n}"},
	{regexp.MustCompile(`((?:Generation|Accounts): +)\d+`), "${1}{n}"},
	{regexp.MustCompile(`(   )\d+( )`), "${1}{n}${2}"}, // of a table
	{regexp.MustCompile(`version ` + version), "version {version}"},
}

// named is what each name of a page stands for. A page may say what it is instead.
var named = strings.NewReplacer(
	`\{digest\}`, digest,
	`\{time\}`, moment,
	`\{pod\}`, pod,
	`\{age\}`, age,
	`\{n\} accounts`, `\d+ accounts?`,
	`\{n\}`, `\d+`,
	`\{version\}`, version,
	`…`, `.*`,
)

var spaces = regexp.MustCompile(` +`)

// Normal has names for what is another one each time, as a page would show what was printed.
func Normal(text string) string {
	for _, v := range volatile {
		text = v.printed.ReplaceAllString(text, v.name)
	}
	return strings.TrimSpace(text)
}

// narrow leaves out how wide columns are, which follows from what is in them.
func narrow(text string) string { return spaces.ReplaceAllString(strings.TrimSpace(text), " ") }

// Shows says whether the page shows what a command has printed.
func (s Step) Shows(printed string) bool {
	var pattern strings.Builder
	for _, line := range strings.Split(narrow(s.Output), "\n") {
		if line == "…" {
			pattern.WriteString(`(?:\n.*)*`)
		} else {
			pattern.WriteString(`\n` + named.Replace(regexp.QuoteMeta(line)))
		}
	}
	return regexp.MustCompile(`^` + pattern.String() + `$`).MatchString("\n" + narrow(printed))
}

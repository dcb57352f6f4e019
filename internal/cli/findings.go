package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/cli/lint"
)

// The colours of severities, as terminals know them.
var colours = map[lint.Severity]string{
	lint.Error:   "\x1b[1;31m",
	lint.Warning: "\x1b[1;33m",
	lint.Note:    "\x1b[1;36m",
}

const (
	bold  = "\x1b[1m"
	reset = "\x1b[0m"
)

func (s Streams) coloured(colour, text string) string {
	if !s.Colour {
		return text
	}
	return colour + text + reset
}

// printFindings prints one finding a line, as compilers do, and a summary.
func printFindings(streams Streams, result lint.Result) error {
	var out strings.Builder
	for _, f := range result.Findings {
		out.WriteString(findingLine(streams, f))
	}
	out.WriteString(summary(result))
	_, err := fmt.Fprint(streams.Out, out.String())
	return err
}

// complain tells the one problem for which a command cannot go on.
func complain(streams Streams, f lint.Finding) error {
	f.Severity = lint.Error
	if _, err := io.WriteString(streams.Out, findingLine(streams, f)); err != nil {
		return err
	}
	return errFindings
}

func findingLine(streams Streams, f lint.Finding) string {
	place := f.File + ":"
	if f.Line > 0 {
		place += fmt.Sprintf("%d:", f.Line)
	}
	place = streams.coloured(bold, place)
	severity := streams.coloured(colours[f.Severity], string(f.Severity)+":")
	subject := f.Subject()
	if subject != "" {
		subject += ": "
	}
	return fmt.Sprintf("%s %s %s%s\n", place, severity, subject, f.Message)
}

func summary(result lint.Result) string {
	c := count(result.Findings)
	var found []string
	for _, part := range []struct {
		n    int
		name string
	}{{c.Errors, "error"}, {c.Warnings, "warning"}, {c.Notes, "note"}} {
		if part.n > 0 {
			found = append(found, plural(part.n, part.name))
		}
	}
	if len(found) == 0 {
		found = []string{"nothing to mend"}
	}
	var kinds []string
	total := 0
	for _, kind := range slices.Sorted(maps.Keys(result.Objects)) {
		total += result.Objects[kind]
		kinds = append(kinds, fmt.Sprintf("%d %s", result.Objects[kind], kind))
	}
	line := "there is no object of Foyer"
	if total > 0 || c.Errors > 0 {
		line = fmt.Sprintf("%s in %s", strings.Join(found, ", "), plural(total, "object"))
	}
	if total > 0 {
		line += fmt.Sprintf(" (%s)", strings.Join(kinds, ", "))
	}
	if result.Others > 0 {
		line += fmt.Sprintf("; %s left out, not Foyer's", plural(result.Others, "other document"))
	}
	return line + "\n"
}

func plural(n int, name string) string {
	if n == 1 {
		return "1 " + name
	}
	return fmt.Sprintf("%d %ss", n, name)
}

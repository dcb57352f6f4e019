package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/foyerhq/foyer/internal/cli/bulk"
	"github.com/foyerhq/foyer/internal/cli/lint"
	"github.com/foyerhq/foyer/internal/integration"
)

// printReport tells what became of the lines, and is an error if any was refused.
func printReport(streams Streams, name string, flags importFlags, report bulk.Report) error {
	var out strings.Builder
	sum := report.Summary
	if flags.mode == string(integration.ModeWhole) && sum.Refused > 0 {
		fmt.Fprintf(&out, "%s: nothing is applied: of %s %s %s refused, and --mode whole is all or nothing\n", name,
			lines(sum.Received), grouped(sum.Refused), choose(sum.Refused == 1, "is", "are"))
	} else {
		fmt.Fprintf(&out, "%s: %s: %s new, %s changed, %s as before, %s refused\n", name, lines(sum.Received),
			grouped(sum.Created), grouped(sum.Updated), grouped(sum.Unchanged), grouped(sum.Refused))
	}
	if report.Again > 0 {
		fmt.Fprintf(&out, "The connection broke, and up to %s may have been applied before they were sent again: then they count as before.\n", lines(report.Again))
	}
	if sum.Refused > 0 {
		printReasons(&out, streams, report)
		printFirst(&out, streams, name, report)
		if flags.refused != "" {
			fmt.Fprintf(&out, "\nAll of them are in %s.\n", flags.refused)
		}
	}
	if _, err := io.WriteString(streams.Out, out.String()); err != nil {
		return err
	}
	if sum.Refused > 0 {
		return errFindings
	}
	return nil
}

// printReasons counts the reasons, where that says more than the lines themselves.
func printReasons(out *strings.Builder, streams Streams, report bulk.Report) {
	if report.Summary.Refused <= int64(len(report.First)) && len(report.Reasons) == len(report.First) {
		return
	}
	out.WriteString("\n" + streams.coloured(bold, "Why lines were refused") + "\n")
	width := 0
	for _, reason := range report.Frequent() {
		count := grouped(reason.Count)
		width = max(width, len(count)) // the first is the most frequent
		fmt.Fprintf(out, "%*s  %s%s\n", width, count, withField(streams, reason.Field, reason.Message), choose(reason.Differs, " (and other values)", ""))
		fmt.Fprintf(out, "%*s  %s\n", width, "", linesOf(reason))
	}
	if report.Others > 0 {
		fmt.Fprintf(out, "%*s  other reasons\n", width, grouped(report.Others))
	}
}

// linesOf are the first lines of a reason, as "lines 3, 17 and 12 more".
func linesOf(reason bulk.Reason) string {
	var numbers []string
	for _, line := range reason.Lines {
		numbers = append(numbers, strconv.FormatInt(line, 10))
	}
	text := choose(reason.Count == 1, "line ", "lines ") + strings.Join(numbers, ", ")
	if more := reason.Count - int64(len(reason.Lines)); more > 0 {
		text += fmt.Sprintf(" and %s more", grouped(more))
	}
	return text
}

// printFirst writes the first refused lines as compilers do.
func printFirst(out *strings.Builder, streams Streams, name string, report bulk.Report) {
	title := "Refused"
	if n := len(report.First); int64(n) < report.Summary.Refused {
		title = fmt.Sprintf("The first %d that were refused", n)
	}
	out.WriteString("\n" + streams.coloured(bold, title) + "\n")
	for _, r := range report.First {
		place := streams.coloured(bold, fmt.Sprintf("%s:%d:", name, r.Line)) + choose(r.ID != "", " "+r.ID+":", "")
		fmt.Fprintf(out, "%s %s\n", place, withField(streams, r.Field, r.Message))
		for _, more := range r.More {
			fmt.Fprintf(out, "%s %s\n", place, withField(streams, more.Field, more.Message))
		}
	}
}

func withField(streams Streams, field, message string) string {
	if field == "" {
		return message
	}
	return streams.coloured(colours[lint.Error], field+":") + " " + message
}

func lines(n int64) string { return grouped(n) + choose(n == 1, " line", " lines") }

// grouped writes a number as 1,234,567.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for at := len(digits) - 3; at > 0 && digits[at-1] != '-'; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

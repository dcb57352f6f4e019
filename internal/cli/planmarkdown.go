package cli

import (
	"fmt"
	"strings"
)

// mostDetails is how much a comment on a pull request may have: forges take some 65,000
// characters.
const mostDetails = 50_000

// markdown is a comment on a pull request: the counts in a table, and the rest folded away.
func (p *planReport) markdown() string {
	var out strings.Builder
	fmt.Fprintf(&out, "### %s\n\n", plainMarkdown(p.verdict()))
	sections := p.sections()
	if len(sections) > 0 {
		out.WriteString("| | new | gone | other | refused |\n|---|---:|---:|---:|---:|\n")
	}
	for _, s := range sections {
		counts := map[string]int{}
		for _, row := range s.rows {
			counts[row.sign]++
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s |\n", plainMarkdown(s.title), orEmpty(counts["+"]), orEmpty(counts["-"]), orEmpty(counts["~"]), orEmpty(counts["!"]))
	}
	for _, s := range sections {
		if out.Len() > mostDetails {
			out.WriteString("\nThe rest is left out here: `kubectl foyer plan -o text` has all of it.\n")
			break
		}
		open := ""
		if strings.Contains(signsOf(s), "!") {
			open = " open"
		}
		fmt.Fprintf(&out, "\n<details%s><summary>%s: %d</summary>\n\n", open, plainMarkdown(s.title), len(s.rows))
		s.list(&out)
		out.WriteString("\n</details>\n")
	}
	for _, note := range p.Notes {
		fmt.Fprintf(&out, "\n> %s\n", plainMarkdown(note))
	}
	return out.String()
}

func signsOf(s section) (signs string) {
	for _, row := range s.rows {
		signs += row.sign
	}
	return signs
}

func (s section) list(out *strings.Builder) {
	for i, row := range s.rows {
		if out.Len() > mostDetails {
			fmt.Fprintf(out, "- and %d more\n", len(s.rows)-i)
			return
		}
		fmt.Fprintf(out, "- `%s` %s\n", row.sign, plainMarkdown(row.texts[0]))
		for _, text := range append(row.texts[1:], row.notes...) {
			fmt.Fprintf(out, "  - %s\n", plainMarkdown(text))
		}
	}
}

func orEmpty(n int) string { return choose(n == 0, "", fmt.Sprint(n)) }

// marks are the characters that mean something in Markdown or HTML. @ would call a person.
var marks = strings.NewReplacer("\\", "\\\\", "`", "\\`", "*", "\\*", "_", "\\_", "[", "\\[", "]", "\\]", "|", "\\|", "#", "\\#", "~", "\\~",
	"<", "&lt;", ">", "&gt;", "&", "&amp;", "@", "&#64;", "\n", " ", "->", "→")

// plainMarkdown is a text that stays as it is: names and values come from files.
func plainMarkdown(text string) string { return marks.Replace(text) }

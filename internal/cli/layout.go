package cli

import (
	"strings"
	"unicode/utf8"
)

// pageWidth is how wide a table is at most, so that it can be read on any terminal.
const pageWidth = 80

// between is the space between columns.
const between = 2

// cell is one text of a table.
type cell struct {
	text   string
	colour string // as terminals know it; empty: none
}

// layout writes rows below each other in columns, and long cells in several lines.
func layout(streams Streams, rows [][]cell) string {
	var widths []int
	for _, row := range rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(c.text))
		}
	}
	narrow(widths)
	var out strings.Builder
	for _, row := range rows {
		layoutRow(&out, streams, row, widths)
	}
	return out.String()
}

// narrow takes from the widest column until the table fits.
func narrow(widths []int) {
	total, widest := between*(len(widths)-1), 0
	for _, w := range widths {
		total += w
	}
	for ; total > pageWidth; total-- {
		for i := range widths {
			if widths[i] > widths[widest] {
				widest = i
			}
		}
		widths[widest]--
	}
}

func layoutRow(out *strings.Builder, streams Streams, row []cell, widths []int) {
	lines, height := make([][]string, len(row)), 0
	for i, c := range row {
		lines[i] = wrap(c.text, widths[i])
		height = max(height, len(lines[i]))
	}
	for at := range height {
		gap := 0 // spaces before the next text: none are written at the end of a line
		for i, c := range row {
			text := ""
			if at < len(lines[i]) {
				text = lines[i][at]
			}
			if text != "" {
				out.WriteString(strings.Repeat(" ", gap))
				gap = 0
				if c.colour != "" {
					out.WriteString(streams.coloured(c.colour, text))
				} else {
					out.WriteString(text)
				}
			}
			gap += widths[i] - utf8.RuneCountInString(text) + between
		}
		out.WriteString("\n")
	}
}

// wrap breaks a text into lines of a width, at spaces where there are some.
func wrap(text string, width int) []string {
	var lines []string
	rest := []rune(text)
	for len(rest) > width {
		at := width
		for at > 0 && rest[at] != ' ' {
			at--
		}
		if at == 0 {
			lines, rest = append(lines, string(rest[:width])), rest[width:]
			continue
		}
		lines, rest = append(lines, string(rest[:at])), rest[at+1:]
	}
	return append(lines, string(rest))
}

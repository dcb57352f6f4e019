package cli

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"
)

// terminal writes what a terminal shows, and nothing that commands it: texts come from
// files that others have written.
type terminal struct {
	to     io.Writer
	colour bool
}

// ownColours are what this program itself tells a terminal.
var ownColours = regexp.MustCompile(`\x1b\[(?:0|1|2|32|33|36|1;31|1;33|1;36)m`)

// Write writes control characters by their number, which is right in JSON as well.
func (t terminal) Write(p []byte) (int, error) {
	var out strings.Builder
	rest := string(p)
	for rest != "" {
		at := []int{len(rest), len(rest)}
		if found := ownColours.FindStringIndex(rest); t.colour && found != nil {
			at = found
		}
		harmless(&out, rest[:at[0]])
		out.WriteString(rest[at[0]:at[1]])
		rest = rest[at[1]:]
	}
	if _, err := io.WriteString(t.to, out.String()); err != nil {
		return 0, err
	}
	return len(p), nil
}

func harmless(out *strings.Builder, text string) {
	for _, r := range text {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			fmt.Fprintf(out, `\u%04x`, r)
		} else {
			out.WriteRune(r)
		}
	}
}

package bulk

import (
	"fmt"
	"strings"

	"github.com/foyerhq/foyer/internal/integration"
)

// stateVersion is that of the form of a State.
const stateVersion = 1

// State is how far an import got, for the next run of it.
type State struct {
	Version   int                `json:"version"`
	Kind      integration.Kind   `json:"kind"`
	Mode      integration.Mode   `json:"mode"`
	Notify    integration.Notify `json:"notify"`
	Format    Format             `json:"format"`
	Server    string             `json:"server"`
	Size      int64              `json:"size"`      // of the file; -1: unknown
	Beginning string             `json:"beginning"` // digest of the file's beginning
	Read      int64              `json:"read"`      // bytes of the file, up to the line or some more
	Digest    string             `json:"digest"`    // of these bytes
	Line      int64              `json:"line"`      // the last line of the file that was handled
	Report    Report             `json:"report"`
}

// differs says in which way a kept state is of another import than this one; "" if it is
// the same. A digest is compared where there is one: what can be read once only has none yet.
func (s State) differs(now State) string {
	var ways []string
	note := func(differs bool, format string, args ...any) {
		if differs {
			ways = append(ways, fmt.Sprintf(format, args...))
		}
	}
	note(s.Version != now.Version, "it was written by another release")
	note(s.Kind != now.Kind, "it is of an import of %s", s.Kind)
	note(s.Mode != now.Mode, "it is of an import with --mode %s", s.Mode)
	note(s.Notify != now.Notify, "it is of an import with --notify %s", s.Notify)
	note(s.Format != now.Format, "it is of an import with --format %s", s.Format)
	note(s.Server != now.Server, "it is of an import to %s", s.Server)
	note(s.Size != now.Size, "the file has changed: it had %d bytes and has %d", s.Size, now.Size)
	switch {
	case s.Size != now.Size:
	case s.Beginning != now.Beginning:
		note(true, "the file has changed: it begins otherwise")
	case now.Digest != "":
		note(s.Digest != now.Digest, "the file has changed: what was read of it is different now")
	}
	return strings.Join(ways, "; ")
}

// AnotherImportError is a kept position that is not one of this import.
type AnotherImportError struct {
	Line  int64
	Ways  string
	Input string
}

func (e *AnotherImportError) Error() string {
	return fmt.Sprintf("an import of %s was interrupted after line %d, and this is another one (%s)", e.Input, e.Line, e.Ways)
}

package compile

import (
	"fmt"
	"strings"
)

// Problem is one thing for which a generation is refused.
type Problem struct {
	Field string // as spec.actions[0].email.text
	// Line and Column are the place in the text that the field holds; 0: all of it.
	Line, Column int
	Message      string // what is wrong and what is allowed
}

// Error is the place and the message, as in conditions.
func (p Problem) Error() string {
	if p.Line > 0 {
		return fmt.Sprintf("%s, line %d, column %d: %s", p.Field, p.Line, p.Column, p.Message)
	}
	return p.Field + ": " + p.Message
}

func problemAt(field, format string, args ...any) Problem {
	return Problem{Field: field, Message: fmt.Sprintf(format, args...)}
}

// verdict is a finding on its way: while it is refused, what for.
type verdict struct {
	Finding
	problems []Problem
}

// finding tells the problems, and what stays live.
func (v verdict) finding(stays string) Finding {
	if v.Status {
		return v.Finding
	}
	var messages []string
	for _, p := range v.problems {
		messages = append(messages, p.Error())
	}
	return Finding{false, v.Reason, together(messages, len(messages)) + "; " + stays}
}

// maxTogether bounds what a message tells, in bytes: a person reads it in a terminal, and
// a condition has room for a little more.
const maxTogether = 3500

// together joins what a message tells, whole sentences as far as there is room for them,
// and not more than most.
func together(messages []string, most int) string {
	var out strings.Builder
	for i, m := range messages {
		switch {
		case i == 0:
			out.WriteString(shortened(m))
		case i == most || out.Len()+len(m) > maxTogether:
			fmt.Fprintf(&out, "; and %d more", len(messages)-i)
			return out.String()
		default:
			out.WriteString("; " + m)
		}
	}
	return out.String()
}

func shortened(message string) string {
	if len(message) <= maxTogether {
		return message
	}
	return strings.ToValidUTF8(message[:maxTogether], "") + "..."
}

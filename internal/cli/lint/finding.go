package lint

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Severity says what a finding means.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // the cluster would refuse it
	Warning Severity = "warning" // it would be accepted, and may not be what is meant
	Note    Severity = "note"    // it could not be checked here
)

// Finding is one thing to know about the files.
type Finding struct {
	File      string   `json:"file"`
	Line      int      `json:"line"`
	Severity  Severity `json:"severity"`
	Kind      string   `json:"kind,omitempty"`
	Namespace string   `json:"namespace,omitempty"`
	Name      string   `json:"name,omitempty"`
	Field     string   `json:"field,omitempty"`
	// TextLine and TextColumn are the place in the text that the field holds; 0: all of it.
	TextLine   int    `json:"textLine,omitempty"`
	TextColumn int    `json:"textColumn,omitempty"`
	Message    string `json:"message"`
}

// Subject is the object and the field, as "EventTemplate/reminder: spec.when".
func (f Finding) Subject() string {
	var parts []string
	if f.Kind != "" {
		parts = append(parts, f.Kind+"/"+cmp.Or(f.Name, "(no name)"))
	}
	field := f.Field
	if f.TextLine > 0 {
		field += fmt.Sprintf(", line %d, column %d", f.TextLine, f.TextColumn)
	}
	if field != "" {
		parts = append(parts, field)
	}
	return strings.Join(parts, ": ")
}

// sortFindings orders by place. The API server's code finds things in no particular order.
func sortFindings(findings []Finding) []Finding {
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), strings.Compare(a.Field, b.Field),
			cmp.Compare(a.TextLine, b.TextLine), cmp.Compare(a.TextColumn, b.TextColumn),
			strings.Compare(string(a.Severity), string(b.Severity)), strings.Compare(a.Message, b.Message),
		)
	})
	return slices.Compact(findings)
}

// problem is what is said of an object.
type problem struct {
	field        string
	line, column int
	message      string
}

var atField = regexp.MustCompile(`^((?:spec|metadata)[A-Za-z0-9._\[\]-]*)(?:, line (\d+), column (\d+))?: `)

// parse finds the place with which a warning begins, or a rule of the object as a whole.
func parse(message string) problem {
	parts := atField.FindStringSubmatch(message)
	if parts == nil {
		return problem{message: message}
	}
	line, _ := strconv.Atoi(parts[2])
	column, _ := strconv.Atoi(parts[3])
	return problem{parts[1], line, column, strings.TrimPrefix(message, parts[0])}
}

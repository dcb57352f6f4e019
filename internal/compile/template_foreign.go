package compile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/foyerhq/foyer/internal/message"
)

// maxForeign bounds the warnings of one text: who brings texts from elsewhere sees at the
// first ones what it is about.
const maxForeign = 5

// Placeholders as other systems write them. Here they are a text like any other.
var (
	ourActions = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	addresses  = regexp.MustCompile(`[a-z]+://[^\s"'<>]+`) // in which % is for other characters
	foreign    = regexp.MustCompile(`\{\$[A-Za-z_][\w.-]*\}|\$\{[A-Za-z_][\w. -]*\}|%%[A-Za-z_][\w.-]*%%|%[A-Za-z_][\w.-]+%|\[\[ ?[A-Za-z_][\w. -]*\]\]`)
)

// foreignPlaceholders warns of what looks as if a value were to take its place.
func foreignPlaceholders(source string) []message.Problem {
	mask := func(found string) string { return strings.Repeat("\x00", len(found)) }
	text := addresses.ReplaceAllStringFunc(ourActions.ReplaceAllStringFunc(source, mask), mask)
	var problems []message.Problem
	var told []string
	for _, at := range foreign.FindAllStringIndex(text, -1) {
		found := source[at[0]:at[1]]
		if slices.Contains(told, found) {
			continue
		}
		if told = append(told, found); len(told) > maxForeign {
			break
		}
		before := source[:at[0]]
		problems = append(problems, message.Problem{
			Line:    strings.Count(before, "\n") + 1,
			Column:  utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1,
			Message: fmt.Sprintf("%s is written to customers as it is: a field is written as {{.account.name}}", found),
		})
	}
	return problems
}

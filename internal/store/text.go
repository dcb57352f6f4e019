package store

import (
	"strings"
	"unicode/utf8"
)

// badText says whether PostgreSQL cannot hold a string: it refuses NUL and what is
// not UTF-8, and would fail a whole batch for it.
func badText(s string) bool {
	return strings.ContainsRune(s, 0) || !utf8.ValidString(s)
}

// cleanText makes what a stranger sent (a user agent, a name) storable and bounds it.
func cleanText(s string) string {
	const longest = 512
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "")
	}
	return s
}

// storable leaves out the strings that cannot be in the database, to look the others up.
func storable(list []string) []string {
	kept := make([]string, 0, len(list))
	for _, s := range list {
		if !badText(s) {
			kept = append(kept, s)
		}
	}
	return kept
}

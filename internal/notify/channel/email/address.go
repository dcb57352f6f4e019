package email

import (
	"net/mail"
	"strings"
	"unicode/utf8"
)

// path is an address as SMTP has it.
func path(a *mail.Address) string { return (&mail.Address{Address: a.Address}).String() }

// isASCII says whether a text is plain ASCII.
func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf })
}

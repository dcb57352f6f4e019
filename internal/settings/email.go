package settings

import (
	"net/mail"
	"strings"
)

// MaxEmail is how many bytes a mail address may have: what a mail server takes.
const MaxEmail = 254

// IsEmail says whether a text is a mail address alone, without the name of its holder. It
// is one for the API and for the portal, so that people can save what the provider wrote.
func IsEmail(text string) bool {
	address, err := mail.ParseAddress(text)
	return err == nil && address.Address == text && len(text) <= MaxEmail && !strings.ContainsAny(text, `"<> `)
}

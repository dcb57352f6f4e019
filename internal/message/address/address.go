// Package address reads mail addresses: of senders, with or without a name, and of
// recipients. It is one for who checks a Tenant's or a template's addresses and for who
// sends by them, so that what is accepted can be sent.
package address

import (
	"errors"
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/foyerhq/foyer/internal/settings"
)

const (
	// maxName is how many characters a name may have, so that it fits into a header.
	maxName = 100
	// maxText is how many bytes are looked at, name and address together.
	maxText = 1000
)

// Parse reads an address: "billing@acme.example" or "Acme, Inc. <billing@acme.example>". A
// name may hold commas and the like, with or without quotes around it. Names of hosts become
// those that every server knows (xn--...). Nothing in it can end a line or an address.
func Parse(text string) (*mail.Address, error) {
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return nil, errors.New("the address has a character that no address has")
	}
	if len(text) > maxText {
		return nil, fmt.Errorf("the address has more than %d bytes", maxText)
	}
	name, bare := "", strings.TrimSpace(text)
	if at := strings.LastIndexByte(bare, '<'); at >= 0 && strings.HasSuffix(bare, ">") {
		name, bare = bare[:at], bare[at+1:len(bare)-1]
	}
	name, err := nameOf(name)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", text, err)
	}
	parsed, err := mail.ParseAddress(bare)
	if err != nil || parsed.Address != bare { // else it has a comment, a second name, or quotes
		return nil, fmt.Errorf("%q is no mail address", text)
	}
	at := strings.LastIndexByte(bare, '@')
	local, host := bare[:at], bare[at+1:]
	if strings.ContainsAny(local, " \"\\<>()[]:;,@") {
		return nil, fmt.Errorf("%q has a character before the @ that servers do not agree on", text)
	}
	if strings.ContainsFunc(host, func(r rune) bool { return r >= utf8.RuneSelf }) {
		host, err = idna.Lookup.ToASCII(host)
	}
	if err != nil || !hostName.MatchString(host) {
		return nil, fmt.Errorf("%q names no host after the @", text)
	}
	a := &mail.Address{Name: name, Address: local + "@" + strings.ToLower(host)}
	if len(a.Address) > settings.MaxEmail {
		return nil, fmt.Errorf("the address has more than %d bytes", settings.MaxEmail)
	}
	return a, nil
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$`)

// Host is the part behind the @ of an address that was parsed.
func Host(a *mail.Address) string { return a.Address[strings.LastIndexByte(a.Address, '@')+1:] }

// nameOf reads the name before an address, without the quotes that there may be around it.
func nameOf(text string) (string, error) {
	name := strings.Join(strings.Fields(text), " ")
	if len(name) > 1 && strings.HasPrefix(name, `"`) && strings.HasSuffix(name, `"`) {
		name = escaped.ReplaceAllString(name[1:len(name)-1], "$1")
		name = strings.Join(strings.Fields(name), " ")
	}
	switch {
	case strings.ContainsAny(name, "<>@"):
		return "", errors.New("a name has none of < > @")
	case strings.Contains(name, "=?"):
		return "", errors.New("the name is written for machines: write it as people read it")
	case strings.ContainsFunc(name, unseen):
		return "", errors.New("the name has a character that nobody can see")
	case utf8.RuneCountInString(name) > maxName:
		return "", fmt.Errorf("the name has more than %d characters", maxName)
	}
	return name, nil
}

var escaped = regexp.MustCompile(`\\(.)`)

// unseen says whether a character shows nothing. Joiners are a part of how some languages
// are written.
func unseen(r rune) bool {
	return !unicode.IsGraphic(r) && r != '\u200c' && r != '\u200d' || r == unicode.ReplacementChar
}

package email

import (
	"errors"
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/foyerhq/foyer/internal/notify/channel"
)

// maxAddress is how many bytes an address may have: a path of SMTP has 256 with its brackets.
const maxAddress = 254

// parse reads an address, with or without a name: "billing@acme.example" or
// "Acme <billing@acme.example>". Names of hosts become those that every server knows
// (xn--...). Nothing in it can end a line or an address.
func parse(text string) (*mail.Address, error) {
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return nil, errors.New("the address has a character that no address has")
	}
	address, err := mail.ParseAddress(text)
	if err != nil {
		return nil, fmt.Errorf("%q is no mail address", text)
	}
	at := strings.LastIndexByte(address.Address, '@')
	local, host := address.Address[:at], address.Address[at+1:]
	if strings.ContainsAny(local, " \"\\<>()[]:;,@") {
		return nil, fmt.Errorf("%q has a character before the @ that servers do not agree on", text)
	}
	if !isASCII(host) {
		host, err = idna.Lookup.ToASCII(host)
	}
	if err != nil || !hostName.MatchString(host) {
		return nil, fmt.Errorf("%q names no host after the @", text)
	}
	address.Name = channel.Clean(address.Name, 100)
	address.Address = local + "@" + strings.ToLower(host)
	if len(address.Address) > maxAddress {
		return nil, fmt.Errorf("the address has more than %d bytes", maxAddress)
	}
	return address, nil
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$`)

// hostOf is the part behind the @ of an address that was parsed.
func hostOf(a *mail.Address) string { return a.Address[strings.LastIndexByte(a.Address, '@')+1:] }

// path is an address as SMTP has it.
func path(a *mail.Address) string { return (&mail.Address{Address: a.Address}).String() }

// isASCII says whether a text is plain ASCII.
func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf })
}

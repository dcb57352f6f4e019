package email

import (
	"encoding/base64"
	"mime"
	"strings"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"

	"github.com/foyerhq/foyer/internal/notify/channel"
)

// longWord is how long a word of a subject may be, so that it fits behind the header's name.
// 36 bytes make an encoded word that fits.
const longWord, encodedBytes = 60, 36

// encodedWords writes a text as encoded words (RFC 2047), whatever it consists of.
func encodedWords(text string) string {
	var words []string
	for text != "" {
		n := min(len(text), encodedBytes)
		for n < len(text) && !utf8.RuneStart(text[n]) {
			n--
		}
		words = append(words, "=?UTF-8?B?"+base64.StdEncoding.EncodeToString([]byte(text[:n]))+"?=")
		text = text[n:]
	}
	return strings.Join(words, " ")
}

// fileName is the name of an attachment without what a path or another header could be
// made of.
func fileName(name string) string {
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, channel.Clean(name, 100))
	if strings.Trim(name, "._ ") == "" {
		return "attachment"
	}
	return name
}

// describe writes the headers of an attachment. Names that are not ASCII are written as
// RFC 2231 says, which go-mail does not do.
func describe(file *gomail.File, mediaType string) {
	parameters := map[string]string{}
	of, _, err := mime.ParseMediaType(mediaType)
	if err != nil || !strings.Contains(of, "/") {
		of = "application/octet-stream"
	}
	parameters["name"] = file.Name
	file.Header.Set("Content-Type", mime.FormatMediaType(of, parameters))
	file.Header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": file.Name}))
}

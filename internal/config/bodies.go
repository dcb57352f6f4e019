package config

import (
	"bytes"
	"encoding/json"
)

const bodyPrefix = "sha256:"

// bodyRefLength is that of the prefix and 64 hexadecimal digits.
const bodyRefLength = len(bodyPrefix) + 64

// BodyOf names a text.
func BodyOf(text string) BodyRef { return BodyRef(Digest([]byte(text))) }

// BodiesOf returns those bodies whose name occurs anywhere in the content of an entry. It
// does not read the content: an entry of a newer release may refer to a body in a field
// that this release does not know, and loses it otherwise when it is carried on.
func BodiesOf(content json.RawMessage, bodies map[BodyRef]string) map[BodyRef]string {
	used := map[BodyRef]string{}
	prefix := []byte(bodyPrefix)
	for rest := content; ; rest = rest[len(prefix):] {
		start := bytes.Index(rest, prefix)
		if start < 0 {
			return used
		}
		rest = rest[start:]
		ref := BodyRef(rest[:min(bodyRefLength, len(rest))])
		if text, exists := bodies[ref]; exists {
			used[ref] = text
		}
	}
}

// bodyUse is where an action refers to a body.
type bodyUse struct {
	path     string // as email.text
	ref      BodyRef
	optional bool
}

// bodyUses lists where the action refers to bodies. The member of its type must be set.
func (a Action) bodyUses() []bodyUse {
	switch {
	case a.Email != nil:
		return a.Email.bodyUses()
	case a.SMS != nil:
		return textUses("sms", a.SMS.Text, a.SMS.Translations)
	case a.Banner != nil:
		return textUses("banner", a.Banner.Text, a.Banner.Translations)
	case a.Webhook != nil:
		return []bodyUse{{path: "webhook.body", ref: a.Webhook.Body, optional: true}}
	case a.Note != nil:
		return []bodyUse{{path: "note.text", ref: a.Note.Text}}
	}
	return nil
}

func (e Email) bodyUses() []bodyUse {
	uses := []bodyUse{{path: "email.subject", ref: e.Subject}, {path: "email.text", ref: e.Text}, {path: "email.html", ref: e.HTML, optional: true}}
	for _, t := range e.Translations {
		path := translationPath("email", t.Locale)
		uses = append(uses, bodyUse{path: path + ".subject", ref: t.Subject}, bodyUse{path: path + ".text", ref: t.Text},
			bodyUse{path: path + ".html", ref: t.HTML, optional: true})
	}
	return uses
}

func textUses(member string, text BodyRef, translations []TextTranslation) []bodyUse {
	uses := []bodyUse{{path: member + ".text", ref: text}}
	for _, t := range translations {
		uses = append(uses, bodyUse{path: translationPath(member, t.Locale) + ".text", ref: t.Text})
	}
	return uses
}

func translationPath(member, locale string) string {
	return member + ".translations[" + locale + "]"
}

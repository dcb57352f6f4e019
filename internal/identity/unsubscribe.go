package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// UnsubscribeToken is what lets the reader of a mail opt out of its category without
// signing in, in base64url: the HMAC-SHA-256, the category and the id of the contact. It
// does not expire: a mail may be read years later, and it can do nothing else.
func (k *Keys) UnsubscribeToken(contactID, category string) string {
	body := []byte(category + "\x00" + contactID)
	return base64.RawURLEncoding.EncodeToString(append(unsubscribeMAC(k.link[0], body), body...))
}

// OpenUnsubscribeToken returns the contact and the category of a token that
// UnsubscribeToken made with one of the tenant's keys.
func (k *Keys) OpenUnsubscribeToken(token string) (contactID, category string, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) < sha256.Size || len(token) != base64.RawURLEncoding.EncodedLen(len(raw)) { // line breaks decode to nothing
		return "", "", false
	}
	mac, body := raw[:sha256.Size], raw[sha256.Size:]
	for _, key := range k.link {
		ok = hmac.Equal(mac, unsubscribeMAC(key, body)) || ok
	}
	if !ok {
		return "", "", false
	}
	category, contactID, ok = strings.Cut(string(body), "\x00")
	return contactID, category, ok
}

func unsubscribeMAC(key, body []byte) []byte { return macOf(key, "foyer unsubscribe 1\x00", body) }

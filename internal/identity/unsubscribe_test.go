package identity

import (
	"strings"
	"testing"
)

func TestUnsubscribeToken(t *testing.T) {
	old, both, others := keysOfFiles(t, "a", "x"), keysOfFiles(t, "ba", "x"), keysOfFiles(t, "c", "x")
	for _, contact := range []string{"c-1", "müller/7", strings.Repeat("x", 256)} {
		token := old.UnsubscribeToken(contact, "Invoice")
		for name, keys := range map[string]*Keys{"the key itself": old, "after a rotation": both} {
			if got, category, ok := keys.OpenUnsubscribeToken(token); !ok || got != contact || category != "Invoice" {
				t.Errorf("%s: %q, %q, %v", name, got, category, ok)
			}
		}
		if _, _, ok := others.OpenUnsubscribeToken(token); ok {
			t.Error("another tenant takes it")
		}
	}
	if old.UnsubscribeToken("a", "Invoice") == old.UnsubscribeToken("a", "Support") {
		t.Error("it says nothing of the category")
	}
}

// Nobody can be opted out by a token that was changed, or that was made for something else.
func TestUnsubscribeTokensThatAreNone(t *testing.T) {
	keys := keysOfFiles(t, "a", "x")
	token := keys.UnsubscribeToken("contact-17", "Invoice")
	bad := []string{"", "x", token[:len(token)-4], token + "AAAA", token + "=", token + "\n", " " + token,
		mustToken(t, keys, "Invoice", 0)}
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for i := range token {
		at := strings.IndexByte(letters, token[i])
		bad = append(bad, token[:i]+string(letters[(at+1)%64])+token[i+1:])
	}
	for _, text := range bad {
		if contact, category, ok := keys.OpenUnsubscribeToken(text); ok {
			t.Errorf("%q opts %s out of %s", text, contact, category)
		}
	}
}

package identity

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/store"
)

// keyFile is a key file with the keys that are made of these letters.
func keyFile(letters string) []byte {
	var lines []string
	for _, letter := range letters {
		lines = append(lines, base64.StdEncoding.EncodeToString(bytes.Repeat([]byte(string(letter)), 32)))
	}
	return []byte(strings.Join(lines, "\n") + "\n")
}

func keysOfFiles(t *testing.T, link, seal string) *Keys {
	t.Helper()
	keys, err := ParseKeys(keyFile(link), keyFile(seal))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

const linkID = "0b9f3c1e-6a51-4d0c-9a53-0d9a3f3c0001"

func mustToken(t *testing.T, k *Keys, purpose store.LinkPurpose, address int) string {
	t.Helper()
	token, err := k.LinkToken(purpose, linkID, address)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestLinkToken(t *testing.T) {
	keys := keysOfFiles(t, "a", "x")
	for _, address := range []int{0, 7, 19} {
		token := mustToken(t, keys, store.LinkReset, address)
		if id, got, ok := keys.OpenLinkToken(store.LinkReset, token); !ok || id != linkID || got != address {
			t.Errorf("%d: got %s, %d, %v", address, id, got, ok)
		}
		if token != mustToken(t, keys, store.LinkReset, address) {
			t.Error("it is another one each time, so no mail could be rendered again")
		}
	}
	if _, err := keys.LinkToken(store.LinkReset, "17", 0); err == nil {
		t.Error("an id that is none has a token")
	}
}

// TestLinkTokensThatAreNone: of another tenant's key, for another purpose, of another
// address, with any letter changed, cut or longer.
func TestLinkTokensThatAreNone(t *testing.T) {
	keys, others := keysOfFiles(t, "a", "x"), keysOfFiles(t, "b", "x")
	token := mustToken(t, keys, store.LinkCreate, 0)
	bad := []string{"", "x", token[:len(token)-1], token + "A", token + "=", token + "\n", " " + token, strings.ToUpper(token),
		mustToken(t, others, store.LinkCreate, 0), mustToken(t, keys, store.LinkReset, 0), mustToken(t, keys, store.LinkInvite, 0), mustToken(t, keys, store.LinkVerifyEmail, 0)}
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for i := range token {
		at := strings.IndexByte(letters, token[i])
		bad = append(bad, token[:i]+string(letters[(at+1)%64])+token[i+1:], token[:i]+string(letters[(at+32)%64])+token[i+1:])
	}
	for _, text := range bad {
		if id, _, ok := keys.OpenLinkToken(store.LinkCreate, text); ok {
			t.Errorf("%q opens %s", text, id)
		}
	}
}

// TestKeysAreRotated: what an older key made is still taken, what a withdrawn one made is
// not.
func TestKeysAreRotated(t *testing.T) {
	old, both, onlyNew := keysOfFiles(t, "a", "x"), keysOfFiles(t, "ba", "yx"), keysOfFiles(t, "b", "y")
	token, sealed := mustToken(t, old, store.LinkCreate, 0), old.Seal([]byte("secret"), "user")
	if _, _, ok := both.OpenLinkToken(store.LinkCreate, token); !ok {
		t.Error("a token of the older key is not taken")
	}
	if secret, err := both.Open(sealed, "user"); err != nil || string(secret) != "secret" {
		t.Errorf("what the older key sealed: %q, %v", secret, err)
	}
	if mustToken(t, both, store.LinkCreate, 0) == token {
		t.Error("tokens are made by the older key")
	}
	if _, _, ok := onlyNew.OpenLinkToken(store.LinkCreate, token); ok {
		t.Error("a token of a withdrawn key is taken")
	}
	if _, err := onlyNew.Open(sealed, "user"); err == nil {
		t.Error("what a withdrawn key sealed is opened")
	}
}

func TestSealedIsItsOwners(t *testing.T) {
	keys := keysOfFiles(t, "a", "x")
	sealed := keys.Seal([]byte("secret"), "dana")
	if bytes.Contains(sealed, []byte("secret")) || slices.Equal(sealed, keys.Seal([]byte("secret"), "dana")) {
		t.Error("it is not sealed, or the same each time")
	}
	if secret, err := keys.Open(sealed, "dana"); err != nil || string(secret) != "secret" {
		t.Errorf("got %q, %v", secret, err)
	}
	for _, other := range [][]byte{nil, sealed[:5], sealed[:len(sealed)-1], append(slices.Clone(sealed), 0)} {
		if _, err := keys.Open(other, "dana"); err == nil {
			t.Errorf("%x is opened", other)
		}
	}
	if _, err := keys.Open(sealed, "sam"); err == nil {
		t.Error("sam's has dana's secret")
	}
}

func TestKeyFilesThatAreNone(t *testing.T) {
	good := keyFile("a")
	for _, test := range []struct{ link, seal []byte }{
		{nil, good}, {good, nil}, {[]byte("\n \n"), good}, {[]byte("not base64!"), good}, {[]byte("c2hvcnQ="), good}, {good, []byte("c2hvcnQ=")},
	} {
		_, err := ParseKeys(test.link, test.seal)
		if err == nil {
			t.Errorf("%q and %q are taken", test.link, test.seal)
		} else if strings.Contains(err.Error(), "c2hvcnQ") {
			t.Errorf("the error has the key: %v", err)
		}
	}
}

func FuzzOpenLinkToken(f *testing.F) {
	keys, err := ParseKeys(keyFile("a"), keyFile("x"))
	if err != nil {
		f.Fatal(err)
	}
	token, err := keys.LinkToken(store.LinkCreate, linkID, 3)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token)
	f.Fuzz(func(t *testing.T, text string) {
		if _, _, ok := keys.OpenLinkToken(store.LinkCreate, text); ok && text != token {
			t.Errorf("%q opens", text)
		}
	})
}

// TestForgotThrottleIsOfItsOwn: who asks for mails makes nobody wait who signs in.
func TestForgotThrottleIsOfItsOwn(t *testing.T) {
	signIn, forgot := NewThrottle("dana", "203.0.113.77"), NewForgotThrottle("dana", "203.0.113.77")
	for _, key := range forgot.Keys() {
		if slices.Contains(signIn.Keys(), key) {
			t.Errorf("%s counts for both", key)
		}
	}
	if len(forgot.Keys()) != 3 || len(NewForgotThrottle("dana", "10.0.0.1").Keys()) != 2 {
		t.Errorf("keys %v and %v", forgot.Keys(), NewForgotThrottle("dana", "10.0.0.1").Keys())
	}
}

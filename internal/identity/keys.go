package identity

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/store"
)

// The files of a tenant's keys, as the Secret T-keys has them.
const (
	LinkKeyFile = config.LinkKeyFile
	SealKeyFile = config.SealKeyFile
)

// Keys are the keys of one tenant. What they made for one tenant is nothing to another.
type Keys struct {
	link [][]byte
	seal []cipher.AEAD
}

// ParseKeys reads the two files. The errors hold nothing of the keys.
func ParseKeys(link, seal []byte) (*Keys, error) {
	links, err := config.ParseKeyFile(LinkKeyFile, link)
	if err != nil {
		return nil, err
	}
	seals, err := config.ParseKeyFile(SealKeyFile, seal)
	if err != nil {
		return nil, err
	}
	keys := &Keys{link: links}
	for _, key := range seals {
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, fmt.Errorf("key file %s: %w", SealKeyFile, err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("key file %s: %w", SealKeyFile, err)
		}
		keys.seal = append(keys.seal, aead)
	}
	return keys, nil
}

// LinkToken is the secret of a link for the address-th of those that it goes to: what
// stands at the end of its URL. It is the id of the link, the number of the address, and
// their HMAC-SHA-256 with the purpose, in base64url: 66 characters.
func (k *Keys) LinkToken(purpose store.LinkPurpose, id string, address int) (string, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return "", fmt.Errorf("id of a link: %w", err)
	}
	body := append(parsed[:], byte(address)) //nolint:gosec // a link has at most 20 addresses
	return base64.RawURLEncoding.EncodeToString(append(body, linkMAC(k.link[0], purpose, body)...)), nil
}

const linkBodyBytes = 16 + 1

// OpenLinkToken returns the id of the link and the number of the address of a token that
// LinkToken made for the same purpose with one of the tenant's keys.
func (k *Keys) OpenLinkToken(purpose store.LinkPurpose, token string) (id string, address int, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != linkBodyBytes+sha256.Size || len(token) != base64.RawURLEncoding.EncodedLen(len(raw)) { // line breaks decode to nothing
		return "", 0, false
	}
	body, mac := raw[:linkBodyBytes], raw[linkBodyBytes:]
	for _, key := range k.link {
		ok = hmac.Equal(mac, linkMAC(key, purpose, body)) || ok
	}
	if !ok {
		return "", 0, false
	}
	return uuid.UUID(body[:16]).String(), int(body[16]), true
}

func linkMAC(key []byte, purpose store.LinkPurpose, body []byte) []byte {
	return macOf(key, "foyer link 1\x00"+string(purpose)+"\x00", body)
}

func macOf(key []byte, use string, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(use))
	mac.Write(body)
	return mac.Sum(nil)
}

// ErrSealed is returned for sealed data that none of the keys opens: that of another
// tenant, or of a key that was lost.
var ErrSealed = errors.New("sealed data is not readable with the keys of this tenant: if its keys were lost, put the old ones back into their Secret")

// Seal encrypts a small secret. of says whose it is, as the id of a user: it is opened
// with the same only.
func (k *Keys) Seal(secret []byte, of string) []byte {
	aead := k.seal[0]
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails: crypto/rand ends the program instead
	return aead.Seal(nonce, nonce, secret, []byte(of))
}

// Open decrypts what Seal made. It fails with ErrSealed alone.
func (k *Keys) Open(sealed []byte, of string) ([]byte, error) {
	for _, aead := range k.seal {
		if len(sealed) < aead.NonceSize() {
			break
		}
		nonce, rest := sealed[:aead.NonceSize()], sealed[aead.NonceSize():]
		if secret, err := aead.Open(nil, nonce, rest, []byte(of)); err == nil {
			return secret, nil
		}
	}
	return nil, ErrSealed
}

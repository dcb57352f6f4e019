package identity

import (
	"crypto/sha256"
	"encoding/base64"
)

const secretBytes = 32

// NewSessionSecret returns a fresh secret for the cookie, of a session or a device, and
// the hash to store.
func NewSessionSecret() (secret string, hash []byte) {
	raw := randomBytes(secretBytes)
	sum := sha256.Sum256(raw)
	return base64.RawURLEncoding.EncodeToString(raw), sum[:]
}

// HashSessionSecret returns the stored form of a presented secret, and false for
// what cannot be a secret of ours.
func HashSessionSecret(secret string) (hash []byte, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(secret)
	if err != nil || len(raw) != secretBytes {
		return nil, false
	}
	sum := sha256.Sum256(raw)
	return sum[:], true
}

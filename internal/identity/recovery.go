package identity

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// RecoveryCodes is how many recovery codes a person gets.
const RecoveryCodes = 10

// A recovery code has 120 bits, so a plain digest is enough to store it.
const (
	recoveryBytes = 15
	recoveryGroup = 4
)

// recoveryAlphabet is that of Douglas Crockford: without the letters that look like
// digits, and without u.
const recoveryAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

var recoveryEncoding = base32.NewEncoding(recoveryAlphabet).WithPadding(base32.NoPadding)

// NewRecoveryCodes returns fresh recovery codes of a user, as they are shown once, and
// their digests to store.
func NewRecoveryCodes(userID string) (codes []string, hashes [][]byte) {
	for range RecoveryCodes {
		text := recoveryEncoding.EncodeToString(randomBytes(recoveryBytes))
		codes = append(codes, grouped(text))
		hashes = append(hashes, recoveryHash(userID, text))
	}
	return codes, hashes
}

// HashRecoveryCode returns the stored form of a code that a person typed, and false for
// what cannot be one.
func HashRecoveryCode(userID, typed string) (hash []byte, ok bool) {
	text := strings.NewReplacer("-", "", " ", "", "o", "0", "i", "1", "l", "1").Replace(strings.ToLower(strings.TrimSpace(typed)))
	if _, err := recoveryEncoding.DecodeString(text); err != nil || len(text) != recoveryEncoding.EncodedLen(recoveryBytes) {
		return nil, false
	}
	return recoveryHash(userID, text), true
}

func recoveryHash(userID, text string) []byte {
	sum := sha256.Sum256([]byte("foyer recovery code 1\x00" + userID + "\x00" + text))
	return sum[:]
}

// grouped writes a code in groups, as people copy it.
func grouped(text string) string {
	var groups []string
	for ; len(text) > recoveryGroup; text = text[recoveryGroup:] {
		groups = append(groups, text[:recoveryGroup])
	}
	return strings.Join(append(groups, text), "-")
}

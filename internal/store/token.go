package store

import (
	"context"
	"crypto/sha256"
	"slices"
	"time"
)

// TokenHash is what the database keeps of an API token. A token is random and long,
// so a plain hash is enough.
func TokenHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// The use is recorded once a minute at most, so that a bulk import does not write a
// row for each request.
const useOfTokenSQL = `
WITH found AS (
    SELECT id, name, scopes, last_used_at FROM api_token
    WHERE secret_hash = $1 AND (expires_at IS NULL OR expires_at > $2)
), used AS (
    UPDATE api_token t SET last_used_at = $2 FROM found f
    WHERE t.id = f.id AND (f.last_used_at IS NULL OR f.last_used_at < $2::timestamptz - interval '1 minute')
)
SELECT name, scopes FROM found`

// Token is an API token: who calls, and what it may do.
type Token struct {
	Name   string
	Scopes []string // as "accounts:read"; "*" is all
}

// May says whether the token has a scope.
func (t Token) May(scope string) bool {
	return slices.Contains(t.Scopes, scope) || slices.Contains(t.Scopes, "*")
}

// UseToken returns the API token with this hash and records its use. ErrNotFound: there
// is none, or it expired.
func (s *Store) UseToken(ctx context.Context, secretHash []byte, now time.Time) (Token, error) {
	var t Token
	if err := s.db.QueryRow(ctx, useOfTokenSQL, secretHash, now).Scan(&t.Name, &t.Scopes); err != nil {
		return Token{}, fail("read token", err)
	}
	return t, nil
}

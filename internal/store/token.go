package store

import (
	"context"
	"crypto/sha256"
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
    SELECT id, name, last_used_at FROM api_token
    WHERE secret_hash = $1 AND (expires_at IS NULL OR expires_at > $2)
), used AS (
    UPDATE api_token t SET last_used_at = $2 FROM found f
    WHERE t.id = f.id AND (f.last_used_at IS NULL OR f.last_used_at < $2::timestamptz - interval '1 minute')
)
SELECT name FROM found`

// TokenName returns the name of the API token with this hash, which is the actor of
// what is done with it. ErrNotFound: there is none, or it expired.
func (s *Store) TokenName(ctx context.Context, secretHash []byte, now time.Time) (string, error) {
	var name string
	if err := s.db.QueryRow(ctx, useOfTokenSQL, secretHash, now).Scan(&name); err != nil {
		return "", fail("read token", err)
	}
	return name, nil
}

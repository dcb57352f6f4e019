package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"
)

// CeremonyKind says what a browser has begun.
type CeremonyKind string

// The kinds of ceremonies.
const (
	CeremonySetUp   CeremonyKind = "SetUp"   // a link was spent: username and password are to be chosen
	CeremonySignIn  CeremonyKind = "SignIn"  // the password was right: the second factor is to follow
	CeremonyPasskey CeremonyKind = "Passkey" // a sign-in with a passkey, of whomever it is
	CeremonyEnrol   CeremonyKind = "Enrol"   // a second factor or a passkey is being added
)

// Ceremony is what a browser has begun and not finished. It lives for minutes. State is
// the business of whoever began it, and holds no secret in the clear.
type Ceremony struct {
	Kind      CeremonyKind
	LinkID    string // of a set-up
	UserID    string // empty while it is not known who it is
	State     json.RawMessage
	Attempts  int
	ExpiresAt time.Time
}

// StartCeremony stores a ceremony under the hash of the secret that the browser has. Some
// that have expired go at the same time, so that none pile up.
func (s *Store) StartCeremony(ctx context.Context, secretHash []byte, c Ceremony, now time.Time) error {
	if len(c.State) == 0 {
		c.State = json.RawMessage("{}")
	}
	batch := &pgx.Batch{}
	batch.Queue(`
DELETE FROM ceremony WHERE secret_hash IN (
    SELECT secret_hash FROM ceremony WHERE expires_at <= $1 ORDER BY expires_at LIMIT 10 FOR UPDATE SKIP LOCKED)`, now)
	batch.Queue(`
INSERT INTO ceremony (secret_hash, kind, link_id, user_id, state, created_at, expires_at)
VALUES ($1, $2, nullif($3, '')::uuid, nullif($4, '')::uuid, $5, $6, $7)`,
		secretHash, string(c.Kind), c.LinkID, c.UserID, c.State, now, c.ExpiresAt)
	if err := s.db.SendBatch(ctx, batch).Close(); err != nil {
		return fail("start ceremony", err)
	}
	return nil
}

// Ceremony returns the ceremony of a browser. ErrNotFound: there is none of this kind, or
// its time is over.
func (s *Store) Ceremony(ctx context.Context, secretHash []byte, kind CeremonyKind, now time.Time) (Ceremony, error) {
	c := Ceremony{Kind: kind}
	err := s.db.QueryRow(ctx, `
SELECT coalesce(link_id::text, ''), coalesce(user_id::text, ''), state, attempts, expires_at FROM ceremony
WHERE secret_hash = $1 AND kind = $2 AND expires_at > $3`, secretHash, string(kind), now).Scan(&c.LinkID, &c.UserID, &c.State, &c.Attempts, &c.ExpiresAt)
	if err != nil {
		return Ceremony{}, fail("read ceremony", err)
	}
	return c, nil
}

// TakeAttempt counts an attempt of a ceremony before its outcome is known, so that those
// of the same moment count too. ErrNotFound: there were most already, or it is over.
func (s *Store) TakeAttempt(ctx context.Context, secretHash []byte, most int, now time.Time) error {
	tag, err := s.db.Exec(ctx, `
UPDATE ceremony SET attempts = attempts + 1 WHERE secret_hash = $1 AND attempts < $2 AND expires_at > $3`, secretHash, most, now)
	if err == nil && tag.RowsAffected() == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fail("count attempt", err)
	}
	return nil
}

// EndCeremony removes a ceremony together with what it leads to. ErrNotFound: it is over, or
// another request had it.
func (w *Writer) EndCeremony(ctx context.Context, secretHash []byte) error {
	return w.onOne(ctx, "end ceremony", `DELETE FROM ceremony WHERE secret_hash = $1`, secretHash)
}

// EndCeremony removes a ceremony and says whether it was there: of several that end it at
// the same moment one goes on.
func (s *Store) EndCeremony(ctx context.Context, secretHash []byte) (ended bool, err error) {
	tag, err := s.db.Exec(ctx, `DELETE FROM ceremony WHERE secret_hash = $1`, secretHash)
	if err != nil {
		return false, fail("end ceremony", err)
	}
	return tag.RowsAffected() > 0, nil
}

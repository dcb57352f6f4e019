package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// SessionLimits are the bounds of sessions as they are now.
type SessionLimits struct {
	Idle time.Duration // since the last request
	Max  time.Duration // since sign-in
}

// ListedSession is a session as its person sees it.
type ListedSession struct {
	ID           string
	AccountID    string
	AccountName  string
	CreatedAt    time.Time
	LastSeenAt   time.Time
	IP           string
	UserAgent    string
	SecondFactor bool
}

const sessionsSQL = `
SELECT s.id::text, a.id, a.name, s.created_at, s.last_seen_at, s.ip, s.user_agent, s.second_factor
FROM session s
JOIN contact c ON c.id = s.contact_id AND c.user_id = s.user_id AND c.access = 'Active'
JOIN account a ON a.id = c.account_id
WHERE s.user_id = $1::uuid AND s.expires_at > $2 AND s.last_seen_at > $3 AND s.created_at > $4
ORDER BY s.last_seen_at DESC, s.id LIMIT 200`

// Sessions returns the sessions of a user that still let somebody in, in all accounts,
// those that were used last first.
func (s *Store) Sessions(ctx context.Context, userID string, now time.Time, limits SessionLimits) ([]ListedSession, error) {
	rows, err := s.db.Query(ctx, sessionsSQL, userID, now, now.Add(-limits.Idle), now.Add(-limits.Max))
	if err != nil {
		return nil, fail("list sessions", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[ListedSession])
	if err != nil {
		return nil, fail("list sessions", err)
	}
	return list, nil
}

// EndSessionOf ends one session of a user by its id. ErrNotFound: they have none with it.
func (w *Writer) EndSessionOf(ctx context.Context, userID, sessionID string) error {
	if uuid.Validate(sessionID) != nil {
		return fmt.Errorf("end session: %w", ErrNotFound)
	}
	return w.onOne(ctx, "end session", `DELETE FROM session WHERE user_id = $1::uuid AND id = $2::uuid`, userID, sessionID)
}

// EndOtherSessions ends the sessions of a user but one, with what was begun to sign in,
// and forgets the devices but one.
func (w *Writer) EndOtherSessions(ctx context.Context, userID, keptSession string, keptDevice []byte) error {
	return w.endSessions(ctx, userID, keptSession, keptDevice)
}

// Proof is how a person proved again who they are, in a session that they have. Its
// secret is replaced, so that whoever had the old one is out.
type Proof struct {
	Old, New     []byte // hashes of the secrets
	SecondFactor bool   // by more than a password; a session that has this keeps it
}

// ProveAgain notes when a person proved again who they are. ErrNotFound: the session is
// over.
func (w *Writer) ProveAgain(ctx context.Context, p Proof) error {
	return w.onOne(ctx, "renew session", `
UPDATE session SET secret_hash = $2, authenticated_at = $3, second_factor = second_factor OR $4 WHERE secret_hash = $1`,
		p.Old, p.New, w.origin.Now, p.SecondFactor)
}

// Rotate replaces the secret of a session, and changes nothing else of it. ErrNotFound:
// the session is over.
func (w *Writer) Rotate(ctx context.Context, oldHash, newHash []byte) error {
	return w.onOne(ctx, "rotate session", `UPDATE session SET secret_hash = $2 WHERE secret_hash = $1`, oldHash, newHash)
}

const signInUserByIDSQL = `
SELECT u.id::text, u.username, coalesce(u.password_hash, ''), coalesce(c.id, ''), coalesce(c.account_id, ''),
       coalesce(trim(c.first_name || ' ' || c.last_name), '')
FROM app_user u
LEFT JOIN contact c ON c.user_id = u.id AND c.access = 'Active'
WHERE u.id = $1::uuid
ORDER BY c.account_id`

// SignInUserByID is [Store.SignInUser] for a user who is known by their id.
func (s *Store) SignInUserByID(ctx context.Context, userID string) (SignInUser, error) {
	return s.signInUser(ctx, signInUserByIDSQL, userID)
}

package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// MaxPasskeys bounds the passkeys of a user.
const MaxPasskeys = 20

// Passkey is a passkey of a user. Nothing of it is secret.
type Passkey struct {
	ID         []byte
	Name       string
	Credential json.RawMessage
	CreatedAt  time.Time
	LastUsedAt *time.Time
	Copied     bool // its counter once did not go on: it may exist twice
}

const passkeysSQL = `
SELECT id, name, credential, created_at, last_used_at, coalesce((credential -> 'authenticator' ->> 'cloneWarning')::boolean, false)
FROM passkey WHERE user_id = $1::uuid ORDER BY created_at, id`

// Passkeys returns the passkeys of a user, the oldest first.
func (s *Store) Passkeys(ctx context.Context, userID string) ([]Passkey, error) {
	rows, err := s.db.Query(ctx, passkeysSQL, userID)
	if err != nil {
		return nil, fail("read passkeys", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Passkey])
	if err != nil {
		return nil, fail("read passkeys", err)
	}
	return list, nil
}

// PasskeyUser returns whose passkey it is, or ErrNotFound.
func (s *Store) PasskeyUser(ctx context.Context, id []byte) (userID string, err error) {
	if err := s.db.QueryRow(ctx, `SELECT user_id::text FROM passkey WHERE id = $1`, id).Scan(&userID); err != nil {
		return "", fail("find passkey", err)
	}
	return userID, nil
}

// UsePasskey stores a passkey of a user as it is after it was used.
func (s *Store) UsePasskey(ctx context.Context, userID string, p Passkey, now time.Time) error {
	tag, err := s.db.Exec(ctx, `
UPDATE passkey SET credential = $3, last_used_at = $4 WHERE id = $1 AND user_id = $2::uuid`, p.ID, userID, p.Credential, now)
	if err == nil && tag.RowsAffected() == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fail("use passkey", err)
	}
	return nil
}

// AddPasskey adds a passkey to a user. It returns false, and adds nothing, when there is
// one with this id already, whoever's it is, or there are too many.
func (w *Writer) AddPasskey(ctx context.Context, userID string, p Passkey) (added bool, err error) {
	tag, err := w.tx.Exec(ctx, `
INSERT INTO passkey (id, user_id, name, credential, created_at)
SELECT $1, $2::uuid, $3, $4, $5 WHERE (SELECT count(*) FROM passkey WHERE user_id = $2::uuid) < $6
ON CONFLICT (id) DO NOTHING`, p.ID, userID, cleanText(p.Name), p.Credential, w.origin.Now, MaxPasskeys)
	if err != nil {
		return false, fmt.Errorf("add passkey: %w", err)
	}
	return tag.RowsAffected() > 0, nil
}

// RenamePasskey gives a passkey of a user another name. ErrNotFound: they have none with
// this id.
func (w *Writer) RenamePasskey(ctx context.Context, userID string, id []byte, name string) error {
	return w.onOne(ctx, "rename passkey", `UPDATE passkey SET name = $3 WHERE id = $1 AND user_id = $2::uuid`, id, userID, cleanText(name))
}

// RemovePasskey removes a passkey of a user. ErrNotFound: they have none with this id.
func (w *Writer) RemovePasskey(ctx context.Context, userID string, id []byte) error {
	return w.onOne(ctx, "remove passkey", `DELETE FROM passkey WHERE id = $1 AND user_id = $2::uuid`, id, userID)
}

// onOne runs a statement that has to find its row.
func (w *Writer) onOne(ctx context.Context, doing, sql string, arguments ...any) error {
	tag, err := w.tx.Exec(ctx, sql, arguments...)
	if err == nil && tag.RowsAffected() == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

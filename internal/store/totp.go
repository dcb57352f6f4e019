package store

import (
	"context"
	"fmt"
	"time"
)

// Factors are the second factors of a user.
type Factors struct {
	AuthenticatorSince *time.Time // nil: no authenticator app
	Passkeys           int
	RecoveryCodes      int // that are left
}

// Any says whether the user has a second factor. Recovery codes are none: they stand in
// for one.
func (f Factors) Any() bool { return f.AuthenticatorSince != nil || f.Passkeys > 0 }

const factorsSQL = `
SELECT (SELECT created_at FROM totp WHERE user_id = $1::uuid),
       (SELECT count(*) FROM passkey WHERE user_id = $1::uuid),
       (SELECT count(*) FROM recovery_code WHERE user_id = $1::uuid)`

// Factors returns the second factors of a user.
func (s *Store) Factors(ctx context.Context, userID string) (Factors, error) {
	var f Factors
	if err := s.db.QueryRow(ctx, factorsSQL, userID).Scan(&f.AuthenticatorSince, &f.Passkeys, &f.RecoveryCodes); err != nil {
		return Factors{}, fail("read second factors", err)
	}
	return f, nil
}

// Factors is [Store.Factors] in a transaction, until whose end nobody else can change them.
func (w *Writer) Factors(ctx context.Context, userID string) (Factors, error) {
	var f Factors
	if _, err := w.tx.Exec(ctx, `SELECT FROM app_user WHERE id = $1::uuid FOR UPDATE`, userID); err != nil {
		return Factors{}, fmt.Errorf("hold user: %w", err)
	}
	if err := w.tx.QueryRow(ctx, factorsSQL, userID).Scan(&f.AuthenticatorSince, &f.Passkeys, &f.RecoveryCodes); err != nil {
		return Factors{}, fmt.Errorf("read second factors: %w", err)
	}
	return f, nil
}

// TOTP returns the sealed secret of a user's authenticator app, or ErrNotFound.
func (s *Store) TOTP(ctx context.Context, userID string) (sealed []byte, err error) {
	if err := s.db.QueryRow(ctx, `SELECT sealed FROM totp WHERE user_id = $1::uuid`, userID).Scan(&sealed); err != nil {
		return nil, fail("read authenticator app", err)
	}
	return sealed, nil
}

// UseTOTPStep uses the codes of a time step up, and of all before it. It returns false if
// they were: of several that try at the same moment one gets true.
func (s *Store) UseTOTPStep(ctx context.Context, userID string, step int64) (bool, error) {
	tag, err := s.db.Exec(ctx, `UPDATE totp SET last_step = $2 WHERE user_id = $1::uuid AND last_step < $2`, userID, step)
	if err != nil {
		return false, fail("use code", err)
	}
	return tag.RowsAffected() > 0, nil
}

// PutTOTP gives a user an authenticator app in place of the one that they had. step is
// that of the code by which they confirmed it.
func (w *Writer) PutTOTP(ctx context.Context, userID string, sealed []byte, step int64) error {
	_, err := w.tx.Exec(ctx, `
INSERT INTO totp (user_id, sealed, last_step, created_at) VALUES ($1::uuid, $2, $3, $4)
ON CONFLICT (user_id) DO UPDATE SET sealed = excluded.sealed, last_step = excluded.last_step, created_at = excluded.created_at`,
		userID, sealed, step, w.origin.Now)
	if err != nil {
		return fmt.Errorf("store authenticator app: %w", err)
	}
	return nil
}

// RemoveTOTP takes a user's authenticator app away. ErrNotFound: they have none.
func (w *Writer) RemoveTOTP(ctx context.Context, userID string) error {
	return w.onOne(ctx, "remove authenticator app", `DELETE FROM totp WHERE user_id = $1::uuid`, userID)
}

// FactorChanged tells a person that their second factors are others now, with an entry in
// the audit trail that says how.
func (w *Writer) FactorChanged(ctx context.Context, contactID, action string, detail map[string]string) error {
	c, err := w.Credentials(ctx, contactID)
	if err != nil {
		return err
	}
	w.Audit(c.Account.ID, action, detail)
	return w.credentialsChanged(c, c.Username, "SecondFactor")
}

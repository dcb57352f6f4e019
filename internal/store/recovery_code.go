package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// PutRecoveryCodes gives a user new recovery codes in place of all that they had.
func (w *Writer) PutRecoveryCodes(ctx context.Context, userID string, hashes [][]byte) error {
	batch := &pgx.Batch{}
	batch.Queue(`DELETE FROM recovery_code WHERE user_id = $1::uuid`, userID)
	batch.Queue(`INSERT INTO recovery_code (user_id, code_hash) SELECT $1::uuid, unnest($2::bytea[])`, userID, hashes)
	if err := w.tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("store recovery codes: %w", err)
	}
	return nil
}

// UseRecoveryCode uses a recovery code up: of several that try at the same moment one gets
// it. ErrNotFound: the user has no such code, or no more.
func (w *Writer) UseRecoveryCode(ctx context.Context, userID string, hash []byte) error {
	return w.onOne(ctx, "use recovery code", `DELETE FROM recovery_code WHERE user_id = $1::uuid AND code_hash = $2`, userID, hash)
}

// DropRecoveryCodes takes the recovery codes of a user away who has no second factor any
// more.
func (w *Writer) DropRecoveryCodes(ctx context.Context, userID string) error {
	_, err := w.tx.Exec(ctx, `
DELETE FROM recovery_code WHERE user_id = $1::uuid
AND NOT EXISTS (SELECT FROM totp WHERE user_id = $1::uuid) AND NOT EXISTS (SELECT FROM passkey WHERE user_id = $1::uuid)`, userID)
	if err != nil {
		return fmt.Errorf("drop recovery codes: %w", err)
	}
	return nil
}

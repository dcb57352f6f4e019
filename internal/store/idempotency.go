package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Once is a request that its client may send again under the same key: it takes effect
// once. Keys are kept for a day.
type Once struct {
	Token   string // id of the token whose key it is: a name may go to another token later
	Key     string
	Request []byte // a digest of all that the request says
}

// Answer is what was answered to a request.
type Answer struct {
	Status int               `json:"status"`
	Header map[string]string `json:"header,omitempty"`
	Body   json.RawMessage   `json:"body,omitempty"`
}

// ErrKeyReused says that a key was used before for another request.
var ErrKeyReused = errors.New("the key was used before for another request")

// Repeated returns what was answered to a request that took effect before, or nil for a
// new one, which has to end with [Writer.Remember]. The same request at the same time
// waits here until the first one has ended.
func (w *Writer) Repeated(ctx context.Context, once Once) (*Answer, error) {
	tag, err := w.tx.Exec(ctx, `
INSERT INTO idempotency (token, key, request, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
		once.Token, once.Key, once.Request, w.origin.Now)
	if err != nil {
		return nil, fmt.Errorf("take the idempotency key: %w", err)
	}
	if tag.RowsAffected() == 1 {
		return nil, nil
	}
	var same bool
	var answer *Answer
	err = w.tx.QueryRow(ctx, `SELECT request = $3, answer FROM idempotency WHERE token = $1 AND key = $2`,
		once.Token, once.Key, once.Request).Scan(&same, &answer)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, errRaced // it was purged in between
	case err != nil:
		return nil, fmt.Errorf("read the answer kept for an idempotency key: %w", err)
	case !same:
		return nil, ErrKeyReused
	}
	return answer, nil
}

// Remember keeps the answer of a request in its transaction.
func (w *Writer) Remember(ctx context.Context, once Once, answer Answer) error {
	_, err := w.tx.Exec(ctx, `UPDATE idempotency SET answer = $3 WHERE token = $1 AND key = $2`, once.Token, once.Key, answer)
	if err != nil {
		return fmt.Errorf("keep the answer for an idempotency key: %w", err)
	}
	return nil
}

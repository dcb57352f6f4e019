package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// TokenHash is what the database keeps of an API token. A token is random and long,
// so a plain hash is enough.
func TokenHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// Token is an API token: who calls, and what it may do.
type Token struct {
	ID         string
	Name       string
	Scopes     []string // as "accounts:read"; "*" is all
	CreatedBy  string   // ManagerToken, or the actor that made it
	CreatedAt  time.Time
	ExpiresAt  *time.Time // nil: never
	LastUsedAt *time.Time // nil: not used yet; to the minute
}

// ManagerToken is what the tokens that the manager made have as CreatedBy.
const ManagerToken = "manager"

// MaxTokens bounds the tokens of a tenant that have not expired.
const MaxTokens = 1000

// May says whether the token has a scope: by its name, by a wider one (events:read has
// events:read:invoice.paid, and so has events:read:invoice.*), or because it may do all.
func (t Token) May(scope string) bool {
	return slices.ContainsFunc(t.Scopes, func(has string) bool {
		family, isFamily := strings.CutSuffix(has, ".*")
		return has == "*" || has == scope || strings.HasPrefix(scope, has+":") || isFamily && strings.HasPrefix(scope, family+".")
	})
}

// MaySome says whether the token has a scope or some part of it, as events:read:invoice.paid
// is one of events:read.
func (t Token) MaySome(scope string) bool {
	return t.May(scope) || slices.ContainsFunc(t.Scopes, func(has string) bool { return strings.HasPrefix(has, scope+":") })
}

const tokenColumns = `t.id::text, t.name, t.scopes, t.created_by, t.created_at, t.expires_at, t.last_used_at` //nolint:gosec // names of columns

// The use is recorded once a minute at most, so that a bulk import does not write a
// row for each request.
const useOfTokenSQL = `
WITH found AS (
    SELECT * FROM api_token WHERE secret_hash = $1 AND (expires_at IS NULL OR expires_at > $2)
), used AS (
    UPDATE api_token t SET last_used_at = $2 FROM found f
    WHERE t.id = f.id AND (f.last_used_at IS NULL OR f.last_used_at < $2::timestamptz - interval '1 minute')
)
SELECT ` + tokenColumns + ` FROM found t`

// UseToken returns the API token with this hash and records its use. ErrNotFound: there
// is none, or it expired.
func (s *Store) UseToken(ctx context.Context, secretHash []byte, now time.Time) (Token, error) {
	rows, err := s.db.Query(ctx, useOfTokenSQL, secretHash, now)
	if err != nil {
		return Token{}, fail("read token", err)
	}
	token, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Token])
	if err != nil {
		return Token{}, fail("read token", err)
	}
	return token, nil
}

// Tokens returns every API token by name, those too that expired in the last month.
func (s *Store) Tokens(ctx context.Context) ([]Token, error) {
	rows, err := s.db.Query(ctx, `SELECT `+tokenColumns+` FROM api_token t ORDER BY t.name`)
	if err != nil {
		return nil, fail("list tokens", err)
	}
	tokens, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Token])
	if err != nil {
		return nil, fail("list tokens", err)
	}
	return tokens, nil
}

// NewToken is an API token to be made.
type NewToken struct {
	Name       string
	SecretHash []byte
	Scopes     []string
	ExpiresAt  *time.Time
}

// ErrTokenEnded says that the token that asks was withdrawn or has expired meanwhile.
var ErrTokenEnded = errors.New("the token that asks is none any more")

// asking returns the token that asks, by the hash of its secret, and keeps it from being
// withdrawn or changed until the transaction ends. A token that was withdrawn must leave
// no successor, so what is remembered of it does not do here.
func (w *Writer) asking(ctx context.Context, secretHash []byte) (Token, error) {
	rows, err := w.tx.Query(ctx, `SELECT `+tokenColumns+` FROM api_token t
WHERE secret_hash = $1 AND (expires_at IS NULL OR expires_at > $2) FOR SHARE`, secretHash, w.origin.Now)
	if err != nil {
		return Token{}, fmt.Errorf("read the token that asks: %w", err)
	}
	token, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Token])
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Token{}, ErrTokenEnded
	case err != nil:
		return Token{}, fmt.Errorf("read the token that asks: %w", err)
	}
	return token, nil
}

// CreateToken makes an API token, or says why not. by is the hash of the token that asks.
func (w *Writer) CreateToken(ctx context.Context, by []byte, n NewToken) (Token, *Refusal, error) {
	if _, err := w.asking(ctx, by); err != nil {
		return Token{}, nil, err
	}
	if refused, err := w.roomForToken(ctx); refused != nil || err != nil {
		return Token{}, refused, err
	}
	rows, err := w.tx.Query(ctx, `
INSERT INTO api_token AS t (name, secret_hash, scopes, created_by, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (name) DO NOTHING RETURNING `+tokenColumns, n.Name, n.SecretHash, n.Scopes, w.origin.Actor, w.origin.Now, n.ExpiresAt)
	if err != nil {
		return Token{}, nil, fmt.Errorf("create token: %w", err)
	}
	token, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Token])
	if errors.Is(err, pgx.ErrNoRows) {
		return Token{}, refusal("name", "there is a token %q already, or one that has expired: delete it first, or take another name", n.Name), nil
	}
	if err != nil {
		return Token{}, nil, fmt.Errorf("create token: %w", err)
	}
	w.Audit("", "token.created", map[string]string{"name": n.Name, "scopes": strings.Join(n.Scopes, " ")})
	return token, nil, nil
}

// roomForToken refuses a token too many. Whoever makes one waits here for others that do,
// so that two at once are both counted.
func (w *Writer) roomForToken(ctx context.Context) (*Refusal, error) {
	if _, err := w.tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '.api_token', 0))`); err != nil {
		return nil, fmt.Errorf("count tokens: %w", err)
	}
	var live int
	err := w.tx.QueryRow(ctx, `SELECT count(*) FROM api_token WHERE expires_at IS NULL OR expires_at > $1`, w.origin.Now).Scan(&live)
	switch {
	case err != nil:
		return nil, fmt.Errorf("count tokens: %w", err)
	case live >= MaxTokens:
		return refusal("", "there are %d tokens: delete one first", MaxTokens), nil
	}
	return nil, nil
}

// ErrForeignScopes says that a token has scopes that the one that asks has not.
var ErrForeignScopes = errors.New("the token has scopes that the one that asks has not")

// DeleteToken withdraws an API token, if the one that asks could have made it. Those of the
// manager are refused. by is the hash of the token that asks. ErrNotFound: there is none.
func (w *Writer) DeleteToken(ctx context.Context, by []byte, id string) (Result, error) {
	asking, err := w.asking(ctx, by)
	if err != nil {
		return Result{}, err
	}
	var key pgtype.UUID
	if key.Scan(id) != nil {
		return Result{}, fmt.Errorf("delete token: %w", ErrNotFound)
	}
	var name, createdBy string
	var scopes []string
	err = w.tx.QueryRow(ctx, `SELECT name, created_by, scopes FROM api_token WHERE id = $1`, key).Scan(&name, &createdBy, &scopes)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Result{}, fmt.Errorf("delete token: %w", ErrNotFound)
	case err != nil:
		return Result{}, fmt.Errorf("read token: %w", err)
	case createdBy == ManagerToken:
		return Result{Outcome: Refused, Message: fmt.Sprintf("token %q belongs to the operator: change it in its Secret", name)}, nil
	case slices.ContainsFunc(scopes, func(scope string) bool { return !asking.May(scope) }):
		return Result{}, fmt.Errorf("delete token %q: %w", name, ErrForeignScopes)
	}
	deleted, err := w.tx.Exec(ctx, `DELETE FROM api_token WHERE id = $1`, key)
	switch {
	case err != nil:
		return Result{}, fmt.Errorf("delete token: %w", err)
	case deleted.RowsAffected() == 0: // another request was faster
		return Result{}, fmt.Errorf("delete token: %w", ErrNotFound)
	}
	w.Audit("", "token.deleted", map[string]string{"name": name})
	return Result{Outcome: Deleted}, nil
}

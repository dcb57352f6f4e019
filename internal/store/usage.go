package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// AttributeUse counts the accounts of one account profile that set an attribute
// themselves.
type AttributeUse struct {
	AccountProfile string // as stored on the account; empty: the tenant's default
	Attribute      string // its key, as lateFee.amount or custom.tier; empty: all accounts of the profile
	Accounts       int64
}

// One statement, so that both counts are of one moment.
const attributeUseSQL = `
SELECT account_profile, '' AS attribute, sum(accounts)::bigint AS accounts FROM account_bucket
GROUP BY account_profile HAVING sum(accounts) <> 0
UNION ALL
SELECT account_profile, attribute, sum(accounts)::bigint FROM attribute_use
GROUP BY account_profile, attribute HAVING sum(accounts) <> 0
ORDER BY 1, 2`

// AttributeUse counts who sets what. It scans no accounts.
func (s *Store) AttributeUse(ctx context.Context) ([]AttributeUse, error) {
	rows, err := s.db.Query(ctx, attributeUseSQL)
	if err != nil {
		return nil, fail("count attributes", err)
	}
	uses, err := pgx.CollectRows(rows, pgx.RowToStructByPos[AttributeUse])
	if err != nil {
		return nil, fail("count attributes", err)
	}
	return uses, nil
}

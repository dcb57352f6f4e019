package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

// What follows is read by who asks what other documents would change: nothing of it names a
// person but by id.

// BareAccount is what decides over an account.
type BareAccount struct {
	ID               string
	Status           settings.AccountStatus
	AccountProfile   string   // as stored; empty: the tenant's default
	MyAccountProfile string   // the pin; empty: none
	Groups           []string // sorted
	Attributes       []byte   // its own, as JSON; nil: none
}

const bareAccountColumns = `a.id, a.status, coalesce(a.account_profile, ''), coalesce(a.my_account_profile, ''), a.groups, CASE WHEN a.attributes <> '{}' THEN a.attributes::text END`

func scanBareAccount(row pgx.CollectableRow) (BareAccount, error) {
	var a BareAccount
	err := row.Scan(&a.ID, &a.Status, &a.AccountProfile, &a.MyAccountProfile, &a.Groups, &a.Attributes)
	return a, err
}

// Which accounts a page has is asked of the whole table in the order of ids, whatever the
// profiles: most of them are of some profile that is asked for.
const (
	bareAccountsSQL = `
SELECT ` + bareAccountColumns + ` FROM account a
WHERE a.id > $1 AND (coalesce(a.account_profile, '') = ANY($2) OR a.id = ANY($3)) ORDER BY a.id LIMIT $4`

	bareAccountsByIDSQL = `SELECT ` + bareAccountColumns + ` FROM account a WHERE a.id = ANY($1)`

	signedInSQL = `
SELECT c.account_id, c.id, c.owner, c.grants FROM contact c
WHERE c.account_id = ANY($1) AND c.user_id IS NOT NULL AND c.access = 'Active' ORDER BY c.account_id, c.id`

	bucketsSQL = `
SELECT account_profile, my_account_profile, groups, sum(accounts)::bigint FROM account_bucket
GROUP BY account_profile, my_account_profile, groups HAVING sum(accounts) <> 0`
)

// BareAccounts returns a page of the accounts that name one of these account profiles ("":
// none) or have one of these ids, after an id. With less than limit it is the last page.
func (s *Store) BareAccounts(ctx context.Context, profiles, ids []string, after string, limit int) ([]BareAccount, error) {
	return collected(ctx, s, "read accounts", scanBareAccount, bareAccountsSQL, after, storable(profiles), storable(ids), limit)
}

// BareAccountsByID returns the accounts among ids that exist, in no order.
func (s *Store) BareAccountsByID(ctx context.Context, ids []string) ([]BareAccount, error) {
	return collected(ctx, s, "read accounts", scanBareAccount, bareAccountsByIDSQL, storable(ids))
}

// SignsIn is a contact with a sign-in to the portal, and access.
type SignsIn struct {
	AccountID, ContactID string
	Owner                bool
	Grants               []settings.Feature
}

// WhoSignsIn returns the contacts of accounts that have a sign-in and access, sorted by
// account.
func (s *Store) WhoSignsIn(ctx context.Context, accounts []string) ([]SignsIn, error) {
	return collected(ctx, s, "read contacts", func(row pgx.CollectableRow) (SignsIn, error) {
		var p SignsIn
		err := row.Scan(&p.AccountID, &p.ContactID, &p.Owner, &p.Grants)
		return p, err
	}, signedInSQL, storable(accounts))
}

func collected[T any](ctx context.Context, s *Store, doing string, scan pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	rows, err := s.db.Query(ctx, sql, args...)
	if err != nil {
		return nil, fail(doing, err)
	}
	list, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fail(doing, err)
	}
	return list, nil
}

// EachBucket hands over the counts of accounts that name the same profiles and groups. No
// account is read.
func (s *Store) EachBucket(ctx context.Context, each func(config.Bucket)) error {
	rows, err := s.db.Query(ctx, bucketsSQL)
	if err != nil {
		return fail("count accounts", err)
	}
	var b config.Bucket
	_, err = pgx.ForEachRow(rows, []any{&b.AccountProfile, &b.MyAccountProfile, &b.Groups, &b.Accounts}, func() error {
		each(b)
		return nil
	})
	if err != nil {
		return fail("count accounts", err)
	}
	return nil
}

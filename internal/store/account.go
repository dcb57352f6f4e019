package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

// AccountView is an account as the portal and the API see it.
type AccountView struct {
	config.Account
	Name   string
	Status settings.AccountStatus
}

// accountColumns and targets belong together: every query that reads an account
// selects these columns of "account a".
const accountColumns = `a.id, a.name, a.status, coalesce(a.account_profile, ''), coalesce(a.my_account_profile, ''), a.groups, a.attributes`

func (v *AccountView) targets() []any {
	return []any{&v.ID, &v.Name, &v.Status, &v.AccountProfile, &v.MyAccountProfile, &v.Groups, &v.Attributes}
}

// AccountsByID returns the accounts among ids that exist.
func (s *Store) AccountsByID(ctx context.Context, ids []string) (map[string]AccountView, error) {
	rows, err := s.db.Query(ctx, `SELECT `+accountColumns+` FROM account a WHERE a.id = ANY($1)`, storable(ids))
	if err != nil {
		return nil, fail("read accounts", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (AccountView, error) {
		var v AccountView
		return v, row.Scan(v.targets()...)
	})
	if err != nil {
		return nil, fail("read accounts", err)
	}
	byID := make(map[string]AccountView, len(list))
	for _, v := range list {
		byID[v.ID] = v
	}
	return byID, nil
}

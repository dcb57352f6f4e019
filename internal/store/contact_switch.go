package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/settings"
)

// UserAccount is an account that a user is a contact of, with access.
type UserAccount struct {
	ContactID string
	Owner     bool
	Grants    []settings.Feature
	Account   AccountView
}

// mostUserAccounts bounds the accounts that a user is shown.
const mostUserAccounts = 500

// UserAccounts returns the accounts of a user by name.
func (s *Store) UserAccounts(ctx context.Context, userID string) ([]UserAccount, error) {
	rows, err := s.db.Query(ctx, `
SELECT c.id, c.owner, c.grants, `+accountColumns+` FROM contact c JOIN account a ON a.id = c.account_id
WHERE c.user_id = $1::uuid AND c.access = 'Active' ORDER BY lower(a.name), a.id LIMIT $2`, userID, mostUserAccounts)
	if err != nil {
		return nil, fail("list the accounts of a user", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (UserAccount, error) {
		var u UserAccount
		return u, row.Scan(append([]any{&u.ContactID, &u.Owner, &u.Grants}, u.Account.targets()...)...)
	})
	if err != nil {
		return nil, fail("list the accounts of a user", err)
	}
	return list, nil
}

// ActionSwitchedAccount is the action of a switch in the audit of the account that is
// opened.
const ActionSwitchedAccount = "switchedAccount"

// AccountSwitch is what a session becomes: one of another contact of its user, with
// another secret.
type AccountSwitch struct {
	Old, New  []byte // hashes of the secrets
	ContactID string
}

// SwitchAccount moves a session to another account. ErrNotFound: the session is over, or
// the contact is not its user's, or has no access.
func (w *Writer) SwitchAccount(ctx context.Context, s AccountSwitch) error {
	if badText(s.ContactID) {
		return fail("switch account", ErrNotFound)
	}
	var account string
	err := w.tx.QueryRow(ctx, `
UPDATE session s SET secret_hash = $2, contact_id = c.id, last_seen_at = $4 FROM contact c
WHERE s.secret_hash = $1 AND c.id = $3 AND c.user_id = s.user_id AND c.access = 'Active' RETURNING c.account_id`,
		s.Old, s.New, s.ContactID, w.origin.Now).Scan(&account)
	if err != nil {
		return fail("switch account", err)
	}
	w.Audit(account, ActionSwitchedAccount, nil)
	return nil
}

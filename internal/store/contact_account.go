package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/settings"
)

// AccountContact is a contact as the people of its account see it.
type AccountContact struct {
	Contact
	SiteNames []string `db:"site_names" json:"-"` // of the sites that its grants are limited to
}

var accountContactSQL = `
SELECT ` + contacts.sel + `, ARRAY(SELECT s.name FROM site s WHERE s.id = ANY(t.sites) AND s.account_id = t.account_id ORDER BY s.name, s.id) AS site_names
FROM contact t WHERE t.account_id = $1`

// AccountContacts returns contacts of an account after the first skip of them, the owner
// first, then by name; more says whether there are others behind them.
func (s *Store) AccountContacts(ctx context.Context, accountID string, skip, limit int) (list []AccountContact, more bool, err error) {
	list, err = s.accountContacts(ctx, accountContactSQL+` ORDER BY t.owner DESC, lower(t.last_name), lower(t.first_name), t.id OFFSET $2 LIMIT $3`, accountID, skip, limit+1)
	if err != nil || len(list) <= limit {
		return list, false, err
	}
	return list[:limit], true, nil
}

// AccountContact returns a contact of an account. ErrNotFound: the account has none with
// this id.
func (s *Store) AccountContact(ctx context.Context, accountID, id string) (AccountContact, error) {
	if badText(id) {
		return AccountContact{}, fail("read contact", ErrNotFound)
	}
	list, err := s.accountContacts(ctx, accountContactSQL+` AND t.id = $2`, accountID, id)
	if err == nil && len(list) == 0 {
		err = fail("read contact", ErrNotFound)
	}
	if err != nil {
		return AccountContact{}, err
	}
	return list[0], nil
}

func (s *Store) accountContacts(ctx context.Context, sql string, args ...any) ([]AccountContact, error) {
	rows, err := s.db.Query(ctx, sql, args...)
	if err != nil {
		return nil, fail("list contacts", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[AccountContact])
	if err != nil {
		return nil, fail("list contacts", err)
	}
	return list, nil
}

const subAccountsSQL = `
SELECT count(*) FROM contact t
WHERE t.account_id = $1 AND t.id <> $2 AND NOT t.owner AND t.access = 'Active' AND (t.user_id IS NOT NULL OR %s > $3)`

// RoomForSubAccount says whether an account has fewer sub-accounts than most, besides a
// contact that shall be one: contacts other than the owner with a sign-in, or invited to
// make one. Whoever asks waits here for others that do, so that two at once are both
// counted.
func (w *Writer) RoomForSubAccount(ctx context.Context, accountID, contactID string, most int) (bool, error) {
	if _, err := w.tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '.contact.' || $1, 0))`, accountID); err != nil {
		return false, fmt.Errorf("count sub-accounts: %w", err)
	}
	var there int
	if err := w.tx.QueryRow(ctx, fmt.Sprintf(subAccountsSQL, invitedUntilSQL), accountID, contactID, w.origin.Now).Scan(&there); err != nil {
		return false, fmt.Errorf("count sub-accounts: %w", err)
	}
	return there < most, nil
}

// ActionOwnerChanged is the action of a handover in the audit.
const ActionOwnerChanged = "ownerChanged"

// HandOver makes another contact of an account its owner. The old owner becomes an
// ordinary contact with grants, everywhere, and hands the role Primary over too: whoever
// has that reads the mails that reset the owner's sign-in. Addresses that wait to be
// confirmed, of both and of the primary contacts, are dropped. The versions are those that the
// old owner has seen. ErrRefused: the result says why not.
func (w *Writer) HandOver(ctx context.Context, from, to Item[Contact], grants []settings.Feature) (Result, error) {
	from.Decide = func(old *Contact) (Contact, *Refusal) {
		if old == nil || !old.Owner {
			return Contact{}, refusal("owner", "is another one now")
		}
		next := *old
		next.Owner, next.Sites, next.Grants = false, nil, slices.Concat(grants, old.Grants) // grants are shared
		next.Roles, next.PendingEmail = without(old.Roles, "Primary"), ""
		return next, nil
	}
	to.Decide = func(old *Contact) (Contact, *Refusal) {
		if old == nil || old.PortalAccess(w.origin.Now) != AccessActive {
			return Contact{}, refusal("access", "is not Active")
		}
		next := *old
		next.Owner, next.Sites, next.Roles = true, nil, append([]string{"Primary"}, old.Roles...)
		next.PendingEmail = ""
		return next, nil
	}
	written, err := w.PutContacts(ctx, []Item[Contact]{from, to})
	if err != nil {
		return Result{}, err
	}
	for _, one := range written {
		if one.Outcome != Updated {
			return one.Result, ErrRefused
		}
	}
	if written[0].Row.AccountID != written[1].Row.AccountID {
		return Result{Outcome: Refused, Message: "the contacts belong to different accounts"}, ErrRefused
	}
	if err := w.endOwnersLinks(ctx, written[0].Row.AccountID, from.ID, to.ID); err != nil {
		return Result{}, err
	}
	w.Audit(written[0].Row.AccountID, ActionOwnerChanged, map[string]string{"from": from.ID, "to": to.ID})
	return Result{Outcome: Updated}, nil
}

// endOwnersLinks ends what was sent to the old and the new owner. Addresses that the old
// owner asked for, of contacts by which the new one's password is reset, are dropped.
func (w *Writer) endOwnersLinks(ctx context.Context, accountID, from, to string) error {
	if _, err := w.tx.Exec(ctx, voidContactLinksSQL, w.origin.Now, []string{from, to}); err != nil {
		return fmt.Errorf("void links: %w", err)
	}
	rows, err := w.tx.Query(ctx, `SELECT id FROM contact WHERE account_id = $1 AND 'Primary' = ANY(roles) ORDER BY id`, accountID)
	if err != nil {
		return fail("list the primary contacts of an account", err)
	}
	primary, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fail("list the primary contacts of an account", err)
	}
	return w.dropAddresses(ctx, primary)
}

// without is a list without a text.
func without(list []string, text string) []string {
	var rest []string
	for _, one := range list {
		if one != text {
			rest = append(rest, one)
		}
	}
	return rest
}

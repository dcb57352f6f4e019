package store

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

// Account is a customer of the tenant. Its AccountID is its id.
type Account struct {
	Row
	Name             string                 `db:"name" json:"name"`
	Status           settings.AccountStatus `db:"status" json:"status"`
	StatusReason     string                 `db:"status_reason" json:"status_reason"`
	AccountProfile   string                 `db:"account_profile" json:"account_profile"`       // empty: the tenant's default
	MyAccountProfile string                 `db:"my_account_profile" json:"my_account_profile"` // the pin; empty: none
	Groups           []string               `db:"groups" json:"groups"`                         // customer groups that exist
	Attributes       settings.Attributes    `db:"attributes" json:"attributes"`
	StartsOn         time.Time              `db:"starts_on" json:"starts_on"`
	Address          string                 `db:"address" json:"address"`
	Phone            string                 `db:"phone" json:"phone"`
	TaxID            string                 `db:"tax_id" json:"tax_id"`
	// Treated is for the event of a change only, and not kept.
	Treated Treatment `db:"-" json:"-"`
}

// Treatment names the account profiles that treat an account before and after a change,
// as the settings in force resolve them. Whoever changes an account has those settings.
type Treatment struct{ Before, After string }

var accounts = &kind[Account, *Account]{
	name:  "account",
	table: "account",
	sel: `t.id, t.id AS account_id, t.version, t.created_at, t.updated_at, t.name, t.status, t.status_reason,
coalesce(t.account_profile, '') AS account_profile, coalesce(t.my_account_profile, '') AS my_account_profile, t.groups, t.attributes,
coalesce(t.starts_on, (t.created_at AT TIME ZONE 'UTC')::date) AS starts_on, t.address, t.phone, t.tax_id`,
	accountOf: func(id string) string { return id },
	insert:    []string{"name", "status", "status_reason", "account_profile", "my_account_profile", "groups", "attributes", "starts_on", "address", "phone", "tax_id"},
	values: func(a *Account) []any {
		return []any{
			a.Name, string(a.Status), a.StatusReason, nullable(a.AccountProfile), nullable(a.MyAccountProfile), a.Groups, attributesText(a.Attributes), a.StartsOn,
			a.Address, a.Phone, a.TaxID,
		}
	},
	update: `
UPDATE account t SET name = i.name, status = i.status, status_reason = i.status_reason,
    account_profile = nullif(i.account_profile, ''), my_account_profile = nullif(i.my_account_profile, ''),
    groups = i.groups, attributes = i.attributes, starts_on = i.starts_on,
    address = i.address, phone = i.phone, tax_id = i.tax_id, version = i.version, updated_at = i.updated_at
FROM json_populate_recordset(NULL::account, $1) i WHERE t.id = i.id`,
	same:     sameAccount,
	announce: announceAccount,
}

// attributesText is the JSON of attributes; most accounts have none.
func attributesText(a settings.Attributes) []byte {
	if reflect.ValueOf(&a).Elem().IsZero() {
		return []byte("{}")
	}
	text, err := json.Marshal(a)
	if err != nil {
		panic(err) // they are made to be encoded
	}
	return text
}

func sameAccount(before, after *Account) bool {
	return before.Name == after.Name && before.Status == after.Status && before.StatusReason == after.StatusReason &&
		before.AccountProfile == after.AccountProfile && before.MyAccountProfile == after.MyAccountProfile &&
		slices.Equal(before.Groups, after.Groups) && before.StartsOn.Equal(after.StartsOn) &&
		before.Address == after.Address && before.Phone == after.Phone && before.TaxID == after.TaxID && sameAttributes(before.Attributes, after.Attributes)
}

func sameAttributes(before, after settings.Attributes) bool {
	return reflect.DeepEqual(before, after) || len(settings.Diff(before, after)) == 0
}

// announceAccount tells what of an account changed: its status, by which account profile
// it is treated, its own settings.
func announceAccount(_ context.Context, w *Writer, before, after *Account) error {
	if w.origin.Quiet {
		return nil
	}
	if before == nil {
		return w.emit("account.created", after.ID, after.ID, map[string]any{
			"opening": map[string]any{"startsOn": after.StartsOn.Format(time.DateOnly)},
		})
	}
	if before.Status != after.Status {
		change := map[string]any{"oldStatus": before.Status, "newStatus": after.Status}
		if after.StatusReason != "" {
			change["reason"] = after.StatusReason
		}
		if err := w.emit("account.statusChanged", after.ID, after.ID, map[string]any{"change": change}); err != nil {
			return err
		}
	}
	if t := after.Treated; t.Before != t.After {
		change := map[string]any{"oldProfile": t.Before, "newProfile": t.After}
		if err := w.emit("account.profileChanged", after.ID, after.ID, map[string]any{"change": change}); err != nil {
			return err
		}
	}
	if changes := settings.Diff(before.Attributes, after.Attributes); len(changes) > 0 {
		return w.emit("settings.changed", after.ID, after.ID, SettingsChanged("Account", after.ID, "", changes))
	}
	return nil
}

// Account returns an account by id, or ErrNotFound.
func (s *Store) Account(ctx context.Context, id string) (Account, error) {
	return one(ctx, s, accounts, id)
}

// AccountFilter says which accounts a list has, by one of its fields at most: an index
// carries each. A list by group is in the order of ids.
type AccountFilter struct {
	IDs              []string
	AccountProfile   string // by name
	MyAccountProfile string // pinned to it
	Group            string
}

func (f AccountFilter) conditions() []condition {
	switch {
	case f.IDs != nil:
		return []condition{{"t.id = ANY(%s)", storable(f.IDs)}}
	case f.AccountProfile != "":
		return []condition{{"t.account_profile = %s", f.AccountProfile}}
	case f.MyAccountProfile != "":
		return []condition{{"t.my_account_profile = %s", f.MyAccountProfile}}
	}
	return nil
}

// Accounts returns a page of accounts.
func (s *Store) Accounts(ctx context.Context, filter AccountFilter, list List) ([]Account, *Place, error) {
	if badText(filter.AccountProfile) || badText(filter.MyAccountProfile) || badText(filter.Group) || badText(list.After.ID) {
		return nil, nil, nil // no account can have such a name
	}
	if filter.Group != "" {
		return collectPage(ctx, s, accounts, list.Limit, membersSQL, filter.Group, list.After.ID, list.Limit+1)
	}
	list.AccountID = ""
	return page(ctx, s, accounts, list, filter.conditions()...)
}

// membersSQL is the statement of a page of the accounts of a customer group: their ids
// come from the end of an index, and nothing but these accounts is read.
var membersSQL = `
SELECT ` + accounts.sel + ` FROM account t WHERE t.id = ANY (ARRAY(
    SELECT account_id FROM group_member WHERE group_name = $1 AND account_id > $2 ORDER BY account_id LIMIT $3
)) ORDER BY t.id`

// PutAccounts creates and changes accounts. Whether profiles exist is for the caller to
// decide, who has the settings document; groups must exist.
func (w *Writer) PutAccounts(ctx context.Context, items []Item[Account]) ([]Written[Account], error) {
	decided, given := make([]Item[Account], len(items)), make([][]string, len(items))
	for i, item := range items {
		decided[i] = item
		decided[i].Decide = func(old *Account) (Account, *Refusal) {
			a, refused := item.Decide(old)
			given[i], a.Groups = a.Groups, sortedGroups(a.Groups)
			return a, refused
		}
	}
	k := *accounts
	k.check = func(ctx context.Context, p *putting[Account, *Account]) error { return checkGroups(ctx, p, given) }
	return put(ctx, w, &k, decided)
}

// A newer release may know more attributes than this one: only those that are on the page
// are written.
const updateProfileSQL = `
UPDATE account t SET address = i.address, phone = i.phone, tax_id = i.tax_id,
    attributes = (t.attributes - 'locale' - 'timeZone') ||
        jsonb_strip_nulls(jsonb_build_object('locale', i.attributes -> 'locale', 'timeZone', i.attributes -> 'timeZone')),
    version = i.version, updated_at = i.updated_at
FROM json_populate_recordset(NULL::account, $1) i WHERE t.id = i.id`

// ChangeProfile changes what people of an account may change of it: its address, telephone
// number and tax id, and of its attributes the language and the time zone. Of what change
// changes besides, nothing is kept.
func (w *Writer) ChangeProfile(ctx context.Context, id string, ifVersion int64, change func(*Account)) (Written[Account], error) {
	k := *accounts
	k.update = updateProfileSQL
	written, err := put(ctx, w, &k, []Item[Account]{{ID: id, IfVersion: ifVersion, Decide: func(old *Account) (Account, *Refusal) {
		if old == nil {
			return Account{}, refusal("id", "there is no account %q", id)
		}
		next, wanted := *old, *old
		change(&wanted)
		next.Address, next.Phone, next.TaxID = wanted.Address, wanted.Phone, wanted.TaxID
		next.Attributes.Locale, next.Attributes.TimeZone = wanted.Attributes.Locale, wanted.Attributes.TimeZone
		return next, nil
	}}})
	if err != nil {
		return Written[Account]{}, err
	}
	return written[0], nil
}

// sortedGroups is never nil: the column takes no null.
func sortedGroups(groups []string) []string {
	sorted := append(make([]string, 0, len(groups)), groups...)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

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
	return accountsByID(ctx, s.db, ids)
}

// AccountsByID is that of the store, as the transaction sees it.
func (w *Writer) AccountsByID(ctx context.Context, ids []string) (map[string]AccountView, error) {
	return accountsByID(ctx, w.tx, ids)
}

func accountsByID(ctx context.Context, db querier, ids []string) (map[string]AccountView, error) {
	rows, err := db.Query(ctx, `SELECT `+accountColumns+` FROM account a WHERE a.id = ANY($1)`, storable(ids))
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

package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/settings"
)

// AccountUpsert is one account of an import. What is nil or, for name and status,
// empty is left as it is. A new account needs a name and a status.
type AccountUpsert struct {
	ID               string
	Name             string
	Status           settings.AccountStatus
	AccountProfile   *string              // "" clears it: the tenant's default applies
	MyAccountProfile *string              // the pin; "" clears it
	Groups           []string             // must exist; empty but not nil clears them
	Attributes       *settings.Attributes // replaces all of them
}

type accountItem struct {
	Ord              int                    `json:"ord"`
	ID               string                 `json:"id"`
	Name             string                 `json:"name"`
	Status           settings.AccountStatus `json:"status"`
	AccountProfile   *string                `json:"account_profile"`
	MyAccountProfile *string                `json:"my_account_profile"`
	Groups           []string               `json:"groups"`
	Attributes       *settings.Attributes   `json:"attributes"`
}

// An update reads the row as it is when it is written, so "leave as it is" holds
// against an import that runs at the same time.
const upsertAccountsSQL = `
WITH item AS (
    SELECT * FROM json_to_recordset($1::json) AS x(ord int, id text, name text, status text, account_profile text,
                                                   my_account_profile text, groups text[], attributes jsonb)
), updated AS (
    UPDATE account a SET
        name = coalesce(nullif(i.name, ''), a.name), status = coalesce(nullif(i.status, ''), a.status),
        account_profile = CASE WHEN i.account_profile IS NULL THEN a.account_profile ELSE nullif(i.account_profile, '') END,
        my_account_profile = CASE WHEN i.my_account_profile IS NULL THEN a.my_account_profile ELSE nullif(i.my_account_profile, '') END,
        groups = coalesce(i.groups, a.groups), attributes = coalesce(i.attributes, a.attributes),
        version = a.version + 1, updated_at = now()
    FROM item i
    WHERE a.id = i.id AND (
        a.name <> coalesce(nullif(i.name, ''), a.name) OR a.status <> coalesce(nullif(i.status, ''), a.status)
        OR coalesce(a.account_profile, '') <> coalesce(i.account_profile, a.account_profile, '')
        OR coalesce(a.my_account_profile, '') <> coalesce(i.my_account_profile, a.my_account_profile, '')
        OR a.groups <> coalesce(i.groups, a.groups) OR a.attributes <> coalesce(i.attributes, a.attributes))
    RETURNING a.id
), inserted AS (
    INSERT INTO account (id, name, status, account_profile, my_account_profile, groups, attributes)
    SELECT i.id, i.name, i.status, nullif(i.account_profile, ''), nullif(i.my_account_profile, ''),
           coalesce(i.groups, '{}'), coalesce(i.attributes, '{}')
    FROM item i
    WHERE NOT EXISTS (SELECT FROM account a WHERE a.id = i.id)
    ORDER BY i.id
    ON CONFLICT DO NOTHING RETURNING id
)
SELECT i.ord, CASE WHEN n.id IS NOT NULL THEN 'Created' WHEN u.id IS NOT NULL THEN 'Updated'
                   WHEN a.id IS NOT NULL THEN 'Unchanged' ELSE '' END
FROM item i
LEFT JOIN inserted n ON n.id = i.id
LEFT JOIN updated u ON u.id = i.id
LEFT JOIN account a ON a.id = i.id`

// UpsertAccounts creates and changes accounts, in one transaction. Whether profiles
// exist is for the caller to check, who has the settings document.
func (s *Store) UpsertAccounts(ctx context.Context, accounts []AccountUpsert) ([]Result, error) {
	checked := newBatch(len(accounts))
	for i, a := range accounts {
		checkAccount(checked, i, a)
	}
	return s.importBatch(ctx, "accounts", checked, func(ctx context.Context, tx pgx.Tx, b *batch) error {
		if err := checkNew(ctx, tx, b, accounts); err != nil {
			return err
		}
		if err := checkGroupsOf(ctx, tx, b, accounts); err != nil {
			return err
		}
		items := make([]accountItem, 0, len(accounts))
		for i, a := range accounts {
			if !b.refused(i) {
				items = append(items, a.item(i))
			}
		}
		return b.write(ctx, tx, upsertAccountsSQL, items)
	})
}

func (a AccountUpsert) item(ord int) accountItem {
	groups := a.Groups
	if groups != nil {
		groups = distinct(groups)
	}
	return accountItem{ord, a.ID, a.Name, a.Status, a.AccountProfile, a.MyAccountProfile, groups, a.Attributes}
}

func checkAccount(b *batch, i int, a AccountUpsert) {
	b.key(i, "id", a.ID)
	b.text(i, "name", a.Name, maxName)
	if a.Status != "" {
		b.oneOf(i, "status", string(a.Status), accountStatuses()...)
	}
	if a.AccountProfile != nil {
		b.text(i, "accountProfile", *a.AccountProfile, maxEmail)
	}
	if a.MyAccountProfile != nil {
		b.text(i, "myAccountProfile", *a.MyAccountProfile, maxEmail)
	}
	for _, g := range a.Groups {
		b.text(i, "groups", g, maxID)
	}
	if a.Attributes != nil {
		for _, p := range a.Attributes.Validate() {
			b.refuse(i, "attributes."+p.Field, "%s", p.Message)
		}
	}
}

func accountStatuses() []string {
	var list []string
	for _, s := range settings.AccountStatuses() {
		list = append(list, string(s))
	}
	return list
}

// checkNew refuses new accounts without a name or a status.
func checkNew(ctx context.Context, tx pgx.Tx, b *batch, accounts []AccountUpsert) error {
	var partial []string
	for i, a := range accounts {
		if !b.refused(i) && (a.Name == "" || a.Status == "") {
			partial = append(partial, a.ID)
		}
	}
	if len(partial) == 0 {
		return nil
	}
	known, err := knownAccounts(ctx, tx, partial)
	if err != nil {
		return err
	}
	for i, a := range accounts {
		switch {
		case known[a.ID]:
		case a.Name == "":
			b.refuse(i, "name", "is required for a new account")
		case a.Status == "":
			b.refuse(i, "status", "is required for a new account")
		}
	}
	return nil
}

// checkGroupsOf refuses accounts that name a customer group which does not exist.
func checkGroupsOf(ctx context.Context, tx pgx.Tx, b *batch, accounts []AccountUpsert) error {
	var names []string
	for i, a := range accounts {
		if !b.refused(i) {
			names = append(names, a.Groups...)
		}
	}
	if len(names) == 0 {
		return nil
	}
	list, err := column(ctx, tx, `SELECT name FROM account_group WHERE name = ANY($1)`, distinct(names))
	if err != nil {
		return err
	}
	known := setOf(list)
	for i, a := range accounts {
		for _, g := range a.Groups {
			if !known[g] {
				b.refuse(i, "groups", "there is no customer group %q", g)
			}
		}
	}
	return nil
}

// GroupUpsert is one customer group of an import.
type GroupUpsert struct {
	Name        string
	DisplayName string
}

type groupItem struct {
	Ord         int    `json:"ord"`
	Name        string `json:"name"`
	DisplayName string `json:"display_name"`
}

const upsertGroupsSQL = `
WITH item AS (
    SELECT * FROM json_to_recordset($1::json) AS x(ord int, name text, display_name text)
), updated AS (
    UPDATE account_group g SET display_name = i.display_name, version = g.version + 1, updated_at = now()
    FROM item i WHERE g.name = i.name AND g.display_name <> i.display_name
    RETURNING g.name
), inserted AS (
    INSERT INTO account_group (name, display_name)
    SELECT i.name, i.display_name FROM item i
    WHERE NOT EXISTS (SELECT FROM account_group g WHERE g.name = i.name)
    ORDER BY i.name
    ON CONFLICT DO NOTHING RETURNING name
)
SELECT i.ord, CASE WHEN n.name IS NOT NULL THEN 'Created' WHEN u.name IS NOT NULL THEN 'Updated'
                   WHEN g.name IS NOT NULL THEN 'Unchanged' ELSE '' END
FROM item i
LEFT JOIN inserted n ON n.name = i.name
LEFT JOIN updated u ON u.name = i.name
LEFT JOIN account_group g ON g.name = i.name`

// UpsertGroups creates and changes customer groups, in one transaction.
func (s *Store) UpsertGroups(ctx context.Context, groups []GroupUpsert) ([]Result, error) {
	checked := newBatch(len(groups))
	for i, g := range groups {
		checked.key(i, "name", g.Name)
		checked.text(i, "displayName", g.DisplayName, maxName)
	}
	return s.importBatch(ctx, "groups", checked, func(ctx context.Context, tx pgx.Tx, b *batch) error {
		items := make([]groupItem, 0, len(groups))
		for i, g := range groups {
			if !b.refused(i) {
				items = append(items, groupItem{i, g.Name, g.DisplayName})
			}
		}
		return b.write(ctx, tx, upsertGroupsSQL, items)
	})
}

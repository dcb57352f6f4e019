package store

import (
	"context"
	"fmt"
	"slices"
)

// Group is a customer group: accounts that the provider puts together. Its id is the
// name by which accounts and profiles give it.
type Group struct {
	Row
	DisplayName string `db:"display_name" json:"display_name"`
}

var groups = &kind[Group, *Group]{
	name:      "group",
	table:     "account_group",
	key:       "name",
	sel:       `t.name AS id, '' AS account_id, t.version, t.created_at, t.updated_at, t.display_name`,
	accountOf: func(string) string { return "" },
	insert:    []string{"display_name"},
	values:    func(g *Group) []any { return []any{g.DisplayName} },
	update: `
UPDATE account_group t SET display_name = i.display_name, version = i.version, updated_at = i.updated_at
FROM json_to_recordset($1) AS i(id text, display_name text, version bigint, updated_at timestamptz) WHERE t.name = i.id`,
	same: func(before, after *Group) bool { return before.DisplayName == after.DisplayName },
}

// Group returns a customer group by id, or ErrNotFound.
func (s *Store) Group(ctx context.Context, id string) (Group, error) { return one(ctx, s, groups, id) }

// Groups returns a page of customer groups.
func (s *Store) Groups(ctx context.Context, list List) ([]Group, *Place, error) {
	return page(ctx, s, groups, list)
}

// PutGroups creates and changes customer groups.
func (w *Writer) PutGroups(ctx context.Context, items []Item[Group]) ([]Written[Group], error) {
	return put(ctx, w, groups, items)
}

const accountsOfGroupSQL = `SELECT coalesce(sum(accounts), 0)::bigint FROM account_bucket WHERE groups @> ARRAY[$1]`

// DeleteGroup deletes a customer group. One that accounts have is refused.
func (w *Writer) DeleteGroup(ctx context.Context, id string, ifVersion int64) (Result, error) {
	// Who gives the group to an account holds its row until that is committed (see
	// checkGroups): this waits for them, so the count misses none.
	if _, err := w.tx.Exec(ctx, `SELECT FROM account_group WHERE name = $1 FOR UPDATE`, id); err != nil {
		return Result{}, fmt.Errorf("lock group: %w", err)
	}
	var accounts int64
	err := w.tx.QueryRow(ctx, accountsOfGroupSQL, id).Scan(&accounts)
	if err != nil {
		return Result{}, fmt.Errorf("count the accounts of a group: %w", err)
	}
	if accounts > 0 {
		return keep(ctx, w, groups, id, ifVersion, "group %q cannot be deleted: %d accounts have it", id, accounts)
	}
	return remove(ctx, w, groups, id, ifVersion)
}

// checkGroups refuses accounts that are newly given a customer group which does not
// exist. It holds the groups, so that none is deleted before the accounts are written.
// given are the groups of each account in the order in which they came.
func checkGroups(ctx context.Context, p *putting[Account, *Account], given [][]string) error {
	var wanted []string
	p.accepted(func(_ int, a *Account) { wanted = append(wanted, newGroups(p.before[a.ID], a)...) })
	if len(wanted) == 0 {
		return nil
	}
	list, err := column(ctx, p.tx, `SELECT name FROM account_group WHERE name = ANY($1) ORDER BY name FOR KEY SHARE`, distinct(storable(wanted)))
	if err != nil {
		return err
	}
	known := setOf(list)
	p.accepted(func(i int, a *Account) {
		for _, g := range newGroups(p.before[a.ID], a) {
			if !known[g] {
				p.refuse(i, refusal(fmt.Sprintf("groups[%d]", slices.Index(given[i], g)), "there is no customer group %q", g))
			}
		}
	})
	return nil
}

// newGroups are the groups that an account did not have before.
func newGroups(before, after *Account) []string {
	if before == nil {
		return after.Groups
	}
	had := setOf(before.Groups)
	var added []string
	for _, g := range after.Groups {
		if !had[g] {
			added = append(added, g)
		}
	}
	return added
}

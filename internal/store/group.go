package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

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

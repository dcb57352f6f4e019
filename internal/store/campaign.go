package store

import "context"

// Campaign is what an account uses numbers for: an advertisement, a promotion.
type Campaign struct {
	Row
	Name        string `db:"name" json:"name"`
	Description string `db:"description" json:"description"`
}

var campaigns = &kind[Campaign, *Campaign]{
	name:   "campaign",
	table:  "campaign",
	sel:    `t.id, t.account_id, t.version, t.created_at, t.updated_at, t.name, t.description`,
	insert: []string{"name", "description"},
	values: func(c *Campaign) []any { return []any{c.Name, c.Description} },
	update: `
UPDATE campaign t SET name = i.name, description = i.description, version = i.version, updated_at = i.updated_at
FROM json_populate_recordset(NULL::campaign, $1) i WHERE t.id = i.id`,
	same: func(before, after *Campaign) bool {
		return before.Name == after.Name && before.Description == after.Description
	},
	usedBy: []user{{"numbers", "phone_number", "campaign_id"}},
}

// Campaign returns a campaign by id, or ErrNotFound.
func (s *Store) Campaign(ctx context.Context, id string) (Campaign, error) {
	return one(ctx, s, campaigns, id)
}

// Campaigns returns a page of campaigns.
func (s *Store) Campaigns(ctx context.Context, list List) ([]Campaign, *Place, error) {
	return page(ctx, s, campaigns, list)
}

// PutCampaigns creates and changes campaigns.
func (w *Writer) PutCampaigns(ctx context.Context, items []Item[Campaign]) ([]Written[Campaign], error) {
	return put(ctx, w, campaigns, items)
}

// DeleteCampaign deletes a campaign. One that has numbers is refused.
func (w *Writer) DeleteCampaign(ctx context.Context, id string, ifVersion int64) (Result, error) {
	return remove(ctx, w, campaigns, id, ifVersion)
}

package store

import (
	"context"
)

// Number is a telephone number of an account, or another identifier that calls come in
// on. No two numbers of a tenant are the same.
type Number struct {
	Row
	Number              string `db:"number" json:"number"`
	Description         string `db:"description" json:"description"` // the customer's own
	ProviderDescription string `db:"provider_description" json:"provider_description"`
	SiteID              string `db:"site_id" json:"site_id"`         // empty: at none
	CampaignID          string `db:"campaign_id" json:"campaign_id"` // empty: in none
}

var numbers = &kind[Number, *Number]{
	name:  "number",
	table: "phone_number",
	sel: `t.id, t.account_id, t.version, t.created_at, t.updated_at, t.number, t.description, t.provider_description,
coalesce(t.site_id, '') AS site_id, coalesce(t.campaign_id, '') AS campaign_id`,
	insert: []string{"number", "description", "provider_description", "site_id", "campaign_id"},
	values: func(n *Number) []any {
		return []any{n.Number, n.Description, n.ProviderDescription, nullable(n.SiteID), nullable(n.CampaignID)}
	},
	update: `
UPDATE phone_number t SET number = i.number, description = i.description, provider_description = i.provider_description,
    site_id = nullif(i.site_id, ''), campaign_id = nullif(i.campaign_id, ''), version = i.version, updated_at = i.updated_at
FROM json_populate_recordset(NULL::phone_number, $1) i WHERE t.id = i.id`,
	same: func(before, after *Number) bool {
		return before.Number == after.Number && before.Description == after.Description &&
			before.ProviderDescription == after.ProviderDescription && before.SiteID == after.SiteID && before.CampaignID == after.CampaignID
	},
	references: func(n *Number) []reference {
		return []reference{{"siteId", sites.table, n.SiteID}, {"campaignId", campaigns.table, n.CampaignID}}
	},
	check: checkNumbers,
}

// checkNumbers refuses a number that another row has, or that comes twice.
func checkNumbers(ctx context.Context, p *putting[Number, *Number]) error {
	var wanted []string
	p.accepted(func(_ int, n *Number) { wanted = append(wanted, n.Number) })
	if len(wanted) == 0 {
		return nil
	}
	holders, err := pairs(ctx, p.tx, `SELECT number, id FROM phone_number WHERE number = ANY($1)`, distinct(wanted))
	if err != nil {
		return err
	}
	p.accepted(func(i int, n *Number) {
		holder, taken := holders[n.Number]
		if taken && holder != n.ID {
			p.refuse(i, refusal("number", "%q is taken by the number with id %q", n.Number, holder))
			return
		}
		holders[n.Number] = n.ID
	})
	return nil
}

// Number returns a number by id, or ErrNotFound.
func (s *Store) Number(ctx context.Context, id string) (Number, error) {
	return one(ctx, s, numbers, id)
}

// Numbers returns a page of numbers.
func (s *Store) Numbers(ctx context.Context, list List) ([]Number, *Place, error) {
	return page(ctx, s, numbers, list)
}

// FindNumber returns the row of a number, as a page of one at most.
func (s *Store) FindNumber(ctx context.Context, number string, list List) ([]Number, *Place, error) {
	if badText(number) {
		return nil, nil, nil // there can be no such number
	}
	return page(ctx, s, numbers, list, condition{numberIs, number})
}

const numberIs = "t.number = %s"

// PutNumbers creates and changes numbers. Their sites and campaigns must be of the same
// account.
func (w *Writer) PutNumbers(ctx context.Context, items []Item[Number]) ([]Written[Number], error) {
	return put(ctx, w, numbers, items)
}

// DeleteNumber deletes a number. Its calls stay.
func (w *Writer) DeleteNumber(ctx context.Context, id string, ifVersion int64) (Result, error) {
	return remove(ctx, w, numbers, id, ifVersion)
}

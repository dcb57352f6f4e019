package backoffice

import (
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

func (a *api) campaigns() resource[integration.Campaign, store.Campaign] {
	return resource[integration.Campaign, store.Campaign]{
		path: "campaigns", one: "Campaign", many: "Campaigns",
		description: "Campaigns are what an account uses numbers for: an advertisement, a promotion.",
		show: func(c *store.Campaign) integration.Campaign {
			return integration.Campaign{ID: c.ID, AccountID: c.AccountID, Name: c.Name, Description: c.Description, Meta: meta(c.Row)}
		},
		version: func(c *store.Campaign) int64 { return c.Version },
		key:     func(c *integration.Campaign) *string { return &c.ID },
		row: func(_ *config.Live, c integration.Campaign, _ *store.Campaign) (store.Campaign, *store.Refusal) {
			return store.Campaign{Row: store.Row{AccountID: c.AccountID}, Name: c.Name, Description: c.Description}, nil
		},
		get: a.Store.Campaign, list: a.Store.Campaigns, put: (*store.Writer).PutCampaigns, remove: (*store.Writer).DeleteCampaign,
		keptWhile: "numbers belong to it",
	}
}

package backoffice

import (
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

func (a *api) numbers() resource[integration.Number, store.Number] {
	return resource[integration.Number, store.Number]{
		path: "numbers", one: "Number", many: "Numbers",
		description: "Numbers are the telephone numbers of an account, or other identifiers that its calls come in on. " +
			"Customers describe their numbers themselves: description stays as it is until it is written.",
		show:    showNumber,
		version: func(n *store.Number) int64 { return n.Version },
		key:     func(n *integration.Number) *string { return &n.ID },
		row:     numberRow,
		get:     a.Store.Number, list: a.Store.Numbers, put: (*store.Writer).PutNumbers, remove: (*store.Writer).DeleteNumber,
	}
}

func showNumber(n *store.Number) integration.Number {
	shown := integration.Number{
		ID: n.ID, AccountID: n.AccountID, Number: n.Number, ProviderDescription: n.ProviderDescription,
		SiteID: n.SiteID, CampaignID: n.CampaignID, Meta: meta(n.Row),
	}
	if n.Description != "" {
		shown.Description = integration.Of(n.Description)
	}
	return shown
}

func numberRow(_ *config.Live, n integration.Number, old *store.Number) (store.Number, *store.Refusal) {
	row := store.Number{
		Row: store.Row{AccountID: n.AccountID}, Number: n.Number, ProviderDescription: n.ProviderDescription,
		SiteID: n.SiteID, CampaignID: n.CampaignID,
	}
	switch {
	case n.Description.Present && !n.Description.Null:
		row.Description = n.Description.Value
	case old != nil:
		row.Description = old.Description
	}
	return row, nil
}

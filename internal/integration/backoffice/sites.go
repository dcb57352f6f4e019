package backoffice

import (
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

func (a *api) sites() resource[integration.Site, store.Site] {
	return resource[integration.Site, store.Site]{
		path: "sites", one: "Site", many: "Sites",
		description: "Sites are the places of an account: where services are and where numbers ring.",
		show: func(s *store.Site) integration.Site {
			return integration.Site{ID: s.ID, AccountID: s.AccountID, Name: s.Name, Address: s.Address, Meta: meta(s.Row)}
		},
		version: func(s *store.Site) int64 { return s.Version },
		key:     func(s *integration.Site) *string { return &s.ID },
		row: func(_ *config.Live, s integration.Site, _ *store.Site) (store.Site, *store.Refusal) {
			return store.Site{Row: store.Row{AccountID: s.AccountID}, Name: s.Name, Address: s.Address}, nil
		},
		get: a.Store.Site, list: a.Store.Sites, put: (*store.Writer).PutSites, remove: (*store.Writer).DeleteSite,
		keptWhile: "services, requests or numbers are at it, or grants of contacts are limited to it",
	}
}

package backoffice

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

func (a *api) numbers() resource[integration.Number, store.Number] {
	return resource[integration.Number, store.Number]{
		path: "numbers", one: "Number", many: "Numbers",
		description: "Numbers are the telephone numbers of an account, or other identifiers that its calls come in on. " +
			"Customers describe their numbers themselves: a description that is left out stays as it is, in a PUT too; null clears it.",
		show:    showNumber,
		version: func(n *store.Number) int64 { return n.Version },
		key:     func(n *integration.Number) *string { return &n.ID },
		row:     numberRow,
		get:     a.Store.Number, put: (*store.Writer).PutNumbers, remove: (*store.Writer).DeleteNumber,
	}
}

// registerNumbers adds the collection with a list of its own.
func (a *api) registerNumbers() {
	r := a.numbers()
	register(a, r)
	handle(a, "numbers:read", huma.Operation{
		OperationID: "listNumbers", Method: http.MethodGet, Path: "/api/v1/numbers", Summary: "List numbers", Tags: []string{a.tag(r.many, r.description)},
		Description: r.listDescription(),
	}, a.listNumbers)
}

// NumbersInput filters numbers.
type NumbersInput struct {
	ListInput
	Number string `query:"number" maxLength:"64" doc:"Only the one that is this number."`
}

func (a *api) listNumbers(ctx context.Context, in *NumbersInput) (*listOutput[integration.Number], error) {
	r := a.numbers()
	r.list = a.Store.Numbers
	if in.Number != "" {
		r.path = filters(r.path, in.Number)
		r.list = func(ctx context.Context, list store.List) ([]store.Number, *store.Place, error) {
			return a.Store.FindNumber(ctx, in.Number, list)
		}
	}
	return r.page(ctx, &in.ListInput)
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
	if row.Description = n.Description.Value; old != nil && !n.Description.Present {
		row.Description = old.Description
	}
	return row, nil
}

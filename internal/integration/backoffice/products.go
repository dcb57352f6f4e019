package backoffice

import (
	"cmp"
	"strings"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/store"
)

func (a *api) products() resource[integration.Product, store.Product] {
	return resource[integration.Product, store.Product]{
		path: "products", one: "Product", many: "Products",
		description: "Products are what customers can order in the portal, whoever has its feature PlaceOrders. An order keeps what it says of its products when they change.",
		show:        showProduct,
		version:     func(p *store.Product) int64 { return p.Version },
		key:         func(p *integration.Product) *string { return &p.ID },
		row:         productRow,
		get:         a.Store.Product, list: a.Store.Products, put: (*store.Writer).PutProducts, remove: (*store.Writer).DeleteProduct,
		ofNoAccount: true,
	}
}

func showProduct(p *store.Product) integration.Product {
	return integration.Product{
		ID: p.ID, Name: p.Name, Description: p.Description, Price: locale.Amount(p.Currency, p.Price), Currency: p.Currency,
		BillingMonths: p.BillingMonths, State: p.State, Meta: meta(p.Row),
	}
}

// productRow keeps the state and the currency that a request leaves out.
func productRow(live *config.Live, p integration.Product, old *store.Product) (store.Product, *store.Refusal) {
	before := store.Product{State: store.ProductOffered}
	if old != nil {
		before = *old
	}
	row := store.Product{
		Name: p.Name, Description: p.Description, Price: p.Price, Currency: cmp.Or(p.Currency, before.Currency),
		BillingMonths: p.BillingMonths, State: cmp.Or(p.State, before.State),
	}
	if row.Currency == "" {
		row.Currency = live.For(config.Account{}).Attributes.Currency.Value
	}
	return row, checkPrice(row)
}

// checkPrice: a price can be paid in its currency, so that what people see adds up.
func checkPrice(p store.Product) *store.Refusal {
	_, fraction, _ := strings.Cut(p.Price, ".")
	if most := locale.Decimals(p.Currency); len(strings.TrimRight(fraction, "0")) > most {
		return refuse("price", "is %s, allowed in %s are at most %d decimals", p.Price, p.Currency, most)
	}
	return nil
}

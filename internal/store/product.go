package store

import "context"

// The states of a product.
const (
	ProductOffered   = "Offered"
	ProductWithdrawn = "Withdrawn" // it is not ordered any more; orders that have it stay
)

// Product is what customers can order. It belongs to no account, and is offered to those
// that have its currency.
type Product struct {
	Row
	Name          string `db:"name" json:"name"`
	Description   string `db:"description" json:"description"`
	Price         string `db:"price" json:"price"` // of one
	Currency      string `db:"currency" json:"currency"`
	BillingMonths int64  `db:"billing_months" json:"billing_months"` // paid each so many months; 0: once
	State         string `db:"state" json:"state"`
}

var products = &kind[Product, *Product]{
	name:  "product",
	table: "product",
	sel: `t.id, '' AS account_id, t.version, t.created_at, t.updated_at, t.name, t.description, trim_scale(t.price)::text AS price,
t.currency, t.billing_months, t.state`,
	accountOf: func(string) string { return "" },
	insert:    []string{"name", "description", "price", "currency", "billing_months", "state"},
	values: func(p *Product) []any {
		return []any{p.Name, p.Description, p.Price, p.Currency, p.BillingMonths, p.State}
	},
	update: `
UPDATE product t SET name = i.name, description = i.description, price = i.price, currency = i.currency,
    billing_months = i.billing_months, state = i.state, version = i.version, updated_at = i.updated_at
FROM json_populate_recordset(NULL::product, $1) i WHERE t.id = i.id`,
	same: func(before, after *Product) bool {
		return before.Name == after.Name && before.Description == after.Description && before.Price == after.Price &&
			before.Currency == after.Currency && before.BillingMonths == after.BillingMonths && before.State == after.State
	},
}

// Product returns a product by id, or ErrNotFound.
func (s *Store) Product(ctx context.Context, id string) (Product, error) {
	return one(ctx, s, products, id)
}

// Products returns a page of products.
func (s *Store) Products(ctx context.Context, list List) ([]Product, *Place, error) {
	return page(ctx, s, products, list)
}

// PutProducts creates and changes products.
func (w *Writer) PutProducts(ctx context.Context, items []Item[Product]) ([]Written[Product], error) {
	written, _, err := putAll(ctx, w, products, items, func(_, next *Product) { next.Price = amount(next.Price) })
	return written, err
}

// DeleteProduct deletes a product. Orders keep what they say of it.
func (w *Writer) DeleteProduct(ctx context.Context, id string, ifVersion int64) (Result, error) {
	return remove(ctx, w, products, id, ifVersion)
}

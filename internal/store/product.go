package store

import (
	"context"
	"math/big"

	"github.com/jackc/pgx/v5"
)

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

// NameCursor is the last row of a page in the order of names. The zero value is before
// the first.
type NameCursor struct{ Name, ID string }

var offersSQL = `
SELECT ` + products.sel + ` FROM product t
WHERE t.state = 'Offered' AND t.currency = $1 AND (t.name, t.id) > ($2, $3) ORDER BY t.name, t.id LIMIT $4`

// Offers returns a page of the products that accounts with a currency can order, and where
// to go on; nil: it is the last page.
func (s *Store) Offers(ctx context.Context, currency string, after NameCursor, limit int) ([]Product, *NameCursor, error) {
	if badText(currency) || badText(after.Name) || badText(after.ID) {
		return nil, nil, nil // no product can have such a name
	}
	found, next, err := collectPage(ctx, s, products, limit, offersSQL, currency, after.Name, after.ID, limit+1)
	if next == nil {
		return found, nil, err
	}
	return found, &NameCursor{Name: found[limit-1].Name, ID: next.ID}, nil
}

var offersByIDSQL = `SELECT ` + products.sel + ` FROM product t WHERE t.id = ANY($2) AND t.state = 'Offered' AND t.currency = $1`

// OffersByID returns those among ids that accounts with a currency can order.
func (s *Store) OffersByID(ctx context.Context, currency string, ids []string) (map[string]Product, error) {
	return offersByID(ctx, s.db, currency, ids)
}

// OffersByID is that of the store, as the transaction sees it.
func (w *Writer) OffersByID(ctx context.Context, currency string, ids []string) (map[string]Product, error) {
	return offersByID(ctx, w.tx, currency, ids)
}

func offersByID(ctx context.Context, db querier, currency string, ids []string) (map[string]Product, error) {
	rows, err := db.Query(ctx, offersByIDSQL, currency, storable(ids))
	if err != nil {
		return nil, fail("read products", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Product])
	if err != nil {
		return nil, fail("read products", err)
	}
	byID := make(map[string]Product, len(list))
	for _, p := range list {
		byID[p.ID] = p
	}
	return byID, nil
}

// Add adds so many of a product to an order and to its total, and says whether that can be
// kept: sums have at most 14 digits before the point, as all amounts have.
func (o *Order) Add(p Product, quantity int64) bool {
	price := decimal(p.Price)
	price.Mul(price, new(big.Rat).SetInt64(quantity))
	item := OrderItem{Description: p.Name, Quantity: quantity, Amount: amount(price.FloatString(4)), ProductID: p.ID, BillingMonths: p.BillingMonths}
	o.Items, o.Currency = append(o.Items, item), p.Currency
	o.Total = Sum(o.Total, item.Amount)
	_, fits := parseUnits(o.Total)
	return fits
}

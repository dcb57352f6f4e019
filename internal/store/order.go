package store

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/foyerhq/foyer/internal/locale"
)

// The statuses of an order.
const (
	OrderPlaced     = "Placed"
	OrderInProgress = "InProgress"
	OrderCompleted  = "Completed"
	OrderCancelled  = "Cancelled"
)

// Order is what was ordered for an account.
type Order struct {
	Row
	Number   string      `db:"number" json:"number"`
	Status   string      `db:"status" json:"status"`
	PlacedAt time.Time   `db:"placed_at" json:"placed_at"`
	PlacedBy string      `db:"placed_by" json:"placed_by"` // the name of a person; empty: not known
	Total    string      `db:"total" json:"total"`
	Currency string      `db:"currency" json:"currency"`
	Items    []OrderItem `db:"items" json:"items"`
	Comment  string      `db:"comment" json:"comment"` // what the person wrote with it; it never changes
}

// OrderItem is one thing that was ordered. Its amount is that of all of them, to be paid
// each so many months; 0: once. What was ordered in the portal is a product.
type OrderItem struct {
	Description   string `json:"description"`
	Quantity      int64  `json:"quantity"`
	Amount        string `json:"amount"`
	ProductID     string `json:"productId,omitempty"`
	BillingMonths int64  `json:"billingMonths,omitempty"`
}

var orders = &kind[Order, *Order]{
	name:  "order",
	table: "customer_order",
	sel: `t.id, t.account_id, t.version, t.created_at, t.updated_at, t.number, t.status, t.placed_at, t.placed_by,
trim_scale(t.total)::text AS total, t.currency, t.items, t.comment`,
	insert: []string{"number", "status", "placed_at", "placed_by", "total", "currency", "items", "comment"},
	values: func(o *Order) []any {
		return []any{o.Number, o.Status, o.PlacedAt, o.PlacedBy, o.Total, o.Currency, jsonText(o.Items), o.Comment}
	},
	update: `
UPDATE customer_order t SET number = i.number, status = i.status, placed_at = i.placed_at, placed_by = i.placed_by, total = i.total,
    currency = i.currency, items = i.items, version = i.version, updated_at = i.updated_at
FROM json_populate_recordset(NULL::customer_order, $1) i WHERE t.id = i.id`,
	same: func(before, after *Order) bool {
		return before.Number == after.Number && before.Status == after.Status && before.PlacedAt.Equal(after.PlacedAt) &&
			before.PlacedBy == after.PlacedBy && before.Total == after.Total && before.Currency == after.Currency && slices.Equal(before.Items, after.Items)
	},
	announce: func(_ context.Context, w *Writer, before, after *Order) error {
		if before != nil || after.Status != OrderPlaced {
			return nil // an order that comes when it is on its way or done was placed elsewhere, before
		}
		return w.emit("order.placed", after.AccountID, after.ID, map[string]any{"order": after.data()})
	},
}

// tidyOrder makes a list that is never nil: the column takes no null.
func tidyOrder(before, next *Order) {
	if before != nil {
		next.Comment = before.Comment
	}
	next.Total, next.PlacedAt = amount(next.Total), tidyTime(next.PlacedAt)
	list := make([]OrderItem, len(next.Items))
	for i, item := range next.Items {
		list[i] = item
		list[i].Amount = amount(item.Amount)
	}
	next.Items = list
}

// tidyTime is a moment as the database keeps it.
func tidyTime(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// Order returns an order by id, or ErrNotFound.
func (s *Store) Order(ctx context.Context, id string) (Order, error) { return one(ctx, s, orders, id) }

// Orders returns a page of orders.
func (s *Store) Orders(ctx context.Context, list List) ([]Order, *Place, error) {
	return page(ctx, s, orders, list)
}

// PutOrders creates and changes orders.
func (w *Writer) PutOrders(ctx context.Context, items []Item[Order]) ([]Written[Order], error) {
	written, _, err := putAll(ctx, w, orders, items, tidyOrder)
	return written, err
}

// DeleteOrder deletes an order.
func (w *Writer) DeleteOrder(ctx context.Context, id string, ifVersion int64) (Result, error) {
	return remove(ctx, w, orders, id, ifVersion)
}

// Newest is the last row of a page that has the newest first. The zero value is before the
// first.
type Newest struct {
	At time.Time
	ID string
}

// from is where the page after begins, for (at, id) < ($, $).
func (n Newest) from() pgtype.Timestamptz {
	if n.ID == "" {
		return pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}
	}
	return pgtype.Timestamptz{Time: n.At, Valid: true}
}

var ordersOfSQL = `
SELECT ` + orders.sel + ` FROM customer_order t
WHERE t.account_id = $1 AND (t.placed_at, t.id) < ($2, $3) ORDER BY t.placed_at DESC, t.id DESC LIMIT $4`

// OrdersOf returns a page of the orders of an account, newest first, and where to go on;
// nil: it is the last page.
func (s *Store) OrdersOf(ctx context.Context, accountID string, after Newest, limit int) ([]Order, *Newest, error) {
	if badText(accountID) || badText(after.ID) {
		return nil, nil, nil // no order can have such an id
	}
	found, next, err := collectPage(ctx, s, orders, limit, ordersOfSQL, accountID, after.from(), after.ID, limit+1)
	if next == nil {
		return found, nil, err
	}
	return found, &Newest{At: found[limit-1].PlacedAt, ID: next.ID}, nil
}

// OrderOf returns an order of an account by id, or ErrNotFound.
func (s *Store) OrderOf(ctx context.Context, accountID, id string) (Order, error) {
	order, err := s.Order(ctx, id)
	if err == nil && order.AccountID != accountID {
		return Order{}, fail("read order", ErrNotFound)
	}
	return order, err
}

// OrderNumber makes the number of an order that comes without one.
func (w *Writer) OrderNumber(ctx context.Context) (string, error) {
	return w.number(ctx, `SELECT 'O-' || nextval('order_number')`)
}

// number makes a number by a sequence. They have gaps: one that was made for what was not
// written is lost.
func (w *Writer) number(ctx context.Context, sql string) (number string, err error) {
	if err = w.tx.QueryRow(ctx, sql).Scan(&number); err != nil {
		return "", fail("make a number", err)
	}
	return number, nil
}

// data is the order in its events.
func (o *Order) data() map[string]any {
	items := make([]map[string]any, len(o.Items))
	for i, item := range o.Items {
		items[i] = map[string]any{"description": item.Description, "quantity": item.Quantity, "amount": locale.Amount(o.Currency, item.Amount), "currency": o.Currency}
	}
	data := map[string]any{
		"id": o.ID, "number": o.Number, "placedAt": o.PlacedAt, "total": locale.Amount(o.Currency, o.Total), "currency": o.Currency, "items": items,
	}
	setText(data, "placedBy", o.PlacedBy)
	return data
}

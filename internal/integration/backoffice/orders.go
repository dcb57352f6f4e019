package backoffice

import (
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/store"
)

func (a *api) orders() resource[integration.Order, store.Order] {
	return resource[integration.Order, store.Order]{
		path: "orders", one: "Order", many: "Orders",
		description: "Orders are what was ordered for accounts. A new one that is Placed emits order.placed.",
		show:        showOrder,
		version:     func(o *store.Order) int64 { return o.Version },
		key:         func(o *integration.Order) *string { return &o.ID },
		account:     func(o integration.Order) string { return o.AccountID },
		rowOf:       orderRow,
		get:         a.Store.Order, list: a.Store.Orders, put: (*store.Writer).PutOrders, remove: (*store.Writer).DeleteOrder,
	}
}

func showOrder(o *store.Order) integration.Order {
	items := make([]integration.OrderItem, len(o.Items))
	for i, item := range o.Items {
		items[i] = integration.OrderItem(item)
		items[i].Amount = locale.Amount(o.Currency, item.Amount)
	}
	return integration.Order{
		ID: o.ID, AccountID: o.AccountID, Number: o.Number, Status: o.Status, PlacedAt: o.PlacedAt.UTC(), PlacedBy: o.PlacedBy,
		Total: locale.Amount(o.Currency, o.Total), Currency: o.Currency, Items: items, Comment: o.Comment, Meta: meta(o.Row),
	}
}

func orderRow(of holder, o integration.Order, old *store.Order) (store.Order, *store.Refusal) {
	before := store.Order{}
	if old != nil {
		before = *old
	}
	row := store.Order{
		Row: store.Row{AccountID: o.AccountID}, Number: o.Number, Status: o.Status, PlacedAt: o.PlacedAt, PlacedBy: o.PlacedBy,
		Total: o.Total, Currency: of.currency(o.Currency, before.Currency),
	}
	for _, item := range o.Items {
		row.Items = append(row.Items, store.OrderItem(item))
	}
	return row, nil
}

package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

func product(name, price string) store.Product {
	return store.Product{Name: name, Price: price, Currency: "EUR", BillingMonths: 1, State: store.ProductOffered}
}

func (tn tenant) putProducts(t *testing.T, items ...store.Item[store.Product]) (results []store.Result) {
	t.Helper()
	tn.write(t, func(ctx context.Context, w *store.Writer) error {
		written, err := w.PutProducts(ctx, items)
		results = resultsOf(written)
		return err
	})
	return results
}

func TestProducts(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	p := product("Fibre 500", "39.90")
	p.Description = "Fast.\nVery."
	wantResults(t, tn.putProducts(t, always("p1", p), always("p2", product("Router", "0.5000"))), nil, "Created", "Created")
	p.Price = "39.9"
	wantResults(t, tn.putProducts(t, always("p1", p), always("p2", product("Router", "0.5"))), nil, "Unchanged", "Unchanged")
	p.Price, p.BillingMonths, p.State = "1234567890123.0001", 0, store.ProductWithdrawn
	wantResults(t, tn.putProducts(t, always("p1", p)), nil, "Updated")
	want := p
	want.Row = store.Row{ID: "p1", Version: 2, CreatedAt: now, UpdatedAt: now}
	got, err := tn.Backoffice.Product(t.Context(), "p1")
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if list, next, err := tn.Backoffice.Products(t.Context(), store.List{Limit: 1}); err != nil || len(list) != 1 || next == nil || next.ID != "p1" {
		t.Errorf("%v %v %v", list, next, err)
	}
	tn.write(t, func(ctx context.Context, w *store.Writer) error {
		if result, err := w.DeleteProduct(ctx, "p1", 1); err != nil || result.Outcome != store.Conflict {
			t.Errorf("another version: %v %v", result, err)
		}
		_, err := w.DeleteProduct(ctx, "p1", 2)
		return err
	})
	changes := []string{"product p1  Upsert 1", "product p2  Upsert 1", "product p1  Upsert 2", "product p1  Delete 3"}
	if diff := cmp.Diff(changes, tn.column(t, "SELECT concat_ws(' ', kind, id, account_id, operation, version) FROM change ORDER BY position")); diff != "" {
		t.Errorf("changes:\n%s", diff)
	}
	if events := tn.column(t, "SELECT type FROM event"); len(events) > 0 {
		t.Errorf("products are told: %v", events)
	}
}

// Offers are what is offered in a currency, by name, page by page.
func TestOffers(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	withdrawn, dollars := product("A", "1"), product("B", "1")
	withdrawn.State, dollars.Currency = store.ProductWithdrawn, "USD"
	tn.putProducts(t, always("gone", withdrawn), always("dollars", dollars),
		always("2", product("Fibre", "1")), always("1", product("Fibre", "2")), always("3", product("", "3")), always("4", product("Zero~", "4")))
	var pages []string
	for after := (&store.NameCursor{}); after != nil; {
		list, next, err := tn.Portal.Offers(t.Context(), "EUR", *after, 2)
		if err != nil {
			t.Fatal(err)
		}
		var ids string
		for _, p := range list {
			ids += p.ID
		}
		pages, after = append(pages, ids), next
	}
	if diff := cmp.Diff([]string{"31", "24"}, pages); diff != "" {
		t.Errorf("pages:\n%s", diff)
	}
	byID, err := tn.Portal.OffersByID(t.Context(), "EUR", []string{"1", "gone", "dollars", "none", "x\x00"})
	if err != nil || len(byID) != 1 || byID["1"].Price != "2" {
		t.Errorf("%v %v", byID, err)
	}
}

func TestOrdersAddUp(t *testing.T) {
	t.Parallel()
	var order store.Order
	monthly, once := product("Fibre 500", "39.9"), product("Router", "0.0001")
	monthly.ID, once.ID, once.BillingMonths = "p1", "p2", 0
	if !order.Add(monthly, 3) || !order.Add(once, 999) {
		t.Error("does not fit")
	}
	want := store.Order{Total: "119.7999", Currency: "EUR", Items: []store.OrderItem{
		{Description: "Fibre 500", Quantity: 3, Amount: "119.7", ProductID: "p1", BillingMonths: 1},
		{Description: "Router", Quantity: 999, Amount: "0.0999", ProductID: "p2"},
	}}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for price, fits := range map[string]bool{"50000000000000": false, "49999999999940": true} {
		if o := want; o.Add(product("Dear", price), 2) != fits {
			t.Errorf("twice %s gives %s", price, o.Total)
		}
	}
	if got := store.Sum("0.1", "", "0.2", "-1"); got != "-0.7" {
		t.Errorf("sum is %s", got)
	}
}

// An order comes once, whoever sends it twice; its comment stays as it was written.
func TestOrderOfThePortal(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A")
	order := orderOf("A")
	order.Comment, order.Items = "After 5 pm.", []store.OrderItem{{Description: "Fibre", Quantity: 1, Amount: "1", ProductID: "p1", BillingMonths: 12}}
	place := func() (outcome, number string) {
		order := order // four place it at once
		err := tn.Portal.Write(t.Context(), store.Origin{Actor: "Dana", Now: now}, func(ctx context.Context, w *store.Writer) (err error) {
			if order.Number, err = w.OrderNumber(ctx); err != nil {
				return err
			}
			item := always("o1", order)
			item.IfNone = true
			written, err := w.PutOrders(ctx, []store.Item[store.Order]{item})
			if err == nil {
				outcome, number = written[0].Outcome, order.Number
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return outcome, number
	}
	done := make(chan string)
	for range 4 {
		go func() {
			outcome, _ := place()
			done <- outcome
		}()
	}
	outcomes := []string{<-done, <-done, <-done, <-done}
	slices.Sort(outcomes)
	if diff := cmp.Diff([]string{"Conflict", "Conflict", "Conflict", "Created"}, outcomes); diff != "" {
		t.Errorf("four at once:\n%s", diff)
	}
	got, err := tn.Portal.OrderOf(t.Context(), "A", "o1")
	if err != nil || got.Comment != "After 5 pm." || got.Items[0] != order.Items[0] || got.Number[:2] != "O-" {
		t.Errorf("%+v %v", got, err)
	}
	tn.write(t, func(ctx context.Context, w *store.Writer) error {
		changed := got
		changed.Status, changed.Comment = store.OrderCompleted, "The provider's words."
		_, err := w.PutOrders(ctx, []store.Item[store.Order]{always("o1", changed)})
		return err
	})
	if got, err = tn.Portal.OrderOf(t.Context(), "A", "o1"); err != nil || got.Comment != "After 5 pm." || got.Status != store.OrderCompleted {
		t.Errorf("%+v %v", got, err)
	}
	if numbers := tn.column(t, "SELECT number FROM customer_order"); len(numbers) != 1 || tn.column(t, "SELECT count(*)::text FROM event WHERE type = 'order.placed'")[0] != "1" {
		t.Errorf("orders %v", numbers)
	}
}

// Pages of what has the newest first have every row once, also where several have one moment.
func TestNewestFirst(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A", "B")
	tn.write(t, func(ctx context.Context, w *store.Writer) error {
		for _, account := range []string{"A", "B"} {
			for n := range 7 {
				o := orderOf(account)
				o.PlacedAt = now
				if n >= 4 {
					o.PlacedAt = now.Add(-time.Microsecond)
				}
				if _, err := w.PutOrders(ctx, []store.Item[store.Order]{always(fmt.Sprint(account, n), o)}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	var seen []string
	for after := (&store.Newest{}); after != nil; {
		list, next, err := tn.Portal.OrdersOf(t.Context(), "A", *after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range list {
			seen = append(seen, o.ID)
		}
		after = next
	}
	if diff := cmp.Diff([]string{"A3", "A2", "A1", "A0", "A6", "A5", "A4"}, seen); diff != "" {
		t.Errorf("orders:\n%s", diff)
	}
}

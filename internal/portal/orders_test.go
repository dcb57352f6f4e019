package portal

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

func aProduct(name, price string, months int64) store.Product {
	return store.Product{Name: name, Price: price, Currency: "AUD", BillingMonths: months, State: store.ProductOffered}
}

func (s *site) products(t *testing.T, items ...store.Item[store.Product]) {
	t.Helper()
	s.write(t, func(ctx context.Context, w *store.Writer) error {
		_, err := w.PutProducts(ctx, items)
		return err
	})
}

// offers are Fibre 500 and a router, and what dana cannot order: in another currency, and
// withdrawn.
func (s *site) offers(t *testing.T) {
	t.Helper()
	dollars, gone := aProduct("Dollar line", "1", 1), aProduct("Modem of old", "1", 0)
	dollars.Currency, gone.State = "USD", store.ProductWithdrawn
	fibre := aProduct("Fibre 500", "45", 1)
	fibre.Description = "Fast.\nVery."
	s.products(t, row("fibre", fibre), row("router", aProduct("Router <x>", "89.50", 0)), row("dollars", dollars), row("gone", gone))
}

// fields are the hidden fields and those filled in of the form of a page, as a browser would
// send them.
func fields(body string) url.Values {
	values := url.Values{}
	for _, tag := range regexp.MustCompile(`<input[^>]*>`).FindAllString(body, -1) {
		name, value := attribute(tag, "name"), attribute(tag, "value")
		if name != "" && attribute(tag, "type") != "checkbox" {
			values.Add(name, value)
		}
	}
	return values
}

func attribute(tag, name string) string {
	_, after, found := strings.Cut(tag, " "+name+`="`)
	if !found {
		return ""
	}
	value, _, _ := strings.Cut(after, `"`)
	return strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "&#34;", `"`, "&#39;", "'").Replace(value)
}

// has looks for markup.
func (a answer) has(t *testing.T, texts ...string) answer {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("the page does not have %s:\n%s", text, a.body)
		}
	}
	return a
}

// root is a superuser's connection on the site's schema.
func (s *site) root(t *testing.T) *pgx.Conn {
	t.Helper()
	of, err := pgx.ParseConfig(s.tenant.PortalURI)
	if err != nil {
		t.Fatal(err)
	}
	config, err := pgx.ParseConfig(server.URI())
	if err != nil {
		t.Fatal(err)
	}
	config.Database, config.RuntimeParams["search_path"] = of.Database, s.tenant.Schema
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) }) //nolint:errcheck // the test is over
	return conn
}

// column reads one column of text.
func (s *site) column(t *testing.T, sql string) []string {
	t.Helper()
	rows, err := s.root(t).Query(t.Context(), sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return list
}

func TestPlaceAnOrder(t *testing.T) {
	s := newSite(t)
	s.business(t)
	dana := s.signedIn(t, "dana")
	dana.get("/orders").is(t, http.StatusOK).shows(t, "No orders here yet", "New order")
	dana.get("/orders/new").is(t, http.StatusOK).shows(t, "Nothing to order here at the moment Acme Telecom has no products on offer for you right now.")
	s.offers(t)
	dana.get("/orders/new").is(t, http.StatusOK).shows(t, "What you can order", "Fibre 500 Fast. Very. $45.00 a month", "$89.50 once").hides(t, "Dollar line", "Modem of old", "Router <x>")

	review := dana.get("/orders/review?product=fibre&quantity=2&product=router&quantity=+1&product=dollars&quantity=").is(t, http.StatusOK)
	review.shows(t, "Nothing is ordered until you say so", "Fibre 500 $45.00 a month 2 $90.00 a month", "$89.50 once 1 $89.50 once", "Total $179.50 $89.50 once $90.00 a month")
	if orders := s.column(t, "SELECT number FROM customer_order"); len(orders) > 0 {
		t.Errorf("a look at the review placed %v", orders)
	}
	form := fields(review.body)
	form.Set("comment", "After 5 pm 🎉\nمرحبا")
	placed := dana.do(http.MethodPost, "/orders", form)
	placed.goesTo(t, "/orders/"+form.Get("key")+"?done=placed")
	dana.get(placed.header.Get("Location")).is(t, http.StatusOK).shows(t,
		"Order O-1", "Thank you. Your order is with Acme Telecom.", "Status Placed", "Ordered 22 Nov 2026", "Ordered by Dana Whitfield",
		"Total $179.50 $89.50 once $90.00 a month", "Comment After 5 pm 🎉 مرحبا", "Fibre 500 2 $90.00 a month")
	dana.get("/orders").is(t, http.StatusOK).shows(t, "O-1 22 Nov 2026", "Dana Whitfield 2 × Fibre 500 1 × Router &lt;x&gt; $179.50 Placed")
	dana.get("/activity").is(t, http.StatusOK).shows(t, "Dana Whitfield Order added")
	ravi := s.signedIn(t, "ravi")
	s.apply(t, `["ViewInvoices","ViewActivity"]`, `["PlaceOrders"]`, `["ViewInvoices"]`, `["PlaceOrders"]`)
	ravi.get("/orders/"+form.Get("key")).is(t, http.StatusNotFound)
	ravi.get("/orders").is(t, http.StatusOK).hides(t, "O-1")
}

// TestOrdersAreNotPlacedTwice: the same form again, or several times at once, leads to the
// one order that it made; nobody gets at an order of others by its key.
func TestOrdersAreNotPlacedTwice(t *testing.T) {
	s := newSite(t)
	s.business(t)
	s.offers(t)
	dana := s.signedIn(t, "dana")
	form := fields(dana.get("/orders/review?product=fibre&quantity=1").is(t, http.StatusOK).body)
	var sent sync.WaitGroup
	locations := make([]string, 4)
	for i := range locations {
		sent.Go(func() {
			answer := dana.do(http.MethodPost, "/orders", form)
			locations[i] = fmt.Sprint(answer.status, " ", answer.header.Get("Location"))
		})
	}
	sent.Wait()
	form.Set("quantity", "7")
	dana.do(http.MethodPost, "/orders", form).is(t, http.StatusSeeOther)
	want := "303 /orders/" + form.Get("key") + "?done=placed"
	if diff := cmp.Diff([]string{want, want, want, want}, locations); diff != "" {
		t.Errorf("answers:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"1"}, s.column(t, "SELECT items -> 0 ->> 'quantity' FROM customer_order")); diff != "" {
		t.Errorf("orders:\n%s", diff)
	}
	if events := s.column(t, "SELECT data -> 'order' ->> 'placedBy' FROM event WHERE type = 'order.placed'"); len(events) != 1 || events[0] != "Dana Whitfield" {
		t.Errorf("events: %v", events)
	}
	s.apply(t, `["ViewInvoices"]`, `["PlaceOrders"]`)
	s.signedIn(t, "ravi").do(http.MethodPost, "/orders", form).is(t, http.StatusNotFound)
	if orders := s.column(t, "SELECT account_id FROM customer_order"); len(orders) != 1 {
		t.Errorf("orders of %v", orders)
	}
}

// TestOtherPricesAreConfirmed: what changed since the person looked is shown and has to be
// confirmed; nothing is ordered before.
func TestOtherPricesAreConfirmed(t *testing.T) {
	s := newSite(t)
	s.business(t)
	s.offers(t)
	dana := s.signedIn(t, "dana")
	form := fields(dana.get("/orders/review?product=fibre&quantity=2&product=router&quantity=1").is(t, http.StatusOK).body)
	form.Set("comment", "Please ring twice.")

	dearer, gone := aProduct("Fibre 500", "50", 12), aProduct("Router <x>", "89.5", 0)
	gone.State = store.ProductWithdrawn
	s.products(t, row("fibre", dearer), row("router", gone))
	again := dana.do(http.MethodPost, "/orders", form).is(t, http.StatusUnprocessableEntity)
	again.shows(t, "Something has changed since you looked", "Fibre 500 costs $50.00 a year now.", "Something that you chose is not offered any more.",
		"Nothing was ordered.", "Total $100.00 $100.00 a year", "Please ring twice.")
	if orders := s.column(t, "SELECT number FROM customer_order"); len(orders) > 0 {
		t.Errorf("ordered at another price: %v", orders)
	}
	form = fields(again.body)
	form.Set("comment", "Please ring twice.")
	dana.do(http.MethodPost, "/orders", form).goesTo(t, "/orders/"+form.Get("key")+"?done=placed")
	if diff := cmp.Diff([]string{"100 Please ring twice."}, s.column(t, "SELECT trim_scale(total) || ' ' || comment FROM customer_order")); diff != "" {
		t.Errorf("orders:\n%s", diff)
	}

	form = fields(dana.get("/orders/review?product=fibre&quantity=2").is(t, http.StatusOK).body)
	dearer.State = store.ProductWithdrawn
	s.products(t, row("fibre", dearer))
	dana.do(http.MethodPost, "/orders", form).is(t, http.StatusUnprocessableEntity).shows(t, "What you chose is not offered any more. Please choose again.")
	dana.get("/orders/review?product=router&quantity=1").is(t, http.StatusUnprocessableEntity).shows(t, "What you chose is not offered any more.")
}

// TestManyProducts: what is chosen goes along from page to page.
func TestManyProducts(t *testing.T) {
	s := newSite(t)
	s.business(t)
	var items []store.Item[store.Product]
	for n := range 120 {
		items = append(items, row(fmt.Sprintf("p%03d", n), aProduct(fmt.Sprintf("Product %03d", n), "1", 0)))
	}
	s.products(t, items...)
	dana := s.signedIn(t, "dana")
	page := dana.get("/orders/new").is(t, http.StatusOK).shows(t, "Product 000", "Product 049", "More products").hides(t, "Product 050", "What you have chosen")
	query := fields(page.body)
	query["quantity"][3], query["quantity"][4] = "2", "lots"
	query.Set("after", attribute(regexp.MustCompile(`<button[^>]*name="after"[^>]*>`).FindString(page.body), "value"))
	page = dana.get("/orders/new?"+query.Encode()).is(t, http.StatusOK).shows(t, "What you have chosen", "Product 003", "Product 004", "Product 050", "Product 099").
		hides(t, "Product 005", "This needs", "whole number")
	query = fields(page.body)
	if len(query["product"]) != 52 || query["quantity"][0] != "2" || query["quantity"][1] != "lots" {
		t.Errorf("the form has %v", query)
	}
	dana.get("/orders/review?"+query.Encode()).is(t, http.StatusUnprocessableEntity).shows(t, "Please write a whole number from 0 to 999.", "Product 003").
		has(t, `href="#quantity-1"`, `id="quantity-1-problem"`)
	query["quantity"][1] = "0"
	dana.get("/orders/review?"+query.Encode()).is(t, http.StatusOK).shows(t, "Product 003 $1.00 once 2 $2.00 once").hides(t, "Product 004")
	for n := range 51 {
		query["quantity"][n] = "1"
	}
	dana.get("/orders/review?"+query.Encode()).is(t, http.StatusUnprocessableEntity).shows(t, "One order can have at most 50 products.")
}

func TestBadOrders(t *testing.T) {
	s := newSite(t)
	s.business(t)
	s.offers(t)
	s.products(t, row("dear", aProduct("Palace", "99999999999999", 0)))
	dana := s.signedIn(t, "dana")
	for _, quantity := range []string{"1000", "-1", "1.5", "two", "99999999999999999999", "1\x00", "\u0661", strings.Repeat("9", 5000)} {
		dana.get("/orders/review?"+url.Values{"product": {"fibre"}, "quantity": {quantity}}.Encode()).is(t, http.StatusUnprocessableEntity).
			shows(t, "Please write a whole number from 0 to 999.")
	}
	dana.get("/orders/review").is(t, http.StatusUnprocessableEntity).shows(t, "Nothing is chosen yet.")
	dana.get("/orders/review?product=fibre&quantity=0&product=x%00&quantity=").is(t, http.StatusUnprocessableEntity).shows(t, "Nothing is chosen yet.")
	dana.get("/orders/review?product=dear&quantity=2").is(t, http.StatusUnprocessableEntity).shows(t, "This is more than one order can hold.")
	for _, bad := range []string{"product=fibre", "quantity=1", "product=fibre&quantity=1&product=fibre&quantity=2", "product=fibre&quantity=1&price=1&price=2"} {
		dana.get("/orders/review?"+bad).is(t, http.StatusBadRequest)
	}
	dana.get("/orders/new?after=x").is(t, http.StatusBadRequest)
	dana.get("/orders/new?after=AA~x").is(t, http.StatusBadRequest)
	dana.get("/orders?after=x").is(t, http.StatusBadRequest)
	for _, id := range []string{"none", "%00", strings.Repeat("a", 3000), "new%2F"} {
		dana.get("/orders/"+id).is(t, http.StatusNotFound)
	}

	form := fields(dana.get("/orders/review?product=fibre&quantity=1").is(t, http.StatusOK).body)
	changed := func(field string, values ...string) url.Values {
		other := url.Values{}
		for name, list := range form {
			other[name] = list
		}
		other[field] = values
		return other
	}
	for _, bad := range []url.Values{
		{}, changed("key"), changed("key", "fibre"), changed("key", "{"+uuid.NewString()), changed("product"), changed("quantity", "x"), changed("quantity", "0"),
		changed("price"), changed("product", "fibre", "fibre"),
	} {
		dana.do(http.MethodPost, "/orders", bad).is(t, http.StatusBadRequest)
	}
	dana.do(http.MethodPost, "/orders", form, "Sec-Fetch-Site", "cross-site").is(t, http.StatusForbidden)
	dana.do(http.MethodPost, "/orders", changed("price", "1/1")).is(t, http.StatusUnprocessableEntity).shows(t, "Fibre 500 costs $45.00 a month now.")
	for comment, text := range map[string]string{
		strings.Repeat("x", 2001): "This is too long: at most 2000 characters fit.", "a\x07b": "There is a character in this that cannot be stored.",
		"\xff": "There is a character in this that cannot be stored.",
	} {
		dana.do(http.MethodPost, "/orders", changed("comment", comment)).is(t, http.StatusUnprocessableEntity).shows(t, text).hides(t, "Something has changed")
	}
	if orders := s.column(t, "SELECT number FROM customer_order"); len(orders) > 0 {
		t.Errorf("ordered: %v", orders)
	}
}

// TestOrderPages: all orders once, newest first, also those of the provider's systems.
func TestOrderPages(t *testing.T) {
	s := newSite(t)
	s.business(t)
	s.write(t, func(ctx context.Context, w *store.Writer) error {
		for n := range 60 {
			o := store.Order{Row: store.Row{AccountID: "10042"}, Number: fmt.Sprintf("ORD-%02d.", n), Status: store.OrderCompleted, Total: "119", Currency: "AUD",
				PlacedAt: s.clock.Now().Add(-time.Duration(n/4) * time.Hour), Items: []store.OrderItem{{Description: "Telephone", Quantity: 2, Amount: "119"}}}
			if _, err := w.PutOrders(ctx, []store.Item[store.Order]{row(fmt.Sprint("a~", n, "/x"), o)}); err != nil {
				return err
			}
		}
		return nil
	})
	dana := s.signedIn(t, "dana")
	seen, pages := map[string]bool{}, 0
	for path := "/orders"; path != ""; pages++ {
		page := dana.get(path).is(t, http.StatusOK)
		for _, number := range regexp.MustCompile(`ORD-\d\d\.`).FindAllString(page.body, -1) {
			if seen[number] {
				t.Errorf("%s is there twice", number)
			}
			seen[number] = true
		}
		path = olderLink(page.body)
	}
	if len(seen) != 60 || pages != 3 {
		t.Errorf("%d orders on %d pages", len(seen), pages)
	}
	dana.get("/orders/a~7%2Fx").is(t, http.StatusOK).shows(t, "Order ORD-07.", "Status Completed", "Total $119.00", "Telephone 2 $119.00").hides(t, "Ordered by", "once", "Thank you")
}

// TestOrdersByStatus: who becomes a customer may order, who does not pay may not.
func TestOrdersByStatus(t *testing.T) {
	s := newSite(t)
	s.business(t)
	for status, want := range map[settings.AccountStatus]int{
		settings.Prospect: http.StatusOK, settings.Active: http.StatusOK, settings.Suspended: http.StatusForbidden, settings.Closed: http.StatusForbidden,
	} {
		s.accounts(t, store.Account{Row: store.Row{ID: "10042"}, Name: "Harbour Lane Coffee", Status: status, AccountProfile: "ap-business"})
		dana := s.signedIn(t, "dana")
		for _, path := range []string{"/orders", "/orders/new", "/profile"} {
			if got := dana.get(path).status; got != want {
				t.Errorf("%s: %s is %d, want %d", status, path, got, want)
			}
		}
		if got := dana.do(http.MethodPost, "/orders", url.Values{}).status; (got == http.StatusForbidden) != (want == http.StatusForbidden) {
			t.Errorf("%s: ordering is %d", status, got)
		}
	}
}

package portal

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

const ordersPerPage = 25

// orderRow is one order in words.
type orderRow struct {
	Number    string
	Path      string
	Placed    string
	By        string
	Items     []string
	Total     string
	State     string
	StateKind string
}

type ordersPage struct {
	Page   web.Page
	Rows   []orderRow
	Newest string
	Older  string
}

// orderPage shows one order.
type orderPage struct {
	Page    web.Page
	Done    string
	Order   orderRow
	Lines   []orderLine
	Sums    []string // what of the total is paid how often, where that differs
	Comment string
}

// orderLine is one thing that is ordered.
type orderLine struct {
	Name     string
	Quantity int64
	Amount   string
}

func (p *Portal) orderRoutes() []route {
	return []route{
		{pattern: "GET /orders", feature: settings.PlaceOrders, handle: p.orders},
		{pattern: "POST /orders", feature: settings.PlaceOrders, handle: p.placeOrder},
		{pattern: "GET /orders/new", feature: settings.PlaceOrders, handle: p.chooseProducts},
		{pattern: "GET /orders/review", feature: settings.PlaceOrders, handle: p.reviewOrder},
		{pattern: "GET /orders/{id}", feature: settings.PlaceOrders, handle: p.order},
	}
}

func (p *Portal) orders(w http.ResponseWriter, r *http.Request, v *visit) error {
	after, err := readNewest(r.URL.Query().Get("after"))
	if err != nil {
		return web.BadRequest(err)
	}
	list, next, err := p.Store.OrdersOf(r.Context(), v.session.Account.ID, after, ordersPerPage)
	if err != nil {
		return err
	}
	page := ordersPage{Page: v.page(v.T("Orders"), "/orders"), Newest: newestPath("/orders", after), Older: olderPath("/orders", next)}
	for _, o := range list {
		page.Rows = append(page.Rows, v.orderRow(o))
	}
	return v.show(w, r, http.StatusOK, ordersView(page))
}

func (p *Portal) order(w http.ResponseWriter, r *http.Request, v *visit) error {
	order, err := p.Store.OrderOf(r.Context(), v.session.Account.ID, r.PathValue("id"))
	if err != nil {
		return err
	}
	page := orderPage{Page: v.page(v.T("Order %s", order.Number), "/orders"), Order: v.orderRow(order), Sums: v.orderSums(order), Comment: order.Comment}
	for _, item := range order.Items {
		page.Lines = append(page.Lines, v.orderLine(order, item))
	}
	if r.URL.Query().Get("done") == "placed" {
		page.Done = v.T("Thank you. Your order is with %s.", page.Page.Brand.Name)
	}
	return v.show(w, r, http.StatusOK, orderView(page))
}

var orderStates = map[string]state{
	store.OrderPlaced:     {web.Text("Placed#order"), "accent"},
	store.OrderInProgress: {web.Text("In progress#order"), "accent"},
	store.OrderCompleted:  {web.Text("Completed#order"), "good"},
	store.OrderCancelled:  {web.Text("Cancelled#order"), ""},
}

func (v *visit) orderRow(o store.Order) orderRow {
	row := orderRow{
		Number: o.Number, Path: orderPath(o.ID), Placed: locale.DateTime(v.locale(), o.PlacedAt, v.zone()), By: o.PlacedBy,
		Total: locale.Money(v.locale(), o.Currency, o.Total), State: v.T(orderStates[o.Status].words), StateKind: orderStates[o.Status].kind,
	}
	for _, item := range o.Items {
		row.Items = append(row.Items, fmt.Sprintf("%d × %s", item.Quantity, item.Description))
	}
	return row
}

func (v *visit) orderLine(o store.Order, item store.OrderItem) orderLine {
	line := orderLine{Name: item.Description, Quantity: item.Quantity, Amount: locale.Money(v.locale(), o.Currency, item.Amount)}
	if item.ProductID != "" { // of others it is not known how often they are paid
		line.Amount = v.priceWords(o.Currency, item.Amount, item.BillingMonths)
	}
	return line
}

// orderSums says what of an order is paid how often, if not all of it is paid once.
func (v *visit) orderSums(o store.Order) []string {
	sums := map[int64]string{}
	for _, item := range o.Items {
		if item.ProductID == "" {
			return nil
		}
		sums[item.BillingMonths] = store.Sum(sums[item.BillingMonths], item.Amount)
	}
	if _, once := sums[0]; once && len(sums) == 1 {
		return nil
	}
	var words []string
	for _, months := range slices.Sorted(maps.Keys(sums)) {
		words = append(words, v.priceWords(o.Currency, sums[months], months))
	}
	return words
}

func orderPath(id string) string { return "/orders/" + url.PathEscape(id) }

package portal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// An order is made in three steps, of which only the last changes anything: the products
// and how many of each stand in the address of the first two. The last page carries a key,
// which becomes the id of the order: sending it again leads to the order that is there.

const (
	productsPerPage = 50
	mostOfProduct   = 999
	mostProducts    = 50 // in one order
)

// pick is what a person chose of a product, as it came.
type pick struct {
	product string
	text    string // how many
	seen    string // for what price: see [priceSeen]

	quantity int64
}

// offerRow is a product that can be chosen.
type offerRow struct {
	ID          string
	Field       string // the id of its field
	Name        string
	Description string
	Price       string
	Quantity    string
	Problem     string
}

// chooseOrderPage is the first step.
type chooseOrderPage struct {
	Page     web.Page
	Problems []web.FieldProblem
	Chosen   []offerRow
	Others   []offerRow
	More     string // where the next products begin, empty on the last page
	Most     int
}

// reviewOrderPage is the second step.
type reviewOrderPage struct {
	Page     web.Page
	Key      string
	Problems []web.FieldProblem
	Changed  []string // what is not as the person saw it
	Lines    []reviewLine
	Total    string
	Sums     []string
	Comment  string
	Change   string // the address of the first step with what is chosen
}

type reviewLine struct {
	orderLine
	ID    string
	Each  string
	Seen  string
	Count string
}

// picks reads what is chosen. What no page of ours sends is an error; what a person can get
// wrong marks the field of the product.
func (f *form) picks() ([]pick, error) {
	products, quantities, prices := f.all("product"), f.all("quantity"), f.all("price")
	if len(products) != len(quantities) || len(prices) > 0 && len(prices) != len(products) {
		return nil, web.BadRequest(errors.New("an order whose products and quantities do not match"))
	}
	var list []pick
	for i, id := range products {
		one := pick{product: id, text: strings.TrimSpace(quantities[i])}
		if len(prices) > 0 {
			one.seen = prices[i]
		}
		if one.text == "" {
			continue
		}
		n, err := strconv.ParseUint(one.text, 10, 32) // digits, and nothing else
		if err == nil && n == 0 {
			continue
		}
		if slices.ContainsFunc(list, func(p pick) bool { return p.product == id }) {
			return nil, web.BadRequest(errors.New("an order with a product twice"))
		}
		if err != nil || n > mostOfProduct {
			f.wrong("product "+id, f.v.T("Please write a whole number from 0 to %d.", mostOfProduct))
		} else {
			one.quantity, one.text = int64(n), strconv.FormatUint(n, 10)
		}
		list = append(list, one)
	}
	if len(list) > mostProducts {
		f.wrong("", f.v.T("One order can have at most %d products. Please place several.", mostProducts))
	}
	return list, nil
}

func productsOf(list []pick) []string {
	ids := make([]string, len(list))
	for i, p := range list {
		ids[i] = p.product
	}
	return ids
}

// pickQuery is what is chosen as an address.
func pickQuery(list []pick) string {
	query := url.Values{}
	for _, p := range list {
		query.Add("product", p.product)
		query.Add("quantity", p.text)
	}
	return query.Encode()
}

func (p *Portal) chooseProducts(w http.ResponseWriter, r *http.Request, v *visit) error {
	f := &form{v: v, values: r.URL.Query()}
	list, err := f.picks()
	if err != nil {
		return err
	}
	f.problems = nil // that is told when the person goes on
	return p.showChoice(w, r, f, list, http.StatusOK)
}

// showChoice shows what is chosen, and a page of what else there is.
func (p *Portal) showChoice(w http.ResponseWriter, r *http.Request, f *form, list []pick, status int) error {
	v := f.v
	after, err := readNameCursor(f.get("after"))
	if err != nil {
		return web.BadRequest(err)
	}
	currency := v.effective.Attributes.Currency.Value
	chosen, err := p.Store.OffersByID(r.Context(), currency, productsOf(list))
	if err != nil {
		return err
	}
	others, next, err := p.Store.Offers(r.Context(), currency, after, productsPerPage)
	if err != nil {
		return err
	}
	page := chooseOrderPage{Page: v.page(v.T("New order"), "/orders"), Most: mostOfProduct}
	for _, one := range list {
		if product, offered := chosen[one.product]; offered {
			page.Chosen = append(page.Chosen, v.offerRow(len(page.Chosen), product, one.text))
		}
	}
	for _, product := range others {
		if _, shown := chosen[product.ID]; !shown {
			page.Others = append(page.Others, v.offerRow(len(page.Chosen)+len(page.Others), product, ""))
		}
	}
	page.mark(f.problems, v.T("What you chose is not offered any more. Please choose again."))
	if next != nil {
		page.More = writeNameCursor(*next)
	}
	return v.show(w, r, status, chooseOrderView(page))
}

func (v *visit) offerRow(n int, p store.Product, quantity string) offerRow {
	return offerRow{
		ID: p.ID, Field: "quantity-" + strconv.Itoa(n), Name: p.Name, Description: p.Description,
		Price: v.priceWords(p.Currency, p.Price, p.BillingMonths), Quantity: quantity,
	}
}

// mark ties the problems of products to their fields on the page. Where none of them is
// offered any more, it says so.
func (p *chooseOrderPage) mark(problems []web.FieldProblem, notOffered string) {
	gone := false
	for _, problem := range problems {
		id, of := strings.CutPrefix(problem.Field, "product ")
		if of {
			row := slices.IndexFunc(p.Chosen, func(o offerRow) bool { return o.ID == id })
			if row < 0 {
				gone = true
				continue
			}
			p.Chosen[row].Problem = problem.Text
			problem.Field, problem.Label = p.Chosen[row].Field, p.Chosen[row].Name
		}
		p.Problems = append(p.Problems, problem)
	}
	if gone && len(p.Problems) == 0 {
		p.Problems = []web.FieldProblem{{Text: notOffered}}
	}
}

func (p *Portal) reviewOrder(w http.ResponseWriter, r *http.Request, v *visit) error {
	f := &form{v: v, values: r.URL.Query()}
	list, err := f.picks()
	if err != nil {
		return err
	}
	if len(list) == 0 {
		f.wrong("", v.T("Nothing is chosen yet. Please say how many you want of at least one product."))
	}
	if !f.ok() {
		return p.showChoice(w, r, f, list, http.StatusUnprocessableEntity)
	}
	offers, err := p.Store.OffersByID(r.Context(), v.effective.Attributes.Currency.Value, productsOf(list))
	if err != nil {
		return err
	}
	return p.showReview(w, r, f, uuid.NewString(), list, offers, http.StatusOK)
}

// showReview shows what would be ordered, at the prices of now.
func (p *Portal) showReview(w http.ResponseWriter, r *http.Request, f *form, key string, list []pick, offers map[string]store.Product, status int) error {
	v := f.v
	page := reviewOrderPage{
		Page: v.page(v.T("Review your order"), "/orders"), Key: key, Problems: f.problems, Comment: f.get("comment"),
		Change: "/orders/new?" + pickQuery(list),
	}
	var order store.Order
	fits := true
	for _, one := range list {
		product, offered := offers[one.product]
		if !offered {
			page.Changed = append(page.Changed, v.T("Something that you chose is not offered any more. It was taken out."))
			continue
		}
		if one.seen != "" && one.seen != priceSeen(product) {
			page.Changed = append(page.Changed, v.T("%s costs %s now.", product.Name, v.priceWords(product.Currency, product.Price, product.BillingMonths)))
		}
		fits = order.Add(product, one.quantity) && fits
		page.Lines = append(page.Lines, reviewLine{
			orderLine: v.orderLine(order, order.Items[len(order.Items)-1]), ID: product.ID, Seen: priceSeen(product), Count: one.text,
			Each: v.priceWords(product.Currency, product.Price, product.BillingMonths),
		})
	}
	if len(page.Lines) == 0 || !fits {
		text := v.T("What you chose is not offered any more. Please choose again.")
		if !fits {
			text = v.T("This is more than one order can hold. Please place several.")
		}
		f.problems = nil
		f.wrong("", text)
		return p.showChoice(w, r, f, list, http.StatusUnprocessableEntity)
	}
	page.Changed = slices.Compact(page.Changed)
	page.Total, page.Sums = locale.Money(v.locale(), order.Currency, order.Total), v.orderSums(order)
	return v.show(w, r, status, reviewOrderView(page))
}

// priceSeen is what a person agrees to pay for a product: how much of which money, and how
// often.
func priceSeen(p store.Product) string {
	return p.Price + " " + p.Currency + "/" + strconv.FormatInt(p.BillingMonths, 10)
}

// errOtherOffer says that what a person agreed to is not what is offered now.
var errOtherOffer = errors.New("the offer has changed")

func (p *Portal) placeOrder(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := v.readForm(w, r)
	if err != nil {
		return err
	}
	key, list, err := f.orderForm()
	if err != nil {
		return err
	}
	if _, err := p.Store.OrderOf(r.Context(), v.session.Account.ID, key); !errors.Is(err, store.ErrNotFound) {
		return p.toOrder(w, r, key, err)
	}
	comment := f.text("comment", rule{most: 2000, lines: true})
	var offers map[string]store.Product
	err = p.Store.Write(r.Context(), v.origin(r, p.Trusted), func(ctx context.Context, w *store.Writer) error {
		offers, err = w.OffersByID(ctx, v.effective.Attributes.Currency.Value, productsOf(list))
		if err != nil {
			return err
		}
		order, agreed := agreedOrder(list, offers)
		if !agreed || !f.ok() {
			return errOtherOffer
		}
		order.AccountID, order.Status, order.PlacedAt, order.PlacedBy, order.Comment = v.session.Account.ID, store.OrderPlaced, v.now, v.person(), comment
		return putOrder(ctx, w, key, order)
	})
	if errors.Is(err, errOtherOffer) {
		return p.showReview(w, r, f, key, list, offers, http.StatusUnprocessableEntity)
	}
	if errors.Is(err, store.ErrRefused) { // the same form was sent twice at the same time
		_, err = p.Store.OrderOf(r.Context(), v.session.Account.ID, key)
	}
	return p.toOrder(w, r, key, err)
}

// orderForm reads what stands unseen in the form of the last step.
func (f *form) orderForm() (key string, list []pick, err error) {
	if key, err = f.oneTimeKey(); err != nil {
		return "", nil, err
	}
	list, err = f.picks()
	if err == nil && (len(list) == 0 || !f.ok() || len(f.all("price")) == 0) {
		err = web.BadRequest(errors.New("an order without products"))
	}
	return key, list, err
}

// oneTimeKey reads the key of a form that makes something of which there must not be two:
// it becomes its id.
func (f *form) oneTimeKey() (string, error) {
	key, err := uuid.Parse(f.get("key"))
	if err != nil {
		return "", web.BadRequest(fmt.Errorf("the key of a form: %w", err))
	}
	return key.String(), nil
}

// agreedOrder is the order of what is chosen, and whether all of it is still offered as the
// person saw it.
func agreedOrder(list []pick, offers map[string]store.Product) (store.Order, bool) {
	var order store.Order
	for _, one := range list {
		product, offered := offers[one.product]
		if !offered || one.seen != priceSeen(product) || !order.Add(product, one.quantity) {
			return store.Order{}, false
		}
	}
	return order, true
}

// putOrder writes a new order with the next number.
func putOrder(ctx context.Context, w *store.Writer, id string, order store.Order) error {
	var err error
	if order.Number, err = w.OrderNumber(ctx); err != nil {
		return err
	}
	written, err := w.PutOrders(ctx, []store.Item[store.Order]{{ID: id, IfNone: true, Decide: func(*store.Order) (store.Order, *store.Refusal) {
		return order, nil
	}}})
	return cmp.Or(err, refused(written))
}

// refused is [store.ErrRefused] unless all is written.
func refused[R any](written []store.Written[R]) error {
	for _, one := range written {
		if one.Outcome == store.Refused || one.Outcome == store.Conflict {
			return fmt.Errorf("%w: %s %s", store.ErrRefused, one.Field, one.Message)
		}
	}
	return nil
}

func (p *Portal) toOrder(w http.ResponseWriter, r *http.Request, id string, err error) error {
	if err == nil {
		http.Redirect(w, r, orderPath(id)+"?done=placed", http.StatusSeeOther) //nolint:gosec // a path of the portal, the id is escaped
	}
	return err
}

package backoffice

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/notify/plan"
	"github.com/foyerhq/foyer/internal/notify/stored"
	"github.com/foyerhq/foyer/internal/store"
)

const (
	datedEvent = "invoice.unpaid"

	// Bounds of what one answer looks at and tells.
	upcomingPage  = 500
	maxUpcoming   = 5_000
	upcomingTime  = 20 * time.Second
	upcomingDays  = 7
	maxOutlooks   = 2 // at once: documents that are given are compiled; one token gets one less, as with imports
	lookPatience  = 2 * time.Second
	maxOutlookDoc = 8 << 20 // a routing document may be packed
	detailOutlook = "others ask what would be sent at the moment, try again"
)

// rulebook is what both documents say of notifications.
type rulebook struct {
	*plan.Rules
	live     *config.Live
	document *config.LiveRouting // nil: there is none
	routing  string              // its digest; empty: there is none
	problems []string
}

// rulebooks keeps the rules of the documents in force: compiling them takes a while.
type rulebooks struct {
	mu      sync.Mutex
	routing *config.LiveRouting // nil: none was read yet
	last    *rulebook
}

// registerOutlook adds what would be sent.
func (a *api) registerOutlook() {
	takes := func(o huma.Operation) huma.Operation {
		o.MaxBodyBytes, o.Middlewares, o.DefaultStatus = maxOutlookDoc, huma.Middlewares{takesTime(2 * upcomingTime)}, http.StatusOK
		o.Method, o.Tags = http.MethodPost, []string{tagNotifications}
		return o
	}
	handle(a, scopeNotifications, takes(huma.Operation{
		OperationID: "getUpcoming", Path: "/api/v1/upcoming", Summary: "Read who would be sent what in the coming days",
		Description: "The reminders of unpaid invoices from now on, if nobody pays and nothing changes: by the same code that sends them. " +
			"With documents in the body it is what would be sent under those instead. Nothing is kept or sent. What happens at a moment, as a new invoice, cannot be foreseen. " +
			"An answer ends with a whole account; with next there are more accounts." + scopesOfDocuments,
	}), a.upcoming)
	handle(a, scopeNotifications, takes(huma.Operation{
		OperationID: "renderNotifications", Path: "/api/v1/render", Summary: "Read what an account would get for an event",
		Description: "The texts of every message, filled in for the account's people: about its oldest unpaid invoice where the event is of one by date, else with the sample of the event. " +
			"Nothing is kept or sent, and secret links are placeholders." + scopesOfDocuments,
	}), a.render)
}

// Who gives documents can have any field of an account shown by them.
const scopesOfDocuments = "\n\nWith documents in the body it takes the scopes accounts:read and invoices:read besides."

// mayShow says whether a token may see what documents of its own can show: with more scopes
// where more is told.
func mayShow(ctx context.Context, given integration.Documents, more ...string) error {
	if given.Settings == nil && given.Routing == nil {
		return nil
	}
	for _, scope := range append([]string{"accounts:read", "invoices:read"}, more...) {
		if !tokenOf(ctx).May(scope) {
			return problem(http.StatusForbidden, "the token has no scope "+scope+": with documents in the body more can be shown than notifications")
		}
	}
	return nil
}

// unpacked is a routing document that is given as it is, or as a text: packed.
func unpacked(given json.RawMessage) ([]byte, error) {
	if !bytes.HasPrefix(bytes.TrimSpace(given), []byte(`"`)) {
		return given, nil
	}
	var packed []byte // which is in Base64 in JSON
	if err := json.Unmarshal(given, &packed); err != nil {
		return nil, errors.New("is a text, and no Base64: the document itself, or packed by gzip and in Base64, can be given")
	}
	return config.Unpack(packed)
}

// rulesOf are the rules of the documents that are given, or else of those in force.
func (a *api) rulesOf(ctx context.Context, given integration.Documents) (*rulebook, error) {
	live, err := a.live()
	if err != nil {
		return nil, err
	}
	routing, running, err := a.routingInForce(ctx)
	if err != nil {
		return nil, err
	}
	if given.Settings == nil && given.Routing == nil {
		book := a.books.of(live, routing)
		if !running {
			return book.notRun(), nil
		}
		return book, nil
	}
	if given.Settings != nil {
		if live, err = config.Load(given.Settings); err != nil {
			return nil, invalid([]integration.FieldProblem{{Field: "settings", Message: err.Error()}})
		}
	}
	if given.Routing != nil {
		document, err := unpacked(given.Routing)
		if err == nil {
			routing, err = config.OpenRouting(document)
		}
		if err != nil {
			return nil, invalid([]integration.FieldProblem{{Field: "routing", Message: err.Error()}})
		}
	}
	return newRulebook(live, routing), nil
}

func newRulebook(live *config.Live, routing *config.LiveRouting) *rulebook {
	rules, problems := plan.NewRules(live, routing)
	made := &rulebook{Rules: rules, live: live, document: routing}
	if routing != nil {
		made.routing = routing.Digest
	}
	for _, problem := range problems {
		made.problems = append(made.problems, problem.Error())
	}
	return made
}

func (b *rulebooks) of(live *config.Live, routing *config.LiveRouting) *rulebook {
	b.mu.Lock()
	defer b.mu.Unlock()
	digest := ""
	if routing != nil {
		digest = routing.Digest
	}
	if b.last == nil || b.last.live.Digest != live.Digest || b.last.routing != digest {
		b.last = newRulebook(live, routing)
	}
	return b.last
}

// notRun is a rulebook that says that no dispatcher runs it.
func (b *rulebook) notRun() *rulebook {
	said := *b
	note := "no dispatcher runs this routing document: it is the newest one"
	if b.routing == "" {
		note = "no dispatcher runs a routing document yet: this is by the standard messages alone"
	}
	said.problems = append(slices.Clone(b.problems), note)
	return &said
}

// routingInForce is the routing document that dispatchers run; running is false if none has
// said so. nil: there is none yet.
func (a *api) routingInForce(ctx context.Context) (routing *config.LiveRouting, running bool, err error) {
	a.books.mu.Lock()
	last := a.books.routing
	a.books.mu.Unlock()
	known := ""
	if last != nil {
		known = last.Digest
	}
	digest, text, running, err := a.Store.RoutingInForce(ctx, known)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, false, nil
	case err != nil:
		return nil, false, err
	case digest == known:
		return last, running, nil
	}
	packed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, false, fmt.Errorf("the routing document %s is not packed: %w", digest, err)
	}
	document, err := config.Unpack(packed)
	if err != nil {
		return nil, false, err
	}
	if routing, err = config.OpenRouting(document); err != nil {
		return nil, false, fmt.Errorf("open the routing document in force: %w", err)
	}
	a.books.mu.Lock()
	a.books.routing = routing
	a.books.mu.Unlock()
	return routing, running, nil
}

// lookAhead takes a place for what looks at what would be; nil: there is none.
func (a *api) lookAhead(ctx context.Context) (leave func()) {
	return a.outlooks.await(ctx, tokenOf(ctx).ID, lookPatience)
}

type upcomingInput struct {
	Body body[integration.UpcomingQuery]
}

type upcomingOutput struct {
	Body integration.Upcoming
}

func (a *api) upcoming(ctx context.Context, in *upcomingInput) (*upcomingOutput, error) {
	asked, problems := integration.Decode[integration.UpcomingQuery](in.Body.text)
	if problems != nil {
		return nil, invalid(problems)
	}
	if err := mayShow(ctx, asked.Documents); err != nil {
		return nil, err
	}
	list := "upcoming?" + asked.AccountID
	var place cursor
	if asked.Cursor != "" {
		if wrong := readCursor(asked.Cursor, &place, &place.List, list); wrong != nil {
			return nil, wrong
		}
		if strings.ContainsRune(place.ID, 0) {
			return nil, badCursor("cursor", "is not a cursor of this API")
		}
	}
	leave := a.lookAhead(ctx)
	if leave == nil {
		return nil, takeTurns(contendedRetry, detailOutlook)
	}
	defer leave()
	rules, err := a.rulesOf(ctx, asked.Documents)
	if err != nil {
		return nil, err
	}
	from := a.now()
	o := &outlook{api: a, asked: asked, from: from, to: from.AddDate(0, 0, cmp.Or(asked.Days, upcomingDays)), views: []*view{{rules: rules, items: []integration.UpcomingItem{}}}}
	if asked.Compare {
		inForce, err := a.rulesOf(ctx, integration.Documents{})
		if err != nil {
			return nil, err
		}
		o.views = append(o.views, &view{rules: inForce})
	}
	if err := o.look(ctx, place.ID); err != nil {
		return nil, err
	}
	out := &upcomingOutput{integration.Upcoming{
		From: o.from.UTC(), To: o.to.UTC(), Items: o.views[0].sorted(), SettingsDigest: rules.live.Digest, RoutingDigest: rules.routing, Problems: rules.problems,
	}}
	if asked.Compare {
		out.Body.InForce = o.views[1].sorted()
	}
	if o.next != "" {
		out.Body.Next = encodeCursor(cursor{List: list, ID: o.next})
	}
	stored, err := a.Store.Delivery(ctx)
	if err != nil {
		return nil, err
	}
	out.Body.DeliveryState, err = a.deliveryState(ctx, rules.live, stored, from)
	return out, err
}

// outlook is one look at the coming days.
type outlook struct {
	*api
	asked    integration.UpcomingQuery
	from, to time.Time
	views    []*view
	next     string // the account after which it goes on; "": it is whole
}

// view is what would be sent by some rules.
type view struct {
	rules *rulebook
	items []integration.UpcomingItem
}

// sorted are the items by time.
func (v *view) sorted() []integration.UpcomingItem {
	slices.SortStableFunc(v.items, integration.UpcomingItem.Compare)
	return v.items
}

// look goes through the accounts with unpaid invoices after one, as far as it may.
func (o *outlook) look(ctx context.Context, after string) error {
	var days []int32
	for _, v := range o.views {
		days = append(days, v.rules.Days()...)
	}
	dates, until := stored.DueDates(days, o.from, o.to), time.Now().Add(upcomingTime)
	for len(dates) > 0 {
		due, next, err := o.Store.DueAccounts(ctx, datedEvent, dates, o.asked.AccountID, after, o.upcomingPage)
		if err != nil {
			return err
		}
		last, err := o.page(ctx, due)
		if err != nil {
			return err
		}
		if last < len(due) {
			if o.next = after; last > 0 {
				o.next = due[last-1].ID
			}
			return nil
		}
		if next == "" {
			return nil
		}
		if after = next; time.Now().After(until) {
			o.next = next
			return nil
		}
	}
	return nil
}

// page looks at some accounts, and returns at how many: it ends early when there is enough.
func (o *outlook) page(ctx context.Context, due []store.DueAccount) (int, error) {
	wanted := store.Wanted{}
	for _, a := range due {
		wanted.Accounts = append(wanted.Accounts, a.ID)
	}
	known, err := o.Store.Facts(o.from).Read(ctx, wanted)
	if err != nil {
		return 0, err
	}
	for i, d := range due {
		for _, v := range o.views {
			if len(v.items) >= o.maxUpcoming {
				return i, nil
			}
		}
		for _, v := range o.views {
			v.add(d, known.Accounts[d.ID], o.from, o.to)
		}
	}
	return len(due), nil
}

// add looks at an account.
func (v *view) add(d store.DueAccount, known *store.NotifiedAccount, from, to time.Time) {
	account := stored.Account(v.rules.live, known, from)
	if account == nil {
		return
	}
	open, dealt := stored.Open(d)
	effective := v.rules.live.For(account.Account)
	zone := config.Location(effective.Attributes.TimeZone.Value)
	for _, n := range v.rules.Upcoming(account, open, dealt, from, to) {
		v.items = append(v.items, upcomingItem(&n, account.ID, effective.AccountProfile.Name, zone))
	}
}

func upcomingItem(n *plan.Notification, account, profile string, zone *time.Location) integration.UpcomingItem {
	item := integration.UpcomingItem{
		At: n.DueAt.UTC(), Day: n.DueAt.In(zone).Format(time.DateOnly), AccountID: account, AccountProfile: profile, ContactID: n.ContactID,
		EventType: n.Event.Type, DaysOverdue: n.Day, Source: string(n.Source), Template: n.Template, Action: n.Action,
		Channel: n.Channel, Address: n.Address, Suppressed: string(n.Suppressed),
	}
	if n.Invoice != nil {
		item.Invoice, item.Number = n.Invoice.ID, n.Invoice.Number
	}
	invoices := map[string]bool{}
	for _, o := range n.Occurrences {
		invoices[o.About] = true
	}
	item.Invoices = max(1, len(invoices))
	return item
}

type renderInput struct {
	Body body[integration.RenderQuery]
}

type renderOutput struct {
	Body integration.Rendered
}

func (a *api) render(ctx context.Context, in *renderInput) (*renderOutput, error) {
	asked, problems := integration.Decode[integration.RenderQuery](in.Body.text)
	if problems != nil {
		return nil, invalid(problems)
	}
	if err := mayShow(ctx, asked.Documents); err != nil {
		return nil, err
	}
	leave := a.lookAhead(ctx)
	if leave == nil {
		return nil, takeTurns(contendedRetry, detailOutlook)
	}
	defer leave()
	rules, err := a.rulesOf(ctx, asked.Documents)
	if err != nil {
		return nil, err
	}
	preview, wrong := newPreview(rules, asked, a.now())
	if wrong != nil {
		return nil, wrong
	}
	known, err := a.Store.Facts(preview.now).Read(ctx, store.Wanted{Accounts: []string{asked.AccountID}})
	if err != nil {
		return nil, err
	}
	account := stored.Account(rules.live, known.Accounts[asked.AccountID], preview.now)
	if account == nil {
		return nil, invalid([]integration.FieldProblem{{Field: "accountId", Message: fmt.Sprintf("there is no account %q", asked.AccountID)}})
	}
	oldest, err := a.Store.OldestUnpaid(ctx, account.ID)
	switch {
	case err == nil:
		preview.invoice = stored.Invoice(oldest)
		preview.invoice.CreatedAt = time.Time{} // shown are all days, those before it was written too
	case !errors.Is(err, store.ErrNotFound):
		return nil, err
	}
	return &renderOutput{preview.of(account)}, nil
}

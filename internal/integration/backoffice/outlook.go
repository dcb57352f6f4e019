package backoffice

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
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
	maxOutlooks   = 2 // at once: documents that are given are compiled
	maxOutlookDoc = 8 << 20
	detailOutlook = "others ask what would be sent at the moment, try again"
)

// rulebook is what both documents say of notifications.
type rulebook struct {
	*plan.Rules
	live     *config.Live
	routing  string // digest; empty: there is no routing document
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
			"With documents in the body it is what would be sent under those instead. Nothing is kept or sent. What happens at a moment, as a new invoice, cannot be foreseen.",
	}), a.upcoming)
	handle(a, scopeNotifications, takes(huma.Operation{
		OperationID: "renderNotifications", Path: "/api/v1/render", Summary: "Read what an account would get for an event",
		Description: "The texts of every message, filled in for the account's people: about its oldest unpaid invoice where the event is of one by date, else with the sample of the event. " +
			"Nothing is kept or sent, and secret links are placeholders.",
	}), a.render)
}

// rulesOf are the rules of the documents that are given, or else of those in force.
func (a *api) rulesOf(ctx context.Context, given integration.Documents) (*rulebook, error) {
	live, err := a.live()
	if err != nil {
		return nil, err
	}
	routing, err := a.routingInForce(ctx)
	if err != nil {
		return nil, err
	}
	if given.Settings == nil && given.Routing == nil {
		return a.books.of(live, routing), nil
	}
	if given.Settings != nil {
		if live, err = config.Load(given.Settings); err != nil {
			return nil, invalid([]integration.FieldProblem{{Field: "settings", Message: err.Error()}})
		}
	}
	if given.Routing != nil {
		if routing, err = config.OpenRouting(given.Routing); err != nil {
			return nil, invalid([]integration.FieldProblem{{Field: "routing", Message: err.Error()}})
		}
	}
	return newRulebook(live, routing), nil
}

func newRulebook(live *config.Live, routing *config.LiveRouting) *rulebook {
	rules, problems := plan.NewRules(live, routing)
	made := &rulebook{Rules: rules, live: live}
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

// routingInForce is the routing document that dispatchers run; nil: there is none yet.
func (a *api) routingInForce(ctx context.Context) (*config.LiveRouting, error) {
	a.books.mu.Lock()
	last := a.books.routing
	a.books.mu.Unlock()
	known := ""
	if last != nil {
		known = last.Digest
	}
	digest, text, err := a.Store.RoutingInForce(ctx, known)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case digest == known:
		return last, nil
	}
	packed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("the routing document %s is not packed: %w", digest, err)
	}
	document, err := config.Unpack(packed)
	if err != nil {
		return nil, err
	}
	routing, err := config.OpenRouting(document)
	if err != nil {
		return nil, fmt.Errorf("open the routing document in force: %w", err)
	}
	a.books.mu.Lock()
	a.books.routing = routing
	a.books.mu.Unlock()
	return routing, nil
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
	leave := a.outlooks.enter(ctx)
	if leave == nil {
		return nil, comeBack(contendedRetry, detailOutlook)
	}
	defer leave()
	rules, err := a.rulesOf(ctx, asked.Documents)
	if err != nil {
		return nil, err
	}
	from := a.now()
	o := &outlook{api: a, rules: rules, from: from, to: from.AddDate(0, 0, cmp.Or(asked.Days, upcomingDays)), items: []integration.UpcomingItem{}}
	if err := o.look(ctx, asked.AccountID); err != nil {
		return nil, err
	}
	return &upcomingOutput{integration.Upcoming{
		From: o.from.UTC(), To: o.to.UTC(), Items: o.items, Cut: o.cut, Mode: string(rules.live.Delivery().Mode),
		SettingsDigest: rules.live.Digest, RoutingDigest: rules.routing, Problems: rules.problems,
	}}, nil
}

// outlook is one look at the coming days.
type outlook struct {
	*api
	rules    *rulebook
	from, to time.Time
	items    []integration.UpcomingItem
	cut      bool
}

// look goes through the accounts with unpaid invoices, as far as it may.
func (o *outlook) look(ctx context.Context, account string) error {
	dates, after, until := stored.DueDates(o.rules.Days(), o.from, o.to), "", time.Now().Add(upcomingTime)
	for len(dates) > 0 {
		due, next, err := o.Store.DueAccounts(ctx, datedEvent, dates, account, after, upcomingPage)
		if err != nil {
			return err
		}
		if err := o.page(ctx, due); err != nil {
			return err
		}
		if next == "" {
			break
		}
		after = next
		if len(o.items) >= maxUpcoming || time.Now().After(until) {
			o.cut = true
			break
		}
	}
	slices.SortStableFunc(o.items, func(a, b integration.UpcomingItem) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.AccountID, b.AccountID), cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Address, b.Address))
	})
	if len(o.items) > maxUpcoming {
		o.items, o.cut = o.items[:maxUpcoming], true
	}
	return nil
}

// page looks at some accounts.
func (o *outlook) page(ctx context.Context, due []store.DueAccount) error {
	wanted := store.Wanted{}
	for _, a := range due {
		wanted.Accounts = append(wanted.Accounts, a.ID)
	}
	known, err := o.Store.Facts(o.from).Read(ctx, wanted)
	if err != nil {
		return err
	}
	for _, d := range due {
		account := stored.Account(o.rules.live, known.Accounts[d.ID], o.from)
		if account == nil {
			continue
		}
		open, dealt := stored.Open(d)
		effective := o.rules.live.For(account.Account)
		zone := config.Location(effective.Attributes.TimeZone.Value)
		for _, n := range o.rules.Upcoming(account, open, dealt, o.from, o.to) {
			o.items = append(o.items, upcomingItem(&n, account.ID, effective.AccountProfile.Name, zone))
		}
	}
	return nil
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
	leave := a.outlooks.enter(ctx)
	if leave == nil {
		return nil, comeBack(contendedRetry, detailOutlook)
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
	return &renderOutput{preview.of(account)}, nil
}

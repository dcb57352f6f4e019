package backoffice

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/compare"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

// planPages bound what one answer looks at. Memory is that of a page, whatever the number of
// customers.
type planPages struct {
	accounts int           // that are resolved at once
	messages int           // accounts, or notifications, whose messages are compared at once
	lines    int           // after how many lines an answer ends
	time     time.Duration // after which an answer ends
}

var usualPlanPages = planPages{accounts: 5_000, messages: 500, lines: 5_000, time: upcomingTime}

const (
	defaultSamples = 5
	planAge        = 24 * time.Hour // of a cursor: who asks for pages does not pause for days
)

func (a *api) registerPlan() {
	handle(a, scopeNotifications, huma.Operation{
		OperationID: "planChange", Method: http.MethodPost, Path: "/api/v1/plan", Tags: []string{tagNotifications}, DefaultStatus: http.StatusOK,
		MaxBodyBytes: maxOutlookDoc, Middlewares: huma.Middlewares{takesTime(2 * upcomingTime)},
		Summary: "Read what other documents would change for customers",
		Description: "Compares the documents in the body with those in force: which accounts would have other profiles, attributes and features, which people gain or lose a feature, " +
			"which messages of the coming days appear, disappear, move or say something else, and what becomes of those that wait. " +
			"By the same code that treats customers and sends. Nothing is kept or sent, and nobody is named but by ids. " +
			"An answer takes up to 20 seconds; with next there are more customers: ask again with the cursor, and add the counts up.\n\n" +
			"With documents in the body it takes the scopes accounts:read, invoices:read and contacts:read besides.",
	}, a.plan)
}

type planInput struct {
	Body body[integration.PlanQuery]
}

type planOutput struct {
	Body integration.Plan
}

// The stages of a plan, in their order.
const (
	planAccounts = iota
	planUpcoming
	planQueued
	planHeld
	planDone
)

// planCursor is where a plan goes on, and which one it is.
type planCursor struct {
	Of    string    `json:"o"` // the documents on both sides
	Stage int       `json:"s"`
	ID    string    `json:"i"` // the last one that was looked at
	From  time.Time `json:"f"`
}

func (a *api) plan(ctx context.Context, in *planInput) (*planOutput, error) {
	asked, problems := integration.Decode[integration.PlanQuery](in.Body.text)
	if problems != nil {
		return nil, invalid(problems)
	}
	if err := mayShow(ctx, asked.Documents, "contacts:read"); err != nil { // it names people and what they may do
		return nil, err
	}
	leave := a.lookAhead(ctx)
	if leave == nil {
		return nil, takeTurns(contendedRetry, detailOutlook)
	}
	defer leave()
	before, err := a.rulesOf(ctx, integration.Documents{})
	if err != nil {
		return nil, err
	}
	after := before
	if asked.Settings != nil || asked.Routing != nil {
		if after, err = a.rulesOf(ctx, asked.Documents); err != nil {
			return nil, err
		}
	}
	p := &planning{api: a, asked: asked, before: before, after: after, until: time.Now().Add(a.planPages.time)}
	if err := p.begin(ctx); err != nil {
		return nil, err
	}
	if err := p.run(ctx); err != nil {
		return nil, err
	}
	return &planOutput{p.answer()}, nil
}

// planning is one page of a plan.
type planning struct {
	*api
	asked         integration.PlanQuery
	before, after *rulebook
	place         planCursor
	first         bool // of the pages
	comparison    *compare.Comparison
	delivery      store.DeliveryState
	lines         []compare.Line
	until         time.Time
}

// begin reads where to go on, and which accounts there are.
func (p *planning) begin(ctx context.Context) error {
	sides := [2]compare.Documents{{Live: p.before.live, Routing: p.before.document}, {Live: p.after.live, Routing: p.after.document}}
	sum := sha256.Sum256(fmt.Append(nil, sides[0].Digests(), sides[1].Digests(), p.asked.Days))
	p.place = planCursor{Of: hex.EncodeToString(sum[:8]), From: p.now()}
	p.first = p.asked.Cursor == ""
	if !p.first {
		if err := p.resume(); err != nil {
			return err
		}
	}
	options := compare.Options{Samples: cmp.Or(p.asked.Samples, defaultSamples)}
	if p.asked.Lines {
		options.Each = func(l compare.Line) { p.lines = append(p.lines, l) }
	}
	if !p.first {
		options.Buckets = p.buckets.of(p.place.key())
	}
	p.comparison = compare.New(sides[0], sides[1], options)
	var err error
	if p.delivery, err = p.Store.Delivery(ctx); err != nil || options.Buckets != nil {
		return err
	}
	if err := p.Store.EachBucket(ctx, p.comparison.CountBucket); err != nil {
		return err
	}
	p.buckets.keep(p.place.key(), p.comparison.Buckets())
	return nil
}

// resume goes on at the cursor, if it is of this plan.
func (p *planning) resume() error {
	at := planCursor{}
	err := decodeCursor(p.asked.Cursor, &at)
	if err != nil || at.Stage < planAccounts || at.Stage >= planDone || strings.ContainsRune(at.ID, 0) ||
		at.Stage == planHeld && at.ID != "" && !isUUID(at.ID) {
		return badCursor("cursor", "is not a cursor of this API")
	}
	if at.Of != p.place.Of {
		return badCursor("cursor", "belongs to another plan: the documents, those in force too, must be the same on every page; begin anew")
	}
	if p.now().Sub(at.From).Abs() > planAge { // by anybody's hand, too: a cursor is not sealed
		return badCursor("cursor", "is of another day: begin anew")
	}
	p.place = at
	return nil
}

// maxBuckets bounds the plans of which it is remembered what their buckets were.
const maxBuckets = 8

// planBuckets are what plans counted for their first pages: a tenant may have as many buckets as
// accounts. A page that comes to another replica has them counted there, once.
type planBuckets struct {
	mu   sync.Mutex
	list []keptBuckets
}

type keptBuckets struct {
	key   string
	known *compare.Buckets
}

func (b *planBuckets) of(key string) *compare.Buckets {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, one := range b.list {
		if one.key == key {
			return one.known
		}
	}
	return nil
}

func (b *planBuckets) keep(key string, known *compare.Buckets) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list = append(b.list, keptBuckets{key, known})
	if len(b.list) > maxBuckets {
		b.list = slices.Delete(b.list, 0, 1)
	}
}

// key names a plan by its documents and its time.
func (c planCursor) key() string { return c.Of + c.From.UTC().Format(time.RFC3339Nano) }

// run goes through the stages as far as it may.
func (p *planning) run(ctx context.Context) error {
	if p.comparison.Same() {
		p.place.Stage = planDone
		return nil
	}
	stages := map[int]func(context.Context) (last string, more bool, err error){
		planAccounts: p.accounts, planUpcoming: p.upcoming, planQueued: p.queued, planHeld: p.held,
	}
	for p.place.Stage < planDone {
		last, more, err := stages[p.place.Stage](ctx)
		if err != nil {
			return err
		}
		p.place.ID = last
		if !more {
			p.place.Stage, p.place.ID = p.place.Stage+1, ""
		}
		if time.Now().After(p.until) || len(p.lines) >= p.planPages.lines {
			return nil
		}
	}
	return nil
}

func (p *planning) answer() integration.Plan {
	out := integration.Plan{
		Difference: p.comparison.Difference(), From: p.place.From.UTC(), To: p.to().UTC(), Lines: p.lines,
		SettingsDigest: p.before.live.Digest, RoutingDigest: p.before.routing, Problems: slices.Clone(p.before.problems),
	}
	for _, problem := range p.after.problems {
		if !slices.Contains(out.Problems, problem) {
			out.Problems = append(out.Problems, problem)
		}
	}
	if !p.first {
		out.Events, out.Retired = []compare.EventChange{}, []compare.RetiredProfile{}
	}
	if p.place.Stage < planDone {
		out.Next = encodeCursor(p.place)
	}
	return out
}

func (p *planning) to() time.Time { return p.place.From.AddDate(0, 0, p.asked.Days) }

// accounts resolves the next accounts, and their people.
func (p *planning) accounts(ctx context.Context) (last string, more bool, err error) {
	profiles, ids := p.comparison.Affected()
	if len(profiles)+len(ids) == 0 {
		return "", false, nil
	}
	list, err := p.Store.BareAccounts(ctx, profiles, ids, p.place.ID, p.planPages.accounts)
	if err != nil || len(list) == 0 {
		return "", false, err
	}
	changed, wanted := map[string]*compare.Treated{}, []string{}
	for i := range list {
		account := compare.Account(list[i])
		t, err := p.comparison.Account(&account)
		if err != nil {
			return "", false, err
		}
		if t.PeopleChange() {
			changed[account.ID] = t
			wanted = append(wanted, account.ID)
		}
	}
	if len(wanted) > 0 {
		people, err := p.Store.WhoSignsIn(ctx, wanted)
		if err != nil {
			return "", false, err
		}
		for _, one := range people {
			person := compare.Contact{Person: compare.Person{AccountID: one.AccountID, ContactID: one.ContactID}, Owner: one.Owner, Grants: one.Grants}
			p.comparison.Person(changed[one.AccountID], &person)
		}
	}
	return list[len(list)-1].ID, len(list) == p.planPages.accounts, nil
}

// treated are those of accounts whose messages of an event may change, by id.
func (p *planning) treated(ctx context.Context, ids []string) (map[string]*compare.Treated, error) {
	list, err := p.Store.BareAccountsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	all := make(map[string]*compare.Treated, len(list))
	for i := range list {
		account := compare.Account(list[i])
		if all[account.ID], err = p.comparison.Treat(&account); err != nil {
			return nil, err
		}
	}
	return all, nil
}

package plan

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/catalog/suite"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/message"
	"github.com/foyerhq/foyer/internal/message/condition"
)

// unpaid is the dated event: a day before, of or after the due date of an invoice.
const unpaid = "invoice.unpaid"

// Rules are what the two documents of a tenant say of notifications, compiled once. They
// are immutable and safe for concurrent use.
type Rules struct {
	live     *config.Live
	catalog  *catalog.Catalog
	tenant   map[string]any // the object tenant of each payload
	own      map[pair]*matched
	standard map[string]*matched // by event
	nothing  *matched
	days     []int32
	compiled *compiler // nil: there is no routing document
}

// pair is what a template is for.
type pair struct{ event, profile string }

// matched are the actions for the accounts of a profile when an event happens.
type matched struct {
	firings []*firing
	slots   []channelSlots // of a dated event
}

// firing is an action for the accounts of a profile.
type firing struct {
	*action
	days []int32 // of a dated event, but for those that are withheld; sorted
}

// action is an action of a template or of the standard suite.
type action struct {
	source   Source
	template string // its name; empty: of the standard suite
	event    catalog.Event
	when     *condition.Condition // nil: always
	schedule schedule
	spec     config.Action
	texts    func() ([]texts, error) // its own first, then the translations
}

// url is that of a webhook, written as all that mean the same.
func (a *action) url() string {
	if a.spec.Webhook == nil {
		return ""
	}
	u, err := url.Parse(a.spec.Webhook.URL)
	if err != nil {
		return a.spec.Webhook.URL
	}
	u.Host = strings.ToLower(u.Host)
	return u.String()
}

// NewRules compiles the conditions and texts of the documents. What this release cannot
// run, because a newer one wrote it, is left out and told. Without a routing document there
// is the standard suite alone.
func NewRules(live *config.Live, routing *config.LiveRouting) (*Rules, []error) {
	return newRules(live, routing, nil)
}

// Next is NewRules for newer documents: what they have in common with those before is not
// compiled again.
func (r *Rules) Next(live *config.Live, routing *config.LiveRouting) (*Rules, []error) {
	return newRules(live, routing, r)
}

func newRules(live *config.Live, routing *config.LiveRouting, before *Rules) (*Rules, []error) {
	known, _ := catalog.New(live.Tenant.Events) // the operator has told what cannot be used
	r := &Rules{live: live, catalog: known, tenant: tenantObject(live), own: map[pair]*matched{}, standard: map[string]*matched{}, nothing: &matched{}}
	if before != nil && before.live.Tenant.Branding.AccentColor == live.Tenant.Branding.AccentColor {
		r.standard = before.standard
	} else {
		for _, name := range suite.Events() {
			if event, exists := known.Lookup(name); exists {
				r.standard[name] = r.standardOf(event)
			}
		}
	}
	var errs []error
	if routing != nil {
		r.compiled = newCompiler(routing.Routing.Bodies)
		if before != nil && reflect.DeepEqual(before.live.Tenant.Events, live.Tenant.Events) {
			r.compiled.before = before.compiled
		}
		errs = r.compile(r.compiled, routing)
		r.compiled.done()
	}
	for _, m := range r.own {
		m.slots = slotsOf(m.firings)
	}
	r.days = r.allDays()
	return r, errs
}

// standardOf is the message of the standard suite, whose texts are read and compiled when they
// are needed: few tenants have all events.
func (r *Rules) standardOf(event catalog.Event) *matched {
	m, _ := suite.About(event.Name)
	a := &action{source: Standard, event: event, schedule: schedule{at: defaultClock}, texts: standardTexts(event, r.live.Tenant.Branding.AccentColor), spec: config.Action{
		Name: standardAction, Type: typeEmail, Days: m.Days, Email: &config.Email{To: m.To, Attach: m.Attach},
	}}
	if m.PerAccount {
		a.spec.Combine = combineAccount
	}
	firings := []*firing{{a, m.Days}}
	return &matched{firings, slotsOf(firings)}
}

// combineAccount is the combine of an action whose message is about all invoices of an account.
const combineAccount = "Account"

// standardAction is the name of the action of each standard message.
const standardAction = "standard"

// compile adds the templates of a tenant's own.
func (r *Rules) compile(c *compiler, routing *config.LiveRouting) []error {
	var errs []error
	withheld := withheldOf(routing.Routing.Withheld)
	for _, name := range sortedNames(routing.Templates) {
		t := routing.Templates[name]
		actions, problems := r.template(c, name, t)
		for _, p := range problems {
			errs = append(errs, fmt.Errorf("EventTemplate %q: %w", name, p))
		}
		for _, profile := range t.AccountProfiles {
			key := pair{t.Event, profile}
			m := r.own[key]
			if m == nil {
				m = &matched{} // it replaces the standard message, also if nothing of it fires
				r.own[key] = m
			}
			for _, a := range actions {
				if f := withheld.firing(a, profile); f != nil {
					m.firings = append(m.firings, f)
				}
			}
		}
	}
	return errs
}

// template compiles a template: those of its actions that are switched on and that this
// release can run.
func (r *Rules) template(c *compiler, name string, t config.EventTemplate) ([]*action, []error) {
	event, known := r.catalog.Lookup(t.Event)
	if !known {
		return nil, []error{fmt.Errorf("there is no event %q, it was left out", t.Event)}
	}
	var when *condition.Condition
	if t.When != "" {
		var problems []message.Problem
		if when, problems = c.condition(t.When, event); len(problems) > 0 {
			return nil, []error{fmt.Errorf("when: %w, it was left out", problems[0])}
		}
	}
	var actions []*action
	var errs []error
	for _, spec := range t.Actions {
		if spec.State != "" {
			continue
		}
		if dated := event.Anchor != ""; dated != (len(spec.Days) > 0) || dated && event.Name != unpaid {
			errs = append(errs, fmt.Errorf("action %q: its days do not go with event %s, it was left out", spec.Name, event.Name))
			continue
		}
		all, err := c.texts(spec, event)
		if err != nil {
			errs = append(errs, fmt.Errorf("action %q: %w", spec.Name, err))
		}
		if len(all) == 0 {
			continue
		}
		actions = append(actions, &action{
			source: OwnTemplate, template: name, event: event, when: when, spec: spec, texts: func() ([]texts, error) { return all, nil },
			schedule: schedule{at: parseClock(t.Schedule.At, defaultClock), business: t.Schedule.Days == "BusinessDays"},
		})
	}
	return actions, errs
}

func sortedNames(templates map[string]config.EventTemplate) []string {
	names := make([]string, 0, len(templates))
	for name := range templates {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// withheld is what does not fire, by action and profile: on these days, or never.
type withheld map[withheldKey]*withheldDays

type withheldKey struct{ template, action, profile string }

type withheldDays struct {
	never bool
	days  []int32
}

func withheldOf(list []config.Withheld) withheld {
	all := withheld{}
	for _, w := range list {
		key := withheldKey{w.Template, w.Action, w.AccountProfile}
		if all[key] == nil {
			all[key] = &withheldDays{}
		}
		all[key].never = all[key].never || len(w.Days) == 0
		all[key].days = append(all[key].days, w.Days...)
	}
	return all
}

// firing is an action as it fires for a profile; nil: it does not.
func (w withheld) firing(a *action, profile string) *firing {
	days := slices.Compact(slices.Sorted(slices.Values(withRepeats(a.spec.Days, a.spec.RepeatEveryDays, a.spec.MaxRepeats))))
	held := w[withheldKey{a.template, a.spec.Name, profile}]
	if held == nil {
		return &firing{a, days}
	}
	if held.never {
		return nil
	}
	days = slices.DeleteFunc(days, func(day int32) bool { return slices.Contains(held.days, day) })
	if len(days) == 0 {
		return nil
	}
	return &firing{a, days}
}

// Days lists the day offsets on which any action of invoice.unpaid may fire, sorted,
// repeats included. An invoice can be due on one of them from the day before its due date
// and the offset, in UTC, to mostLate days and one after it.
func (r *Rules) Days() []int32 { return r.days }

func (r *Rules) allDays() []int32 {
	var days []int32
	add := func(m *matched) {
		for _, f := range m.firings {
			if f.event.Name == unpaid {
				days = append(days, f.days...)
			}
		}
	}
	for _, m := range r.own {
		add(m)
	}
	if m := r.standard[unpaid]; m != nil {
		add(m)
	}
	slices.Sort(days)
	return slices.Compact(days)
}

// match finds the actions for an event and a profile.
func (r *Rules) match(event, profile string) *matched {
	if m := r.own[pair{event, profile}]; m != nil {
		return m
	}
	if m := r.standard[event]; m != nil && r.live.HasStandard(profile, event) {
		return m
	}
	return r.nothing
}

// errObsolete says that nothing is left that a notification could be made by.
var errObsolete = errors.New("its action was removed or switched off")

// find looks for the action of a notification. One that was renamed, or whose template was
// replaced, lives on in what tells the same recipient by the same channel now.
func (t *treated) find(n *Notification) (*firing, error) {
	var found *firing
	for _, f := range t.rules.match(n.Event.Type, t.profile).firings {
		if !f.serves(n) {
			continue
		}
		if f.source == n.Source && f.template == n.Template && f.spec.Name == n.Action {
			return f, nil
		}
		if _, told := t.told(f, n); !told {
			continue // its text is for others
		}
		if found == nil || f.spec.Name == n.Action && found.spec.Name != n.Action {
			found = f
		}
	}
	if found == nil {
		return nil, errObsolete
	}
	return found, nil
}

// serves says whether an action could have made a notification.
func (f *firing) serves(n *Notification) bool {
	if f.event.Anchor != "" && !slices.Contains(f.days, n.Day) {
		return false
	}
	switch f.spec.Type {
	case typeWebhook:
		return n.Channel == typeWebhook && f.url() == n.Address
	case typeSMS:
		return n.Channel == typeSMS || n.Channel == typeEmail && f.spec.SMS.Fallback == typeEmail
	}
	return f.spec.Type == n.Channel
}

// The types of actions, which are the channels of notifications.
const (
	typeEmail   = "Email"
	typeSMS     = "SMS"
	typeWebhook = "Webhook"
	typeBanner  = "Banner"
	typeLog     = "Log"
)

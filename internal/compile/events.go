package compile

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

// ownPrefix begins the names of a tenant's own event types.
const ownPrefix = "custom."

// events are the event types that templates are checked against.
type events struct {
	*catalog.Catalog
	own        []catalog.Own
	identities map[string]string // by the names of own
}

func newEvents(own []catalog.Own) (events, []settings.Problem) {
	known, problems := catalog.New(own)
	e := events{known, own, map[string]string{}}
	for _, o := range own {
		declared, err := json.Marshal(o)
		if _, usable := known.Lookup(o.Name); err == nil && usable {
			e.identities[o.Name] = o.Name + " " + config.Digest(declared)
		}
	}
	return e, problems
}

// identity tells apart what one name means in different catalogues; empty: nothing.
func (e events) identity(name string) string {
	if _, known := e.Lookup(name); !known {
		return ""
	}
	if identity, own := e.identities[name]; own {
		return identity
	}
	return name
}

func (e events) declares(name string) bool {
	return slices.ContainsFunc(e.own, func(o catalog.Own) bool { return o.Name == name })
}

// renderEvents keeps the order of the object, so that a problem names its place.
func renderEvents(t *v1alpha1.Tenant) []catalog.Own {
	var own []catalog.Own
	for _, declared := range t.Spec.Events {
		o := catalog.Own{Name: declared.Name, Description: declared.Description, Category: catalog.Category(declared.Category)}
		if o.Category == catalog.General {
			o.Category = ""
		}
		for _, f := range declared.Fields {
			o.Fields = append(o.Fields, catalog.OwnField{Name: f.Name, Type: catalog.Type(f.Type), Description: f.Description, Sample: f.Sample})
		}
		own = append(own, o)
	}
	return own
}

func sortedEvents(own []catalog.Own) []catalog.Own {
	slices.SortStableFunc(own, func(a, b catalog.Own) int { return strings.Compare(a.Name, b.Name) })
	return own
}

// readEvents finds out which event types the tenant knows: those that are live, and
// those that its newest generation asks for. What of the latter cannot be used is
// refused, or only told where it is live as it is.
func (p *pass) readEvents() {
	var live []catalog.Own
	if p.live.tenant != nil {
		live = p.live.tenant.content.Events
	}
	var had []settings.Problem
	p.liveEvents, had = newEvents(live)
	p.events = p.liveEvents
	if p.tenant == nil {
		return
	}
	p.events, _ = newEvents(p.tenant.content.Events)
	known := map[string]bool{}
	for _, problem := range had {
		known[byEvent(problem, live)] = true
	}
	declared := renderEvents(p.in.Tenant)
	_, problems := catalog.New(declared)
	for _, problem := range problems {
		if known[byEvent(problem, declared)] {
			p.tenant.warn("%s; it stays as it is live already", problem.Error())
			continue
		}
		p.tenant.refuse(&p.tenant.accepted, ReasonInvalid, Problem{Field: problem.Field, Message: problem.Message})
		if i, ofEvent := eventNumber(problem, declared); ofEvent && !p.tenant.accepted.Status {
			p.refusedEvents[declared[i].Name] = true
		}
	}
}

// byEvent writes a problem with the name of the event in place of its number, which
// differs between an object and the document.
func byEvent(problem settings.Problem, own []catalog.Own) string {
	i, ofEvent := eventNumber(problem, own)
	if !ofEvent {
		return problem.Error()
	}
	_, rest, _ := strings.Cut(problem.Field, "]")
	return own[i].Name + rest + ": " + problem.Message
}

// eventNumber is the event that a problem is about, in the list that was checked.
func eventNumber(problem settings.Problem, own []catalog.Own) (int, bool) {
	rest, numbered := strings.CutPrefix(problem.Field, "spec.events[")
	number, _, closed := strings.Cut(rest, "]")
	i, err := strconv.Atoi(number)
	return i, numbered && closed && err == nil && i >= 0 && i < len(own)
}

// protectTemplates refuses an edit of the tenant's own events that would break a
// template as it is live, unless the template's newest generation goes with the edit.
// Templates must have been judged by what the edit asks for.
func (p *pass) protectTemplates(carried func(*object[config.EventTemplate]) bool) {
	if p.tenant == nil {
		return
	}
	var broken []string
	for _, name := range sortedNames(p.eventTemplates) {
		o := p.eventTemplates[name]
		if o.live == nil || !carried(o) {
			continue
		}
		if why := p.breaks(o.live.content); why != "" {
			broken = append(broken, fmt.Sprintf("EventTemplate %q is live with event %q and would not work any more (%s)", name, o.live.content.Event, why))
		}
	}
	for _, b := range broken {
		p.tenant.refuse(&p.tenant.accepted, ReasonInvalid, problemAt("spec.events", "%s: leave the event as it is live, or change or delete the template first", b))
	}
}

// staysAsLive says that the entry of a template is carried on, or stands for this very
// generation, and so has to go on working.
func staysAsLive(o *object[config.EventTemplate]) bool { return o.refused() || o.sameGeneration() }

// breaks says what an edit of the tenant's own events breaks in a live template; empty:
// nothing. An event that the edit declares, but wrongly, has been refused by itself.
func (p *pass) breaks(live config.EventTemplate) string {
	was, is := p.liveEvents.identity(live.Event), p.events.identity(live.Event)
	if was == is || is == "" && p.events.declares(live.Event) || p.refusedEvents[live.Event] {
		return ""
	}
	known := keys(p.inspect(live, p.liveEvents).faults)
	for _, f := range p.inspect(live, p.events).faults {
		if !known[f.key()] {
			return f.Error()
		}
	}
	return ""
}

// settleEvents: while the Tenant is refused, its events stay as they are live. Those
// that it adds are known as well, so that a template which waits for the Tenant says so.
func (p *pass) settleEvents() {
	if p.tenant == nil || !p.tenant.refused() {
		return
	}
	all := slices.Clone(p.liveEvents.own)
	for _, o := range p.events.own {
		if !p.liveEvents.declares(o.Name) {
			all = append(all, o)
		}
	}
	p.events, _ = newEvents(sortedEvents(all))
}

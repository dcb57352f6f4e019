package lint

import (
	"fmt"

	"github.com/foyerhq/foyer/internal/compile"
)

// customers gives each account that MyAccountProfiles name to the first one, and tells
// it of the others.
func (g *group) customers() {
	holders := map[string]Source{}
	for i := range g.myAccountProfiles {
		e := &g.myAccountProfiles[i]
		if e.Object == nil || e.Object.Spec.Customer == "" {
			continue
		}
		id := e.Object.Spec.Customer
		other, taken := holders[id]
		if !taken {
			holders[id] = e.Source
			continue
		}
		g.refuse(&e.Source, "spec.customer", fmt.Sprintf("account %q is named by MyAccountProfile %q (%s) as well: one account can be named by one profile",
			id, other.Name, other.Place()))
		e.Object.Spec.Customer = ""
	}
}

// report tells what compile says. What it refuses by itself is in the first outcome only.
func (g *group) report(first, second compile.Output) {
	if g.tenant != nil && g.tenant.Object != nil {
		g.outcome(g.tenant.Source, first.Tenant)
	}
	for _, e := range g.accountProfiles {
		g.profile(e.Source, first.AccountProfiles[e.Name], second.AccountProfiles[e.Name])
	}
	for _, e := range g.myAccountProfiles {
		g.profile(e.Source, first.MyAccountProfiles[e.Name], second.MyAccountProfiles[e.Name])
	}
	for _, e := range g.eventTemplates {
		if outcome, compiled := second.EventTemplates[e.Name]; compiled && e.Object != nil {
			g.outcome(e.Source, outcome)
		}
	}
}

func (g *group) profile(s Source, first, second compile.Outcome) {
	switch {
	case first.Accepted.Reason == "": // it was not compiled
	case first.Accepted.Status:
		g.outcome(s, second)
	default:
		g.outcome(s, first)
	}
}

func (g *group) outcome(s Source, o compile.Outcome) {
	for _, finding := range []compile.Finding{o.Accepted, o.ResolvedRefs} {
		if finding.Status {
			continue
		}
		for _, p := range split(finding.Message) {
			if !s.alreadyRefused(p.field) {
				g.tell(s.finding(Error, p))
			}
		}
	}
	for _, warning := range o.Warnings {
		g.tell(s.finding(Warning, parse(warning)))
	}
	if o.Conflicted.Status {
		g.tell(s.finding(Warning, parse(o.Conflicted.Message)))
	}
}

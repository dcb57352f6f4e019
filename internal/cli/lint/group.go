package lint

import (
	"fmt"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
)

// group is what the files have of one tenant.
type group struct {
	*linter
	namespace, tenantName string

	tenant            *Entry[v1alpha1.Tenant]
	accountProfiles   []Entry[v1alpha1.AccountProfile]
	myAccountProfiles []Entry[v1alpha1.MyAccountProfile]
	eventTemplates    []Entry[v1alpha1.EventTemplate]
}

func (g *group) add(s Source) {
	switch s.Kind {
	case kindTenant:
		tenant := decode[v1alpha1.Tenant](s)
		g.tenant = &tenant
		g.result.Tenants = append(g.result.Tenants, tenant)
	case kindAccountProfile:
		g.accountProfiles = append(g.accountProfiles, decode[v1alpha1.AccountProfile](s))
	case kindMyAccountProfile:
		g.myAccountProfiles = append(g.myAccountProfiles, decode[v1alpha1.MyAccountProfile](s))
	case kindEventTemplate:
		template := decode[v1alpha1.EventTemplate](s)
		g.eventTemplates = append(g.eventTemplates, template)
		g.result.Templates = append(g.result.Templates, template)
	}
}

// check asks compile, layer by layer: what is refused is told and replaced by a stand-in
// before those that name it are looked at, so that its faults are told once.
func (g *group) check() error {
	g.customers()
	in := g.input()
	out, err := g.compile(in)
	if err != nil {
		return err
	}
	for _, layer := range []func(*compile.Input, compile.Output) (replaced bool){g.checkMyAccountProfiles, g.checkNaming} {
		if !layer(&in, out) {
			continue
		}
		if out, err = g.compile(in); err != nil {
			return err
		}
	}
	for _, e := range g.eventTemplates {
		if outcome, compiled := out.EventTemplates[e.Name]; compiled {
			g.outcome(e.Source, outcome)
		}
	}
	return nil
}

func (g *group) compile(in compile.Input) (compile.Output, error) {
	out, err := compile.Compile(in)
	if err != nil {
		return out, fmt.Errorf("check the objects of tenant %s/%s: %w", g.namespace, g.tenantName, err)
	}
	return out, nil
}

// checkMyAccountProfiles: they name nothing.
func (g *group) checkMyAccountProfiles(in *compile.Input, out compile.Output) bool {
	for _, e := range g.myAccountProfiles {
		if outcome, compiled := out.MyAccountProfiles[e.Name]; compiled {
			g.outcome(e.Source, outcome)
		}
	}
	replaced := false
	for i := range in.MyAccountProfiles {
		if p := &in.MyAccountProfiles[i]; refused(out.MyAccountProfiles[p.Name]) {
			*p = g.standInMyAccountProfile(p.Name)
			replaced = true
		}
	}
	return replaced
}

// checkNaming looks at what names MyAccountProfiles: AccountProfiles, and the Tenant.
func (g *group) checkNaming(in *compile.Input, out compile.Output) bool {
	for _, e := range g.accountProfiles {
		if outcome, compiled := out.AccountProfiles[e.Name]; compiled {
			g.outcome(e.Source, outcome)
		}
	}
	replaced := false
	for i := range in.AccountProfiles {
		if p := &in.AccountProfiles[i]; refused(out.AccountProfiles[p.Name]) {
			*p = g.standInAccountProfile(p.Name)
			replaced = true
		}
	}
	if g.tenant == nil || g.tenant.Object == nil {
		return replaced
	}
	g.outcome(g.tenant.Source, out.Tenant)
	if !refused(out.Tenant) {
		return replaced
	}
	g.replaceTenant(in)
	return true
}

// refused says that an object is at fault, and not only its tenant.
func refused(o compile.Outcome) bool {
	return !o.ResolvedRefs.Status || !o.Accepted.Status && o.Accepted.Reason != compile.ReasonTenantRefused
}

// outcome tells what compile says of an object.
func (g *group) outcome(s Source, o compile.Outcome) {
	if o.Accepted.Reason != compile.ReasonTenantRefused { // which is told of the tenant
		for _, p := range o.Problems {
			if said := (problem{p.Field, p.Line, p.Column, p.Message}); !s.alreadyRefused(said) {
				g.tell(s.finding(Error, said))
			}
		}
	}
	for _, warning := range o.Warnings {
		g.tell(s.finding(Warning, parse(warning)))
	}
	if o.Conflicted.Status {
		g.tell(s.finding(Warning, problem{message: o.Conflicted.Message + " (so it is if both are new; in a cluster the one that is live goes on)"}))
	}
}

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

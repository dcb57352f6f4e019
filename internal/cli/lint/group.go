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

// check asks compile, twice: what is refused by itself is replaced by stand-ins before
// the second time, so that its faults are told once, and not of all that names it.
func (g *group) check() error {
	g.customers()
	input := g.input()
	first, err := compile.Compile(input)
	if err != nil {
		return fmt.Errorf("check the objects of tenant %s/%s: %w", g.namespace, g.tenantName, err)
	}
	second := first
	if g.replaceRefused(&input, first) {
		second, err = compile.Compile(input)
		if err != nil {
			return fmt.Errorf("check the objects of tenant %s/%s: %w", g.namespace, g.tenantName, err)
		}
	}
	g.report(first, second)
	return nil
}

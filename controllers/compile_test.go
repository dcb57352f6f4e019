package controllers

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/config"
)

// TestCompileIsRemembered: only while everything that it follows from is the same.
func TestCompileIsRemembered(t *testing.T) {
	t.Parallel()
	w := &world{tenants: "n"}
	base := func() *pass {
		p := newPass(types.NamespacedName{Namespace: "n", Name: "acme"}, newMemory())
		p.tenant = w.tenant("acme")
		p.tenant.UID, p.tenant.Generation = "tenant", 1
		for _, name := range []string{"one", "two"} {
			template := w.eventTemplate("acme", name, "default")
			template.UID, template.Generation = types.UID(name), 1
			p.eventTemplates = append(p.eventTemplates, *template)
		}
		return p
	}
	for name, test := range map[string]struct {
		change     func(*pass)
		remembered bool
	}{
		"nothing":      {func(*pass) {}, true},
		"the order":    {func(p *pass) { slices.Reverse(p.eventTemplates) }, true},
		"a generation": {func(p *pass) { p.eventTemplates[1].Generation = 2 }, false},
		"a restored one": {func(p *pass) {
			p.eventTemplates[1].Spec.Event, p.eventTemplates[1].ResourceVersion = "invoice.paid", "7"
		}, false},
		"a status":     {func(p *pass) { p.eventTemplates[1].ResourceVersion = "8" }, true},
		"an object":    {func(p *pass) { p.eventTemplates = p.eventTemplates[:1] }, false},
		"a new object": {func(p *pass) { p.eventTemplates[1].UID = "other" }, false},
		"the tenant":   {func(p *pass) { p.tenant.Spec.State, p.tenant.Generation = v1alpha1.TenantPaused, 2 }, false},
		"the settings": {func(p *pass) { _ = p.settings.take(p.output.Document) }, false},
		"the routing":  {func(p *pass) { _ = p.routing.take(p.output.Routing) }, false},
		"the usage":    {func(p *pass) { p.memory.usage = &config.Usage{} }, false},
		"the holder":   {func(p *pass) { p.holder = "other" }, false},
		"settled":      {func(p *pass) { p.memory.settled = true }, false},
	} {
		t.Run(name, func(t *testing.T) {
			p, r := base(), &Reconciler{}
			if err := r.compile(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			const mark = "remembered"
			p.memory.compiled.output.Customers = []string{mark}
			test.change(p)
			if err := r.compile(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			if got := slices.Contains(p.output.Customers, mark); got != test.remembered {
				t.Errorf("remembered: %t, want %t", got, test.remembered)
			}
		})
	}
}

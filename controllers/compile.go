package controllers

import (
	"context"
	"fmt"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
)

// compile decides what is to be live.
func (r *Reconciler) compile(_ context.Context, p *pass) error {
	output, err := compile.Compile(compile.Input{
		Tenant:            p.tenant,
		AccountProfiles:   p.accountProfiles,
		MyAccountProfiles: p.myAccountProfiles,
		EventTemplates:    p.eventTemplates,
		Live:              p.settings.body,
		LiveRouting:       p.routing.body,
		Usage:             p.memory.usage,
		HostnameHolder:    p.holder,
		Acknowledged:      p.memory.settled,
		Checked:           p.memory.checks,
	})
	if err != nil {
		return fmt.Errorf("compile the documents: %w", err)
	}
	p.output = output
	return nil
}

func (p *pass) paused() bool {
	return p.tenant != nil && p.tenant.Spec.State == v1alpha1.TenantPaused
}

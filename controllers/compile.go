package controllers

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/status"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
)

// compile decides what is to be live. Passes that only wait for something, as for the
// replicas, decide the same as the one before, and that is remembered: a tenant can have
// a thousand templates.
func (r *Reconciler) compile(_ context.Context, p *pass) error {
	basis := p.basis()
	if p.memory.compiled.basis == basis {
		p.output = p.memory.compiled.output
		return nil
	}
	output, err := compile.Compile(compile.Input{
		Tenant:            p.tenant,
		AccountProfiles:   p.accountProfiles,
		MyAccountProfiles: p.myAccountProfiles,
		EventTemplates:    p.eventTemplates,
		Live:              p.settings.body,
		LiveRouting:       p.routing.body,
		Usage:             basis.usage,
		HostnameHolder:    basis.holder,
		Acknowledged:      basis.settled,
		RoutingBlocked:    basis.blocked,
		Checked:           p.memory.checks,
	})
	p.broken, p.unwritten = status.Finding{}, nil
	if err != nil {
		p.cannotCompile(err)
		return nil
	}
	if bytes.Equal(output.Document, p.settings.body) && output.Document != nil {
		output.Document = p.settings.body // which is held in memory already
	}
	if bytes.Equal(output.Routing, p.routing.body) && output.Routing != nil {
		output.Routing = p.routing.body
	}
	p.output = output
	p.memory.compiled = compiled{basis, output}
	return nil
}

// cannotCompile ends nothing: everybody whose objects do not go live reads why. The error
// ends the pass when that is told.
func (p *pass) cannotCompile(err error) {
	p.output = compile.Output{}
	p.broken = status.Stuck(status.ReasonNotCompiled, status.Sentence(
		"Nothing of the tenant changes, because its configuration cannot be put together, which is a fault of Foyer: report it, and take back the last edit. "+err.Error()))
	p.unwritten = fmt.Errorf("compile the documents: %w", err)
}

// known says whether it is known what is live, and understood.
func (p *pass) known(d *document) bool { return d.known() && p.broken.Reason == "" }

// stopped is why nothing of the tenant changes until a person acts; a zero Finding: it may.
func (p *pass) stopped() status.Finding {
	if p.newer() {
		return newerFinding
	}
	return cmp.Or(p.broken, p.settings.unreadable, p.routing.unreadable)
}

// compiled is the output of the last compile, and what it followed from.
type compiled struct {
	basis  basis
	output compile.Output
}

// basis names everything that the output of compile follows from.
type basis struct {
	objects       [sha256.Size]byte // by their uids and generations
	live, routing string
	usage         *config.Usage
	holder        string
	settled       bool
	blocked       bool
}

func (p *pass) basis() basis {
	var versions []string
	add := func(o client.Object) {
		versions = append(versions, fmt.Sprintf("%s/%d", o.GetUID(), o.GetGeneration()))
	}
	if p.tenant != nil {
		add(p.tenant)
	}
	for i := range p.accountProfiles {
		add(&p.accountProfiles[i])
	}
	for i := range p.myAccountProfiles {
		add(&p.myAccountProfiles[i])
	}
	for i := range p.eventTemplates {
		add(&p.eventTemplates[i])
	}
	slices.Sort(versions) // the cache has no order
	return basis{
		objects: sha256.Sum256(fmt.Append(nil, versions)),
		live:    p.settings.digest, routing: p.routing.digest,
		usage: p.memory.usage, holder: p.holder, settled: p.memory.settled, blocked: p.routingBlocked,
	}
}

func (p *pass) paused() bool {
	return p.tenant != nil && p.tenant.Spec.State == v1alpha1.TenantPaused
}

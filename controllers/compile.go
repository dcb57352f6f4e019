package controllers

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/types"
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
		APIHostnameHolder: basis.apiHolder,
		AllowOutgoing:     r.options.AllowOutgoing,
		Acknowledged:      basis.settled,
		RoutingBlocked:    basis.blocked,
		Checked:           p.checks,
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
	objects       [sha256.Size]byte // see memory.versions
	live, routing string
	usage         *config.Usage
	holder        string
	apiHolder     string
	settled       bool
	blocked       bool
}

func (p *pass) basis() basis {
	versions := make(map[types.UID]version, len(p.memory.versions))
	add := func(o client.Object, spec any) { versions[o.GetUID()] = p.memory.version(o, spec) }
	if p.tenant != nil {
		add(p.tenant, &p.tenant.Spec)
	}
	for i := range p.accountProfiles {
		add(&p.accountProfiles[i], &p.accountProfiles[i].Spec)
	}
	for i := range p.myAccountProfiles {
		add(&p.myAccountProfiles[i], &p.myAccountProfiles[i].Spec)
	}
	for i := range p.eventTemplates {
		add(&p.eventTemplates[i], &p.eventTemplates[i].Spec)
	}
	p.memory.versions = versions
	var objects []byte
	for _, uid := range slices.Sorted(maps.Keys(versions)) { // the cache has no order
		objects = fmt.Appendf(objects, "%s/%d/%x\n", uid, versions[uid].generation, versions[uid].spec)
	}
	return basis{
		objects: sha256.Sum256(objects),
		live:    p.settings.digest, routing: p.routing.digest,
		usage: p.memory.usage, holder: p.holder, apiHolder: p.apiHolder, settled: p.memory.settled, blocked: p.routingBlocked,
	}
}

// version is what an object says. Its uid and generation do not tell: after a restore of
// the cluster they may stand for another spec.
type version struct {
	resource   string
	generation int64
	spec       [sha256.Size]byte
}

// version looks at an object only where that has changed, as by its status.
func (m *memory) version(o client.Object, spec any) version {
	last := m.versions[o.GetUID()]
	if last.resource != "" && last.resource == o.GetResourceVersion() {
		return last
	}
	encoded, err := json.Marshal(spec)
	if err != nil { // then any change counts
		encoded = []byte(o.GetResourceVersion())
	}
	return version{o.GetResourceVersion(), o.GetGeneration(), sha256.Sum256(encoded)}
}

func (p *pass) paused() bool {
	return p.tenant != nil && p.tenant.Spec.State == v1alpha1.TenantPaused
}

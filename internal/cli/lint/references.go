package lint

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

// everyNetwork stands for the operator's flag --allow-outgoing, which no file has: which
// private hosts may be reached is told in the cluster.
const everyNetwork = "0.0.0.0/0,::/0"

// ownEventPrefix begins the names of the events that tenants declare.
const ownEventPrefix = "custom."

// input is what compile is asked, with stand-ins for what the files do not have.
func (g *group) input() compile.Input {
	in := compile.Input{Tenant: g.compiledTenant(), AllowOutgoing: everyNetwork}
	for _, e := range g.accountProfiles {
		in.AccountProfiles = appendObject(in.AccountProfiles, e)
	}
	for _, e := range g.myAccountProfiles {
		in.MyAccountProfiles = appendObject(in.MyAccountProfiles, e)
	}
	for _, e := range g.eventTemplates {
		in.EventTemplates = appendObject(in.EventTemplates, e)
	}
	g.standInForProfiles(&in)
	if g.tenant == nil || g.tenant.Object == nil {
		g.leaveOut(&in, func(event string) bool { return strings.HasPrefix(event, ownEventPrefix) })
		g.noteInvoiceTemplates(in)
		forgetInvoiceTemplates(in)
	}
	return in
}

func appendObject[T any](objects []T, e Entry[T]) []T {
	if e.Object == nil || e.Name == "" {
		return objects
	}
	return append(objects, *e.Object)
}

// compiledTenant is the Tenant as if it was active: a paused one is checked as well.
func (g *group) compiledTenant() *v1alpha1.Tenant {
	if g.tenant == nil {
		g.noteMissingTenant()
		return g.standInTenant(nil)
	}
	if g.tenant.Object == nil {
		return g.standInTenant(nil)
	}
	tenant := g.tenant.Object.DeepCopy()
	tenant.Spec.State = v1alpha1.TenantActive
	return tenant
}

func (g *group) standInTenant(events []v1alpha1.EventDeclaration) *v1alpha1.Tenant {
	name := cmp.Or(g.tenantName, "unnamed")
	tenant := &v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{Namespace: g.namespace, Name: name}}
	tenant.Spec.DisplayName = name
	tenant.Spec.Portal.Hostname = "tenant.example"
	tenant.Spec.Events = events
	return tenant
}

// noteMissingTenant tells once what could not be checked.
func (g *group) noteMissingTenant() {
	sources := g.sources()
	if g.tenantName == "" {
		return // the schema has told it of each object
	}
	if g.options.Complete {
		for _, s := range sources {
			g.about(s, Error, "spec.tenantRef", fmt.Sprintf("Tenant %q is not in these files", g.tenantName))
		}
		return
	}
	g.about(sources[0], Note, "spec.tenantRef", fmt.Sprintf("Tenant %q is not in these files: its own events and defaults were not checked", g.tenantName))
}

func (g *group) about(s Source, severity Severity, field, message string) {
	g.tell(s.finding(severity, problem{field: field, message: message}))
}

// sources lists the objects beside the Tenant.
func (g *group) sources() []Source {
	var sources []Source
	for _, e := range g.accountProfiles {
		sources = append(sources, e.Source)
	}
	for _, e := range g.myAccountProfiles {
		sources = append(sources, e.Source)
	}
	for _, e := range g.eventTemplates {
		sources = append(sources, e.Source)
	}
	return sources
}

// reference is a field that names a profile.
type reference struct {
	from       Source
	field      string
	kind, name string
}

func (g *group) references() []reference {
	var found []reference
	name := func(from Source, field, kind string, ref v1alpha1.ObjectRef) {
		if ref.Name != "" && !from.fieldRefused(field) {
			found = append(found, reference{from, field, kind, ref.Name})
		}
	}
	if t := g.tenant; t != nil && t.Object != nil {
		name(t.Source, "spec.defaultAccountProfileRef", kindAccountProfile, t.Object.Spec.DefaultAccountProfileRef)
		name(t.Source, "spec.defaultMyAccountProfileRef", kindMyAccountProfile, t.Object.Spec.DefaultMyAccountProfileRef)
	}
	for _, e := range g.accountProfiles {
		if e.Object != nil {
			name(e.Source, "spec.myAccountProfileRef", kindMyAccountProfile, e.Object.Spec.MyAccountProfileRef)
		}
	}
	for _, e := range g.eventTemplates {
		if e.Object == nil {
			continue
		}
		for i, ref := range e.Object.Spec.AccountProfileRefs {
			if ref.Name == g.builtInProfile() {
				continue // it can be named without an object
			}
			name(e.Source, fmt.Sprintf("spec.accountProfileRefs[%d]", i), kindAccountProfile, ref)
		}
	}
	return found
}

// builtInProfile is the name by which templates name the built-in default profile.
func (g *group) builtInProfile() string {
	if g.tenant != nil && g.tenant.Object != nil {
		return cmp.Or(g.tenant.Object.Spec.DefaultAccountProfileRef.Name, config.BuiltInProfile)
	}
	return config.BuiltInProfile
}

// standInForProfiles adds a profile for each one that is named and cannot be used: not
// in the files, unless they are complete, or there with other types than its kind has.
func (g *group) standInForProfiles(in *compile.Input) {
	usable := map[string]bool{}
	for i := range in.AccountProfiles {
		usable[kindAccountProfile+in.AccountProfiles[i].Name] = true
	}
	for i := range in.MyAccountProfiles {
		usable[kindMyAccountProfile+in.MyAccountProfiles[i].Name] = true
	}
	missing := map[string][]reference{}
	for _, r := range g.references() {
		_, declared := g.declared[r.kind+" "+g.namespace+"/"+r.name]
		if usable[r.kind+r.name] || g.options.Complete && !declared {
			continue
		}
		if !declared {
			missing[r.kind+r.name] = append(missing[r.kind+r.name], r)
		} else {
			g.standInForProfile(in, r)
			usable[r.kind+r.name] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(missing)) {
		g.noteMissing(missing[key])
		g.standInForProfile(in, missing[key][0])
	}
}

func (g *group) noteMissing(references []reference) {
	r := references[0]
	message := fmt.Sprintf("%s %q is not in these files, so whether it exists was not checked", r.kind, r.name)
	if len(references) > 1 {
		message += fmt.Sprintf(" (it is named %d times)", len(references))
	}
	g.about(r.from, Note, r.field, message)
}

func (g *group) standInForProfile(in *compile.Input, r reference) {
	switch r.kind {
	case kindAccountProfile:
		in.AccountProfiles = append(in.AccountProfiles, g.standInAccountProfile(r.name))
	case kindMyAccountProfile:
		in.MyAccountProfiles = append(in.MyAccountProfiles, g.standInMyAccountProfile(r.name))
	}
}

func (g *group) standInAccountProfile(name string) v1alpha1.AccountProfile {
	return v1alpha1.AccountProfile{
		ObjectMeta: metav1.ObjectMeta{Namespace: g.namespace, Name: name},
		Spec:       v1alpha1.AccountProfileSpec{TenantRef: v1alpha1.ObjectRef{Name: g.tenantName}, DisplayName: name},
	}
}

func (g *group) standInMyAccountProfile(name string) v1alpha1.MyAccountProfile {
	return v1alpha1.MyAccountProfile{
		ObjectMeta: metav1.ObjectMeta{Namespace: g.namespace, Name: name},
		Spec:       v1alpha1.MyAccountProfileSpec{TenantRef: v1alpha1.ObjectRef{Name: g.tenantName}, DisplayName: name},
	}
}

// replaceTenant keeps of a refused Tenant what others depend on.
func (g *group) replaceTenant(in *compile.Input) {
	sound, broken := soundEvents(in.Tenant.Spec.Events)
	defaultProfile := in.Tenant.Spec.DefaultAccountProfileRef
	in.Tenant = g.standInTenant(sound)
	in.Tenant.Spec.DefaultAccountProfileRef = defaultProfile
	g.leaveOut(in, func(event string) bool { return broken[event] })
	forgetInvoiceTemplates(*in)
}

// noteInvoiceTemplates tells which templates could not be looked up in a Tenant.
func (g *group) noteInvoiceTemplates(in compile.Input) {
	if g.options.Complete && g.tenant == nil {
		return // the Tenant has been asked for already
	}
	for i := range in.AccountProfiles {
		p := &in.AccountProfiles[i]
		switch name := p.Spec.Attributes.InvoiceTemplate; name {
		case "", settings.StandardInvoice, settings.BusinessInvoice:
		default:
			from := g.declared[kindAccountProfile+" "+g.namespace+"/"+p.Name]
			g.about(from, Note, "spec.attributes.invoiceTemplate", fmt.Sprintf("invoice template %q could not be looked up, because %s", name, g.whyNoTenant()))
		}
	}
}

// forgetInvoiceTemplates: a stand-in for a Tenant has none that could be named.
func forgetInvoiceTemplates(in compile.Input) {
	for i := range in.AccountProfiles {
		in.AccountProfiles[i].Spec.Attributes.InvoiceTemplate = ""
	}
}

// whyNoTenant says why something of a Tenant cannot be looked up.
func (g *group) whyNoTenant() string {
	if g.tenant != nil {
		return "its declaration in the Tenant has errors"
	}
	return "the Tenant that declares it is not in these files"
}

// leaveOut takes templates for events that are not known here out of what is compiled.
func (g *group) leaveOut(in *compile.Input, unknown func(event string) bool) {
	in.EventTemplates = slices.DeleteFunc(in.EventTemplates, func(t v1alpha1.EventTemplate) bool {
		if !unknown(t.Spec.Event) {
			return false
		}
		from := g.declared[kindEventTemplate+" "+g.namespace+"/"+t.Name]
		g.about(from, Note, "spec.event", fmt.Sprintf("%s could not be looked up, because %s: condition and texts were not checked", t.Spec.Event, g.whyNoTenant()))
		return true
	})
}

// soundEvents tells the event types of a tenant that can be used from the others.
func soundEvents(declared []v1alpha1.EventDeclaration) (sound []v1alpha1.EventDeclaration, broken map[string]bool) {
	broken = map[string]bool{}
	for _, e := range declared {
		if _, problems := catalog.New(OwnEvents([]v1alpha1.EventDeclaration{e})); len(problems) > 0 {
			broken[e.Name] = true
		} else {
			sound = append(sound, e)
		}
	}
	return sound, broken
}

// OwnEvents are the event types that a Tenant declares, for package catalog.
func OwnEvents(declared []v1alpha1.EventDeclaration) []catalog.Own {
	var own []catalog.Own
	for _, e := range declared {
		o := catalog.Own{Name: e.Name, Description: e.Description, Category: catalog.Category(e.Category)}
		for _, f := range e.Fields {
			o.Fields = append(o.Fields, catalog.OwnField{
				Name: f.Name, Type: catalog.Type(f.Type), Description: f.Description, Sample: f.Sample,
			})
		}
		own = append(own, o)
	}
	return own
}

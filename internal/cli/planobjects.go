package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/cli/lint"
	"github.com/foyerhq/foyer/internal/cli/manifest"
	"github.com/foyerhq/foyer/internal/cli/reach"
	"github.com/foyerhq/foyer/internal/compare"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/integration"
)

// planFormat is the version of the report as JSON: a field is never given another meaning
// within one.
const planFormat = 1

// planReport is what a change does.
type planReport struct {
	Format    int      `json:"format"`
	Tenant    string   `json:"tenant"`
	Namespace string   `json:"namespace,omitempty"`
	Days      int      `json:"days"`     // that were looked ahead
	Changes   bool     `json:"changes"`  // something changes for customers
	Complete  bool     `json:"complete"` // all customers were looked at
	Refused   int      `json:"refused"`  // objects
	Notes     []string `json:"notes"`

	Objects []plannedObject `json:"objects"`
	compare.Difference

	documents *integration.Documents // to compare; nil: there is nothing to
}

// The changes of an object beside those of package compare.
const (
	objectRefused   = "Refused"   // this generation does not get live: what is live stays
	objectUnchanged = "Unchanged" // customers have it already
	objectGiven     = "Given"     // it is not known what customers have
	objectWaits     = "Waits"     // for its Tenant, which is refused or paused
)

const notCompared = "What the API server would refuse is told first: nothing was compared. Mend it and plan again."

// plannedObject is what becomes of an object.
type plannedObject struct {
	compare.ObjectChange
	File     string   `json:"file,omitempty"`
	Line     int      `json:"line,omitempty"`
	Message  string   `json:"message,omitempty"` // why it is refused, and what stays
	Warnings []string `json:"warnings,omitempty"`
}

func (p *planReport) notes(more ...string) { p.Notes = append(p.Notes, more...) }

func (p *planReport) refused() int {
	n := 0
	for _, o := range p.Objects {
		if o.Change == objectRefused {
			n++
		}
	}
	return n
}

// judged are fields of a Tenant of which customers have what the comparison says: where it
// says nothing they have nothing else.
var judged = []string{"attributes.", "defaultAccountProfile", "defaultMyAccountProfile", "orphanedProfiles", "delivery.mode", "events", "namespace"}

// conclude says whether anything changes for customers. What all of them see of the Tenant
// itself, as its name and its colours, nobody counts.
func (p *planReport) conclude() {
	p.Difference.Sort()
	p.Changes = !p.Empty()
	for _, o := range p.Objects {
		p.Changes = p.Changes || len(o.seenByAll()) > 0
	}
	p.Refused = p.refused()
}

// seenByAll are the fields of a Tenant that concern all customers.
func (o plannedObject) seenByAll() (fields []compare.FieldChange) {
	if o.Kind != "Tenant" {
		return nil
	}
	for _, f := range o.Fields {
		if !slices.ContainsFunc(judged, func(prefix string) bool { return strings.HasPrefix(f.Path, prefix) }) {
			fields = append(fields, f)
		}
	}
	return fields
}

// read reads the files and the cluster, and decides what becomes of each object.
func (f *planFlags) read(ctx context.Context, streams Streams) (*planReport, error) {
	p := &planReport{Format: planFormat, Days: f.days, Complete: true, Notes: []string{}, Objects: []plannedObject{}}
	source := sourceFlags{files: f.files, recursive: f.recursive, namespace: cmp.Or(f.cluster.Namespace, "default")}
	set, err := source.read(streams)
	if err != nil {
		return nil, err
	}
	set.Objects = slices.DeleteFunc(set.Objects, func(o manifest.Object) bool { return f.ofAnother(p, o) })
	f.aim(set.Objects)
	if set.Objects, err = f.inNamespace(p, set.Objects); err != nil {
		return nil, err
	}
	result, err := lint.Check(set, lint.Options{Namespace: cmp.Or(f.cluster.Namespace, source.namespace)})
	if err != nil {
		return nil, err
	}
	p.Tenant, p.Namespace = f.cluster.Tenant, f.cluster.Namespace
	if p.refusedByLint(result.Findings); p.refused() > 0 {
		p.notes(notCompared)
		return p, nil
	}
	if len(result.Objects) == 0 && !f.prune {
		return nil, errors.New(strings.Join(append([]string{"there is no object of Foyer in the files"}, p.Notes...), "\n"))
	}
	c := &changes{}
	if c.objects, err = f.objects(ctx, result); err != nil {
		return nil, err
	}
	p.Tenant, p.Namespace = c.objects.Tenant, c.objects.Namespace
	findings, err := lint.CheckChanges(set.Objects, c.objects.Object)
	if err != nil {
		return nil, err
	}
	if p.refusedByLint(findings); p.refused() > 0 {
		p.notes(notCompared)
		return p, nil
	}
	return p, f.compare(ctx, p, c, set.Objects)
}

// ofAnother leaves out what belongs to another tenant than the one that was chosen.
func (f *planFlags) ofAnother(p *planReport, o manifest.Object) bool {
	tenant := tenantOf(o)
	other := f.cluster.Tenant != "" && tenant != "" && tenant != f.cluster.Tenant
	if other {
		p.notes(fmt.Sprintf("%s:%d: %s belongs to Tenant %s and was left out", o.File, o.Line(), nameOf(o), tenant))
	}
	return other
}

// inNamespace leaves out what is for another namespace than the one that is planned for, as
// the overlays of other environments.
func (f *planFlags) inNamespace(p *planReport, objects []manifest.Object) (kept []manifest.Object, err error) {
	if f.server.URL == "" {
		if f.cluster.Namespace, err = f.cluster.InNamespace(); err != nil {
			return nil, err
		}
	}
	for _, o := range objects {
		if namespace := namespaceOf(o); f.cluster.Namespace != "" && tenantOf(o) != "" && namespace != "" && namespace != f.cluster.Namespace {
			p.notes(fmt.Sprintf("%s:%d: %s is for namespace %s and was left out: this plan is for %s", o.File, o.Line(), nameOf(o), namespace, f.cluster.Namespace))
			continue
		}
		kept = append(kept, o)
	}
	return kept, nil
}

// aim takes tenant and namespace from the files where nobody named them and they agree.
func (f *planFlags) aim(objects []manifest.Object) {
	if f.server.URL != "" {
		return
	}
	tenants, namespaces := map[string]bool{}, map[string]bool{}
	for _, o := range objects {
		if tenant := tenantOf(o); tenant != "" {
			tenants[tenant] = true
			namespaces[namespaceOf(o)] = true
		}
	}
	only := func(names map[string]bool, now string) string {
		for name := range names {
			if len(names) == 1 {
				return cmp.Or(now, name)
			}
		}
		return now
	}
	f.cluster.Tenant, f.cluster.Namespace = only(tenants, f.cluster.Tenant), only(namespaces, f.cluster.Namespace)
}

// tenantOf is the tenant that an object of Foyer belongs to; empty: it is none.
func tenantOf(o manifest.Object) string {
	if apiVersion, _ := o.Content["apiVersion"].(string); !strings.HasPrefix(apiVersion, v1alpha1.SchemeGroupVersion.Group+"/") {
		return ""
	}
	if kindOf(o) == "Tenant" {
		return objectName(o)
	}
	spec, _ := o.Content["spec"].(map[string]any)
	ref, _ := spec["tenantRef"].(map[string]any)
	name, _ := ref["name"].(string)
	return name
}

func objectName(o manifest.Object) string {
	metadata, _ := o.Content["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	return name
}

// namespaceOf is the namespace that a file names; empty: none.
func namespaceOf(o manifest.Object) string {
	metadata, _ := o.Content["metadata"].(map[string]any)
	namespace, _ := metadata["namespace"].(string)
	return namespace
}

func nameOf(o manifest.Object) string { return kindOf(o) + "/" + objectName(o) }

func (p *planReport) refusedByLint(findings []lint.Finding) {
	for _, f := range findings {
		if f.Severity == lint.Error {
			message := f.Message
			if f.Field != "" {
				message = strings.TrimPrefix(f.Subject(), f.Kind+"/"+f.Name+": ") + ": " + message
			}
			p.Objects = append(p.Objects, plannedObject{ObjectChange: compare.ObjectChange{Kind: f.Kind, Name: f.Name, Change: objectRefused}, File: f.File, Line: f.Line, Message: message})
		}
	}
}

// compare compiles the objects as they are and as they would be.
func (f *planFlags) compare(ctx context.Context, p *planReport, c *changes, files []manifest.Object) error {
	before, err := compile.Compile(c.objects.Input)
	if err != nil {
		return fmt.Errorf("compile the objects of the cluster: %w", err)
	}
	live := compare.Plain{Settings: c.objects.Live, Routing: c.objects.LiveRouting}
	for _, o := range files {
		if err := c.put(o); err != nil {
			return err
		}
	}
	if f.prune {
		if err := c.prune(); err != nil {
			return err
		}
	}
	if err := f.hostname(ctx, p, c); err != nil {
		return err
	}
	after, err := compile.Compile(c.objects.Input)
	if err != nil {
		return fmt.Errorf("compile the objects: %w", err)
	}
	would := compare.Plain{Settings: after.Document, Routing: after.Routing}
	if would.Settings == nil {
		would.Settings = live.Settings
	}
	if would.Routing == nil {
		would.Routing = live.Routing
	}
	changed, err := compare.Objects(live, would)
	if err != nil {
		return err
	}
	differ, err := compare.Differ(live, would)
	if err != nil {
		return err
	}
	if f.server.URL != "" {
		p.notes("With --server the objects of the cluster are not read: what customers have of each is not known, and of the Tenant itself only what is counted here.")
	}
	p.objects(f.server.URL == "", c, before, after, changed)
	return p.decide(f.server.URL == "", c, after, differ)
}

// decide says whether the API has something to compare, or why not.
func (p *planReport) decide(cluster bool, c *changes, after compile.Output, differ bool) error {
	switch {
	case after.Document == nil:
		p.notes("Nothing of the tenant would change: " + cmp.Or(after.Tenant.Accepted.Message, "it has no Tenant"))
		return nil
	case cluster && c.objects.Live == nil:
		p.notes(fmt.Sprintf("Nothing of Tenant %s is live yet: there are no customers to compare.", c.objects.Tenant))
		return nil
	case cluster && !differ:
		return nil
	}
	documents, err := documentsOf(after)
	p.documents = &documents
	return err
}

// hostname asks who else has the host name, where the Tenant gets one that is not live.
func (f *planFlags) hostname(ctx context.Context, p *planReport, c *changes) error {
	t := c.objects.Input.Tenant
	if t == nil || f.server.URL != "" || strings.TrimPrefix(t.Status.PortalURL, "https://") == t.Spec.Portal.Hostname {
		return nil
	}
	holder, known, err := reach.HostnameHolder(ctx, f.cluster, t)
	if err == nil && !known {
		p.notes("Whether another tenant has the host name " + t.Spec.Portal.Hostname + " is not known: you may not list tenants of all namespaces.")
	}
	c.objects.HostnameHolder = holder
	return err
}

// prune takes away what is not in the files. A tenant is never taken away.
func (c *changes) prune() error {
	given := map[string]bool{}
	for _, o := range c.changed {
		given[nameOf(o)] = true
	}
	if !given["Tenant/"+c.objects.Tenant] {
		return fmt.Errorf("with --prune the files are all that the tenant has, and Tenant %s is not in them", c.objects.Tenant)
	}
	in := &c.objects.Input
	in.AccountProfiles = slices.DeleteFunc(in.AccountProfiles, func(o v1alpha1.AccountProfile) bool { return !given["AccountProfile/"+o.Name] })
	in.MyAccountProfiles = slices.DeleteFunc(in.MyAccountProfiles, func(o v1alpha1.MyAccountProfile) bool { return !given["MyAccountProfile/"+o.Name] })
	in.EventTemplates = slices.DeleteFunc(in.EventTemplates, func(o v1alpha1.EventTemplate) bool { return !given["EventTemplate/"+o.Name] })
	return nil
}

// objects lists what becomes of the objects of the files, and of others on which they have an
// effect.
func (p *planReport) objects(cluster bool, c *changes, before, after compile.Output, changed []compare.ObjectChange) {
	rows := map[string]plannedObject{}
	if cluster {
		for _, o := range changed {
			rows[o.Kind+"/"+o.Name] = plannedObject{ObjectChange: o}
		}
	}
	places := map[string]manifest.Object{}
	for _, o := range c.changed {
		places[nameOf(o)] = o
		if _, known := rows[nameOf(o)]; !known {
			rows[nameOf(o)] = plannedObject{ObjectChange: compare.ObjectChange{Kind: kindOf(o), Name: objectName(o), Change: choose(cluster, objectUnchanged, objectGiven)}}
		}
	}
	for _, o := range outcomesOf(after, c.objects.Tenant) {
		was, _ := outcomeOf(before, o.kind, o.name)
		row, known := rows[o.key()]
		if _, given := places[o.key()]; o.Refused() && (given || !was.Refused()) {
			row = plannedObject{ObjectChange: compare.ObjectChange{Kind: o.kind, Name: o.name, Change: choose(o.waits(), objectWaits, objectRefused)}, Message: refusalOf(o.Outcome)}
			known = true
		}
		for _, warning := range o.warnings() {
			if !slices.Contains(named{Outcome: was}.warnings(), warning) {
				row.Kind, row.Name, row.Change = o.kind, o.name, cmp.Or(row.Change, objectUnchanged)
				row.Warnings, known = append(row.Warnings, warning), true
			}
		}
		if known {
			rows[o.key()] = row
		}
	}
	for key, row := range rows {
		if place, given := places[key]; given {
			row.File, row.Line = place.File, place.Line()
		}
		p.Objects = append(p.Objects, row)
	}
	slices.SortFunc(p.Objects, func(a, b plannedObject) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name))
	})
}

// named is the outcome of an object.
type named struct {
	kind, name string
	compile.Outcome
}

func (n named) key() string { return n.kind + "/" + n.name }

// waits says that nothing is wrong with an object but its Tenant.
func (n named) waits() bool {
	reasons := []string{compile.ReasonTenantRefused, compile.ReasonTenantPaused, compile.ReasonTenantMissing}
	return slices.Contains(reasons, n.Accepted.Reason) || n.Accepted.Status && slices.Contains(reasons, n.ResolvedRefs.Reason)
}

// warnings are those of an object, and its conflict.
func (n named) warnings() []string {
	list := slices.Clone(n.Warnings)
	if n.Conflicted.Status {
		list = append(list, n.Conflicted.Message)
	}
	return list
}

func outcomesOf(out compile.Output, tenant string) []named {
	all := []named{{"Tenant", tenant, out.Tenant}}
	if out.Tenant.Accepted.Reason == "" {
		all = nil // there is none
	}
	for kind, list := range map[string]map[string]compile.Outcome{"AccountProfile": out.AccountProfiles, "MyAccountProfile": out.MyAccountProfiles, "EventTemplate": out.EventTemplates} {
		for name, outcome := range list {
			all = append(all, named{kind, name, outcome})
		}
	}
	return all
}

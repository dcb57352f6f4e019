package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/cli/manifest"
	"github.com/foyerhq/foyer/internal/cli/schema"
)

// Options say what is known of the files.
type Options struct {
	// Complete says that the files are the whole configuration of their tenants.
	Complete bool
	// Namespace is that of objects that name none.
	Namespace string
}

// Result is what was found.
type Result struct {
	Findings []Finding
	// Objects counts the objects of Foyer, by kind.
	Objects map[string]int
	// Others counts what is not Foyer's.
	Others int

	Tenants   []Entry[v1alpha1.Tenant]
	Templates []Entry[v1alpha1.EventTemplate]
}

// linter is one run.
type linter struct {
	options  Options
	schemas  *schema.Schemas
	result   Result
	declared map[string]Source // by kind, namespace and name
	groups   []*group          // in the order of the files
}

// Check checks everything that was read.
func Check(set manifest.Set, options Options) (Result, error) {
	schemas, err := schema.Load()
	if err != nil {
		return Result{}, err
	}
	l := &linter{
		options: options, schemas: schemas,
		result:   Result{Objects: map[string]int{}, Others: set.Others},
		declared: map[string]Source{},
	}
	for _, p := range set.Problems {
		l.tell(Finding{File: p.File, Line: p.Line, Severity: Error, Message: p.Message})
	}
	for _, o := range set.Objects {
		if err := l.object(o); err != nil {
			return Result{}, err
		}
	}
	l.hostnames()
	for _, g := range l.groups {
		if err := g.check(); err != nil {
			return Result{}, err
		}
	}
	l.result.Findings = sortFindings(l.result.Findings)
	return l.result, nil
}

func (l *linter) tell(f Finding) { l.result.Findings = append(l.result.Findings, f) }

// object checks one object by itself, and puts it to its tenant.
func (l *linter) object(o manifest.Object) error {
	apiVersion, kind := nested(o.Content, "apiVersion"), nested(o.Content, "kind")
	apiGroup, version, _ := strings.Cut(apiVersion, "/")
	s := Source{
		Object: o, Kind: kind,
		Namespace: cmp.Or(nested(o.Content, "metadata", "namespace"), l.options.Namespace),
		Name:      nested(o.Content, "metadata", "name"),
	}
	if apiGroup != l.schemas.Group() {
		l.result.Others++
		l.mistaken(s, apiVersion)
		return nil
	}
	l.result.Objects[kind]++
	if !slices.Contains(l.schemas.Kinds(), kind) {
		l.refuse(&s, "kind", fmt.Sprintf("%s has no kind %q, there are: %s", apiGroup, kind, strings.Join(l.schemas.Kinds(), ", ")))
		return nil
	}
	if versions := l.schemas.Versions(kind); !slices.Contains(versions, version) {
		l.refuse(&s, "apiVersion", fmt.Sprintf("%s is not known to this release of kubectl foyer, there is: %s/%s", apiVersion, apiGroup, strings.Join(versions, ", ")))
		return nil
	}
	if err := l.schema(&s, version); err != nil {
		return err
	}
	if l.declaredBefore(s) {
		return nil
	}
	l.group(s).add(s)
	return nil
}

// mistaken tells of an object that has the name of one of Foyer's kinds and a group that
// is not Foyer's: often a slip, and then nothing of the object would be checked. Tenant is
// a name that others use as well.
func (l *linter) mistaken(s Source, apiVersion string) {
	if !slices.Contains(l.schemas.Kinds(), s.Kind) {
		return
	}
	versions := l.schemas.Versions(s.Kind)
	message := fmt.Sprintf("%s has the name of one of Foyer's kinds, and was not checked: those are of %s/%s",
		apiVersion, l.schemas.Group(), strings.Join(versions, ", "))
	apiGroup, _, hasGroup := strings.Cut(apiVersion, "/")
	severity := Warning
	switch {
	case !hasGroup || apiGroup == "" || strings.Contains(strings.ToLower(apiGroup), "foyer"):
		severity = Error
	case s.Kind == kindTenant:
		severity = Note
	}
	l.tell(s.finding(severity, problem{field: "apiVersion", message: message}))
}

func (l *linter) refuse(s *Source, field, message string) {
	p := problem{field: field, message: message}
	l.tell(s.finding(Error, p))
	s.refused = append(s.refused, p)
}

// schema tells what the API server would refuse.
func (l *linter) schema(s *Source, version string) error {
	for _, d := range s.Duplicates() {
		f := s.finding(Error, problem{field: d.Field, message: fmt.Sprintf("is set twice, before on line %d", d.First)})
		f.Line = d.Line
		l.tell(f)
	}
	problems, err := l.schemas.Check(s.Kind, version, s.Content)
	if err != nil {
		return err
	}
	for _, p := range problems {
		if p.Message == schema.Unchecked {
			l.tell(s.finding(Note, problem{message: "rules about several fields are checked once the errors of this object are mended"}))
			continue
		}
		told := placed(p)
		l.refuse(s, told.field, told.message)
	}
	return nil
}

// placed finds the field of a problem: a rule of the object as a whole names it in its message.
func placed(p schema.Problem) problem {
	if p.Field == "" {
		if named := parse(strings.TrimPrefix(p.Message, "Invalid value: ")); named.field != "" {
			return problem{field: named.field, message: "Invalid value: " + named.message}
		}
	}
	return problem{field: p.Field, message: p.Message}
}

// declaredBefore finds an object that is in the files twice. The last one that is
// applied would win.
func (l *linter) declaredBefore(s Source) bool {
	if s.Name == "" {
		return false
	}
	key := s.Kind + " " + s.Namespace + "/" + s.Name
	first, twice := l.declared[key]
	if !twice {
		l.declared[key] = s
		return false
	}
	l.refuse(&s, "metadata.name", fmt.Sprintf("this %s is declared twice, before in %s: remove one of them", s.Kind, first.Place()))
	return true
}

func (l *linter) group(s Source) *group {
	name := s.TenantName()
	for _, g := range l.groups {
		if g.namespace == s.Namespace && g.tenantName == name {
			return g
		}
	}
	g := &group{linter: l, namespace: s.Namespace, tenantName: name}
	l.groups = append(l.groups, g)
	return g
}

// hostnames tells of tenants that ask for one address.
func (l *linter) hostnames() {
	holders := map[string]*Source{}
	for _, g := range l.groups {
		if g.tenant == nil || g.tenant.Object == nil {
			continue
		}
		spec, own := g.tenant.Object.Spec, &g.tenant.Source
		for _, asked := range [][2]string{{"spec.portal.hostname", spec.Portal.Hostname}, {"spec.backoffice.api.hostname", spec.Backoffice.API.Hostname}} {
			field, hostname := asked[0], asked[1]
			if hostname == "" {
				continue
			}
			other, taken := holders[hostname]
			if !taken {
				holders[hostname] = own
			} else if other != own { // a tenant that asks twice is told elsewhere
				l.refuse(own, field, fmt.Sprintf("%q is asked for by Tenant %s/%s (%s) as well: a host name belongs to one tenant of the cluster",
					hostname, other.Namespace, other.Name, other.Place()))
			}
		}
	}
}

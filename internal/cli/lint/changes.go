package lint

import (
	"strings"

	"github.com/foyerhq/foyer/internal/cli/manifest"
	"github.com/foyerhq/foyer/internal/cli/schema"
)

// CheckChanges tells what the API server would refuse of objects that passed Check because of
// those that they take the places of: fields that cannot be changed. live gives the object of a
// kind and a name as the cluster has it; nil: there is none.
func CheckChanges(objects []manifest.Object, live func(kind, name string) map[string]any) ([]Finding, error) {
	schemas, err := schema.Load()
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for _, o := range objects {
		s := Source{Object: o, Kind: nested(o.Content, "kind"), Namespace: nested(o.Content, "metadata", "namespace"), Name: nested(o.Content, "metadata", "name")}
		apiGroup, version, _ := strings.Cut(nested(o.Content, "apiVersion"), "/")
		if apiGroup != schemas.Group() {
			continue
		}
		old := live(s.Kind, s.Name)
		if old == nil {
			continue
		}
		problems, err := schemas.CheckUpdate(s.Kind, version, o.Content, old)
		if err != nil {
			return nil, err
		}
		for _, p := range problems {
			findings = append(findings, s.finding(Error, placed(p)))
		}
	}
	return sortFindings(findings), nil
}

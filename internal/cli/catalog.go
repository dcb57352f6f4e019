package cli

import (
	"fmt"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/cli/lint"
	"github.com/foyerhq/foyer/internal/cli/manifest"
)

// tenantCatalog is the catalogue with the events that the Tenant in a file declares;
// without a file the one of every tenant.
func tenantCatalog(file string, streams Streams) (*catalog.Catalog, error) {
	if file == "" {
		return catalog.BuiltIn(), nil
	}
	set, err := manifest.Read(manifest.Source{Paths: []string{file}, In: streams.In})
	if err != nil {
		return nil, err
	}
	result, err := lint.Check(set, lint.Options{})
	if err != nil {
		return nil, err
	}
	if err := refuse(streams, result, func(f lint.Finding) bool { return f.Kind == "" || f.Kind == "Tenant" }); err != nil {
		return nil, err
	}
	if n := len(result.Tenants); n != 1 {
		return nil, fmt.Errorf("%s has %s, exactly one is needed to know its events", file, plural(n, "Tenant"))
	}
	return catalogOf(result.Tenants[0].Object), nil
}

// catalogOf is the catalogue of a tenant without findings; nil: that of every tenant.
func catalogOf(tenant *v1alpha1.Tenant) *catalog.Catalog {
	if tenant == nil {
		return catalog.BuiltIn()
	}
	known, _ := catalog.New(lint.OwnEvents(tenant.Spec.Events)) // lint has told the problems
	return known
}

// refuse prints those errors of a result that matter, and is an error if there are any.
func refuse(streams Streams, result lint.Result, matters func(lint.Finding) bool) error {
	refused := false
	for _, f := range result.Findings {
		if f.Severity != lint.Error || !matters(f) {
			continue
		}
		refused = true
		if _, err := fmt.Fprint(streams.Out, findingLine(streams, f)); err != nil {
			return err
		}
	}
	if refused {
		return errFindings
	}
	return nil
}

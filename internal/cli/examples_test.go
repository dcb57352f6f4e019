package cli

import (
	"testing"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/message/condition"
	"github.com/foyerhq/foyer/internal/message/template"
)

// TestExamplesWork: what `kubectl foyer events NAME` shows can be copied.
func TestExamplesWork(t *testing.T) {
	for _, event := range allEvents(catalog.BuiltIn()) {
		templates, conditions := examples(event)
		if len(templates) < 3 || len(conditions) < 1 {
			t.Errorf("%s has %d examples of templates and %d of conditions", event.Name, len(templates), len(conditions))
		}
		for _, source := range templates {
			if _, problems := template.Compile(source, template.Plain, event); len(problems) > 0 {
				t.Errorf("%s: %s: %v", event.Name, source, problems)
			}
		}
		for _, source := range conditions {
			if _, problems := condition.Compile(source, event); len(problems) > 0 {
				t.Errorf("%s: %s: %v", event.Name, source, problems)
			}
		}
	}
}

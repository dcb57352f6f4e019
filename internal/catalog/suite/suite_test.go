package suite_test

import (
	"testing"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/catalog/suite"
	"github.com/foyerhq/foyer/internal/message/template"
)

func TestCompiles(t *testing.T) {
	for _, name := range suite.Events() {
		event, _ := catalog.BuiltIn().Lookup(name)
		m, _ := suite.For(name, "#0a5fb4")
		for _, text := range m.Texts {
			for format, source := range map[template.Format]string{template.Subject: text.Subject, template.Plain: text.Plain, template.HTML: text.HTML} {
				if _, problems := template.Compile(source, format, event); len(problems) > 0 {
					t.Errorf("%s %s %s: %v", name, text.Locale, format, problems)
				}
			}
		}
	}
}

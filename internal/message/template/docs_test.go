package template_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/message/template"
)

func readDocs(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path) //nolint:gosec // a file of the repository
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func builtIn(t *testing.T, name string) catalog.Event {
	t.Helper()
	event, exists := catalog.BuiltIn().Lookup(name)
	if !exists {
		t.Fatalf("there is no event %s", name)
	}
	return event
}

// TestDocsShowWhatIsTold keeps the message in the docs what the tool writes.
func TestDocsShowWhatIsTold(t *testing.T) {
	_, problems := template.Compile("Hello,\nover {{.payment.amout}}", template.Plain, builtIn(t, "payment.received"))
	if told := "spec.actions[0].email.text, " + lines(problems); !strings.Contains(readDocs(t, "../../../docs/eventtemplate.md"), told+"\n") {
		t.Errorf("docs/eventtemplate.md has not: %s", told)
	}
}

// TestManualsNameFieldsThatExist has the fields of the manuals, each of which some event
// must have.
func TestManualsNameFieldsThatExist(t *testing.T) {
	known := catalog.BuiltIn()
	exists := map[string]bool{}
	var add func(path string, fields []catalog.Field)
	add = func(path string, fields []catalog.Field) {
		for _, f := range fields {
			exists[path+"."+f.Name] = true
			add(path+"."+f.Name, f.Fields)
		}
	}
	for _, name := range known.Names() {
		event, _ := known.Lookup(name)
		add("", event.TemplateFields())
	}
	wanted := regexp.MustCompile(`\.(account|tenant|event|recipient|invoice|overdue|open|payment|credential)\.[a-zA-Z.]*[a-zA-Z]`)
	for _, path := range []string{"doc.go", "../../../docs/eventtemplate.md"} {
		for _, field := range wanted.FindAllString(readDocs(t, path), -1) {
			if !exists[field] && field != ".payment.amout" {
				t.Errorf("%s has %s, which no event has", path, field)
			}
		}
	}
}

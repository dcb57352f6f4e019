package cli

import (
	"fmt"
	"strings"

	"github.com/foyerhq/foyer/internal/catalog"
)

// examples shows how templates and conditions write the fields of an event: one example
// of each kind of field that it has.
func examples(e catalog.Event) (templates, conditions []string) {
	x := exampleWriter{shown: map[string]bool{}}
	x.fields("", e.Fields, true)
	x.fields("", e.TemplateFields(), true)
	return x.templates, x.conditions
}

type exampleWriter struct {
	templates, conditions []string
	shown                 map[string]bool
}

// fields walks down the objects. certain says that everything around the fields is there.
func (x *exampleWriter) fields(path string, fields []catalog.Field, certain bool) {
	for _, f := range fields {
		if f.Type == catalog.Object {
			x.fields(path+f.Name+".", f.Fields, certain && !f.Optional)
		} else if certain {
			x.field(path+f.Name, f)
		}
	}
}

// first says that no example of that kind was shown before.
func (x *exampleWriter) first(kind string) bool {
	first := !x.shown[kind]
	x.shown[kind] = true
	return first
}

func (x *exampleWriter) field(path string, f catalog.Field) {
	switch {
	case f.Type == catalog.List:
		x.list(path, f)
	case f.Optional && f.Type != catalog.Boolean:
		if x.first("optional") {
			x.templates = append(x.templates, fmt.Sprintf("{{if .%s}}{{.%s}}{{end}}", path, path))
		}
		if !strings.HasPrefix(path, "recipient.") && f.Type != catalog.Link && x.first("has") {
			x.conditions = append(x.conditions, fmt.Sprintf("has(%s)", path))
		}
	case f.Type == catalog.Boolean:
		if !f.Optional && x.first("boolean") {
			x.templates = append(x.templates, fmt.Sprintf("{{if .%s}}yes{{else}}no{{end}}", path))
			if !strings.HasPrefix(path, "recipient.") {
				x.conditions = append(x.conditions, "!"+path)
			}
		}
	default:
		if x.first(string(f.Type)) {
			x.templates = append(x.templates, fmt.Sprintf("{{.%s}}", path))
		}
		x.condition(path, f)
	}
}

// list repeats a text for each element.
func (x *exampleWriter) list(path string, f catalog.Field) {
	for _, element := range f.Fields {
		if !element.Optional && element.Type == catalog.Text && x.first("list") {
			x.templates = append(x.templates, fmt.Sprintf("{{range .%s}}{{.%s}} {{end}}", path, element.Name))
			x.conditions = append(x.conditions, fmt.Sprintf("size(%s) > 0", path))
		}
	}
}

func (x *exampleWriter) condition(path string, f catalog.Field) {
	var condition string
	switch {
	case f.Type == catalog.Money || f.Type == catalog.Decimal:
		condition = path + " >= 10.0"
	case f.Type == catalog.Integer:
		condition = path + " > 3"
	case f.Type == catalog.Date:
		condition = fmt.Sprintf("%s > timestamp('2026-01-01T00:00:00Z')", path)
	case f.Type == catalog.Text && len(f.Values) > 1:
		condition = fmt.Sprintf("%s == '%s'", path, f.Values[0])
	default:
		return
	}
	if x.first("condition " + condition[len(path):]) {
		x.conditions = append(x.conditions, condition)
	}
}

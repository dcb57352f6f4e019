package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

type schema = apiextensionsv1.JSONSchemaProps

// field is one row of a page, all in Markdown.
type field struct {
	path, kind, required, description string
	checks                            []string
}

// fieldsOf lists a field and everything below it, but not what is below conditions: that is
// Kubernetes' own.
func fieldsOf(path string, required bool, s schema) []field {
	row := field{path: path, kind: typeOf(s), description: prose(s.Description), checks: checks(s)}
	if required {
		row.required = "yes"
	}
	if path == "status.conditions" {
		return []field{row}
	}
	list := []field{row}
	below := s
	if s.Items != nil {
		below, path = *s.Items.Schema, path+"[]"
	}
	for _, name := range slices.Sorted(maps.Keys(below.Properties)) {
		list = append(list, fieldsOf(path+"."+name, slices.Contains(below.Required, name), below.Properties[name])...)
	}
	return list
}

func typeOf(s schema) string {
	switch {
	case s.Items != nil:
		return "list of " + typeOf(*s.Items.Schema) + "s"
	case s.Format == "date-time":
		return "time"
	default:
		return s.Type
	}
}

// checks says what the API server asks of a value, and of each item of a list.
func checks(s schema) []string {
	var list []string
	if len(s.Enum) > 0 {
		values := make([]string, len(s.Enum))
		for i, value := range s.Enum {
			values[i] = strings.Trim(string(value.Raw), `"`)
		}
		list = append(list, codes(values))
	}
	list = append(list, bounds(s.MinLength, s.MaxLength, "characters")...)
	list = append(list, bounds(s.MinItems, s.MaxItems, "items")...)
	list = append(list, bounds(s.MinProperties, s.MaxProperties, "fields")...)
	list = append(list, bounds(whole(s.Minimum), whole(s.Maximum), "")...)
	if s.Pattern != "" {
		list = append(list, "matches "+code(s.Pattern))
	}
	if s.Default != nil {
		list = append(list, "default "+code(string(s.Default.Raw)))
	}
	if len(s.XListMapKeys) > 0 {
		list = append(list, "one for each "+codes(s.XListMapKeys))
	}
	if s.XListType != nil && *s.XListType == "set" {
		list = append(list, "each once")
	}
	list = append(list, validations(s.XValidations)...)
	if s.Items != nil {
		for _, check := range checks(*s.Items.Schema) {
			list = append(list, "each: "+check)
		}
	}
	return list
}

func bounds(low, high *int64, unit string) []string {
	text, last := "", int64(0)
	switch {
	case low == nil && high == nil:
		return nil
	case high == nil:
		text, last = fmt.Sprintf("at least %d", *low), *low
	case low == nil:
		text, last = fmt.Sprintf("at most %d", *high), *high
	case *low == *high:
		text, last = fmt.Sprintf("%d", *low), *low
	default:
		text, last = fmt.Sprintf("%d to %d", *low, *high), *high
	}
	if last == 1 {
		unit = strings.TrimSuffix(unit, "s")
	}
	return []string{strings.TrimSpace(text + " " + unit)}
}

// whole is a bound of a number; the kinds have whole ones only.
func whole(bound *float64) *int64 {
	if bound == nil {
		return nil
	}
	number := int64(*bound)
	return &number
}

// validations are the rules in CEL, each with what people are told who break it.
func validations(rules apiextensionsv1.ValidationRules) []string {
	var list []string
	for _, rule := range rules {
		text := code(rule.Rule)
		if rule.Message != "" {
			text = prose(rule.Message) + ": " + text
		}
		list = append(list, text)
	}
	return list
}

// prose is text in a cell of a table.
func prose(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`).Replace(strings.Join(strings.Fields(text), " "))
}

// code is text as it is in a cell of a table, where a bar ends the cell in code as well.
func code(text string) string {
	text = strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
	if strings.Contains(text, "`") {
		return "`` " + text + " ``"
	}
	return "`" + text + "`"
}

func codes(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = code(text)
	}
	return strings.Join(quoted, ", ")
}

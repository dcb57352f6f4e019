package backoffice

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// The page for people that shows the OpenAPI document: server-rendered, without a script,
// with a stylesheet of its own.
var (
	//go:embed docs.html
	docsHTML string
	//go:embed docs.css
	docsCSS []byte

	docsTemplate = template.Must(template.New("docs").Parse(docsHTML))
)

// docsPolicy allows the page its stylesheet and nothing else.
const docsPolicy = "default-src 'none'; style-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"

type docsPage struct {
	Title, Version string
	Intro          []template.HTML
	Groups         []docsGroup
	Objects        []docsObject
	JSON, YAML     string
}

type docsGroup struct {
	Name, Anchor string
	Description  []template.HTML
	Operations   []docsOperation
}

type docsOperation struct {
	ID, Method, Path, Summary, Scope string
	Description                      []template.HTML
	Parameters                       []docsField
	Body                             *docsBody
	Answers, Failures                []docsAnswer
	Curl                             string
}

type docsBody struct {
	Types  string
	Object string // the name of its schema; empty: it is not JSON
	Note   string
}

type docsAnswer struct {
	Status, Text, Object string
}

type docsObject struct {
	Name   string
	Fields []docsField
}

type docsField struct {
	Name, In, Type, Object string
	Required, ReadOnly     bool
	Rules                  []string
	Description            template.HTML
}

// renderDocs makes the page of a document.
func renderDocs(document *huma.OpenAPI) []byte {
	d := docsOf{document}
	page := docsPage{
		Title: document.Info.Title, Version: document.Info.Version, Intro: paragraphs(document.Info.Description), JSON: pathOpenAPI, YAML: pathOpenAPIYAML,
	}
	for _, tag := range document.Tags {
		group := docsGroup{Name: tag.Name, Anchor: "group-" + strings.ToLower(tag.Name), Description: paragraphs(tag.Description)}
		for _, path := range slices.Sorted(maps.Keys(document.Paths)) {
			for _, o := range operationsOf(document.Paths[path]) {
				if slices.Contains(o.Tags, tag.Name) {
					group.Operations = append(group.Operations, d.operation(o))
				}
			}
		}
		page.Groups = append(page.Groups, group)
	}
	schemas := document.Components.Schemas.Map()
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		if len(schemas[name].Properties) > 0 {
			page.Objects = append(page.Objects, docsObject{Name: name, Fields: d.fields(schemas[name])})
		}
	}
	var b bytes.Buffer
	if err := docsTemplate.Execute(&b, page); err != nil {
		panic(err) // the page is made of the document, which does not change
	}
	return b.Bytes()
}

// docsOf reads a document for the page.
type docsOf struct{ document *huma.OpenAPI }

var scopeLine = regexp.MustCompile("\n\nScope: .*$")

func (d docsOf) operation(o *huma.Operation) docsOperation {
	scope, _ := o.Metadata[scopeKey].(string)
	shown := docsOperation{
		ID: o.OperationID, Method: o.Method, Path: o.Path, Summary: o.Summary, Scope: scope,
		Description: paragraphs(scopeLine.ReplaceAllString(o.Description, "")), Curl: d.curl(o),
	}
	for _, p := range o.Parameters {
		field := d.field(p.Name, p.Schema)
		field.In, field.Required, field.Description = p.In, p.Required, words(p.Description)
		shown.Parameters = append(shown.Parameters, field)
	}
	if o.RequestBody != nil {
		types := slices.Sorted(maps.Keys(o.RequestBody.Content))
		shown.Body = &docsBody{Types: strings.Join(types, " or "), Object: objectOf(o.RequestBody.Content[types[0]].Schema), Note: o.RequestBody.Description}
	}
	for _, status := range slices.Sorted(maps.Keys(o.Responses)) {
		response := o.Responses[status]
		if response.Ref != "" {
			response = d.document.Components.Responses[strings.TrimPrefix(response.Ref, "#/components/responses/")]
		}
		answer := docsAnswer{Status: status, Text: response.Description}
		for _, media := range response.Content {
			answer.Object = objectOf(media.Schema)
		}
		if status < "400" {
			shown.Answers = append(shown.Answers, answer)
		} else {
			shown.Failures = append(shown.Failures, answer)
		}
	}
	return shown
}

func (d docsOf) fields(object *huma.Schema) []docsField {
	var required, optional, ours []docsField
	for _, name := range slices.Sorted(maps.Keys(object.Properties)) {
		field := d.field(name, object.Properties[name])
		field.Required = slices.Contains(object.Required, name)
		switch {
		case field.ReadOnly:
			ours = append(ours, field)
		case field.Required:
			required = append(required, field)
		default:
			optional = append(optional, field)
		}
	}
	return append(append(required, optional...), ours...)
}

func (d docsOf) field(name string, s *huma.Schema) docsField {
	field := docsField{Name: name, Type: typeOf(s), Object: objectOf(s), ReadOnly: s.ReadOnly, Description: words(s.Description)}
	element := s
	if s.Items != nil {
		element = s.Items
	}
	rule := func(holds bool, format string, args ...any) {
		if holds {
			field.Rules = append(field.Rules, fmt.Sprintf(format, args...))
		}
	}
	if element.MinLength != nil {
		rule(*element.MinLength > 1, "at least %d characters", *element.MinLength)
	}
	if element.MaxLength != nil {
		rule(true, "at most %d characters", *element.MaxLength)
	}
	if element.Minimum != nil {
		rule(true, "at least %v", *element.Minimum)
	}
	if element.Maximum != nil {
		rule(true, "at most %v", *element.Maximum)
	}
	if s.MaxItems != nil {
		rule(true, "at most %d items", *s.MaxItems)
	}
	rule(s.UniqueItems, "each once")
	rule(element.Pattern != "", "matches %s", element.Pattern)
	rule(s.Default != nil, "default %v", s.Default)
	if len(element.Enum) > 0 {
		var names []string
		for _, value := range element.Enum {
			if value != nil {
				names = append(names, fmt.Sprint(value))
			}
		}
		rule(true, "one of %s", strings.Join(names, ", "))
	}
	return field
}

// typeOf says in a word or two what a value is.
func typeOf(s *huma.Schema) string {
	switch {
	case s.Ref != "":
		return "object"
	case len(s.AnyOf) > 0, len(s.OneOf) > 0:
		return "object"
	case s.Type == huma.TypeArray && s.Items != nil:
		return "list of " + typeOf(s.Items) + "s"
	case s.Format == "date-time":
		return "time"
	case s.Format == "date":
		return "date"
	case s.Type == huma.TypeInteger:
		return "whole number"
	case s.Type == huma.TypeBoolean:
		return "true or false"
	case s.Type == huma.TypeString:
		return "text"
	case s.Type == "":
		return "any"
	}
	return s.Type
}

// objectOf is the name of the schema that a value, or each of a list, has.
func objectOf(s *huma.Schema) string {
	switch {
	case s == nil:
		return ""
	case s.Ref != "":
		return strings.TrimPrefix(s.Ref, schemaPrefix)
	case s.Items != nil:
		return objectOf(s.Items)
	}
	return ""
}

var (
	codeText   = regexp.MustCompile("`([^`]+)`")
	strongText = regexp.MustCompile(`\*\*([^*]+)\*\*`)
)

// words are the two marks of Markdown that descriptions use, as HTML.
func words(text string) template.HTML {
	escaped := template.HTMLEscapeString(text)
	escaped = strongText.ReplaceAllString(escaped, "<strong>$1</strong>")
	return template.HTML(codeText.ReplaceAllString(escaped, "<code>$1</code>")) //nolint:gosec // escaped above, and our own text
}

func paragraphs(text string) []template.HTML {
	var list []template.HTML
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		if paragraph = strings.TrimSpace(paragraph); paragraph != "" {
			list = append(list, words(paragraph))
		}
	}
	return list
}

// serveDocs answers with the page.
func serveDocs(page []byte) http.HandlerFunc {
	show := static("text/html; charset=utf-8", page)
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", docsPolicy)
		show(w, r)
	}
}

package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/foyerhq/foyer/internal/catalog"
)

// eventView is an event as JSON.
type eventView struct {
	Name         string          `json:"name"`
	Title        string          `json:"title"`
	Description  string          `json:"description"`
	Category     string          `json:"category"`
	Dated        string          `json:"dated,omitempty"` // the path of the date
	OptOut       bool            `json:"optOut"`
	FromFoyer    bool            `json:"fromFoyer"`
	Message      bool            `json:"message"`
	RequiredLink string          `json:"requiredLink,omitempty"`
	Fields       []fieldView     `json:"fields"`
	Sample       json.RawMessage `json:"sample"`
}

type fieldView struct {
	Name        string      `json:"name"`
	Type        string      `json:"type"`
	Description string      `json:"description,omitempty"`
	Optional    bool        `json:"optional,omitempty"`
	Values      []string    `json:"values,omitempty"`
	Fields      []fieldView `json:"fields,omitempty"`
}

func viewOf(e catalog.Event) eventView {
	return eventView{
		Name: e.Name, Title: e.Title, Description: e.Description, Category: string(e.Category), Dated: e.Anchor,
		OptOut: optOut(e), FromFoyer: e.WhyNotSentIn() != "", Message: e.Message, RequiredLink: e.RequiredLink,
		Fields: viewsOf(e.TemplateFields()), Sample: e.Sample,
	}
}

func viewsOf(fields []catalog.Field) []fieldView {
	var views []fieldView
	for _, f := range fields {
		views = append(views, fieldView{f.Name, string(f.Type), f.Description, f.Optional, f.Values, viewsOf(f.Fields)})
	}
	return views
}

func printSchemas(events []catalog.Event, streams Streams) error {
	schemas := map[string]json.RawMessage{}
	for _, e := range events {
		schema, err := e.JSONSchema()
		if err != nil {
			return err
		}
		schemas[e.Name] = schema
	}
	return printJSON(streams.Out, schemas)
}

func printEvent(e catalog.Event, output string, streams Streams) error {
	switch output {
	case "markdown":
		return fmt.Errorf("-o markdown writes the page of all events: leave out %s", e.Name)
	case "json":
		return printJSON(streams.Out, viewOf(e))
	case "jsonschema":
		schema, err := e.JSONSchema()
		if err != nil {
			return err
		}
		_, err = streams.Out.Write(schema)
		return err
	case "wide":
		return printTable([]catalog.Event{e}, true, streams)
	}
	var out strings.Builder
	writeEventHead(&out, e, streams)
	writeFieldTree(&out, e)
	writeExamples(&out, e)
	fmt.Fprintf(&out, "\nSample:\n%s\n", indent(strings.TrimSpace(string(e.Sample))))
	_, err := io.WriteString(streams.Out, out.String())
	return err
}

func writeEventHead(out *strings.Builder, e catalog.Event, streams Streams) {
	fmt.Fprintf(out, "%s: %s\n%s\n\n", streams.coloured(bold, e.Name), e.Title, e.Description)
	var rows [][]string
	row := func(name, value string) { rows = append(rows, []string{name + ":", value}) }
	row("Category", string(e.Category)+choose(optOut(e), "", ", nobody can opt out"))
	if e.Anchor != "" {
		row("Dated", "the days of an action count from "+e.Anchor)
	}
	row("From", choose(e.WhyNotSentIn() != "", "Foyer itself, nobody can send it in", "Foyer, or sent in by the provider's systems"))
	row("Message", choose(e.Message, "people want to be told", "the event is for webhooks"))
	if e.RequiredLink != "" {
		row("Link", fmt.Sprintf("each mail and text message must contain {{.%s}}", e.RequiredLink))
	}
	out.WriteString(columns(rows, 2))
}

func writeFieldTree(out *strings.Builder, e catalog.Event) {
	out.WriteString("\nFields:\n" + columns(fieldRows(e.TemplateFields(), "  "), 2))
}

func fieldRows(fields []catalog.Field, prefix string) [][]string {
	var rows [][]string
	for _, f := range fields {
		meaning := f.Description
		if len(f.Values) > 1 {
			meaning += " One of " + strings.Join(f.Values, ", ") + "."
		}
		rows = append(rows, []string{prefix + f.Name, string(f.Type) + choose(f.Optional, ", optional", ""), meaning})
		rows = append(rows, fieldRows(f.Fields, prefix+"  ")...)
	}
	return rows
}

// columns aligns the cells of rows.
func columns(rows [][]string, apart int) string {
	var out strings.Builder
	table := tabwriter.NewWriter(&out, 0, 0, apart, ' ', 0)
	for _, row := range rows {
		_, _ = io.WriteString(table, strings.Join(row, "\t")+"\n") // a strings.Builder takes everything
	}
	_ = table.Flush()
	return out.String()
}

func writeExamples(out *strings.Builder, e catalog.Event) {
	templates, conditions := examples(e)
	out.WriteString("\nIn a template:\n")
	writeLines(out, templates)
	out.WriteString("\nIn a condition (spec.when):\n")
	writeLines(out, conditions)
}

func writeLines(out *strings.Builder, lines []string) {
	for _, line := range lines {
		out.WriteString("  " + line + "\n")
	}
}

// indent puts a text below a heading.
func indent(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) != "" {
			out.WriteString("  ")
		}
		out.WriteString(line)
	}
	return out.String()
}

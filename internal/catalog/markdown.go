package catalog

import (
	"fmt"
	"strings"
)

const markdownHead = `<!-- Written by ` + "`kubectl foyer events -o markdown`" + `. Do not edit. -->

# Events

Something that happened to an account, or that falls due by date. An
EventTemplate says who is told of it and how.

A template writes a field with its path, as ` + "`{{.invoice.number}}`" + `. A condition names it
without braces and first dot, as ` + "`invoice.balance >= 10.0`" + `. A field that is *optional* may
be missing: a template asks ` + "`{{if .invoice.payURL}}`" + ` and a condition ` + "`has(invoice.payURL)`" + `
before it relies on it. ` + "`[]`" + ` is behind the name of a list: a template repeats what is
between ` + "`{{range .overdue.invoices}}`" + ` and ` + "`{{end}}`" + ` for each element.

| type | in JSON | in a condition |
|---|---|---|
| Text | ` + "`\"Miller Ltd\"`" + `, at most 10,000 characters | string |
| Integer | ` + "`3`" + ` | int |
| Decimal | ` + "`\"12.5\"`" + ` | double |
| Money | ` + "`\"120.00\"`" + `, in the currency of the field ` + "`currency`" + ` beside it, else in the account's | double |
| Date | ` + "`\"2026-11-21\"`" + ` | timestamp |
| Time | ` + "`\"2026-11-21T09:00:00Z\"`" + ` | timestamp |
| Boolean | ` + "`true`" + ` | bool |
| URL | ` + "`\"https://my.acme.example\"`" + ` | string |
| Link | a secret address: whoever has it comes in, or opts out, as the person it was made for. Only mails and text messages may hold it, and it is in no data that Foyer is sent or sends | not there |
| List | a list of at most 1,000 objects | list |
`

// Markdown is the page of documentation about all event types of the catalogue.
func (c *Catalog) Markdown() string {
	var out strings.Builder
	out.WriteString(markdownHead)
	c.writeIndex(&out)

	out.WriteString("\n## Fields of every event\n\n")
	common := []Field{tenant, oneAccount, eventObject(""), recipient}
	writeFields(&out, common)
	for _, name := range c.Names() {
		writeEvent(&out, c.events[name])
	}
	return out.String()
}

func (c *Catalog) writeIndex(out *strings.Builder) {
	out.WriteString("\n## All events\n\nNobody can opt out of messages of the category Security.\n\n")
	out.WriteString("| event | when | category |\n|---|---|---|\n")
	for _, name := range c.Names() {
		e := c.events[name]
		anchor := strings.ToLower(strings.ReplaceAll(name, ".", "")) // as the pages of git hosts make it
		fmt.Fprintf(out, "| [%s](#%s) | %s | %s |\n", name, anchor, cell(e.Description), e.Category)
	}
}

func writeEvent(out *strings.Builder, e Event) {
	fmt.Fprintf(out, "\n## %s\n\n**%s.** %s\n\n", e.Name, e.Title, cell(e.Description))
	fmt.Fprintf(out, "- Category: %s\n", e.Category)
	if e.Critical {
		out.WriteString("- Nobody can opt out of it.\n")
	}
	if e.Anchor != "" {
		fmt.Fprintf(out, "- Dated: the days of an action count from `%s`.\n", e.Anchor)
	}
	if why := e.WhyNotSentIn(); why != "" {
		fmt.Fprintf(out, "- Nobody can send it in: %s.\n", why)
	}
	if e.RequiredLink != "" {
		fmt.Fprintf(out, "- Every mail and text message must contain `{{.%s}}`.\n", e.RequiredLink)
	}
	if e.ManyAccounts {
		out.WriteString("- It may be about more than one account: every field of `account` is optional.\n")
	}
	if !e.Message {
		out.WriteString("- For webhooks: there is no standard message.\n")
	}
	if len(e.Fields) > 0 {
		out.WriteByte('\n')
		writeFields(out, e.Fields)
	}
	fmt.Fprintf(out, "\nSample:\n\n```json\n%s\n```\n", e.Sample)
}

func writeFields(out *strings.Builder, fields []Field) {
	out.WriteString("| field | type | meaning |\n|---|---|---|\n")
	writeRows(out, "", fields)
}

func writeRows(out *strings.Builder, prefix string, fields []Field) {
	for _, f := range fields {
		kind, meaning, below := string(f.Type), f.Description, prefix+f.Name+"."
		if f.Optional {
			kind += ", optional"
		}
		if len(f.Values) > 1 {
			meaning += " Values: " + strings.Join(f.Values, ", ") + "."
		}
		if f.Type == List {
			below = prefix + f.Name + "[]."
		}
		fmt.Fprintf(out, "| `%s` | %s | %s |\n", prefix+f.Name, kind, cell(meaning))
		writeRows(out, below, f.Fields)
	}
}

// cell is a text that cannot break the table: that of a tenant's own event may hold
// anything.
func cell(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "`", "'").Replace(text)
}

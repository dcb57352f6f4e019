package template_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/message"
	"github.com/foyerhq/foyer/internal/message/template"
)

// testEvent is an event type with a field of every type.
var testEvent = makeTestEvent()

func makeTestEvent() catalog.Event {
	event := catalog.Event{
		Name: "order.placed",
		Fields: []catalog.Field{
			{Name: "order", Type: catalog.Object, Fields: []catalog.Field{
				{Name: "number", Type: catalog.Text},
				{Name: "comment", Type: catalog.Text, Optional: true},
				{Name: "state", Type: catalog.Text, Values: []string{"Open", "Shipped", "Cancelled"}},
				{Name: "items", Type: catalog.Integer},
				{Name: "weight", Type: catalog.Decimal},
				{Name: "total", Type: catalog.Money},
				{Name: "discount", Type: catalog.Money, Optional: true},
				{Name: "currency", Type: catalog.Text},
				{Name: "placedOn", Type: catalog.Date},
				{Name: "shippedAt", Type: catalog.Time, Optional: true},
				{Name: "express", Type: catalog.Boolean},
				{Name: "gift", Type: catalog.Boolean, Optional: true},
				{Name: "pageURL", Type: catalog.URL},
				{Name: "pictureURL", Type: catalog.URL, Optional: true},
				{Name: "address", Type: catalog.Object, Optional: true, Fields: []catalog.Field{
					{Name: "city", Type: catalog.Text},
					{Name: "note", Type: catalog.Text, Optional: true},
				}},
				{Name: "lines", Type: catalog.List, Fields: []catalog.Field{
					{Name: "name", Type: catalog.Text},
					{Name: "amount", Type: catalog.Money},
					{Name: "serial", Type: catalog.Text, Optional: true},
					{Name: "parts", Type: catalog.List, Fields: []catalog.Field{{Name: "name", Type: catalog.Text}}},
				}},
				{Name: "coupons", Type: catalog.List, Optional: true, Fields: []catalog.Field{{Name: "code", Type: catalog.Text}}},
			}},
			{Name: "credential", Type: catalog.Object, Fields: []catalog.Field{
				{Name: "link", Type: catalog.Link},
				{Name: "second", Type: catalog.Link, Optional: true},
			}},
		},
	}
	var payload map[string]any
	if err := json.Unmarshal([]byte(sample), &payload); err != nil {
		panic(err)
	}
	complete(event.TemplateFields(), payload)
	var err error
	if event.Sample, err = json.Marshal(payload); err != nil {
		panic(err)
	}
	return event
}

// complete adds the fields that every event must have and the sample above has not, so
// that tests do not depend on all that the catalog knows of an account.
func complete(fields []catalog.Field, payload map[string]any) {
	for _, f := range fields {
		if inner, is := payload[f.Name].(map[string]any); is {
			complete(f.Fields, inner)
		} else if payload[f.Name] == nil && !f.Optional {
			payload[f.Name] = someValue(f)
		}
	}
}

func someValue(f catalog.Field) any {
	switch f.Type {
	case catalog.Object:
		made := map[string]any{}
		complete(f.Fields, made)
		return made
	case catalog.List:
		return []any{}
	case catalog.Integer:
		return 1
	case catalog.Boolean:
		return true
	case catalog.Decimal, catalog.Money:
		return "1.5"
	case catalog.Date:
		return "2026-11-21"
	case catalog.Time:
		return "2026-11-21T09:00:00Z"
	case catalog.URL, catalog.Link:
		return "https://www.example.com/"
	}
	return "text"
}

const sample = `{
	"tenant":{"name":"Acme Telecom","portalURL":"https://my.acme.example"},
	"account":{"id":"10042","name":"Miller Ltd","profile":"business"},
	"event":{"id":"evt-1","type":"order.placed","time":"2026-11-21T09:00:00Z"},
	"recipient":{"firstName":"Dana","lastName":"Miller","email":"dana@miller.example"},
	"order":{"number":"ORD-7","state":"Open","items":3,"weight":"2.50","total":"1234.5","currency":"EUR","placedOn":"2026-11-21",
		"shippedAt":"2026-11-21T22:30:00Z","express":true,"pageURL":"https://my.acme.example/orders/7?a=1&b=2",
		"address":{"city":"Bern"},
		"lines":[{"name":"Phone","amount":"1200","serial":"S1","parts":[{"name":"Box"}]},{"name":"Cable","amount":"34.5","parts":[]}]},
	"credential":{"link":"https://my.acme.example/set-up/abc?s=1"}}`

// fill fills the sample in.
func fill(t testing.TB, compiled *template.Template) string {
	t.Helper()
	text, err := compiled.Render(template.Data{Payload: decode(t, string(testEvent.Sample)), Locale: "en", Currency: "EUR"})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func decode(t testing.TB, document string) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(document))
	decoder.UseNumber()
	var payload map[string]any
	if err := decoder.Decode(&payload); err != nil {
		t.Fatal(err)
	}
	return payload
}

func mustCompile(t testing.TB, source string, format template.Format) *template.Template {
	t.Helper()
	compiled, problems := template.Compile(source, format, testEvent)
	if len(problems) > 0 {
		t.Fatalf("Compile(%q, %s): %s", source, format, lines(problems))
	}
	return compiled
}

func lines(problems []message.Problem) string {
	var all []string
	for _, p := range problems {
		all = append(all, p.Error())
	}
	return strings.Join(all, "\n")
}

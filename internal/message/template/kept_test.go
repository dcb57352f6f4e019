package template_test

import (
	"testing"

	"github.com/foyerhq/foyer/internal/message/template"
)

// TestKept: the texts of a message share what was made of the payload, and each writes it in
// its own way: JSON has numbers as they are in the payload.
func TestKept(t *testing.T) {
	t.Parallel()
	data := template.Data{Payload: decode(t, string(testEvent.Sample)), Locale: "de-DE", Currency: "EUR"}
	shared := data
	shared.Kept = &template.Kept{}
	for i, format := range []template.Format{template.Subject, template.Plain, template.HTML, template.Subject, template.JSON} {
		source := "{{.order.total}}"
		if format == template.JSON {
			source = `{"total": {{.order.total}}}`
		}
		compiled := mustCompile(t, source, format)
		want, err := compiled.Render(data)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := compiled.Render(shared); err != nil || got != want {
			t.Errorf("%s: got %q %v, want %q", format, got, err, want)
		}
		shared.Payload = nil // the first mail text makes what the others need
		if i == 3 {
			shared.Payload = data.Payload
		}
	}
}

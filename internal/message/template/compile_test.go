package template_test

import (
	"testing"

	"github.com/foyerhq/foyer/internal/message/template"
)

func TestAccepted(t *testing.T) {
	tests := []struct {
		format       template.Format
		source, want string
	}{
		{template.Plain, "", ""},
		{template.Plain, "Dear {{.recipient.firstName | default \"customer\"}},", "Dear Dana,"},
		{template.Plain, "{{.order.total}} {{.order.placedOn}} {{.order.weight}} {{.order.items}}", "€1,234.50 21 Nov 2026 2.50 3"},
		{template.HTML, `<a href="{{.credential.link}}">{{.order.number}}</a>`, `<a href="https://my.acme.example/set-up/abc?s=1">ORD-7</a>`},
		{template.JSON, `{"a":{{.order.items}},"b":"{{.order.total}}"}`, `{"a":3,"b":"1234.5"}`},
	}
	for _, test := range tests {
		if got := fill(t, mustCompile(t, test.source, test.format)); got != test.want {
			t.Errorf("%s %q = %q, want %q", test.format, test.source, got, test.want)
		}
	}
}

package template_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/message/template"
)

const invoiceDocs = "../../../docs/invoice-templates.md"

// TestInvoiceDocs: the docs list each field and each class, and their example is accepted.
func TestInvoiceDocs(t *testing.T) {
	docs := readDocs(t, invoiceDocs)
	if table := strings.TrimSpace(fieldTable("", template.InvoiceFields)); !strings.Contains(docs, table) {
		t.Errorf("%s has other fields than these:\n%s", invoiceDocs, table)
	}
	for class := range strings.SplitSeq(template.InvoiceClasses, ", ") {
		if !regexp.MustCompile("\\| .*`" + class + "`").MatchString(docs) {
			t.Errorf("%s has nothing about the class %s", invoiceDocs, class)
		}
	}
	_, example, _ := strings.Cut(docs, "      html: |\n")
	example, _, _ = strings.Cut(example, "  attributes:")
	if problems := template.CheckInvoice(example); len(problems) > 0 {
		t.Errorf("the example: %s", lines(problems))
	}
}

func fieldTable(path string, fields []catalog.Field) string {
	var out strings.Builder
	for _, f := range fields {
		at := path + "." + f.Name
		if f.Type == catalog.Object {
			out.WriteString(fieldTable(at, f.Fields))
			continue
		}
		typ := string(f.Type)
		if f.Optional {
			typ += ", optional"
		}
		description := f.Description
		if len(f.Values) > 0 {
			description += " One of `" + strings.Join(f.Values, "`, `") + "`."
		}
		out.WriteString("| `" + at + "` | " + typ + " | " + description + " |\n")
		if f.Type == catalog.List {
			out.WriteString(fieldTable(at+"[]", f.Fields))
		}
	}
	return out.String()
}

package people

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/foyerhq/foyer/internal/integration"
)

// withDocument is the invoice of an account that has a PDF of the provider's own: the
// newest one.
func withDocument(account string) string { return account + "-6" }

// invoiceDocument makes the PDF of an invoice that is in the lines of an import.
func invoiceDocument(imports []Import, id, provider string) ([]byte, error) {
	for _, lines := range imports {
		if lines.Kind != integration.Invoices {
			continue
		}
		for text := range bytes.Lines(lines.Body) {
			var invoice integration.Invoice
			if err := json.Unmarshal(text, &invoice); err != nil {
				return nil, fmt.Errorf("read the line of an invoice: %w", err)
			}
			if invoice.ID == id {
				return pdf(invoiceText(invoice, provider)), nil
			}
		}
	}
	return nil, fmt.Errorf("there is no invoice %s", id)
}

func invoiceText(i integration.Invoice, provider string) []string {
	text := []string{provider, "", "Invoice " + i.Number, "Issued on " + i.IssuedOn, ""}
	for _, line := range i.Lines {
		text = append(text, fmt.Sprintf("%-44s %12s", line.Description, line.Amount))
	}
	return append(text, "", fmt.Sprintf("%-44s %12s", "Total", i.Total), fmt.Sprintf("%-44s %12s", "Of this without taxes", i.TotalWithoutTax))
}

// pdf is a document of one page with lines of text, in ASCII.
func pdf(lines []string) []byte {
	var page strings.Builder
	page.WriteString("BT /F1 11 Tf 15 TL 60 760 Td\n")
	for _, line := range lines {
		escaped := strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(line)
		fmt.Fprintf(&page, "(%s) Tj T*\n", escaped)
	}
	page.WriteString("ET\n")
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%sendstream", page.Len(), page.String()),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>",
	}
	var out bytes.Buffer
	out.WriteString("%PDF-1.4\n")
	var table strings.Builder
	for i, object := range objects {
		fmt.Fprintf(&table, "%010d 00000 n \n", out.Len())
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	begins := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, table.String(), len(objects)+1, begins)
	return out.Bytes()
}

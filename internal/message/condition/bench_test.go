package condition_test

import (
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/message/condition"
)

// What people write.
var usual = map[string]string{
	"one":  `invoice.balance >= 10.0`,
	"some": `invoice.balance >= 10.0 && account.profile in ["business", "reseller"] && has(invoice.payURL) && !invoice.disputed`,
	"list": `overdue.invoices.exists(i, i.balance > 1000.0 && i.daysOverdue > 30)`,
}

// BenchmarkCompile is what the operator does for each condition that changed.
func BenchmarkCompile(b *testing.B) {
	event := lookup(b, "invoice.unpaid")
	for name, source := range usual {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, problems := condition.Compile(source, event); len(problems) > 0 {
					b.Fatal(problems)
				}
			}
		})
	}
}

// BenchmarkHolds is what the dispatcher does for each event and template.
func BenchmarkHolds(b *testing.B) {
	event := lookup(b, "invoice.unpaid")
	payload := sample(b, event)
	for name, source := range usual {
		b.Run(name, func(b *testing.B) {
			c := compile(b, source, event)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Holds(payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkLongest is the most work that a condition may be, with the longest texts and
// lists that a payload holds: a second, or the bound in cost.go is wrong.
func BenchmarkLongest(b *testing.B) {
	event := lookup(b, "invoice.unpaid")
	payload := sample(b, event)
	invoice := map[string]any{"number": strings.Repeat("a", 10_000), "balance": "1.00", "daysOverdue": 1.0}
	many := make([]any, 1000)
	for i := range many {
		many[i] = invoice
	}
	payload["overdue"].(map[string]any)["invoices"] = many
	for name, source := range map[string]string{
		"pattern": `overdue.invoices.exists(i, i.number.matches("(a|aa)*[a-z]?a*b"))`,
		"nested":  `overdue.invoices.exists(i, overdue.invoices.exists(j, i.balance + j.balance > 10.0))`,
		"search":  `overdue.invoices.exists(i, i.number.contains("` + strings.Repeat("a", 900) + `b"))`,
	} {
		b.Run(name, func(b *testing.B) {
			c := compile(b, source, event)
			for b.Loop() {
				if holds, err := c.Holds(payload); holds || err != nil {
					b.Fatal(holds, err)
				}
			}
		})
	}
}

// BenchmarkEnvironment is what the first condition on a payload costs.
func BenchmarkEnvironment(b *testing.B) {
	event := lookup(b, "invoice.unpaid")
	fields := event.Fields
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		event.Fields = append(fields[:len(fields):len(fields)], own(i))
		if _, problems := condition.Compile("true", event); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}

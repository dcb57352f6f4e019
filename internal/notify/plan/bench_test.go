package plan

import (
	"fmt"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

// sweepOf is a tenant with as many accounts of one open invoice each, of which one in four
// is due at the time.
func sweepOf(tb testing.TB, accounts int) (*Rules, []*Account, []Invoice, time.Time) {
	tb.Helper()
	d := newDocuments()
	d.template("dunning", unpaid, []string{"business"}, d.mail("mail", []string{"Billing"}, 0, 3, 7, 14), d.sms("text", []string{"Billing"}, 7))
	d.edit("dunning", func(t *config.EventTemplate) { t.When = "invoice.balance >= 10.0 && !invoice.disputed" })
	zones := []string{"Europe/Berlin", "Australia/Sydney", "America/New_York", "Asia/Kolkata"}
	at := instant("2026-11-21T12:00:00Z")
	var all []*Account
	var open []Invoice
	for i := range accounts {
		dana := person("dana", "Billing")
		dana.Phone = "+44 7400 123456"
		a := miller([]string{"business", "residential"}[i%2], dana, person("tim", "Technical"))
		a.ID = fmt.Sprint("account-", i)
		a.Attributes.TimeZone = zones[i%len(zones)]
		v := invoice(fmt.Sprint("invoice-", i), at.AddDate(0, 0, -i/4%16).Format(time.DateOnly))
		a.Owed = owing(date("2026-11-21"), v)
		all, open = append(all, a), append(open, v)
	}
	return d.rules(tb), all, open, at
}

// BenchmarkDue is a sweep over 40,000 invoices that may be due, of which about 10,000 are:
// of the figure sweep, what planning takes of it.
func BenchmarkDue(b *testing.B) {
	const candidates = 40_000
	r, accounts, open, at := sweepOf(b, candidates)
	b.ReportAllocs()
	due := 0
	for b.Loop() {
		due = 0
		for i := range accounts {
			due += len(r.Due(accounts[i], open[i:i+1], nil, nil, at))
		}
	}
	b.ReportMetric(float64(due), "due")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/candidates, "ns/candidate")
}

// BenchmarkDueOnce is the same for one invoice that is due.
func BenchmarkDueOnce(b *testing.B) {
	r, accounts, _, at := sweepOf(b, 1)
	open := []Invoice{invoice("1", "2026-11-14")} // mail and text message
	b.ReportAllocs()
	for b.Loop() {
		if len(r.Due(accounts[0], open, nil, nil, at)) != 2 {
			b.Fatal("nothing is due")
		}
	}
}

// BenchmarkEvent is what an event costs, from the feed to a composed mail.
func BenchmarkEvent(b *testing.B) {
	own := newDocuments()
	a := own.mail("mail", []string{"Billing"})
	a.Email.HTML = own.body("<p>Invoice {{.invoice.number}} of {{.account.name}} for {{.invoice.balance}}: <a href=\"{{.invoice.url}}\">see it</a></p>")
	own.template("new", "invoice.issued", []string{"business"}, a)
	own.edit("new", func(t *config.EventTemplate) { t.When = "invoice.balance >= 10.0" })
	for name, d := range map[string]*documents{"own": own, "standard": newDocuments()} {
		r, account, e := d.rules(b), miller("business", person("dana", "Billing")), issued()
		account.Attributes.QuietHours = settings.QuietHours{Start: "22:00", End: "07:00"}
		planned := r.Plan(e, account, now)[0]
		b.Run(name+"/plan", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if len(r.Plan(e, account, now)) != 1 {
					b.Fatal("nothing is planned")
				}
			}
		})
		b.Run(name+"/guard", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if reason, _ := r.Guard(planned, account, now); reason != "" {
					b.Fatal(reason)
				}
			}
		})
		b.Run(name+"/compose", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Compose(planned, account, links{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRules is what a new document costs: of 200 templates with two actions each, and
// of none.
func BenchmarkRules(b *testing.B) {
	many := newDocuments()
	for i := range 200 {
		many.template(fmt.Sprint("t", i), "invoice.issued", []string{fmt.Sprint("p", i)},
			many.mail(fmt.Sprint("mail", i), []string{"Billing"}), many.sms(fmt.Sprint("text", i), []string{"Billing"}))
	}
	for name, d := range map[string]*documents{"200": many, "0": newDocuments()} {
		live, routing := d.load(b)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				NewRules(live, routing)
			}
		})
		before, _ := NewRules(live, routing)
		b.Run(name+"/next", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				before.Next(live, routing)
			}
		})
	}
}

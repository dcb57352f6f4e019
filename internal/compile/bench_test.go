package compile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
)

// BenchmarkUnchanged is what a pass costs when nothing is to do: a restarted manager
// does it for every tenant.
func BenchmarkUnchanged(b *testing.B) {
	in := compile.Input{Tenant: tenant(1), Usage: usage()}
	for i := range 4 {
		in.AccountProfiles = append(in.AccountProfiles, accountProfile(fmt.Sprint("a", i), 1, terms(5), zone("Europe/Berlin")))
		in.MyAccountProfiles = append(in.MyAccountProfiles, portalProfile(fmt.Sprint("p", i), 1))
	}
	in.MyAccountProfiles = append(in.MyAccountProfiles, portalProfile("vip", 1, forCustomer("1")))
	out, err := compile.Compile(in)
	if err != nil {
		b.Fatal(err)
	}
	in.Live, in.LiveRouting = out.Document, out.Routing
	b.ReportAllocs()
	for b.Loop() {
		if _, err := compile.Compile(in); err != nil {
			b.Fatal(err)
		}
	}
}

// manyTemplates is a tenant of ten account profiles and n event templates, of several
// events and channels, each with texts and a condition of its own.
func manyTemplates(n int) compile.Input {
	in := compile.Input{Tenant: tenant(1, declares("custom.meter", "reading")), Usage: usage()}
	for i := range 10 {
		in.AccountProfiles = append(in.AccountProfiles, accountProfile(fmt.Sprint("p", i), 1))
	}
	for i := range n {
		profile := fmt.Sprint("p", i%10)
		own := fmt.Sprintf("This is template %d. ", i)
		letter := own + strings.Repeat("Dear {{.account.name}}, {{if .recipient.firstName}}or {{.recipient.firstName}}, {{end}}see {{.tenant.portalURL}} for more. ", 5)
		mail := mail("mail", saying(letter), html("<p>"+letter+"</p>"), func(a *v1alpha1.ActionSpec) {
			a.Email.Translations = []v1alpha1.EmailTranslation{{Locale: "fr", Subject: "Bonjour", Text: "Bonjour. " + letter}}
		})
		text := sms("text", own+"Hello {{.account.name}}")
		hook := hook("hook", fmt.Sprint("https://crm.acme.example/", i), func(a *v1alpha1.ActionSpec) {
			a.Webhook.Body = fmt.Sprintf(`{"template": %d, "account": "{{.account.id}}"}`, i)
		})
		condition := fmt.Sprintf("account.id != 'no-%d'", i)
		event := []string{"invoice.unpaid", "invoice.issued", "custom.meter", "ticket.opened"}[i%4]
		if event == "invoice.unpaid" {
			condition = fmt.Sprintf("invoice.balance >= %d.0 && invoice.daysOverdue < 100", i)
			mail.Days, text.Days, hook.Days = []int32{3, 10}, []int32{3}, []int32{1}
		}
		in.EventTemplates = append(in.EventTemplates, eventTemplate(fmt.Sprintf("t%04d", i), 1, onEvent(event), forProfiles(profile), when(condition), doing(mail, text, hook)))
	}
	return in
}

// BenchmarkTemplates is what a pass over a tenant of many event templates costs: the
// first, in which every text and condition is checked; one that finds everything as it
// was; and one in which a person has edited one template. It grows with the number of
// templates and no faster.
func BenchmarkTemplates(b *testing.B) {
	for _, n := range []int{250, 500, 1000} {
		in := manyTemplates(n)
		b.Run(fmt.Sprint("first-", n), func(b *testing.B) {
			for b.Loop() {
				benchCompile(b, in)
			}
		})
		in.Checked = &compile.Checks{}
		out := benchCompile(b, in)
		in.Live, in.LiveRouting = out.Document, out.Routing
		b.Run(fmt.Sprint("unchanged-", n), func(b *testing.B) {
			for b.Loop() {
				benchCompile(b, in)
			}
		})
		b.Run(fmt.Sprint("edited-", n), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				in.EventTemplates[0] = eventTemplate("t0000", int64(i+2), forProfiles("p0"), doing(note("note", fmt.Sprint("Note ", i))))
				benchCompile(b, in)
			}
		})
	}
}

func benchCompile(b *testing.B, in compile.Input) compile.Output {
	b.Helper()
	out, err := compile.Compile(in)
	if err != nil || out.Routing == nil {
		b.Fatalf("error %v, tenant %+v", err, out.Tenant)
	}
	for name, o := range out.EventTemplates {
		if !o.Live {
			b.Fatalf("%s: %+v", name, o)
		}
	}
	return out
}

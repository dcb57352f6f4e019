package compile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
)

const goodInvoice = "<h2>{{.invoice.number}}</h2>\n<p>{{.invoice.total}}</p>"

func invoiceTemplates(namesAndTexts ...string) func(*v1alpha1.TenantSpec) {
	return func(s *v1alpha1.TenantSpec) {
		s.InvoiceTemplates = nil
		for i := 0; i < len(namesAndTexts); i += 2 {
			s.InvoiceTemplates = append(s.InvoiceTemplates, v1alpha1.InvoiceTemplate{Name: namesAndTexts[i], HTML: namesAndTexts[i+1]})
		}
	}
}

func ownInvoice(name string) func(*v1alpha1.TenantSpec) {
	return func(s *v1alpha1.TenantSpec) { s.Attributes.InvoiceTemplate = name }
}

func invoiceBy(name string) func(*v1alpha1.AccountProfileSpec) {
	return func(s *v1alpha1.AccountProfileSpec) { s.Attributes.InvoiceTemplate = name }
}

func TestCredentialsAndInvoiceTemplatesAreRendered(t *testing.T) {
	_, out := first(t, compile.Input{Tenant: tenant(1, invoiceTemplates("plain", goodInvoice, "grand", "<section>"+goodInvoice+"</section>"), ownInvoice("grand"), func(s *v1alpha1.TenantSpec) {
		s.Credentials = v1alpha1.CredentialsSpec{
			CreateLinkSeconds: 86400, ResetLinkSeconds: 300, Usernames: v1alpha1.UsernamesAccountID,
			SecondFactor: v1alpha1.SecondFactorRequired, CreateMail: v1alpha1.CreateMailAutomatic,
		}
	})})
	live := mustLoad(t, out.Document)
	want := config.Credentials{
		CreateLinkSeconds: 86400, ResetLinkSeconds: 300, Usernames: config.UsernamesAccountID,
		SecondFactor: config.SecondFactorRequired, CreateMail: config.CreateMailAutomatic,
	}
	if diff := cmp.Diff(want, live.Credentials()); diff != "" {
		t.Error(diff)
	}
	templates := []config.InvoiceTemplate{{Name: "grand", HTML: "<section>" + goodInvoice + "</section>"}, {Name: "plain", HTML: goodInvoice}}
	if diff := cmp.Diff(templates, live.Tenant.InvoiceTemplates); diff != "" {
		t.Error(diff)
	}

	_, out = first(t, compile.Input{Tenant: tenant(1)})
	want = config.Credentials{
		CreateLinkSeconds: 604800, ResetLinkSeconds: 600, Usernames: config.UsernamesFree,
		SecondFactor: config.SecondFactorOptional, CreateMail: config.CreateMailOnRequest,
	}
	if diff := cmp.Diff(want, mustLoad(t, out.Document).Credentials()); diff != "" {
		t.Error(diff)
	}
}

func TestBadInvoiceTemplates(t *testing.T) {
	many := make([]string, 0, 18)
	for _, name := range strings.Fields("a b c d e f g h i") {
		many = append(many, name, goodInvoice)
	}
	for name, test := range map[string]struct {
		edits []func(*v1alpha1.TenantSpec)
		says  string
	}{
		"a field that invoices lack": {with(invoiceTemplates("good", goodInvoice, "bad", goodInvoice+"\n <p>{{.invoice.totl}}</p>")), `spec.invoiceTemplates[1].html, line 3, column 7: there is no field .invoice.totl`},
		"a script":                   {with(invoiceTemplates("bad", goodInvoice+"<script></script>")), "spec.invoiceTemplates[0].html, line 2, column "},
		"too long":                   {with(invoiceTemplates("bad", goodInvoice+strings.Repeat("x", 64<<10))), "spec.invoiceTemplates[0].html: "},
		"nothing":                    {with(invoiceTemplates("bad", "")), "spec.invoiceTemplates[0].html: "},
		"a reserved name":            {with(invoiceTemplates("business", goodInvoice)), `spec.invoiceTemplates[0].name: "business" is built in: choose another name`},
		"a name twice":               {with(invoiceTemplates("a", goodInvoice, "a", goodInvoice)), `spec.invoiceTemplates[1].name: "a" is there twice`},
		"no name":                    {with(invoiceTemplates("", goodInvoice)), "spec.invoiceTemplates[0].name: an invoice template needs a name"},
		"a wrong name":               {with(invoiceTemplates("A b", goodInvoice)), `spec.invoiceTemplates[0].name: "A b" is not allowed, allowed are 1 to 63 lower case letters`},
		"too many":                   {with(invoiceTemplates(many...)), "spec.invoiceTemplates: 9 are too many, allowed are 8"},
		"named and not there":        {with(invoiceTemplates("a", goodInvoice), ownInvoice("b")), `spec.attributes.invoiceTemplate: the Tenant has no invoice template "b", there are: standard, business, a`},
	} {
		t.Run(name, func(t *testing.T) {
			in, before := first(t, compile.Input{Tenant: tenant(1, invoiceTemplates("good", goodInvoice))})
			in.Tenant = tenant(2, test.edits...)
			out := mustCompile(t, in)
			says(t, "Accepted", out.Tenant.Accepted, false, compile.ReasonInvalid, test.says, "generation 1 stays live")
			if out.Document != nil || out.Digest != before.Digest {
				t.Error("something was written")
			}
		})
	}
}

func with(edits ...func(*v1alpha1.TenantSpec)) []func(*v1alpha1.TenantSpec) { return edits }

// What an older, laxer release let through stays, and does not refuse another edit.
func TestLiveInvoiceTemplateThatIsRefusedToday(t *testing.T) {
	in, _ := first(t, compile.Input{Tenant: tenant(1, invoiceTemplates("old", goodInvoice))})
	in.Live = []byte(strings.Replace(string(in.Live), "{{.invoice.total}}", "{{.invoice.totl}}", 1))
	broken := strings.Replace(goodInvoice, "total", "totl", 1)
	in.Tenant = tenant(2, invoiceTemplates("old", broken), func(s *v1alpha1.TenantSpec) { s.DisplayName = "New" })
	out := mustCompile(t, in)
	isLive(t, "tenant", out.Tenant, 2, true)
	warns(t, out.Tenant, "spec.invoiceTemplates[0].html, line 2, column 6", "it stays as it is live already")

	in.Tenant = tenant(2, invoiceTemplates("another", broken))
	says(t, "Accepted", mustCompile(t, in).Tenant.Accepted, false, compile.ReasonInvalid, "spec.invoiceTemplates[0].html")
}

func TestAccountProfileNamesAnInvoiceTemplate(t *testing.T) {
	in, _ := first(t, compile.Input{
		Tenant:          tenant(1, invoiceTemplates("grand", goodInvoice)),
		AccountProfiles: []v1alpha1.AccountProfile{accountProfile("business", 1, invoiceBy("grand")), accountProfile("plain", 1, invoiceBy("business"))},
	})
	in.AccountProfiles[1] = accountProfile("plain", 2, invoiceBy("gold"))
	out := mustCompile(t, in)
	isLive(t, "business", out.AccountProfiles["business"], 1, true)
	says(t, "plain", out.AccountProfiles["plain"].ResolvedRefs, false, compile.ReasonRefNotFound,
		`spec.attributes.invoiceTemplate: the Tenant has no invoice template "gold", there are: standard, business, grand; generation 1 stays live`)

	// With the Tenant it comes, without an edit of its own.
	in.Tenant = tenant(2, invoiceTemplates("grand", goodInvoice, "gold", goodInvoice))
	out = mustCompile(t, next(in, out))
	isLive(t, "plain", out.AccountProfiles["plain"], 2, true)
}

func TestInvoiceTemplateThatProfilesUseCannotBeTakenAway(t *testing.T) {
	in, _ := first(t, compile.Input{
		Tenant:          tenant(1, invoiceTemplates("grand", goodInvoice)),
		AccountProfiles: []v1alpha1.AccountProfile{accountProfile("business", 1, invoiceBy("grand"))},
	})
	in.Tenant = tenant(2)
	out := mustCompile(t, in)
	says(t, "Accepted", out.Tenant.Accepted, false, compile.ReasonInvalid, `AccountProfile "business" is live with invoice template "grand": leave the template, or change the profile first`)
	isLive(t, "business", out.AccountProfiles["business"], 1, true)

	// A newest generation that is refused does not go with the edit, one that is fine does.
	in.AccountProfiles[0] = accountProfile("business", 2, zone("Mars/Olympus"))
	if out := mustCompile(t, in); out.Tenant.Accepted.Status {
		t.Error("the template is taken away from what stays live")
	}
	in.AccountProfiles[0] = accountProfile("business", 2)
	out = mustCompile(t, in)
	isLive(t, "tenant", out.Tenant, 2, true)
	isLive(t, "business", out.AccountProfiles["business"], 2, true)
}

// A profile that was deleted holds no edit of the Tenant up.
func TestInvoiceTemplateOfADeletedProfile(t *testing.T) {
	in, _ := first(t, compile.Input{
		Tenant:          tenant(1, invoiceTemplates("grand", goodInvoice)),
		AccountProfiles: []v1alpha1.AccountProfile{accountProfile("business", 1, invoiceBy("grand"))},
	})
	in.Tenant, in.AccountProfiles = tenant(2), nil
	in.Usage = usage(config.Bucket{AccountProfile: "business", Accounts: 7})
	out := mustCompile(t, in)
	isLive(t, "tenant", out.Tenant, 2, true)
	warns(t, out.Tenant, `the deleted AccountProfile "business" still names "grand"`, "standard")

	// It comes back as it was: what it names is told, and nothing is refused.
	in.AccountProfiles = []v1alpha1.AccountProfile{accountProfile("business", 2, invoiceBy("grand"), terms(3))}
	out = mustCompile(t, next(in, out))
	isLive(t, "business", out.AccountProfiles["business"], 2, true)
	warns(t, out.AccountProfiles["business"], `the Tenant has no invoice template "grand"`, "standard applies")
}

package compile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
)

// sends makes the tenant send mails and text messages, and events to two webhooks.
func sends(s *v1alpha1.TenantSpec) {
	s.Delivery = v1alpha1.DeliverySpec{Mode: "Live", MaxPerHour: 500}
	s.Email = v1alpha1.EmailChannelSpec{
		From: "Acme <billing@acme.example>", ReplyTo: "help@acme.example",
		SMTP: v1alpha1.SMTPSpec{Host: "smtp.acme.example", Port: 2525, Security: "StartTLS", SecretRef: ref("vault-smtp")},
		DKIM: v1alpha1.DKIMSpec{Domain: "acme.example", Selector: "foyer", SecretRef: ref("vault-dkim")},
	}
	s.SMS = v1alpha1.SMSChannelSpec{Type: "HTTP", From: "Acme", URL: "https://sms.example/send", SecretRef: ref("vault-sms")}
	s.Backoffice = v1alpha1.BackofficeSpec{EventSigningSecretRef: ref("vault-events"), EventTypes: []v1alpha1.EventPattern{"payment.*", "invoice.issued"}}
	s.Webhooks = []v1alpha1.TenantWebhookSpec{
		{Name: "erp", URL: "https://erp.example/", Events: []v1alpha1.EventPattern{"invoice.paid", "contact.*"}, SecretRef: ref("vault-erp")},
		{Name: "crm", URL: "https://crm.example/", Events: []v1alpha1.EventPattern{"account.created"}, SecretRef: ref("vault-crm")},
	}
}

func TestDeliveryIsRendered(t *testing.T) {
	out := mustCompile(t, compile.Input{Tenant: tenant(1, sends)})
	got := content[config.Tenant](t, out.Document, "Tenant", "acme")
	want := config.Tenant{
		Namespace: got.Namespace, DisplayName: got.DisplayName, Hostname: got.Hostname, Session: got.Session,
		EventTypes: []string{"invoice.issued", "payment.*"},
		Delivery:   config.Delivery{Mode: "Live", MaxPerHour: 500},
		Email: config.EmailChannel{
			From: "Acme <billing@acme.example>", ReplyTo: "help@acme.example",
			SMTP: config.SMTP{Host: "smtp.acme.example", Port: 2525, Security: "StartTLS", Signed: true},
			DKIM: config.DKIM{Domain: "acme.example", Selector: "foyer"},
		},
		SMS: config.SMSChannel{Type: "HTTP", From: "Acme", URL: "https://sms.example/send"},
		Webhooks: []config.TenantWebhook{
			{Name: "crm", URL: "https://crm.example/", Events: []string{"account.created"}},
			{Name: "erp", URL: "https://erp.example/", Events: []string{"contact.*", "invoice.paid"}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if strings.Contains(string(out.Document), "vault-") {
		t.Errorf("the document names a Secret:\n%s", out.Document)
	}
}

// One meaning has one spelling in the document.
func TestSpellingOfDeliveryDoesNotMatter(t *testing.T) {
	plain := mustCompile(t, compile.Input{Tenant: tenant(1, func(s *v1alpha1.TenantSpec) {
		s.Email = v1alpha1.EmailChannelSpec{From: "a@b.example", SMTP: v1alpha1.SMTPSpec{Host: "smtp.b.example"}}
		s.Webhooks = []v1alpha1.TenantWebhookSpec{{Name: "a", URL: "https://a.example/", Events: []v1alpha1.EventPattern{"contact.*", "invoice.paid"}}}
	}), AccountProfiles: []v1alpha1.AccountProfile{accountProfile("business", 1, standard("", "invoice.issued", "invoice.paid"))}})
	wordy := mustCompile(t, compile.Input{Tenant: tenant(1, func(s *v1alpha1.TenantSpec) {
		s.Delivery.Mode = "Hold"
		s.Email = v1alpha1.EmailChannelSpec{From: "a@b.example", SMTP: v1alpha1.SMTPSpec{Host: "smtp.b.example", Security: "TLS"}}
		s.Webhooks = []v1alpha1.TenantWebhookSpec{{Name: "a", URL: "https://a.example/", Events: []v1alpha1.EventPattern{"invoice.paid", "contact.*"}}}
	}), AccountProfiles: []v1alpha1.AccountProfile{accountProfile("business", 1, standard("Inherit", "invoice.paid", "invoice.issued"))}})
	if diff := cmp.Diff(string(plain.Document), string(wordy.Document)); diff != "" {
		t.Error(diff)
	}
	if mode := mustLoad(t, plain.Document).Delivery().Mode; mode != config.DeliveryHold {
		t.Errorf("where nothing is said notifications are %s", mode)
	}
}

func TestChecksOfDelivery(t *testing.T) {
	hooked := func(url string, events ...v1alpha1.EventPattern) func(*v1alpha1.TenantSpec) {
		return func(s *v1alpha1.TenantSpec) {
			s.Webhooks = append(s.Webhooks, v1alpha1.TenantWebhookSpec{Name: "a", URL: url, Events: events})
		}
	}
	sentIn := func(events ...v1alpha1.EventPattern) func(*v1alpha1.TenantSpec) {
		return func(s *v1alpha1.TenantSpec) { s.Backoffice.EventTypes = events }
	}
	email := func(edit func(*v1alpha1.EmailChannelSpec)) func(*v1alpha1.TenantSpec) {
		return func(s *v1alpha1.TenantSpec) {
			sends(s)
			edit(&s.Email)
		}
	}
	tests := map[string]struct {
		edit func(*v1alpha1.TenantSpec)
		want []string // the beginning of each message; none: accepted
	}{
		"as it should be": {sends, nil},
		"to nobody":       {func(s *v1alpha1.TenantSpec) { s.Delivery.Mode = "Redirect" }, []string{"spec.delivery.redirectTo: mode Redirect needs the address"}},
		"no mode":         {func(s *v1alpha1.TenantSpec) { s.Delivery.Mode = "Maybe" }, []string{`spec.delivery.mode: "Maybe" is not allowed, allowed is Hold, Redirect or Live`}},
		"no sender": {email(func(e *v1alpha1.EmailChannelSpec) { e.From, e.SMTP.Host = "Acme\r\n <a@b.example>", "" }), []string{
			"spec.email.from: the address has a character that no address has: allowed is", "spec.email.smtp.host: mails need a server"}},
		"a name with signs":   {email(func(e *v1alpha1.EmailChannelSpec) { e.From = "Acme, Inc. [EU]: x; (y) <billing@acme.example>" }), nil},
		"a quoted name":       {email(func(e *v1alpha1.EmailChannelSpec) { e.From = `"Acme, Inc." <billing@acme.example>` }), nil},
		"two dots":            {email(func(e *v1alpha1.EmailChannelSpec) { e.From = "Acme <a..b@acme.example>" }), []string{`spec.email.from: "Acme <a..b@acme.example>" is no mail address: allowed is`}},
		"answers to two dots": {email(func(e *v1alpha1.EmailChannelSpec) { e.ReplyTo = "a..b@acme.example" }), []string{`spec.email.replyTo: "a..b@acme.example" is not allowed`}},
		"answers to a name":   {email(func(e *v1alpha1.EmailChannelSpec) { e.ReplyTo = "Help <help@acme.example>" }), []string{`spec.email.replyTo: "Help <help@acme.example>" is not allowed`}},
		"to a dot": {func(s *v1alpha1.TenantSpec) {
			s.Delivery = v1alpha1.DeliverySpec{Mode: "Redirect", RedirectTo: ".a@acme.example"}
		}, []string{`spec.delivery.redirectTo: ".a@acme.example" is not allowed`}},
		"no such security":      {email(func(e *v1alpha1.EmailChannelSpec) { e.SMTP.Security = "Some" }), []string{`spec.email.smtp.security: "Some" is not allowed, allowed is TLS, StartTLS or None`}},
		"unprotected":           {email(func(e *v1alpha1.EmailChannelSpec) { e.SMTP.Security, e.SMTP.SecretRef = "None", ref("") }), nil},
		"a password in clear":   {email(func(e *v1alpha1.EmailChannelSpec) { e.SMTP.Security = "None" }), []string{"spec.email.smtp.security: a password would be sent unprotected"}},
		"half a signature":      {email(func(e *v1alpha1.EmailChannelSpec) { e.DKIM.Selector = "" }), []string{"spec.email.dkim: domain and selector go together"}},
		"no such provider":      {func(s *v1alpha1.TenantSpec) { s.SMS = v1alpha1.SMSChannelSpec{Type: "Pigeon", From: "Acme"} }, []string{`spec.sms.type: "Pigeon" is not allowed, allowed is Twilio or HTTP`}},
		"a provider nowhere":    {func(s *v1alpha1.TenantSpec) { s.SMS = v1alpha1.SMSChannelSpec{Type: "HTTP", From: "Acme"} }, []string{"spec.sms.url: type HTTP needs the URL"}},
		"a provider in clear":   {func(s *v1alpha1.TenantSpec) { s.SMS = v1alpha1.SMSChannelSpec{Type: "Twilio", URL: "http://a.example"} }, []string{"spec.sms.url: this URL is not allowed"}},
		"a webhook in clear":    {hooked("http://a.example/", "invoice.paid"), []string{"spec.webhooks[0].url: this URL is not allowed"}},
		"a webhook with secret": {hooked("https://me:s3cr3t@a.example/", "invoice.paid"), []string{"spec.webhooks[0].url: a name or password before the host"}},
		"events that there are not": {hooked("https://a.example/", "contact.*", "invoice.payed", "invoices.*", "custom.*", "*"), []string{
			`spec.webhooks[0].events[1]: there is no event "invoice.payed", there are: invoice.paid,`,
			`spec.webhooks[0].events[2]: there is no event of "invoices", there are those of: invoice,`, `spec.webhooks[0].events[3]: there is no event of "custom"`}},
		"what can be sent in": {func(s *v1alpha1.TenantSpec) {
			declares("custom.meter", "reading")(s)
			sentIn("custom.*", "custom.meter", "invoice.*", "payment.received")(s)
		}, nil},
		"what nobody can send in": {sentIn("invoice.*", "invoice.unpaid", "portal.*", "payment.recieved", "custom.*"), []string{
			"spec.backoffice.eventTypes[1]: nobody can send invoice.unpaid in: it falls due by date", "spec.backoffice.eventTypes[2]: nobody can send portal.",
			`spec.backoffice.eventTypes[3]: there is no event "payment.recieved", there are: payment.received,`, `spec.backoffice.eventTypes[4]: there is no event of "custom"`}},
		"events of its own": {func(s *v1alpha1.TenantSpec) {
			declares("custom.meter", "reading")(s)
			hooked("https://a.example/", "custom.*", "custom.meter")(s)
		}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			out := mustCompile(t, compile.Input{Tenant: tenant(1, test.edit)})
			var said []string
			for _, p := range out.Tenant.Problems {
				said = append(said, p.Error())
			}
			if len(said) != len(test.want) {
				t.Fatalf("it says %q, want %q", said, test.want)
			}
			for i, want := range test.want {
				if !strings.HasPrefix(said[i], want) {
					t.Errorf("it says   %s\nwant that %s", said[i], want)
				}
			}
			if strings.Contains(strings.Join(said, ""), "s3cr3t") {
				t.Errorf("it says the secret: %q", said)
			}
		})
	}
}

// An event of the tenant's own that a webhook asks for cannot be taken away without it.
func TestEventOfAWebhookStays(t *testing.T) {
	hooked := func(s *v1alpha1.TenantSpec) {
		s.Webhooks = []v1alpha1.TenantWebhookSpec{{Name: "crm", URL: "https://crm.example/", Events: []v1alpha1.EventPattern{"custom.meter"}}}
	}
	in, _ := settled(t, compile.Input{Tenant: tenant(1, declares("custom.meter", "reading"), hooked)})
	in.Tenant = tenant(2, hooked)
	says(t, "Accepted", mustCompile(t, in).Tenant.Accepted, false, compile.ReasonInvalid, `spec.webhooks[0].events[0]: there is no event "custom.meter"`)
	in.Tenant = tenant(2)
	isLive(t, "Tenant", mustCompile(t, in).Tenant, 2, true)

	// What is live with the fault already, by another release, blocks no edit elsewhere.
	asking := func(event v1alpha1.EventPattern) func(*v1alpha1.TenantSpec) {
		return func(s *v1alpha1.TenantSpec) {
			hooked(s)
			s.Webhooks[0].Events[0] = event
		}
	}
	in, _ = settled(t, compile.Input{Tenant: tenant(1, asking("invoice.paid"))})
	in.Live = []byte(strings.Replace(string(in.Live), `"invoice.paid"`, `"invoice.future"`, 1))
	in.Tenant = tenant(2, asking("invoice.future"), func(s *v1alpha1.TenantSpec) { s.DisplayName = "Acme" })
	out := mustCompile(t, in).Tenant
	isLive(t, "Tenant", out, 2, true)
	warns(t, out, `spec.webhooks[0].events[0]: there is no event "invoice.future"`, "it stays as it is live already")
}

// An event type that is live in spec.backoffice.eventTypes by another release blocks no edit.
func TestEventTypeThatIsLiveStays(t *testing.T) {
	signing := func(event v1alpha1.EventPattern) func(*v1alpha1.TenantSpec) {
		return func(s *v1alpha1.TenantSpec) { s.Backoffice.EventTypes = []v1alpha1.EventPattern{event} }
	}
	in, _ := settled(t, compile.Input{Tenant: tenant(1, signing("invoice.paid"))})
	in.Live = []byte(strings.Replace(string(in.Live), `"invoice.paid"`, `"invoice.future"`, 1))
	in.Tenant = tenant(2, signing("invoice.future"))
	out := mustCompile(t, in).Tenant
	isLive(t, "Tenant", out, 2, true)
	warns(t, out, `spec.backoffice.eventTypes[0]: there is no event "invoice.future"`, "it stays as it is live already")
}

// Receivers who follow DMARC want the domain that signs to be of the sender's organization.
func TestSenderThatIsSignedByAnotherDomainIsWarnedOf(t *testing.T) {
	from := func(address string) func(*v1alpha1.ActionSpec) {
		return func(a *v1alpha1.ActionSpec) { a.Email.From = address }
	}
	signs := func(from, domain string) *v1alpha1.Tenant {
		return tenant(1, sends, func(s *v1alpha1.TenantSpec) { s.Email.From, s.Email.DKIM.Domain = from, domain })
	}
	in := withTemplates(eventTemplate("t", 1, doing(mail("a", from("Acme <news@mail.ACME.example>")), mail("b", disabled, from("news@acme.example.org")))))
	in.Tenant = tenant(1, sends)
	out := mustCompile(t, in)
	if diff := cmp.Diff([]string{"spec.actions[1].email.from: mails from news@acme.example.org are signed by acme.example, another organization, so that their receivers do not take the signature for the sender's: send from that domain"}, out.EventTemplates["t"].Warnings); diff != "" {
		t.Error(diff)
	}
	if len(out.Tenant.Warnings) > 0 {
		t.Errorf("the tenant is warned of %q", out.Tenant.Warnings)
	}
	for _, same := range [][2]string{{"a@acme.example", "acme.example"}, {"a@acme.example", "mail.acme.example"}, {"A <a@news.acme.co.uk>", "mail.acme.co.uk"}, {"a@bücher.example", "xn--bcher-kva.example"}} {
		if warnings := mustCompile(t, compile.Input{Tenant: signs(same[0], same[1])}).Tenant.Warnings; len(warnings) > 0 {
			t.Errorf("%s signed by %s: %q", same[0], same[1], warnings)
		}
	}
	for _, other := range [][2]string{{"a@acme.co.uk", "mail.co.uk"}, {"a@acme.example", "acme.test"}, {"A <a@acme.example>", "notacme.example"}} {
		warns(t, mustCompile(t, compile.Input{Tenant: signs(other[0], other[1])}).Tenant, "spec.email.dkim.domain: mails from "+other[0]+" are signed by "+other[1]+", another organization")
	}
}

// Hosts that no dispatcher reaches are told, unless the platform team lets them be reached.
func TestHostsThatAreNotReached(t *testing.T) {
	const why = " is in a private network, where nothing is sent unless the operator's flag --allow-outgoing has it"
	sending := func(smtp, sms, crm string) *v1alpha1.Tenant {
		return tenant(1, sends, func(s *v1alpha1.TenantSpec) { s.Email.SMTP.Host, s.SMS.URL, s.Webhooks[1].URL = smtp, sms, crm })
	}
	tests := map[string]struct {
		tenant  *v1alpha1.Tenant
		allowed string
		want    []string
	}{
		"public":          {sending("smtp.acme.example", "https://9.9.9.9/", "https://[2620:fe::fe]/"), "", nil},
		"private numbers": {sending("10.0.0.5", "https://127.0.0.1:8443/x", "https://[fd00::1]:8443/"), "", []string{"spec.email.smtp.host: 10.0.0.5" + why, "spec.sms.url: 127.0.0.1" + why, "spec.webhooks[1].url: fd00::1" + why}},
		"in another form": {sending("100.64.3.4", "https://[::ffff:10.0.0.5]/", "https://169.254.169.254/"), "", []string{"spec.email.smtp.host: 100.64.3.4" + why, "spec.sms.url: ::ffff:10.0.0.5" + why, "spec.webhooks[1].url: 169.254.169.254" + why}},
		"in the cluster":  {sending("mail", "https://sms.tools.svc/", "https://crm.acme.svc.CLUSTER.local./"), "", []string{"spec.email.smtp.host: mail" + why, "spec.sms.url: sms.tools.svc" + why, "spec.webhooks[1].url: crm.acme.svc.cluster.local" + why}},
		"some allowed":    {sending("10.0.0.5", "https://10.1.0.5/", "https://crm.acme.svc/"), "10.0.0.0/16, fd00::/8", []string{"spec.sms.url: 10.1.0.5" + why}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			out := mustCompile(t, compile.Input{Tenant: test.tenant, AllowOutgoing: test.allowed})
			isLive(t, "Tenant", out.Tenant, 1, true)
			if diff := cmp.Diff(test.want, out.Tenant.Warnings); diff != "" {
				t.Errorf("warnings:\n%s", diff)
			}
		})
	}
	in := withTemplates(eventTemplate("t", 1, doing(hook("a", "https://hooks.example/"), hook("b", "https://10.0.0.5/"))))
	if diff := cmp.Diff([]string{"spec.actions[1].webhook.url: 10.0.0.5" + why}, mustCompile(t, in).EventTemplates["t"].Warnings); diff != "" {
		t.Errorf("warnings of the template:\n%s", diff)
	}
}

// While notifications are held nobody gets into the portal who has no password yet.
func TestPortalWithoutMailsIsWarnedOf(t *testing.T) {
	const note = "spec.delivery: mode is Hold, so nobody is sent a link to create a sign-in"
	in := compile.Input{Tenant: tenant(1), MyAccountProfiles: []v1alpha1.MyAccountProfile{portalProfile("full", 1)}}
	warns(t, mustCompile(t, in).Tenant, note)
	in.Tenant = tenant(1, sends)
	if out := mustCompile(t, in).Tenant; len(out.Warnings) > 0 {
		t.Errorf("a tenant that sends is warned of %q", out.Warnings)
	}
	in = compile.Input{Tenant: tenant(1)}
	if out := mustCompile(t, in).Tenant; len(out.Warnings) > 0 {
		t.Errorf("a tenant that gives nobody a portal is warned of %q", out.Warnings)
	}
}

func TestSecretLinkGoesToNobodyElse(t *testing.T) {
	written := mail("a", saying("Click {{.credential.link}}"), func(a *v1alpha1.ActionSpec) { a.Email.To = []v1alpha1.EmailRecipient{"Owner", "archive@acme.example"} })
	out := mustCompile(t, withTemplates(eventTemplate("t", 1, onEvent("portal.passwordReset"), doing(written)))).EventTemplates["t"]
	isLive(t, "t", out, 1, true)
	warns(t, out, "spec.actions[0].email.to: ", "no address that is written here gets it")
}

// Whoever says that messages go out, but not how, is told what does not.
func TestWhatIsNotSentIsWarnedOf(t *testing.T) {
	mode := func(mode v1alpha1.DeliveryMode) func(*v1alpha1.TenantSpec) {
		return func(s *v1alpha1.TenantSpec) {
			s.Delivery = v1alpha1.DeliverySpec{Mode: mode, RedirectTo: "me@acme.example"}
			s.DefaultAccountProfileRef = ref("business")
		}
	}
	noStandard := []v1alpha1.AccountProfile{accountProfile("business", 1, standard("None"))}
	all := []v1alpha1.EventTemplate{eventTemplate("mails", 1, doing(mail("a"))), eventTemplate("texts", 1, doing(sms("a", "Hello")), onEvent("invoice.paid"))}
	tests := map[string]struct {
		tenant    *v1alpha1.Tenant
		profiles  []v1alpha1.AccountProfile
		templates []v1alpha1.EventTemplate
		want      []string
	}{
		"held":             {tenant(1, mode("Hold")), noStandard, all, nil},
		"all is said":      {tenant(1, sends), noStandard, all, nil},
		"nothing to send":  {tenant(1, mode("Live")), noStandard, nil, nil},
		"what is disabled": {tenant(1, mode("Live")), noStandard, []v1alpha1.EventTemplate{eventTemplate("mails", 1, doing(mail("a", disabled), note("b", "Hello")))}, nil},
		"the standard suite": {tenant(1, mode("Live")), []v1alpha1.AccountProfile{accountProfile("business", 1)}, nil, []string{
			"spec.email: spec.delivery.mode is Live, but it is not said how mails are sent, so that the standard messages are not: set spec.email"}},
		"that of the built-in profile": {tenant(1, mode("Live")), nil, nil, []string{
			"spec.defaultAccountProfileRef: no AccountProfile \"business\" was ever live, so the built-in default profile applies",
			"spec.email: spec.delivery.mode is Live, but it is not said how mails are sent, so that the standard messages are not: set spec.email"}},
		"redirected": {tenant(1, mode("Redirect")), noStandard, all, []string{
			"spec.email: spec.delivery.mode is Redirect, but it is not said how mails are sent, so that the mails of the event templates mails are not: set spec.email"}},
		"all of it": {tenant(1, mode("Live")), []v1alpha1.AccountProfile{accountProfile("business", 1)}, all, []string{
			"spec.email: spec.delivery.mode is Live, but it is not said how mails are sent, so that the standard messages and the mails of the event templates mails are not: set spec.email",
			"spec.sms: spec.delivery.mode is Live, but it is not said how text messages are sent, so that those of the event templates texts are not: set spec.sms"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			out := mustCompile(t, compile.Input{Tenant: test.tenant, AccountProfiles: test.profiles, EventTemplates: test.templates})
			isLive(t, "Tenant", out.Tenant, 1, true)
			if diff := cmp.Diff(test.want, out.Tenant.Warnings); diff != "" {
				t.Errorf("warnings:\n%s", diff)
			}
		})
	}
}

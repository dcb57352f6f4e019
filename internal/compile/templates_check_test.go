package compile_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
)

// messages are what is said against one template, taken apart.
func messages(t *testing.T, in compile.Input, name string) []string {
	t.Helper()
	o := mustCompile(t, in).EventTemplates[name]
	var said []string
	for _, p := range o.Problems {
		said = append(said, p.Error())
	}
	return said
}

func TestChecksOfATemplate(t *testing.T) {
	french := func(locale v1alpha1.Locale, subject, text, html string) func(*v1alpha1.ActionSpec) {
		return func(a *v1alpha1.ActionSpec) {
			a.Email.Translations = append(a.Email.Translations, v1alpha1.EmailTranslation{Locale: locale, Subject: subject, Text: text, HTML: html})
		}
	}
	unpaid := onEvent("invoice.unpaid")
	tests := map[string]struct {
		edits []func(*v1alpha1.EventTemplateSpec)
		want  []string // the beginning of each message; none: accepted
	}{
		"as it should be": {},
		"a condition": {[]func(*v1alpha1.EventTemplateSpec){when("invoice.totl > 1.0")}, []string{
			"spec.when, line 1, column "}},
		"texts": {[]func(*v1alpha1.EventTemplateSpec){doing(mail("mail", saying("Dear all,\n  {{.invoice.totl}}"), html("<p>{{.nothing}}</p>"),
			french("fr", "{{.one}}", "{{.two}}", "{{.three}}")))}, []string{
			"spec.actions[0].email.text, line 2, column 5: ",
			"spec.actions[0].email.html, line 1, column 6: ",
			"spec.actions[0].email.translations[0].subject, line 1, column 3: ",
			"spec.actions[0].email.translations[0].text, line 1, column 3: ",
			"spec.actions[0].email.translations[0].html, line 1, column 3: "}},
		"every channel": {[]func(*v1alpha1.EventTemplateSpec){doing(sms("a", "{{.x}}"), hook("b", "https://a.example", func(a *v1alpha1.ActionSpec) { a.Webhook.Body = "{" }),
			banner("c", "{{.x}}"), note("d", "{{.x}}"))}, []string{
			"spec.actions[0].sms.text, line 1", "spec.actions[1].webhook.body", "spec.actions[2].banner.text, line 1", "spec.actions[3].note.text, line 1"}},
		"a long text message": {[]func(*v1alpha1.EventTemplateSpec){doing(sms("a", strings.Repeat("0123456789", 71)))}, []string{
			"spec.actions[0].sms.text"}},
		"no profile, no action": {[]func(*v1alpha1.EventTemplateSpec){forProfiles(), doing()}, []string{
			"spec.accountProfileRefs: ", "spec.actions: at least one"}},
		"names": {[]func(*v1alpha1.EventTemplateSpec){doing(mail("a"), note("a", "a"), sms("", "Hello"))}, []string{
			`spec.actions[1].name: "a" is there twice`, "spec.actions[2].name: an action needs a name"}},
		"values that an enum excludes": {[]func(*v1alpha1.EventTemplateSpec){doing(mail("a", func(a *v1alpha1.ActionSpec) {
			a.State, a.Log, a.Email.Priority, a.Email.Attach = "Maybe", "Diary", "Utmost", []v1alpha1.Attachment{"Contract"}
		}))}, []string{
			`spec.actions[0].state: "Maybe" is not allowed, allowed is Enabled or Disabled`, `spec.actions[0].log: "Diary"`,
			`spec.actions[0].email.priority: "Utmost" is not allowed, allowed is Low, Normal or High`, `spec.actions[0].email.attach[0]: "Contract"`}},
		"type and content": {[]func(*v1alpha1.EventTemplateSpec){doing(
			action("a", v1alpha1.ActionSpec{Type: "Email", SMS: v1alpha1.SMSSpec{To: []v1alpha1.SMSRecipient{"Owner"}, Text: "Hello"}}, nil),
			action("b", v1alpha1.ActionSpec{Note: v1alpha1.NoteSpec{Text: "Hello"}}, nil),
			note("c", "Hello", func(a *v1alpha1.ActionSpec) { a.Log = "CustomerNotes" }))}, []string{
			"spec.actions[0].email: an action of type Email needs email", "spec.actions[0].sms: an action of type Email has no sms",
			`spec.actions[1].type: "" is not allowed`, "spec.actions[2].log: an action of type Log"}},
		"recipients and senders": {[]func(*v1alpha1.EventTemplateSpec){doing(
			mail("a", func(a *v1alpha1.ActionSpec) {
				a.Email.From, a.Email.To, a.Email.BCC = "Acme\r\nBcc: x@y.example", []v1alpha1.EmailRecipient{"Owner", "Everybody"}, []v1alpha1.EmailRecipient{"a@b"}
			}),
			sms("b", "Hello", func(a *v1alpha1.ActionSpec) { a.SMS.To = []v1alpha1.SMSRecipient{"0400555019"} }),
			sms("c", "Hello", disabled, func(a *v1alpha1.ActionSpec) { a.SMS.To = nil }))}, []string{
			"spec.actions[0].email.from: ", `spec.actions[0].email.to[1]: "Everybody"`, `spec.actions[0].email.bcc[0]: "a@b"`,
			`spec.actions[1].sms.to[0]: "0400555019"`, "spec.actions[2].sms.to: name at least one recipient"}},
		"languages": {[]func(*v1alpha1.EventTemplateSpec){doing(mail("a", french("fr", "a", "b", ""), french("fr", "a", "b", ""), french("de-AT", "a", "b", ""), french("de-at", "a", "b", ""), french("xx", "a", "b", ""), french("", "a", "b", "")))}, []string{
			`spec.actions[0].email.translations[1].locale: "fr" is there twice`, `spec.actions[0].email.translations[3].locale: "de-at" is there twice`, `spec.actions[0].email.translations[4].locale: "xx"`, "spec.actions[0].email.translations[5].locale: a translation needs"}},
		"an address that is none": {[]func(*v1alpha1.EventTemplateSpec){doing(hook("a", "http://a.example"), hook("b", "https://"))}, []string{
			"spec.actions[0].webhook.url: this URL is not allowed, allowed is one that begins with https://", "spec.actions[1].webhook.url: this URL is not allowed"}},
		"an address that says more than where": {[]func(*v1alpha1.EventTemplateSpec){doing(hook("a", "https://{{.tenant.name}}.example"), hook("b", "https://foyer:s3cr3t@a.example"), hook("c", "https://a.example/{{.x}}"))}, []string{
			"spec.actions[0].webhook.url: no field can be in a URL", "spec.actions[1].webhook.url: a name or password before the host", "spec.actions[2].webhook.url: no field can be in a URL"}},
		"fields where none can be": {[]func(*v1alpha1.EventTemplateSpec){doing(mail("a", func(a *v1alpha1.ActionSpec) {
			a.Email.From, a.Email.To = "{{.tenant.name}} <a@b.example>", []v1alpha1.EmailRecipient{"{{.account.email}}@b.example"}
		}))}, []string{
			"spec.actions[0].email.from: no field can be in a sender", `spec.actions[0].email.to[0]: "{{.account.email}}@b.example" is not allowed`}},
		"one address written twice": {[]func(*v1alpha1.EventTemplateSpec){doing(hook("a", "https://a.example/One"), hook("b", "HTTPS://A.Example/One"), hook("c", "https://a.example/one"))}, []string{
			`spec.actions[1]: action "b" goes by Webhook to a.example, and so does action "a"`}},
		"texts with nothing in them": {[]func(*v1alpha1.EventTemplateSpec){unpaid, doing(
			mail("a", days(1), saying("{{/* to be written */}}"), html("<!-- to be written --><style>p {color: red}</style><p>&nbsp;</p>"), func(a *v1alpha1.ActionSpec) { a.Email.Subject = " \u200b" }),
			sms("b", " \n", days(1)), banner("c", "{{if .invoice.disputed}}Disputed{{end}}", days(1)), note("d", `{{upper ""}}`, days(1)))}, []string{
			"spec.actions[0].email.subject: it would be empty", "spec.actions[0].email.text: it would be empty", "spec.actions[0].email.html: it would be empty",
			"spec.actions[1].sms.text: it would be empty", "spec.actions[2].banner.text: it would be empty", "spec.actions[3].note.text: with the sample of the event it is empty"}},
		"texts that have something either way": {[]func(*v1alpha1.EventTemplateSpec){unpaid, doing(
			mail("a", days(1), saying(`{{if .invoice.disputed}}a{{else if gt .invoice.balance 10}}b{{else}}c{{end}}`), html(`<p><img src="https://a.example/a.png" alt="Hello"></p>`)),
			sms("b", "{{.account.name}}", days(1)))}, nil},
		"texts that are missing": {[]func(*v1alpha1.EventTemplateSpec){doing(mail("a", func(a *v1alpha1.ActionSpec) { a.Email.Subject, a.Email.Text = "", "" }))}, []string{
			"spec.actions[0].email.subject: a text is required", "spec.actions[0].email.text: a text is required"}},
		"days of a moment": {[]func(*v1alpha1.EventTemplateSpec){doing(mail("a", days(3), repeats(1, 1))), func(s *v1alpha1.EventTemplateSpec) { s.Schedule.At = "09:00" }}, []string{
			`spec.schedule: event "invoice.issued" happens at a moment`, `spec.actions[0].days: event "invoice.issued" happens at a moment`}},
		"no days of a dated event": {[]func(*v1alpha1.EventTemplateSpec){unpaid, doing(mail("a"), mail("b", days(3), disabled))}, []string{
			`spec.actions[0].days: event "invoice.unpaid" is dated: say on which days the action fires, counted from invoice.dueOn`}},
		"days that are no days": {[]func(*v1alpha1.EventTemplateSpec){unpaid, doing(mail("a", days(3, 366, -400)), sms("b", "Hello", days(3), repeats(0, 2_000_000_000)), note("c", "Hello", days(1), repeats(1, 0)), banner("d", "Hello", repeats(1, 1)))}, []string{
			"spec.actions[0].days[1]: 366", "spec.actions[0].days[2]: -400", "spec.actions[1].repeatEveryDays: ", "spec.actions[1].maxRepeats: ", "spec.actions[2].maxRepeats: ",
			"spec.actions[3].days: ", "spec.actions[3].repeatEveryDays: repeats count from the last of days"}},
		"a schedule": {[]func(*v1alpha1.EventTemplateSpec){unpaid, doing(mail("a", days(3))), func(s *v1alpha1.EventTemplateSpec) {
			s.Schedule = v1alpha1.ScheduleSpec{At: "24:00", Days: "FullMoon"}
		}}, []string{`spec.schedule.at: "24:00"`, `spec.schedule.days: "FullMoon" is not allowed, allowed is AllDays or BusinessDays`}},
		"an invoice where there is one": {[]func(*v1alpha1.EventTemplateSpec){doing(mail("a", func(a *v1alpha1.ActionSpec) { a.Email.Attach = []v1alpha1.Attachment{"Invoice"} }))}, nil},
		"an invoice where there is none": {[]func(*v1alpha1.EventTemplateSpec){onEvent("ticket.opened"), doing(mail("a", func(a *v1alpha1.ActionSpec) { a.Email.Attach = []v1alpha1.Attachment{"Invoice"} }))}, []string{
			`spec.actions[0].email.attach[0]: event "ticket.opened" is not about an invoice`}},
		"two actions on one slot": {[]func(*v1alpha1.EventTemplateSpec){doing(mail("a"), mail("b"), mail("c", disabled), hook("d", "https://a.example/1"), hook("e", "https://a.example/2"), hook("f", "https://a.example/1"))}, []string{
			`spec.actions[1]: action "b" goes by Email, and so does action "a"`, `spec.actions[5]: action "f" goes by Webhook to a.example, and so does action "d"`}},
		"two actions on some days": {[]func(*v1alpha1.EventTemplateSpec){unpaid, doing(mail("a", days(-7, 3), repeats(7, 3)), mail("b", days(4, 17, 10)), mail("c", days(5, 6)))}, []string{
			`spec.actions[1]: action "b" goes by Email on days 10, 17, and so does action "a"`}},
		"a link that is required": {[]func(*v1alpha1.EventTemplateSpec){onEvent("portal.passwordReset"), doing(
			mail("a", saying("Click {{.credential.link}}"), html("<p>Hello</p>"), french("fr", "Bonjour", "Bonjour", "")), sms("b", "Hello", fallback("Email")), note("c", "Sent."), banner("d", "A mail is under way."))}, []string{
			`spec.actions[0].email.html: each mail and text message of event "portal.passwordReset" must contain {{.credential.link}}`,
			"spec.actions[0].email.translations[0].text: each mail", "spec.actions[1].sms.text: each mail"}},
		"a link that must not be there": {[]func(*v1alpha1.EventTemplateSpec){onEvent("portal.passwordReset"), doing(
			hook("a", "https://a.example", func(a *v1alpha1.ActionSpec) { a.Webhook.Body = `{"link": "{{.credential.link}}"}` }), note("b", "{{.credential.link}}"), banner("c", "{{.credential.link}}"))}, []string{
			"spec.actions[0].webhook.body, line 1", "spec.actions[1].note.text, line 1", "spec.actions[2].banner.text, line 1"}},
		"copies of a secret link": {[]func(*v1alpha1.EventTemplateSpec){onEvent("portal.passwordReset"), doing(mail("a", saying("Click {{.credential.link}}"), func(a *v1alpha1.ActionSpec) {
			a.Email.CC, a.Email.BCC = []v1alpha1.EmailRecipient{"Owner"}, []v1alpha1.EmailRecipient{"archive@acme.example"}
		}))}, []string{
			`spec.actions[0].email.cc: each mail of event "portal.passwordReset" has a secret link, which is for one person only: remove cc`,
			`spec.actions[0].email.bcc: each mail of event "portal.passwordReset" has a secret link, which is for one person only: remove bcc`}},
		"one message for all invoices": {[]func(*v1alpha1.EventTemplateSpec){unpaid, doing(mail("a", days(1), combine("Account")), sms("b", "Hello", days(1), combine("Invoice")))}, nil},
		"combined for no reason": {[]func(*v1alpha1.EventTemplateSpec){doing(mail("a", combine("Account")), note("b", "Hello", combine("Invoice")))}, []string{
			`spec.actions[0].combine: event "invoice.issued" happens at a moment: combine is for dated events, as invoice.unpaid`,
			"spec.actions[1].combine: combine is for actions of type Email and SMS: remove it", `spec.actions[1].combine: event "invoice.issued"`}},
		"combined by nothing": {[]func(*v1alpha1.EventTemplateSpec){unpaid, doing(mail("a", days(1), combine("Everything")))}, []string{
			`spec.actions[0].combine: "Everything" is not allowed, allowed is Invoice or Account`}},
		"a fallback": {[]func(*v1alpha1.EventTemplateSpec){doing(sms("a", "Hello", fallback("Email")))}, nil},
		"no fallback of that kind": {[]func(*v1alpha1.EventTemplateSpec){doing(sms("a", "Hello", fallback("Post")))}, []string{
			`spec.actions[0].sms.fallback: "Post" is not allowed, allowed is None or Email`}},
		"a security event": {[]func(*v1alpha1.EventTemplateSpec){onEvent("portal.passwordReset"), when("account.id != ''"), doing(mail("a", disabled, saying("Click {{.credential.link}}")))}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			said := messages(t, withTemplates(eventTemplate("t", 1, test.edits...)), "t")
			if len(said) != len(test.want) {
				t.Fatalf("it says %d things, want %d:\n%s", len(said), len(test.want), strings.Join(said, "\n"))
			}
			for i, want := range test.want {
				if !strings.HasPrefix(said[i], want) {
					t.Errorf("it says   %s\nwant that %s", said[i], want)
				}
			}
		})
	}
}

// A message is for people: it tells whole problems as far as a person reads, Problems all.
func TestMessagesAreBounded(t *testing.T) {
	var actions []v1alpha1.ActionSpec
	for i := range 40 {
		actions = append(actions, mail(fmt.Sprintf("mail-%d", i), saying(strings.Repeat("{{.nothing}} ", 20))))
	}
	o := mustCompile(t, withTemplates(eventTemplate("t", 1, doing(actions...)))).EventTemplates["t"]
	message := o.Accepted.Message
	if len(message) > 4096 || len(o.Problems) < 800 {
		t.Errorf("%d bytes, %d problems", len(message), len(o.Problems))
	}
	told := strings.Count(message, "; spec.") + 1
	if want := fmt.Sprintf("; and %d more; nothing of this object is live", len(o.Problems)-told); told < 5 || !strings.HasSuffix(message, want) {
		t.Errorf("it ends %q, want %q", message[len(message)-200:], want)
	}
	for _, part := range strings.Split(message, "; spec.")[1:] {
		if problem, _, _ := strings.Cut("spec."+part, "; and "); !slices.ContainsFunc(o.Problems, func(p compile.Problem) bool { return p.Error() == problem }) {
			t.Errorf("%q is no whole problem", problem)
		}
	}
}

func TestPlaceholdersOfOtherSystemsAreWarnedOf(t *testing.T) {
	const others = "Dear {$client_name},\n%%name%% %company.name% [[ Name ]] ${name} ${name}"
	o := mustCompile(t, withTemplates(eventTemplate("t", 1, doing(mail("a", saying(others)))))).EventTemplates["t"]
	isLive(t, "t", o, 1, true)
	var want []string
	for _, found := range []string{"line 1, column 6: {$client_name}", "line 2, column 1: %%name%%", "line 2, column 10: %company.name%", "line 2, column 25: [[ Name ]]", "line 2, column 36: ${name}"} {
		want = append(want, "spec.actions[0].email.text, "+found+" is written to customers as it is: a field is written as {{.account.name}}")
	}
	if diff := cmp.Diff(want, o.Warnings); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	const ours = "100% of ${{.account.name}}, 10% or 20% off; https://a.example/%C3%BCber%20x [1] %{{.tenant.name}}% $x {x}"
	o = mustCompile(t, withTemplates(eventTemplate("t", 1, doing(mail("a", saying(ours)))))).EventTemplates["t"]
	if len(o.Warnings) > 0 || !o.Accepted.Status {
		t.Errorf("it says %q, %q", o.Warnings, o.Accepted.Message)
	}
}

// A fault that is live already, by a release that asked for less, blocks no edit elsewhere.
func TestFaultThatIsLiveOnlyWarns(t *testing.T) {
	in, out := settled(t, withTemplates(eventTemplate("issued", 1, doing(mail("other"), sms("text", "Hello")))))
	in.LiveRouting = []byte(strings.Replace(string(out.Routing), `"Billing"`, `"Everybody"`, 1))
	wrong := mail("other", func(a *v1alpha1.ActionSpec) { a.Email.To = []v1alpha1.EmailRecipient{"Everybody"} })

	in.EventTemplates[0] = eventTemplate("issued", 1, doing(wrong, sms("text", "Hello"))) // as it is live
	o := mustCompile(t, in).EventTemplates["issued"]
	isLive(t, "issued", o, 1, true)
	warns(t, o, `spec.actions[0].email.to[0]: "Everybody"`)

	in.EventTemplates[0] = eventTemplate("issued", 2, doing(note("new", "A new note."), wrong, sms("text", "Hello")))
	o = mustCompile(t, in).EventTemplates["issued"]
	isLive(t, "issued", o, 2, true)
	warns(t, o, `spec.actions[1].email.to[0]: "Everybody"`, "it stays as it is live already")

	wrong.Name = "renamed"
	in.EventTemplates[0] = eventTemplate("issued", 2, doing(wrong))
	o = mustCompile(t, in).EventTemplates["issued"]
	says(t, "Accepted", o.Accepted, false, compile.ReasonInvalid, `spec.actions[0].email.to[0]: "Everybody"`)
}

// An amount takes more characters in some languages than in others.
func TestSampleThatIsTooLongInOneLanguage(t *testing.T) {
	accepted := func(locale v1alpha1.Locale, size int) bool {
		text := sms("text", "Hello", func(a *v1alpha1.ActionSpec) {
			a.SMS.Translations = []v1alpha1.TextTranslation{{Locale: locale, Text: strings.Repeat("x", size) + "{{.invoice.total}}"}}
		})
		return mustCompile(t, withTemplates(eventTemplate("t", 1, doing(text)))).EventTemplates["t"].Accepted.Status
	}
	size := 600
	for accepted("en", size+1) {
		size++
	}
	if size == 600 || !accepted("de", size-1) || accepted("de", size) {
		t.Errorf("with %d characters and an amount it is not refused in German alone", size)
	}
}

func TestSegmentsOfTextMessages(t *testing.T) {
	translated := func(a *v1alpha1.ActionSpec) {
		a.SMS.Translations = []v1alpha1.TextTranslation{{Locale: "ru", Text: strings.Repeat("Привет ", 12)}}
	}
	tests := map[string]struct {
		actions []v1alpha1.ActionSpec
		want    int32
	}{
		"no text message":      {[]v1alpha1.ActionSpec{mail("a")}, 0},
		"a short one":          {[]v1alpha1.ActionSpec{sms("a", "Hello {{.account.name}}")}, 1},
		"a long one counts":    {[]v1alpha1.ActionSpec{sms("a", "Hello"), sms("b", strings.Repeat("0123456789", 31), disabled)}, 3},
		"a translation counts": {[]v1alpha1.ActionSpec{sms("a", "Hello", translated)}, 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in, out := settled(t, withTemplates(eventTemplate("t", 1, doing(test.actions...))))
			if got := out.EventTemplates["t"].SMSSegments; got != test.want {
				t.Errorf("%d segments, want %d", got, test.want)
			}
			// What is live counts, whatever is asked for now.
			in.EventTemplates[0] = eventTemplate("t", 2, broken)
			if got := mustCompile(t, in).EventTemplates["t"].SMSSegments; got != test.want {
				t.Errorf("%d segments of what stays, want %d", got, test.want)
			}
		})
	}
	if got := mustCompile(t, withTemplates(eventTemplate("t", 1, broken, doing(sms("a", "{{.x}}"))))).EventTemplates["t"].SMSSegments; got != 0 {
		t.Errorf("%d segments of nothing", got)
	}
}

// One meaning has one spelling in the document.
func TestSpellingOfATemplateDoesNotMatter(t *testing.T) {
	in, _ := settled(t, withTemplates(eventTemplate("t", 1, onEvent("invoice.unpaid"), forProfiles("business", "residential"), doing(mail("a", days(3, 7), func(a *v1alpha1.ActionSpec) {
		a.Email.To = []v1alpha1.EmailRecipient{"Billing", "Owner"}
		a.Email.Translations = []v1alpha1.EmailTranslation{{Locale: "de", Subject: "a", Text: "b"}, {Locale: "fr", Subject: "c", Text: "d"}}
	}), sms("b", "Hello", days(3), combine("Account"), fallback("Email")), sms("c", "Hello", days(4))))))
	in.EventTemplates[0] = eventTemplate("t", 1, onEvent("invoice.unpaid"), forProfiles("residential", "business"), func(s *v1alpha1.EventTemplateSpec) {
		s.Schedule = v1alpha1.ScheduleSpec{At: "09:00", Days: "AllDays"}
	}, doing(mail("a", days(7, 3), func(a *v1alpha1.ActionSpec) {
		a.State, a.Email.Priority, a.Combine = "Enabled", "Normal", "Invoice"
		a.Email.To = []v1alpha1.EmailRecipient{"Owner", "Billing"}
		a.Email.Translations = []v1alpha1.EmailTranslation{{Locale: "fr", Subject: "c", Text: "d"}, {Locale: "de", Subject: "a", Text: "b"}}
	}), sms("b", "Hello", days(3), combine("Account"), fallback("Email")), sms("c", "Hello", days(4), combine("Invoice"), fallback("None"))))
	routesStay(t, in, mustCompile(t, in))
	live := route(t, in.LiveRouting, "t").Actions[1]
	if live.Combine != "Account" || live.SMS.Fallback != "Email" {
		t.Errorf("combine %q, fallback %q", live.Combine, live.SMS.Fallback)
	}

	slices.Reverse(in.EventTemplates[0].Spec.Actions)
	in.EventTemplates[0].Generation = 2
	var order []string
	for _, a := range route(t, mustCompile(t, in).Routing, "t").Actions {
		order = append(order, a.Name)
	}
	if diff := cmp.Diff([]string{"c", "b", "a"}, order); diff != "" {
		t.Errorf("actions keep the order of the object:\n%s", diff)
	}
}

// What is remembered changes nothing, whoever it was remembered for.
func TestChecksThatAreRememberedChangeNothing(t *testing.T) {
	remembered := &compile.Checks{}
	everywhere(t, func(t *testing.T, w *world, out compile.Output) {
		in := w.input
		in.Checked = remembered
		for range 2 {
			if again := mustCompile(t, in); !reflect.DeepEqual(out, again) {
				t.Error(cmp.Diff(out, again))
			}
		}
	})
}

// A large routing document is read once, and what it leads to stays the same.
func TestDocumentThatIsRememberedChangesNothing(t *testing.T) {
	in := manyTemplates(150)
	remembered := &compile.Checks{}
	for step := range 4 {
		in.EventTemplates[step].Generation++
		if step == 2 {
			broken(&in.EventTemplates[step].Spec)
		}
		in.Checked = nil
		want := mustCompile(t, in)
		in.Checked = remembered
		if got := mustCompile(t, in); !reflect.DeepEqual(want, got) {
			t.Fatalf("step %d:\n%s", step, cmp.Diff(want, got))
		}
		if len(want.Routing) < 256<<10 {
			t.Fatalf("the document has only %d bytes", len(want.Routing))
		}
		in.Live, in.LiveRouting = want.Document, want.Routing
	}
}

func TestChecksAreSafeForConcurrentUse(t *testing.T) {
	in := manyTemplates(20)
	want := mustCompile(t, in)
	in.Checked = &compile.Checks{}
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for range 3 {
				if got, err := compile.Compile(in); err != nil || !reflect.DeepEqual(want, got) {
					t.Errorf("error %v:\n%s", err, cmp.Diff(want, got))
				}
			}
		})
	}
	wait.Wait()
}

func TestChecksAreBounded(t *testing.T) {
	remembered := &compile.Checks{}
	in := withTemplates(eventTemplate("t", 1))
	in.Checked = remembered
	for range 5 {
		var actions []v1alpha1.ActionSpec
		for i := range 9000 {
			actions = append(actions, note(fmt.Sprint("n", i), fmt.Sprintf("note %d of %d", i, in.EventTemplates[0].Generation), disabled))
		}
		in.EventTemplates[0].Spec.Actions = actions
		in.EventTemplates[0].Generation++
		isLive(t, "t", mustCompile(t, in).EventTemplates["t"], in.EventTemplates[0].Generation, true)
	}
	if held := compile.Held(remembered); held > 2*16384 {
		t.Errorf("%d findings are remembered", held)
	}
}

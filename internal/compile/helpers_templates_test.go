package compile_test

import (
	"bytes"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
)

// eventTemplate tells the accounts of profile business by mail that an invoice is
// issued, unless an edit says otherwise.
func eventTemplate(name string, generation int64, edits ...func(*v1alpha1.EventTemplateSpec)) v1alpha1.EventTemplate {
	t := v1alpha1.EventTemplate{ObjectMeta: meta(name, generation), Spec: v1alpha1.EventTemplateSpec{
		TenantRef: ref("acme"), Event: "invoice.issued", AccountProfileRefs: []v1alpha1.ObjectRef{ref("business")},
		Actions: []v1alpha1.ActionSpec{mail("mail")},
	}}
	for _, edit := range edits {
		edit(&t.Spec)
	}
	return t
}

// older makes an object as many hours older than the others.
func older(t v1alpha1.EventTemplate, hours int) v1alpha1.EventTemplate {
	t.CreationTimestamp = metav1.NewTime(created.Add(-time.Duration(hours) * time.Hour))
	return t
}

func onEvent(event string) func(*v1alpha1.EventTemplateSpec) {
	return func(s *v1alpha1.EventTemplateSpec) { s.Event = event }
}

func when(condition string) func(*v1alpha1.EventTemplateSpec) {
	return func(s *v1alpha1.EventTemplateSpec) { s.When = condition }
}

func forProfiles(names ...string) func(*v1alpha1.EventTemplateSpec) {
	return func(s *v1alpha1.EventTemplateSpec) {
		s.AccountProfileRefs = nil
		for _, name := range names {
			s.AccountProfileRefs = append(s.AccountProfileRefs, ref(name))
		}
	}
}

func doing(actions ...v1alpha1.ActionSpec) func(*v1alpha1.EventTemplateSpec) {
	return func(s *v1alpha1.EventTemplateSpec) { s.Actions = actions }
}

// broken makes a generation that no release accepts.
func broken(s *v1alpha1.EventTemplateSpec) { s.Actions[0].Type = "Telegram" }

func mail(name string, edits ...func(*v1alpha1.ActionSpec)) v1alpha1.ActionSpec {
	return action(name, v1alpha1.ActionSpec{Type: v1alpha1.ActionEmail, Email: v1alpha1.EmailSpec{
		To: []v1alpha1.EmailRecipient{"Billing"}, Subject: "Hello from {{.tenant.name}}", Text: "Dear {{.account.name}}, this is " + name + ".",
	}}, edits)
}

func sms(name, text string, edits ...func(*v1alpha1.ActionSpec)) v1alpha1.ActionSpec {
	return action(name, v1alpha1.ActionSpec{Type: v1alpha1.ActionSMS, SMS: v1alpha1.SMSSpec{To: []v1alpha1.SMSRecipient{"Billing"}, Text: text}}, edits)
}

func hook(name, url string, edits ...func(*v1alpha1.ActionSpec)) v1alpha1.ActionSpec {
	return action(name, v1alpha1.ActionSpec{Type: v1alpha1.ActionWebhook, Webhook: v1alpha1.WebhookSpec{URL: url}}, edits)
}

func banner(name, text string, edits ...func(*v1alpha1.ActionSpec)) v1alpha1.ActionSpec {
	return action(name, v1alpha1.ActionSpec{Type: v1alpha1.ActionBanner, Banner: v1alpha1.BannerSpec{Text: text}}, edits)
}

func note(name, text string, edits ...func(*v1alpha1.ActionSpec)) v1alpha1.ActionSpec {
	return action(name, v1alpha1.ActionSpec{Type: v1alpha1.ActionLog, Note: v1alpha1.NoteSpec{Text: text}}, edits)
}

func action(name string, a v1alpha1.ActionSpec, edits []func(*v1alpha1.ActionSpec)) v1alpha1.ActionSpec {
	a.Name = name
	for _, edit := range edits {
		edit(&a)
	}
	return a
}

func days(days ...int32) func(*v1alpha1.ActionSpec) {
	return func(a *v1alpha1.ActionSpec) { a.Days = days }
}

func repeats(every, times int32) func(*v1alpha1.ActionSpec) {
	return func(a *v1alpha1.ActionSpec) { a.RepeatEveryDays, a.MaxRepeats = every, times }
}

func combine(what v1alpha1.Combine) func(*v1alpha1.ActionSpec) {
	return func(a *v1alpha1.ActionSpec) { a.Combine = what }
}

func fallback(to v1alpha1.SMSFallback) func(*v1alpha1.ActionSpec) {
	return func(a *v1alpha1.ActionSpec) { a.SMS.Fallback = to }
}

func disabled(a *v1alpha1.ActionSpec) { a.State = v1alpha1.ActionDisabled }

func html(text string) func(*v1alpha1.ActionSpec) {
	return func(a *v1alpha1.ActionSpec) { a.Email.HTML = text }
}

func saying(text string) func(*v1alpha1.ActionSpec) {
	return func(a *v1alpha1.ActionSpec) { a.Email.Text = text }
}

// declares makes the tenant declare an event of its own with fields of type Text.
func declares(event string, fields ...string) func(*v1alpha1.TenantSpec) {
	return func(s *v1alpha1.TenantSpec) {
		d := v1alpha1.EventDeclaration{Name: event}
		for _, f := range fields {
			d.Fields = append(d.Fields, v1alpha1.EventField{Name: f, Type: "Text"})
		}
		s.Events = append(s.Events, d)
	}
}

// withTemplates is a tenant with the profiles business and residential.
func withTemplates(templates ...v1alpha1.EventTemplate) compile.Input {
	return compile.Input{
		Tenant:          tenant(1),
		AccountProfiles: []v1alpha1.AccountProfile{accountProfile("business", 1), accountProfile("residential", 1)},
		EventTemplates:  templates,
	}
}

// settled compiles an input, and returns it with the result live.
func settled(t *testing.T, in compile.Input) (compile.Input, compile.Output) {
	t.Helper()
	out := mustCompile(t, in)
	if out.Document == nil || out.Routing == nil {
		t.Fatalf("nothing was written: %+v", out.Tenant)
	}
	in.Live, in.LiveRouting, in.Acknowledged = out.Document, out.Routing, true
	return in, out
}

func mustRoute(t *testing.T, document []byte) *config.LiveRouting {
	t.Helper()
	live, err := config.OpenRouting(document)
	if err != nil {
		t.Fatalf("the routing document does not load: %v\n%s", err, document)
	}
	return live
}

// route finds the content of a template that is live, and fails if it is not there.
func route(t *testing.T, document []byte, name string) config.EventTemplate {
	t.Helper()
	content, ok := mustRoute(t, document).Templates[name]
	if !ok {
		t.Fatalf("EventTemplate %q is not in the document:\n%s", name, document)
	}
	return content
}

// routesStay fails if the routing document is another one than the one that is live.
func routesStay(t *testing.T, in compile.Input, out compile.Output) {
	t.Helper()
	if !bytes.Equal(in.LiveRouting, out.Routing) {
		t.Errorf("the routing document changed:\n%s", out.Routing)
	}
	if out.RoutingDigest != config.Digest(in.LiveRouting) {
		t.Errorf("its digest is %s", out.RoutingDigest)
	}
}

func conditionSaying(text string) metav1.Condition {
	return metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: "Marked", Message: text}
}

package catalog_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/catalog"
)

// builtInNames is the list of the design.
var builtInNames = []string{
	"account.created", "account.profileChanged", "account.statusChanged",
	"contact.created", "contact.deleted", "contact.invited", "contact.updated", "contact.verifyEmail",
	"invoice.issued", "invoice.paid", "invoice.unpaid",
	"order.placed",
	"payment.failed", "payment.received",
	"portal.accessRevoked", "portal.credentialCreate", "portal.credentialsChanged", "portal.newSignIn", "portal.passwordReset",
	"request.created", "request.updated",
	"service.activated", "service.cancelled",
	"settings.changed",
	"ticket.closed", "ticket.opened", "ticket.replied",
}

func TestBuiltInNames(t *testing.T) {
	if diff := cmp.Diff(builtInNames, catalog.BuiltIn().Names()); diff != "" {
		t.Errorf("want -, have +:\n%s", diff)
	}
}

func TestWhatTheDesignSaysOfEvents(t *testing.T) {
	var dated, inside, critical, silent, links []string
	for _, e := range builtIn() {
		if e.Anchor != "" {
			dated = append(dated, e.Name)
		}
		if e.Inside {
			inside = append(inside, e.Name)
		}
		if e.Critical {
			critical = append(critical, e.Name)
		}
		if !e.Message {
			silent = append(silent, e.Name)
		}
		if e.RequiredLink != "" {
			links = append(links, e.Name+" "+e.RequiredLink)
		}
		if e.Critical != (e.Category == catalog.Security) {
			t.Errorf("%s has category %s and Critical %v", e.Name, e.Category, e.Critical)
		}
	}
	portal := []string{"portal.accessRevoked", "portal.credentialCreate", "portal.credentialsChanged", "portal.newSignIn", "portal.passwordReset"}
	for _, list := range []struct {
		what      string
		want, got []string
	}{
		{"dated", []string{"invoice.unpaid"}, dated},
		{"inside", append([]string{"contact.invited"}, portal...), inside},
		{"critical", append([]string{"contact.invited", "contact.verifyEmail"}, portal...), critical},
		{"without message", []string{"account.profileChanged", "contact.created", "contact.deleted", "contact.updated", "settings.changed"}, silent},
		{"with a link", []string{
			"contact.invited invitation.link", "contact.verifyEmail verification.link",
			"portal.credentialCreate credential.link", "portal.passwordReset credential.link",
		}, links},
	} {
		if diff := cmp.Diff(list.want, list.got); diff != "" {
			t.Errorf("%s: want -, have +:\n%s", list.what, diff)
		}
	}
}

func TestEveryEventIsDescribed(t *testing.T) {
	for _, e := range builtIn() {
		if e.Title == "" || strings.HasSuffix(e.Title, ".") || !strings.HasSuffix(e.Description, ".") || e.Category == "" {
			t.Errorf("%s: title %q, description %q, category %q", e.Name, e.Title, e.Description, e.Category)
		}
		anchor, isField := find(e.ConditionFields(), e.Anchor)
		if e.Anchor != "" && (!isField || anchor.Type != catalog.Date || anchor.Optional) {
			t.Errorf("%s: the anchor %s is not a date that is always there", e.Name, e.Anchor)
		}
		required, isField := find(e.ConditionFields(), e.RequiredLink)
		if e.RequiredLink != "" && (!isField || required.Type != catalog.Link || required.Optional) {
			t.Errorf("%s: the required link %s is not a link that is always there", e.Name, e.RequiredLink)
		}
		for _, f := range e.TemplateFields() {
			if f.Type != catalog.Object || f.Optional {
				t.Errorf("%s: %s is %s, a payload has objects that are always there", e.Name, f.Name, f.Type)
			}
		}
		walk("", e.TemplateFields(), func(path string, f catalog.Field, beside []catalog.Field) {
			describesField(t, e, path, f, beside)
		})
	}
}

func describesField(t *testing.T, e catalog.Event, path string, f catalog.Field, beside []catalog.Field) {
	t.Helper()
	if !strings.HasSuffix(f.Description, ".") {
		t.Errorf("%s: the description of %s is %q", e.Name, path, f.Description)
	}
	if f.Type == catalog.Link && path != e.RequiredLink && path != "recipient.unsubscribeURL" {
		t.Errorf("%s: no message must contain the link %s", e.Name, path)
	}
	if hasFields := f.Type == catalog.Object || f.Type == catalog.List; hasFields != (len(f.Fields) > 0) {
		t.Errorf("%s: %s is %s with %d fields", e.Name, path, f.Type, len(f.Fields))
	}
	if len(f.Values) > 0 && f.Type != catalog.Text {
		t.Errorf("%s: %s is %s and has values", e.Name, path, f.Type)
	}
	if slices.Contains([]string{"in", "true", "false", "null"}, f.Name) {
		t.Errorf("%s: no condition can ask for %s", e.Name, path)
	}
	named := slices.ContainsFunc(beside, func(f catalog.Field) bool {
		return f.Name == "currency" && f.Type == catalog.Text && !f.Optional
	})
	if f.Type == catalog.Money && !named {
		t.Errorf("%s: no currency is beside %s", e.Name, path)
	}
}

func TestSamplesArePayloads(t *testing.T) {
	for _, e := range builtIn() {
		payload := decode(t, e.Sample)
		for _, p := range e.CheckPayload(payload) {
			t.Errorf("%s: %s", e.Name, p)
		}
		walk("", e.TemplateFields(), func(path string, f catalog.Field, _ []catalog.Field) {
			if f.Type == catalog.List {
				return
			}
			if !strings.Contains(path, "[]") && lookup(payload, path) == nil {
				t.Errorf("%s: the sample has no %s", e.Name, path)
			}
		})
		if event := lookup(payload, "event.type"); event != e.Name {
			t.Errorf("%s: the sample is one of %v", e.Name, event)
		}
	}
}

func TestTemplatesHaveTheRecipient(t *testing.T) {
	e := event(t, "invoice.unpaid")
	if diff := cmp.Diff([]string{"tenant", "account", "event", "invoice", "open", "overdue"}, names(e.ConditionFields())); diff != "" {
		t.Errorf("condition: want -, have +:\n%s", diff)
	}
	if diff := cmp.Diff(append(names(e.ConditionFields()), "recipient"), names(e.TemplateFields())); diff != "" {
		t.Errorf("template: want -, have +:\n%s", diff)
	}
}

func TestAnEventOfManyAccountsIsCertainOfNone(t *testing.T) {
	for _, e := range builtIn() {
		account, _ := find(e.ConditionFields(), "account")
		for _, f := range account.Fields {
			if f.Optional != (e.Name == "settings.changed") {
				t.Errorf("%s: account.%s: optional is %v", e.Name, f.Name, f.Optional)
			}
		}
	}
}

func TestBuiltInIsMadeOnce(t *testing.T) {
	first, again := catalog.BuiltIn(), catalog.BuiltIn()
	if first != again {
		t.Error("the built-in catalogue was made twice")
	}
	if c, problems := catalog.New(nil); c != first || problems != nil {
		t.Errorf("a tenant without events of its own has a catalogue of its own, or problems: %v", problems)
	}
}

func TestNearest(t *testing.T) {
	tests := []struct{ name, want string }{
		{"invoice.unpayed", "invoice.unpaid"},
		{"invoice.unpiad", "invoice.unpaid"},
		{"Invoice.Paid", "invoice.paid"},
		{"ticket.reply", "ticket.replied"},
		{"contact.verify", "contact.verifyEmail"},
		{"invoice.unpaid" + strings.Repeat(" ", 10_000_000), "invoice.unpaid"}, // quickly
	}
	for _, test := range tests {
		got := catalog.Nearest(test.name, builtInNames)
		if len(got) != len(builtInNames) || got[0] != test.want {
			t.Errorf("%.40s: nearest of %d is %s, want %s", test.name, len(got), got[0], test.want)
		}
	}
	if diff := cmp.Diff([]string{"total", "soatx"}, catalog.Nearest("toatl", []string{"soatx", "total"})); diff != "" {
		t.Errorf("two that changed places: want -, have +:\n%s", diff)
	}
}

// The rest helps the tests of this package.

func builtIn() []catalog.Event {
	var events []catalog.Event
	for _, name := range catalog.BuiltIn().Names() {
		e, _ := catalog.BuiltIn().Lookup(name)
		events = append(events, e)
	}
	return events
}

func event(t testing.TB, name string) catalog.Event {
	t.Helper()
	e, ok := catalog.BuiltIn().Lookup(name)
	if !ok {
		t.Fatalf("there is no event %s", name)
	}
	return e
}

func decode(t testing.TB, payload []byte) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.UseNumber()
	var tree map[string]any
	if err := decoder.Decode(&tree); err != nil {
		t.Fatalf("%v in:\n%s", err, payload)
	}
	return tree
}

func names(fields []catalog.Field) []string {
	var list []string
	for _, f := range fields {
		list = append(list, f.Name)
	}
	return list
}

// walk visits every field with its path, as overdue.invoices[].url.
func walk(prefix string, fields []catalog.Field, visit func(path string, f catalog.Field, beside []catalog.Field)) {
	for _, f := range fields {
		path := prefix + f.Name
		visit(path, f, fields)
		if f.Type == catalog.List {
			path += "[]"
		}
		walk(path+".", f.Fields, visit)
	}
}

func find(fields []catalog.Field, path string) (found catalog.Field, ok bool) {
	walk("", fields, func(at string, f catalog.Field, _ []catalog.Field) {
		if at == path {
			found, ok = f, true
		}
	})
	return found, ok
}

func lookup(payload map[string]any, path string) any {
	var value any = payload
	for name := range strings.SplitSeq(path, ".") {
		inner, _ := value.(map[string]any)
		value = inner[name]
	}
	return value
}

func TestWhatCanBeSentIn(t *testing.T) {
	refused := map[string]string{}
	for _, e := range builtIn() {
		if why := e.WhyNotSentIn(); why != "" {
			refused[e.Name] = why
		}
	}
	const inside = "it comes from Foyer itself"
	want := map[string]string{
		"contact.invited": inside, "portal.accessRevoked": inside, "portal.credentialCreate": inside, "portal.credentialsChanged": inside,
		"portal.newSignIn": inside, "portal.passwordReset": inside,
		"contact.verifyEmail": "it has a secret link, which Foyer makes",
		"invoice.unpaid":      "it falls due by date, when invoice.dueOn of what was written by the API says so",
	}
	if diff := cmp.Diff(want, refused); diff != "" {
		t.Errorf("want -, have +:\n%s", diff)
	}
}

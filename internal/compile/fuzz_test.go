package compile_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
)

// FuzzLiveDocument gives Compile live documents that nobody meant to write. It either
// refuses them or carries them forward into something that loads and stays.
func FuzzLiveDocument(f *testing.F) {
	f.Add([]byte(newer))
	documents, err := filepath.Glob("testdata/golden/*/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range documents {
		document, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(document)
	}
	f.Fuzz(carriesOrRefuses)
}

func carriesOrRefuses(t *testing.T, live []byte) {
	in := compile.Input{
		Live: live, Tenant: tenant(2, defaultAccountProfile("business")), Usage: usage(config.Bucket{AccountProfile: "residential", Accounts: 1}),
		AccountProfiles:   []v1alpha1.AccountProfile{accountProfile("business", 3, terms(21), names("full"))},
		MyAccountProfiles: []v1alpha1.MyAccountProfile{portalProfile("full", 1), portalProfile("vip", 1, forCustomer("10042")), portalProfile("other", 1, forCustomer("10042"))},
	}
	out, err := compile.Compile(in)
	if err != nil {
		if out.Document != nil {
			t.Fatalf("an error and a document: %v", err)
		}
		return
	}
	if out.Document == nil {
		return
	}
	mustLoad(t, out.Document)
	in.Live = out.Document
	if again := mustCompile(t, in); !bytes.Equal(again.Document, out.Document) {
		t.Errorf("it moves:\n%s\n%s", out.Document, again.Document)
	}
}

// TestBrokenLiveDocuments puts every kind of JSON value at every place of a document.
func TestBrokenLiveDocuments(t *testing.T) {
	documents := 0
	everyBreak(tree(t, []byte(newer)), func(root any) {
		broken, err := json.Marshal(root)
		if err != nil {
			t.Fatal(err)
		}
		documents++
		carriesOrRefuses(t, broken)
		if t.Failed() {
			t.Fatalf("by this document:\n%s", broken)
		}
	})
	if documents < 300 {
		t.Errorf("only %d documents were tried", documents)
	}
}

// FuzzLiveRouting does the same with routing documents.
func FuzzLiveRouting(f *testing.F) {
	f.Add([]byte(newerRouting(newerTexts...)))
	documents, err := filepath.Glob("testdata/golden/*/*routing.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range documents {
		document, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(document)
	}
	f.Fuzz(routesOrRefuses)
}

// fuzzChecks saves the checks of the same objects over and over.
var fuzzChecks compile.Checks

func routesOrRefuses(t *testing.T, live []byte) {
	in := newerRoutingInput()
	in.LiveRouting, in.Checked = live, &fuzzChecks
	in.EventTemplates = append(in.EventTemplates,
		older(eventTemplate("overdue", 3, onEvent("invoice.unpaid"), doing(mail("mail", days(3, 7)))), 5),
		eventTemplate("elder", 2, broken), eventTemplate("pushy", 2, onEvent("invoice.unpaid"), doing(mail("mail", days(14, 15)))))
	out, err := compile.Compile(in)
	if err != nil {
		if out.Routing != nil {
			t.Fatalf("an error and a document: %v", err)
		}
		return
	}
	if out.Routing == nil {
		return
	}
	for s, names := range fired(mustRoute(t, out.Routing)) {
		if len(names) != 1 {
			t.Errorf("%+v is held by %q", s, names)
		}
	}
	in.LiveRouting = out.Routing
	if again := mustCompile(t, in); !bytes.Equal(again.Routing, out.Routing) {
		t.Errorf("it moves:\n%s\n%s", out.Routing, again.Routing)
	}
}

// TestBrokenLiveRouting puts every kind of JSON value at every place of a document.
func TestBrokenLiveRouting(t *testing.T) {
	documents := 0
	everyBreak(tree(t, []byte(newerRouting(newerTexts...))), func(root any) {
		broken, err := json.Marshal(root)
		if err != nil {
			t.Fatal(err)
		}
		documents++
		routesOrRefuses(t, broken)
		if t.Failed() {
			t.Fatalf("by this document:\n%s", broken)
		}
	})
	if documents < 300 {
		t.Errorf("only %d documents were tried", documents)
	}
}

// FuzzEventTemplate gives Compile objects as no schema would let them in. It refuses them,
// or makes a document that loads and stays.
func FuzzEventTemplate(f *testing.F) {
	for _, seed := range []struct {
		event, when, profile, kind, to, text, locale, at, more string
		day, every, times                                      int32
	}{
		{"invoice.unpaid", "invoice.balance >= 10.0", "business", "Email", "Billing", "Dear {{.account.name}}, {{.invoice.balance}}", "fr", "09:00", "Account", 3, 7, 2},
		{"invoice.issued", "", "residential", "SMS", "+61400555019", "{{if .open.count}}{{.open.count}}{{end}}", "en-AU", "", "Email", 0, 0, 0},
		{"portal.passwordReset", "", "default", "Webhook", "https://a.example/", "{{.credential.link}}", "", "", "Owner", 0, 0, 0},
		{"custom.meter", "data.reading == ''", "gone", "Banner", "", "{{range .data.reading}}", "xx", "25:00", "None", -400, -1, 1 << 30},
		{"no.such", "{{", "", "Log", "", "\x00\xff", "", "", "{{", 1, 1, 1},
	} {
		f.Add(seed.event, seed.when, seed.profile, seed.kind, seed.to, seed.text, seed.locale, seed.at, seed.more, seed.day, seed.every, seed.times)
	}
	f.Fuzz(func(t *testing.T, event, when, profile, kind, to, text, locale, at, more string, day, every, times int32) {
		a := v1alpha1.ActionSpec{Name: "one", Type: v1alpha1.ActionType(kind), RepeatEveryDays: every, MaxRepeats: times, Combine: v1alpha1.Combine(more)}
		if day != 0 {
			a.Days = []int32{day, day + 1}
		}
		translations := []v1alpha1.TextTranslation{{Locale: v1alpha1.Locale(locale), Text: text}}
		a.Email = v1alpha1.EmailSpec{To: []v1alpha1.EmailRecipient{v1alpha1.EmailRecipient(to)}, Subject: text, Text: text, HTML: text}
		if more != "" {
			a.Email.CC = []v1alpha1.EmailRecipient{v1alpha1.EmailRecipient(more)}
		}
		a.SMS = v1alpha1.SMSSpec{To: []v1alpha1.SMSRecipient{v1alpha1.SMSRecipient(to)}, Text: text, Translations: translations, Fallback: v1alpha1.SMSFallback(more)}
		a.Webhook, a.Banner, a.Note = v1alpha1.WebhookSpec{URL: to, Body: text}, v1alpha1.BannerSpec{Text: text, Translations: translations}, v1alpha1.NoteSpec{Text: text}
		only(&a)
		object := eventTemplate("one", 1, onEvent(event), forProfiles(profile, "business"), doing(a))
		object.Spec.When, object.Spec.Schedule.At = when, at
		in := withTemplates(object, older(eventTemplate("two", 1, onEvent(event)), 1))
		in.Tenant = tenant(1, declares("custom.meter", "reading"))
		out := mustCompile(t, in)
		if o := out.EventTemplates["one"]; o.Live == o.Refused() {
			t.Errorf("it is neither live nor refused, or both: %+v", o)
		}
		in.Live, in.LiveRouting = out.Document, out.Routing
		routesStay(t, in, mustCompile(t, in))
	})
}

// only leaves an action the content of its type. One of no known type keeps all.
func only(a *v1alpha1.ActionSpec) {
	all := *a
	clean := func() {
		a.Email, a.SMS, a.Webhook, a.Banner, a.Note = v1alpha1.EmailSpec{}, v1alpha1.SMSSpec{}, v1alpha1.WebhookSpec{}, v1alpha1.BannerSpec{}, v1alpha1.NoteSpec{}
	}
	switch a.Type {
	case v1alpha1.ActionEmail:
		clean()
		a.Email = all.Email
	case v1alpha1.ActionSMS:
		clean()
		a.SMS = all.SMS
	case v1alpha1.ActionWebhook:
		clean()
		a.Webhook = all.Webhook
	case v1alpha1.ActionBanner:
		clean()
		a.Banner = all.Banner
	case v1alpha1.ActionLog:
		clean()
		a.Note = all.Note
	}
}

// everyBreak calls use with the tree after each single change to it.
func everyBreak(root any, use func(root any)) {
	replacements := []any{nil, true, json.Number("-1"), json.Number("1e400"), "", "Retired", "full", []any{}, []any{"full", nil}, map[string]any{}}
	var visit func(node any)
	breakAt := func(get func() any, set func(any), remove func()) {
		old := get()
		for _, replacement := range replacements {
			set(replacement)
			use(root)
		}
		if remove != nil {
			remove()
			use(root)
		}
		set(old)
		visit(old)
	}
	visit = func(node any) {
		switch node := node.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(node)) {
				breakAt(func() any { return node[key] }, func(v any) { node[key] = v }, func() { delete(node, key) })
			}
		case []any:
			for i := range node {
				breakAt(func() any { return node[i] }, func(v any) { node[i] = v }, nil)
			}
		}
	}
	visit(root)
}

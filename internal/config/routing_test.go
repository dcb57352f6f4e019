package config_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
)

const goldenRouting = "testdata/acme-routing.json"

func encodeRouting(t testing.TB, doc config.Routing) []byte {
	t.Helper()
	encoded, err := config.EncodeRouting(doc)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func openRouting(t testing.TB, document []byte) *config.LiveRouting {
	t.Helper()
	live, err := config.OpenRouting(document)
	if err != nil {
		t.Fatal(err)
	}
	return live
}

// texts is what a test writes into Bodies.
type texts map[config.BodyRef]string

func (b texts) of(text string) config.BodyRef {
	ref := config.BodyOf(text)
	b[ref] = text
	return ref
}

// The document of testdata as Go values: the golden file says how it is written. Every
// type of action is in it, and two of them share a text.
func acmeRouting(t testing.TB) config.Routing {
	t.Helper()
	b := texts{}
	overdue := config.EventTemplate{
		Event: "invoice.unpaid", AccountProfiles: []string{"business", "residential"}, When: "invoice.balance >= 10.0",
		Schedule: config.Schedule{At: "10:30", Days: "BusinessDays"},
		Actions: []config.Action{
			{
				Name: "reminder", Type: "Email", Days: []int32{-7, 3}, RepeatEveryDays: 7, MaxRepeats: 4, Log: "CustomerNotes",
				Email: &config.Email{
					From: "billing@acme.example", To: []string{"Billing", "Primary"}, CC: []string{"Owner"}, BCC: []string{"archive@acme.example"},
					Priority: "High", Attach: []string{"Invoice"},
					Subject: b.of("Invoice {{.invoice.number}} <is> waiting & due"), Text: b.of("Dear customer,\nplease pay.\n"), HTML: b.of("<p>Please pay.</p>"),
					Translations: []config.EmailTranslation{{Locale: "fr", Subject: b.of("Facture {{.invoice.number}}"), Text: b.of("Veuillez payer."), HTML: b.of("<p>Veuillez payer.</p>")}},
				},
			},
			{
				Name: "text", Type: "SMS", State: "Disabled", Days: []int32{3}, SMS: &config.SMS{
					To: []string{"+61400555019", "Primary"}, Text: b.of("Please pay."), Translations: []config.TextTranslation{{Locale: "fr", Text: b.of("Veuillez payer.")}},
				},
			},
			{Name: "hook", Type: "Webhook", Days: []int32{3}, Webhook: &config.Webhook{URL: "https://crm.acme.example/hook", Body: b.of(`{"invoice": {{json .invoice.number}}}`)}},
			{Name: "banner", Type: "Banner", Days: []int32{0}, Banner: &config.Banner{Text: b.of("Please pay."), Translations: []config.TextTranslation{{Locale: "fr", Text: b.of("Veuillez payer.")}}}},
			{Name: "note", Type: "Log", Days: []int32{0}, Note: &config.Note{Text: b.of("Invoice is due.")}},
		},
	}
	plain := config.EventTemplate{
		Event: "custom.meterReading", AccountProfiles: []string{"business"},
		Actions: []config.Action{{Name: "hook", Type: "Webhook", Webhook: &config.Webhook{URL: "https://crm.acme.example/hook"}}},
	}
	return config.Routing{
		Format: config.RoutingFormat, Tenant: "acme",
		Templates: []config.Entry{
			{Name: "meter", UID: "42", Generation: 1, Content: raw(t, plain)},
			{Name: "overdue", UID: "41", Generation: 3, Content: raw(t, overdue)},
		},
		Withheld: []config.Withheld{
			{Template: "meter", Action: "hook", AccountProfile: "business", By: "older"},
			{Template: "overdue", Action: "banner", AccountProfile: "business", Days: []int32{0}, By: "older"},
		},
		Bodies: b,
	}
}

func TestEncodeRoutingGolden(t *testing.T) {
	if diff := cmp.Diff(string(read(t, goldenRouting)), string(encodeRouting(t, acmeRouting(t)))); diff != "" {
		t.Errorf("%s (-want +got):\n%s", goldenRouting, diff)
	}
}

func TestRoutingRoundTrip(t *testing.T) {
	document := read(t, goldenRouting)
	var compact any
	if err := json.Unmarshal(document, &compact); err != nil {
		t.Fatal(err)
	}
	for name, spelling := range map[string][]byte{"as written": document, "without white space": raw(t, compact)} {
		parsed, err := config.ParseRouting(spelling)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(document), string(encodeRouting(t, parsed))); diff != "" {
			t.Errorf("%s, parsed and encoded it differs:\n%s", name, diff)
		}
	}
}

func TestUnknownFieldsOfRoutingAreKept(t *testing.T) {
	const newer = `{
  "format": 1,
  "suite": {
    "version": 12345678901234567890.25
  },
  "templates": [
    {
      "content": {
        "future": "<abc>"
      },
      "generation": 1,
      "name": "overdue",
      "signature": "<abc>",
      "uid": "1"
    }
  ],
  "tenant": "acme"
}
`
	parsed, err := config.ParseRouting([]byte(newer))
	if err != nil {
		t.Fatal(err)
	}
	if string(parsed.Templates[0].Extra["signature"]) != `"<abc>"` || parsed.Extra["suite"] == nil {
		t.Errorf("extra fields: %q, %q", parsed.Templates[0].Extra, parsed.Extra)
	}
	if diff := cmp.Diff(newer, string(encodeRouting(t, parsed))); diff != "" {
		t.Error(diff)
	}
}

func TestOpenRouting(t *testing.T) {
	document, want := read(t, goldenRouting), acmeRouting(t)
	live := openRouting(t, document)
	if live.Digest != config.Digest(document) {
		t.Errorf("digest %s", live.Digest)
	}
	templates := map[string]config.EventTemplate{}
	for _, e := range want.Templates {
		var content config.EventTemplate
		if err := json.Unmarshal(e.Content, &content); err != nil {
			t.Fatal(err)
		}
		templates[e.Name] = content
	}
	if diff := cmp.Diff(templates, live.Templates); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want.Withheld, live.Routing.Withheld); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want.Bodies, live.Routing.Bodies); diff != "" {
		t.Error(diff)
	}
}

// A document of a newer release runs on an older replica, as far as that can.
func TestOpenRoutingTakesWhatANewerReleaseKnows(t *testing.T) {
	document := string(read(t, goldenRouting))
	for old, replacement := range map[string]string{
		`"event": "custom.meterReading"`:  `"event": "future.event", "future": [1]`,
		`"type": "Banner"`:                `"type": "Push", "email": ["of another shape"]`,
		`"at": "10:30"`:                   `"at": "noon"`,
		`"days": "BusinessDays"`:          `"days": "FullMoon"`,
		`"when": "invoice.balance >= 10`:  `"when": "future(invoice) >= 10`,
		`"priority": "High"`:              `"priority": "Utmost"`,
		`"state": "Disabled"`:             `"state": "Paused"`,
		`"url": "https://crm.acme.examp`:  `"future": true, "url": "https://crm.acme.examp`,
		`"bodies": {`:                     `"bodies": {"blake3:00": "in another way",`,
		`"accountProfile": "business",`:   `"accountProfile": "business", "future": 1,`,
		`"locale": "fr"`:                  `"locale": "klingon"`,
		`"attach": [` + "\n" + `       `:  `"attach": ["Contract",`,
		`"log": "CustomerNotes"`:          `"log": "Diary"`,
		`"to": [` + "\n" + `            `: `"to": ["Neighbours",`,
	} {
		if !strings.Contains(document, old) {
			t.Fatalf("%q is not in the document", old)
		}
		document = strings.Replace(document, old, replacement, 1)
	}
	live := openRouting(t, []byte(document))
	var names []string
	for _, a := range live.Templates["overdue"].Actions {
		names = append(names, a.Name)
	}
	if diff := cmp.Diff([]string{"reminder", "text", "hook", "note"}, names); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
	if event := live.Templates["meter"].Event; event != "future.event" {
		t.Errorf("event %q", event)
	}
}

func TestOpenRoutingNamesWhatIsWrong(t *testing.T) {
	good := string(read(t, goldenRouting))
	text := config.BodyOf("Dear customer,\nplease pay.\n")
	const overdue = `EventTemplate "overdue": `
	const zero = `"days": [` + "\n              0\n            ],\n            "
	tests := map[string]struct{ old, replacement, want string }{
		"no JSON":               {good, `{`, "not readable"},
		"another format":        {`"format": 1`, `"format": 2`, "has format 2, this release reads format 1"},
		"no format":             {`"format": 1,`, ``, "has format 0"},
		"entries of a type":     {`"uid": "42"`, `"uid": 42`, "not readable"},
		"no tenant":             {`"tenant": "acme"`, `"tenant": ""`, "routing document: it names no tenant"},
		"an unnamed template":   {`"name": "meter"`, `"name": ""`, "an entry of kind EventTemplate has no name"},
		"a template twice":      {`"name": "meter"`, `"name": "overdue"`, `EventTemplate "overdue" is there twice`},
		"content of a type":     {`"event": "invoice.unpaid"`, `"event": 1`, overdue},
		"an action of a type":   {`"name": "banner"`, `"name": 1`, overdue + `actions[3]: `},
		"an unnamed action":     {`"name": "banner"`, `"name": ""`, overdue + `actions[3]: it has no name`},
		"an action twice":       {`"name": "banner"`, `"name": "reminder"`, overdue + `action "reminder" is there twice`},
		"a member of a type":    {`"priority": "High"`, `"priority": 1`, overdue + `action "reminder": `},
		"no member":             {`"banner": {`, `"future": {`, overdue + `action "banner": type Banner needs banner`},
		"another member":        {`"banner": {`, `"note": {}, "banner": {`, overdue + `action "banner": type Banner has no note`},
		"a member's other name": {`"type": "Log"`, `"type": "Banner"`, overdue + `action "note": type Banner needs banner`},
		"days out of order":     {"-7,\n          ", "4,", overdue + `action "reminder": days must be sorted, and each there once`},
		"a day twice":           {"-7,\n          ", "3,", overdue + `action "reminder": days must be sorted, and each there once`},
		"a day far away":        {"-7,\n          ", "-1000001,", overdue + `action "reminder": days: -1000001 is more than 1000000 days away`},
		"half of a repeat":      {`"maxRepeats": 4,`, ``, overdue + `action "reminder": repeatEveryDays and maxRepeats must both be positive, or neither be there`},
		"a repeat backwards":    {`"maxRepeats": 4`, `"maxRepeats": -4`, overdue + `action "reminder": repeatEveryDays and maxRepeats must both be positive, or neither be there`},
		"a repeat for ever":     {`"maxRepeats": 4`, `"maxRepeats": 2147483647`, overdue + `action "reminder": its last repeat is more than 1000000 days away`},
		"repeats of nothing":    {zero + `"name": "note"`, `"repeatEveryDays": 1, "maxRepeats": 1, "name": "note"`, overdue + `action "note": repeatEveryDays needs days`},
		"no body":               {`"text": "` + string(text), `"text": "sha256:00`, overdue + `action "reminder": email.text: there is no body sha256:00`},
		"a missing text":        {`"text": "` + string(text) + `"`, `"text": ""`, overdue + `action "reminder": email.text is missing`},
		"another text":          {`Dear customer`, `Dear reader`, overdue + `action "reminder": email.text: the body ` + string(text) + ` has another text than its name says`},
		"a translation":         {`Veuillez payer.<`, `Payez.<`, overdue + `action "reminder": email.translations[fr].html: the body sha256:`},
		"a translated SMS":      {`"text": "` + string(config.BodyOf("Veuillez payer.")) + `"` + "\n                }\n              ]\n            },\n            \"state\"", `"text": ""}]},"state"`, overdue + `action "text": sms.translations[fr].text is missing`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			broken := strings.Replace(good, test.old, test.replacement, 1)
			if broken == good {
				t.Fatalf("%q is not in the document", test.old)
			}
			_, err := config.OpenRouting([]byte(broken))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			if unknown := errors.Is(err, config.ErrUnknownFormat); unknown != strings.Contains(name, "format") {
				t.Errorf("of an unknown format: %v", unknown)
			}
		})
	}
}

func TestBodiesOf(t *testing.T) {
	used, unused := config.BodyOf("used"), config.BodyOf("unused")
	bodies := map[config.BodyRef]string{used: "used", unused: "unused", "odd": "odd", "": "none"}
	tests := map[string]struct {
		content string
		want    []config.BodyRef
	}{
		"a field of this release": {`{"actions":[{"email":{"text":"` + string(used) + `"}}]}`, []config.BodyRef{used}},
		"a field of a newer one":  {`{"future":{"` + string(used) + `":["x` + string(unused) + `y"]}}`, []config.BodyRef{used, unused}},
		"side by side":            {`"` + string(used) + string(unused) + `"`, []config.BodyRef{used, unused}},
		"another body":            {`{"text":"` + string(config.BodyOf("gone")) + `"}`, nil},
		"cut off":                 {`"` + string(used)[:70], nil},
		"a prefix before it":      {`"sha256:sha256:` + string(used) + `"`, []config.BodyRef{used}},
		"nothing":                 {``, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := config.BodiesOf(json.RawMessage(test.content), bodies)
			want := map[config.BodyRef]string{}
			for _, ref := range test.want {
				want[ref] = bodies[ref]
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// FuzzOpenRouting: whatever is mounted, OpenRouting answers, what it opens can be run, and
// what it carries on is written the same way by everyone.
func FuzzOpenRouting(f *testing.F) {
	f.Add(read(f, goldenRouting))
	f.Fuzz(func(t *testing.T, document []byte) {
		live, err := config.OpenRouting(document)
		if err != nil {
			return
		}
		for name, template := range live.Templates {
			for _, a := range template.Actions {
				checkRuns(t, name, a, live.Routing.Bodies)
			}
		}
		once := encodeRouting(t, live.Routing)
		parsed, err := config.ParseRouting(once)
		if err != nil {
			t.Fatalf("encoded it does not parse: %v", err)
		}
		if diff := cmp.Diff(string(once), string(encodeRouting(t, parsed))); diff != "" {
			t.Errorf("encoded twice it differs:\n%s", diff)
		}
	})
}

// checkRuns takes of an action what the dispatcher takes of it: each of its texts by its
// name, and each of its days.
func checkRuns(t *testing.T, template string, a config.Action, bodies map[config.BodyRef]string) {
	t.Helper()
	required, optional := []config.BodyRef{}, []config.BodyRef{}
	members := 0
	if a.Email != nil {
		members++
		required, optional = append(required, a.Email.Subject, a.Email.Text), append(optional, a.Email.HTML)
	}
	if a.SMS != nil {
		members++
		required = append(required, a.SMS.Text)
	}
	if a.Webhook != nil {
		members++
		optional = append(optional, a.Webhook.Body)
	}
	if a.Banner != nil {
		members++
		required = append(required, a.Banner.Text)
	}
	if a.Note != nil {
		members++
		required = append(required, a.Note.Text)
	}
	if members != 1 {
		t.Errorf("%s, %s has %d members", template, a.Name, members)
	}
	required = append(required, slices.DeleteFunc(optional, func(ref config.BodyRef) bool { return ref == "" })...)
	for _, ref := range required {
		if text, exists := bodies[ref]; !exists || config.BodyOf(text) != ref {
			t.Errorf("%s, %s: the text of %q is %q", template, a.Name, ref, text)
		}
	}
	if !slices.IsSorted(a.Days) || a.RepeatEveryDays > 0 && (len(a.Days) == 0 || a.MaxRepeats <= 0) {
		t.Errorf("%s, %s: days %v, %d times every %d days", template, a.Name, a.Days, a.MaxRepeats, a.RepeatEveryDays)
	}
}

// manyTemplates is a document of n templates: a mail in two languages and a text message
// each, all texts of their own, of the size that people write.
func manyTemplates(t testing.TB, n int) config.Routing {
	t.Helper()
	doc := config.Routing{Format: config.RoutingFormat, Tenant: "acme", Bodies: map[config.BodyRef]string{}}
	for i := range n {
		b := texts{}
		text := func(s string, sentences int) config.BodyRef {
			return b.of(fmt.Sprint(s, " ", i, strings.Repeat("\nDear {{.recipient.firstName}}, invoice {{.invoice.number}} over {{.invoice.balance}} is waiting.", sentences)))
		}
		template := config.EventTemplate{Event: "invoice.unpaid", AccountProfiles: []string{"business", "residential"}, When: "invoice.balance >= 10.0", Actions: []config.Action{
			{Name: "mail", Type: "Email", Days: []int32{int32(i)}, Email: &config.Email{
				To: []string{"Billing"}, Subject: text("Invoice", 0), Text: text("Text", 10), HTML: text("<p>", 20),
				Translations: []config.EmailTranslation{{Locale: "fr", Subject: text("Facture", 0), Text: text("Texte", 10), HTML: text("<div>", 20)}},
			}},
			{Name: "text", Type: "SMS", Days: []int32{int32(i)}, SMS: &config.SMS{To: []string{"Primary"}, Text: text("SMS", 1)}},
		}}
		doc.Templates = append(doc.Templates, config.Entry{Name: fmt.Sprintf("template-%04d", i), UID: fmt.Sprint(i), Generation: 1, Content: raw(t, template)})
		maps.Copy(doc.Bodies, b)
	}
	return doc
}

// BenchmarkOpenRouting is what the dispatcher does when a document of 1,000 templates
// arrives, after unpacking it.
func BenchmarkOpenRouting(b *testing.B) {
	document := encodeRouting(b, manyTemplates(b, 1000))
	b.SetBytes(int64(len(document)))
	b.ReportAllocs()
	for b.Loop() {
		openRouting(b, document)
	}
}

// BenchmarkEncodeRouting is what the operator does in each pass over a tenant of 1,000
// templates.
func BenchmarkEncodeRouting(b *testing.B) {
	doc := manyTemplates(b, 1000)
	b.ReportAllocs()
	for b.Loop() {
		encodeRouting(b, doc)
	}
}

// BenchmarkBodiesOf is what carrying on 1,000 entries of a newer operator costs.
func BenchmarkBodiesOf(b *testing.B) {
	doc := manyTemplates(b, 1000)
	b.ReportAllocs()
	for b.Loop() {
		used := map[config.BodyRef]string{}
		for _, e := range doc.Templates {
			maps.Copy(used, config.BodiesOf(e.Content, doc.Bodies))
		}
		if len(used) != len(doc.Bodies) {
			b.Fatal("bodies are lost")
		}
	}
}

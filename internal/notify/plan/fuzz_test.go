package plan

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/message/template"
)

// decoded reads JSON as the dispatcher does.
func decoded(document []byte) (data map[string]any, ok bool) {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	return data, decoder.Decode(&data) == nil
}

// withText puts a text in all places of data where any text may be.
func withText(fields []catalog.Field, data map[string]any, text string) {
	for _, f := range fields {
		switch value := data[f.Name].(type) {
		case map[string]any:
			withText(f.Fields, value, text)
		case []any:
			for _, element := range value {
				withText(f.Fields, element.(map[string]any), text)
			}
		case string:
			if f.Type == catalog.Text && len(f.Values) == 0 && f.Name != "currency" {
				data[f.Name] = text
			}
		}
	}
}

// headerSafe says whether a text can be a header: one line, in UTF-8.
func headerSafe(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' })
}

// fuzzed is a tenant that says everything of an event that it can by every channel.
func fuzzed(tb testing.TB) *Rules {
	d := newDocuments()
	for _, name := range catalog.BuiltIn().Names() {
		event, _ := catalog.BuiltIn().Lookup(name)
		if event.Anchor != "" || event.ManyAccounts {
			continue
		}
		link := ""
		if event.RequiredLink != "" {
			link = "{{." + event.RequiredLink + "}}"
		}
		mail := d.mail("mail", []string{"Owner"})
		mail.Email.Subject = d.body(`{{.account.name}} {{.tenant.name}} {{.recipient.firstName | default "x"}}`)
		mail.Email.Text = d.body("{{.account.name}} " + link)
		mail.Email.HTML = d.body("<p title=\"{{.account.name}}\">{{.account.name}}</p> " + link)
		text := d.sms("text", []string{"Owner"})
		text.SMS.Text, text.SMS.Fallback = d.body("{{.account.name}} "+link), "Email"
		d.template(strings.ToLower(name), name, []string{"business"}, mail, text,
			config.Action{Name: "raw", Type: "Webhook", Webhook: &config.Webhook{URL: "https://a.example/"}},
			config.Action{Name: "hook", Type: "Webhook", Webhook: &config.Webhook{URL: "https://b.example/", Body: d.body(`{"name": "{{.account.name}}"}`)}},
			config.Action{Name: "note", Type: "Log", Note: &config.Note{Text: d.body("{{.account.name}}")}},
			config.Action{Name: "banner", Type: "Banner", Banner: &config.Banner{Text: d.body("{{.account.name}}")}})
	}
	return d.rules(tb)
}

// FuzzEvent plans and composes events whose texts and names are anything: nobody can put a
// line into a header, a tag into HTML, or an object into JSON, and everybody is told.
func FuzzEvent(f *testing.F) {
	f.Add(uint8(0), "Miller\r\nBcc: spy@evil.example", []byte(`{}`))
	f.Add(uint8(9), "<script>alert(1)</script>", []byte(`{"invoice": {"id": 3}, "open": null, "overdue": []}`))
	f.Add(uint8(14), strings.Repeat("\x00\xff\u2028", 5_000), []byte(`{"credential": {"username": "\u0000"}}`))
	f.Add(uint8(20), `", "x": "`, []byte(`{"ticket": {"id": "../..", "number": 7}}`))
	own, standard := fuzzed(f), newDocuments().rules(f)
	names := catalog.BuiltIn().Names()
	f.Fuzz(func(t *testing.T, which uint8, text string, raw []byte) {
		event, _ := catalog.BuiltIn().Lookup(names[int(which)%len(names)])
		contact := person("dana", "Primary", "Billing")
		contact.Owner, contact.FirstName, contact.LastName, contact.Phone = true, text, text, text
		a := miller("business", contact)
		a.Name = text
		e := happening(event.Name, nil)
		e.About, e.Opener = "dana", "dana"
		if event.RequiredLink != "" {
			e.Link = &Link{ID: "l", ContactID: "dana", Addresses: []string{"dana@miller.example"}, ExpiresAt: now.Add(time.Hour)}
		}
		data, _ := decoded(event.Sample)
		withText(event.TemplateFields(), data, text)
		data[previousEmail] = "old@miller.example;" + text
		e.Data = data
		for _, r := range []*Rules{own, standard} {
			for _, n := range r.Plan(e, a, now) {
				content, err := r.Compose(n, a, links{})
				if err != nil {
					t.Fatalf("%s by %s: %v", e.Type, n.Channel, err)
				}
				checkContent(t, n, content, text)
				if reason, _ := r.Guard(n, a, now); n.Suppressed == "" && reason != "" {
					t.Fatalf("%s by %s to %q: planned, and %s a moment later", e.Type, n.Channel, n.Address, reason)
				}
			}
		}
		if e.Data, _ = decoded(raw); e.Data == nil {
			return
		}
		for _, n := range own.Plan(e, a, now) { // a payload that lacks something may fail, and no more
			if content, err := own.Compose(n, a, links{}); err == nil {
				checkContent(t, n, content, text)
			}
		}
	})
}

func checkContent(t *testing.T, n Notification, content Content, text string) {
	t.Helper()
	switch {
	case !headerSafe(content.Subject) || !headerSafe(content.From) || !headerSafe(n.Address):
		t.Fatalf("a header has several lines: %q, %q, %q", content.Subject, content.From, n.Address)
	case strings.ContainsAny(text, "<>\"") && len(text) > 3 && strings.Contains(content.HTML, ">"+text+"<"):
		t.Fatalf("a name is HTML: %s", content.HTML)
	case n.Channel == typeWebhook && !json.Valid(content.Body):
		t.Fatalf("not JSON: %s", content.Body)
	case n.Channel == typeSMS && utf8.RuneCountInString(content.Text) > template.MaxSMS:
		t.Fatalf("%d characters", utf8.RuneCountInString(content.Text))
	case !utf8.ValidString(content.Text) || strings.Contains(content.Text, "\x00"):
		t.Fatalf("%q", content.Text)
	}
}

// FuzzFirstAt compares the moment with what looking at each minute finds.
func FuzzFirstAt(f *testing.F) {
	f.Add(uint8(0), uint16(9219), uint16(150))
	f.Add(uint8(1), uint16(10136), uint16(135))
	f.Add(uint8(2), uint16(15338), uint16(540))
	zones := []string{"Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "America/Santiago", "Africa/Casablanca", "Pacific/Kwajalein", "America/Caracas", "Asia/Pyongyang"}
	f.Fuzz(func(t *testing.T, which uint8, day, minute uint16) {
		zone := zoneOf(t, zones[int(which)%len(zones)])
		date := time.Date(1985, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(day)%25_000)
		c := clock(minute % (24 * 60))
		if got, want := firstAt(date, c, zone), slowFirstAt(date, c, zone); !got.Equal(want) {
			t.Errorf("%s in %s: %s, want %s", date, zone, got.In(zone), want.In(zone))
		}
	})
}

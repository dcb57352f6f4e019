package stored

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/notify/plan"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

type links struct{}

func (links) Secret(*plan.Link, int) string     { return "https://my.acme.example/secret" }
func (links) Unsubscribe(string, string) string { return "https://my.acme.example/unsubscribe" }

// BenchmarkAccount is what an event costs apart from the database and the channel: planning
// it, and looking at the notification again and filling in its texts.
func BenchmarkAccount(b *testing.B) {
	tenant := config.Tenant{Namespace: "acme", DisplayName: "Acme", Hostname: "my.acme.example", Session: config.Session{IdleSeconds: 1, MaxSeconds: 1},
		Email: config.EmailChannel{From: "billing@acme.example"}, Attributes: settings.Attributes{Locale: "en-GB"}}
	entry := func(name string, content any) config.Entry {
		raw, err := json.Marshal(content)
		if err != nil {
			b.Fatal(err)
		}
		return config.Entry{Name: name, UID: name, Generation: 1, Content: raw}
	}
	document, err := config.Encode(config.Settings{Format: config.Format, Tenant: entry("acme", tenant),
		AccountProfiles: []config.Entry{entry("business", config.AccountProfile{DisplayName: "Business"})}})
	if err != nil {
		b.Fatal(err)
	}
	live, err := config.Load(document)
	if err != nil {
		b.Fatal(err)
	}
	rules, problems := plan.NewRules(live, nil)
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	now := time.Date(2026, time.November, 21, 12, 0, 0, 0, time.UTC)
	known := &store.NotifiedAccount{Contacts: []store.NotifiedContact{{ID: "dana", FirstName: "Dana", Email: "dana@miller.example", Roles: []string{"Billing"}}}}
	known.ID, known.Name, known.Status, known.AccountProfile = "10042", "Miller Ltd", settings.Active, "business"
	e := plan.Event{Position: 1, Source: "foyer", ID: "e-1", Type: "invoice.issued", AccountID: "10042", About: "1001", At: now, Data: map[string]any{
		"invoice": map[string]any{"id": "1001", "number": "INV-1001", "status": "Open", "issuedOn": "2026-11-21", "dueOn": "2026-12-12", "currency": "EUR", "total": "89.90", "balance": "89.90"},
		"open":    map[string]any{"count": json.Number("1"), "balance": "89.90", "currency": "EUR"},
		"overdue": map[string]any{"count": json.Number("0"), "balance": "0.00", "currency": "EUR", "invoices": []any{}},
	}}
	planned := rules.Plan(e, Account(live, known, now), now)
	if len(planned) != 1 {
		b.Fatal(planned)
	}
	b.Run("plan", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			rules.Plan(e, Account(live, known, now), now)
		}
	})
	b.Run("send", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			account := Account(live, known, now)
			if reason, _ := rules.Guard(planned[0], account, now); reason != "" {
				b.Fatal(reason)
			}
			if _, err := rules.Compose(planned[0], account, links{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

package api

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestCommandsOfNotifications runs the commands that ask what people are told, against the
// API, with the YAML of the sample.
func TestCommandsOfNotifications(t *testing.T) {
	g := newGuide(t)
	g.buildPlugin(t)
	due := time.Now().UTC().Format(time.DateOnly)
	put := `put() { curl -sf -o /dev/null -X PUT -H "Authorization: Bearer $TOKEN" --json "$2" "$API/$1"; }
put accounts/10001 '{"name": "Miller Ltd", "accountProfile": "business"}'
put contacts/10001-dana '{"accountId": "10001", "firstName": "Dana", "email": "dana@miller.example", "phone": "+61400555019", "access": "Active", "owner": true, "roles": ["Billing"]}'
put invoices/i-1 '{"accountId": "10001", "number": "INV-1", "issuedOn": "2026-01-01", "dueOn": "` + due + `", "total": "120.00", "status": "Open"}'
`
	samples := filepath.Join(root(t), "config", "samples", "acme")
	for _, step := range []struct {
		do       string
		contains []string
	}{
		{put + "kubectl foyer upcoming --days 14", []string{"would be sent in the next 14 days", "INV-1", "Standard/standard", "dana@miller.example"}},
		{"kubectl foyer upcoming --days 14 -f " + samples, []string{"more (+)", "+", "SMS", "+61400555019"}},
		{"kubectl foyer render --account 10001 --event-type invoice.issued", []string{"To: dana@miller.example", "Subject: "}},
		{"kubectl foyer render --account 10001 -f " + samples, []string{"invoice.unpaid of account 10001", "(SMS)"}},
		{"kubectl foyer status", []string{"Delivery is Hold", "Sent"}},
		{"kubectl foyer status --account 10001", []string{"Notifications of account 10001 since"}},
		{"kubectl foyer redrive --all 2>&1 || true", []string{"delivery is Hold: nothing is tried again"}},
		{"kubectl foyer cancel 019ab0c4-7a31-7d3e-9f00-2b1d5c3a8e14 2>&1 || true", []string{"019ab0c4-7a31-7d3e-9f00-2b1d5c3a8e14: "}},
	} {
		out := g.run(t, block{place: step.do, text: step.do})
		for _, want := range step.contains {
			if !strings.Contains(out, want) {
				t.Errorf("%s: there is no %q in\n%s", step.do, want, out)
			}
		}
	}
}

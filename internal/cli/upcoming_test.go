package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
)

// objects are all that a tenant has, with a reminder on a day.
func objects(t *testing.T, day string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "acme.yaml")
	text := strings.ReplaceAll(`apiVersion: foyer.dev/v1alpha1
kind: Tenant
metadata: {name: acme, namespace: acme}
spec:
  displayName: Acme
  portal: {hostname: my.acme.example}
  database: {serverRef: {name: default}}
---
apiVersion: foyer.dev/v1alpha1
kind: AccountProfile
metadata: {name: business, namespace: acme}
spec: {tenantRef: {name: acme}, displayName: Business}
---
apiVersion: foyer.dev/v1alpha1
kind: EventTemplate
metadata: {name: reminders, namespace: acme}
spec:
  tenantRef: {name: acme}
  event: invoice.unpaid
  accountProfileRefs: [{name: business}]
  actions:
  - {name: first-mail, type: Email, days: [DAY], email: {to: [Billing], subject: "Invoice {{.invoice.number}}", text: "{{.invoice.balance}}"}}
`, "DAY", day)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

var sinceNow = regexp.MustCompile(`(account 10001) since [^:]*:[^:]*UTC`)

func TestUpcomingGolden(t *testing.T) {
	file := objects(t, "5")
	api := newFakeAPI(t)
	for name, args := range map[string][]string{
		"upcoming":         {"upcoming"},
		"upcoming-all":     {"upcoming", "--all", "--days", "1"},
		"upcoming-changed": {"upcoming", "-f", file},
		"status":           {"status"},
		"status-week":      {"status", "--since", "168h"},
		"status-account":   {"status", "--account", "10001"},
		"render-account":   {"render", "--account", "10001"},
	} {
		got := api.run("", args...)
		if got.code != exitFine || got.err != "" {
			t.Errorf("%s: code %d, said %s", name, got.code, got.err)
		}
		shown := strings.NewReplacer(" --server "+api.server.URL, " --server https://api.acme.example", api.token, "token").Replace(got.out)
		shown = sinceNow.ReplaceAllString(shown, "${1} since MONTH AGO")
		golden(t, name, shown)
	}
}

// What is asked of the API are the documents that the operator would make of the files.
func TestUpcomingCompilesTheFiles(t *testing.T) {
	api := newFakeAPI(t)
	if got := api.run("", "upcoming", "-f", objects(t, "5"), "--days", "14", "--account", "10001", "-o", "json"); got.code != exitFine {
		t.Fatalf("code %d, said %s%s", got.code, got.out, got.err)
	}
	if len(api.asked) != 1 || !api.asked[0].Compare || api.asked[0].Days != 14 || api.asked[0].AccountID != "10001" {
		t.Fatalf("asked %+v", api.asked)
	}
	if _, err := config.Load(api.asked[0].Settings); err != nil {
		t.Error(err)
	}
	var packed []byte
	if err := json.Unmarshal(api.asked[0].Routing, &packed); err != nil {
		t.Fatal(err)
	}
	document, err := config.Unpack(packed)
	if err != nil {
		t.Fatal(err)
	}
	routing, err := config.OpenRouting(document)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int32{5}, routing.Templates["reminders"].Actions[0].Days); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestUpcomingJSON(t *testing.T) {
	got := newFakeAPI(t).run("", "upcoming", "-f", objects(t, "5"), "-o", "json")
	var printed struct {
		integration.Upcoming
		Difference difference
	}
	if err := json.Unmarshal([]byte(got.out), &printed); err != nil {
		t.Fatalf("%v in %s", err, got.out)
	}
	d := printed.Difference
	if len(printed.InForce) != 4 || len(printed.Items) != 3 || len(d.More) != 1 || len(d.Less) != 1 || len(d.Other) != 1 || d.Other[0].After.DaysOverdue != 5 || d.Less[0].Channel != "SMS" {
		t.Errorf("%+v", printed)
	}
}

// All pages are asked for, and what they tell is sorted as one.
func TestUpcomingPages(t *testing.T) {
	api := newFakeAPI(t)
	api.more = 2
	got := api.run("", "upcoming", "-o", "json")
	var printed integration.Upcoming
	if err := json.Unmarshal([]byte(got.out), &printed); err != nil {
		t.Fatalf("%v in %s", err, got.out)
	}
	var accounts []string
	for _, i := range printed.Items {
		accounts = append(accounts, i.AccountID)
	}
	if diff := cmp.Diff([]string{"10001", "10001", "10000", "10000", "10002", "10003"}, accounts); diff != "" || printed.Next != "" {
		t.Errorf("next %q (-want +got)\n%s", printed.Next, diff)
	}
	if len(api.asked) != 3 || api.asked[0].Cursor != "" || api.asked[1].Cursor != "c1" || api.asked[2].Cursor != "c1" {
		t.Errorf("asked %+v", api.asked)
	}
}

// Where not all accounts were looked at, no number is said to be that of all.
func TestUpcomingOfSome(t *testing.T) {
	item := integration.UpcomingItem{Day: "2026-11-23", AccountID: "1", Channel: "Email", Address: "a@b.example", Action: "x", Invoices: 1}
	some := outlook{Upcoming: integration.Upcoming{Items: []integration.UpcomingItem{item}, InForce: []integration.UpcomingItem{}, Next: "c"}}
	flags := upcomingFlags{days: 7}
	if got := some.page(Streams{}, flags); !strings.HasPrefix(got, "at least 1 notification would be sent in the next 7 days\n") || !strings.Contains(got, "Not all accounts were looked at, of the others nothing is told") {
		t.Error(got)
	}
	some.Difference = differ(some.InForce, some.Items)
	if got := some.page(Streams{}, flags); !strings.HasPrefix(got, "at least 1 notification would be sent in the next 7 days, and at least 0 now:\nat least 1 more (+), 0 less (-), 0 at another time") {
		t.Error(got)
	}
}

// What stands in the way of delivery is told.
func TestStatusWarns(t *testing.T) {
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		summary  integration.NotificationSummary
		contains string
		not      string
	}{
		{integration.NotificationSummary{DeliveryState: integration.DeliveryState{Mode: "Hold"}}, "Delivery is Hold: notifications are kept and the tenant's webhooks wait, nothing goes out\n", "per hour"},
		{integration.NotificationSummary{DeliveryState: integration.DeliveryState{Mode: "Hold", Adopted: true}}, "Set spec.delivery.mode of the Tenant to Hold, look at what would go out, and then set it to Live.", "webhooks wait"},
		{integration.NotificationSummary{DeliveryState: integration.DeliveryState{Mode: "Redirect", RedirectTo: "test@acme.example"}}, "mails go to test@acme.example, without copies. Secret links in them are\nplaceholders, but in mails for that address itself. Text messages, Webhook actions,\nbanners and notes are Suppressed.", ""},
		{integration.NotificationSummary{DeliveryState: integration.DeliveryState{Mode: "Live", MaxPerHour: 5}}, "At most 5 mails and text messages go out per hour\n", "reached"},
		{integration.NotificationSummary{AsOf: at}, "The dispatcher has not looked at unpaid invoices at all yet,", ""},
		{integration.NotificationSummary{AsOf: at, SweptAt: at.Add(-11 * time.Minute)}, "The dispatcher has not looked at unpaid invoices since 2026-11-22 09:49:00 UTC", ""},
		{integration.NotificationSummary{AsOf: at, SweptAt: at.Add(-9 * time.Minute)}, "Delivery is", "dispatcher"},
	} {
		got := deliveryStatus{NotificationSummary: test.summary}.page(Streams{}, "", "")
		if !strings.Contains(got, test.contains) || test.not != "" && strings.Contains(got, test.not) {
			t.Errorf("%+v:\n%s", test.summary, got)
		}
	}
}

func TestUpcomingRefuses(t *testing.T) {
	api := newFakeAPI(t)
	refused := filepath.Join(t.TempDir(), "refused.yaml")
	text, err := os.ReadFile(objects(t, "5"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(refused, []byte(strings.Replace(string(text), "invoice.balance}}", "invoice.ballance}}", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	part := filepath.Join(t.TempDir(), "part.yaml")
	pieces := strings.Split(string(text), "---\n")
	if err := os.WriteFile(part, []byte(pieces[1]), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args     []string
		code     int
		contains string
	}{
		{[]string{"upcoming", "--days", "32"}, exitUsage, "--days 32 is out of range"},
		{[]string{"upcoming", "-o", "yaml"}, exitUsage, "-o yaml is not known"},
		{[]string{"upcoming", "-f", refused}, exitFindings, "there is no field .invoice.ballance"},
		{[]string{"upcoming", "-f", part}, exitUsage, "the files must have all objects of the tenant: they have 0 Tenants"},
		{[]string{"status", "--since", "0s"}, exitUsage, "--since 0s is out of range"},
		{[]string{"redrive"}, exitUsage, "name the notifications by their ids, or all by --all"},
		{[]string{"redrive", "--all", "x"}, exitUsage, "name the notifications by their ids, or all by --all"},
		{[]string{"redrive", "sent"}, exitFindings, "sent: the notification is Sent"},
		{[]string{"cancel"}, exitUsage, "name the notifications by their ids; kubectl foyer status --account lists them"},
		{[]string{"cancel", "a", "sent"}, exitFindings, "sent: the notification is Sent"},
		{[]string{"render", "--account", "10001", "--locale", "de"}, exitUsage, "--account and --locale exclude each other"},
		{[]string{"render", "--account", "X"}, exitUsage, "accountId: there is no account X"},
	} {
		got := api.run("", test.args...)
		if got.code != test.code || !strings.Contains(got.out+got.err, test.contains) {
			t.Errorf("%v: code %d, said %s%s", test.args, got.code, got.out, got.err)
		}
	}
	if got := run(t, "", "render", "-f", part, "--event-type", "invoice.paid"); got.code != exitUsage || !strings.Contains(got.err, "--event-type is for --account") {
		t.Errorf("code %d, said %s", got.code, got.err)
	}
}

func TestRedriveAndCancel(t *testing.T) {
	api := newFakeAPI(t, fault{status: 429})
	for _, test := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"redrive", "--all"}, exitFine, "2 notifications are tried again\n"},
		{[]string{"redrive", "a"}, exitFine, "a: invoice.unpaid by Email to dana@miller.example is tried again\n"},
		{[]string{"cancel", "b", "c"}, exitFine, "b: invoice.unpaid by Email to dana@miller.example is cancelled\nc: invoice.unpaid by Email to dana@miller.example is cancelled\n"},
	} {
		if got := api.run("", test.args...); got.code != test.code || got.out != test.says {
			t.Errorf("%v: code %d, said %s%s", test.args, got.code, got.out, got.err)
		}
	}
	want := []string{"redrive 019ab0c4-7a31-7d3e-9f00-2b1d5c3a8e11", "redrive 019ab0c4-7a31-7d3e-9f00-2b1d5c3a8e12", "redrive a", "cancel b", "cancel c"}
	if diff := cmp.Diff(want, api.settled); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	api.settled, api.summary = nil, "notifications/hold"
	if got := api.run("", "redrive", "--all"); got.code != exitUsage || !strings.Contains(got.err, "delivery is Hold: nothing is tried again") || api.settled != nil {
		t.Errorf("in Hold: code %d, said %s%s, %v", got.code, got.out, got.err, api.settled)
	}
}

package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

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

func TestUpcomingGolden(t *testing.T) {
	file := objects(t, "5")
	api := newFakeAPI(t)
	for name, args := range map[string][]string{
		"upcoming":         {"upcoming"},
		"upcoming-all":     {"upcoming", "--all", "--days", "1"},
		"upcoming-changed": {"upcoming", "-f", file},
		"status":           {"status"},
		"render-account":   {"render", "--account", "10001"},
	} {
		got := api.run("", args...)
		if got.code != exitFine || got.err != "" {
			t.Errorf("%s: code %d, said %s", name, got.code, got.err)
		}
		shown := strings.NewReplacer(" --server "+api.server.URL, " --server https://api.acme.example", api.token, "token").Replace(got.out)
		golden(t, name, shown)
	}
}

// What is asked of the API are the documents that the operator would make of the files.
func TestUpcomingCompilesTheFiles(t *testing.T) {
	api := newFakeAPI(t)
	if got := api.run("", "upcoming", "-f", objects(t, "5"), "--days", "14", "--account", "10001", "-o", "json"); got.code != exitFine {
		t.Fatalf("code %d, said %s%s", got.code, got.out, got.err)
	}
	if len(api.asked) != 2 || api.asked[0].Settings != nil || api.asked[1].Days != 14 || api.asked[1].AccountID != "10001" {
		t.Fatalf("asked %+v", api.asked)
	}
	if _, err := config.Load(api.asked[1].Settings); err != nil {
		t.Error(err)
	}
	routing, err := config.OpenRouting(api.asked[1].Routing)
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
		Items      []integration.UpcomingItem
		Changed    integration.Upcoming
		Difference difference
	}
	if err := json.Unmarshal([]byte(got.out), &printed); err != nil {
		t.Fatalf("%v in %s", err, got.out)
	}
	d := printed.Difference
	if len(printed.Items) != 4 || len(printed.Changed.Items) != 3 || len(d.More) != 1 || len(d.Less) != 1 || len(d.Other) != 1 || d.Other[0].After.DaysOverdue != 5 || d.Less[0].Channel != "SMS" {
		t.Errorf("%+v", printed)
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
		{[]string{"redrive"}, exitUsage, "name the messages by their ids, or all by --all"},
		{[]string{"redrive", "--all", "x"}, exitUsage, "name the messages by their ids, or all by --all"},
		{[]string{"redrive", "sent"}, exitFindings, "sent: the notification is Sent: Dead and Uncertain ones can be tried again"},
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

func TestRedrive(t *testing.T) {
	api := newFakeAPI(t, fault{status: 429})
	got := api.run("", "redrive", "--all")
	if got.code != exitFine || got.out != "2 messages are tried again\n" {
		t.Errorf("code %d, said %s%s", got.code, got.out, got.err)
	}
	if diff := cmp.Diff([]string{"019ab0c4-7a31-7d3e-9f00-2b1d5c3a8e11", "019ab0c4-7a31-7d3e-9f00-2b1d5c3a8e12"}, api.redriven); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := api.run("", "redrive", "a"); got.code != exitFine || got.out != "a: invoice.unpaid by Email to dana@miller.example is tried again\n" {
		t.Errorf("code %d, said %s%s", got.code, got.out, got.err)
	}
}

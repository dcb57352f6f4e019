package cli

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/compare"
	"github.com/foyerhq/foyer/internal/integration"
)

func (a *fakeAPI) plan(w http.ResponseWriter, r *http.Request) {
	var query integration.PlanQuery
	if err := json.NewDecoder(r.Body).Decode(&query); err != nil {
		a.t.Error(err)
	}
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.plans = append(a.plans, query)
	if len(a.pages) == 0 {
		a.encode(w, integration.Plan{})
		return
	}
	page := a.pages[0]
	a.pages = a.pages[1:]
	if status, is := page.(int); is {
		problem(w, status, "others ask")
		return
	}
	a.encode(w, page)
}

// fullPlan has something in every part.
func fullPlan() integration.Plan {
	decided := func(value, source, name string) compare.Decided {
		return compare.Decided{Value: value, Source: source, SourceName: name}
	}
	way := func(day int32) *compare.MessageWay {
		return &compare.MessageWay{Source: "EventTemplate", Template: "reminders", Action: "first-mail", DaysOverdue: day}
	}
	order := func(digest string, days ...int32) compare.MessageOrder {
		return compare.MessageOrder{Source: "EventTemplate", Template: "reminders", Action: "first-mail", Channel: "Email", Days: days, Digest: digest}
	}
	return integration.Plan{Difference: compare.Difference{
		Delivery: &compare.DeliveryChange{Before: "Hold", After: "Live"},
		Accounts: compare.ChangedAccounts{Total: 5000, Changed: 1516, Changes: []compare.AccountChange{
			{Key: "tradingTermsDays", Before: decided("14", "Tenant", "acme"), After: decided("21", "AccountProfile", "business"), Accounts: 1204, Sample: []string{"10001", "10002"}},
			{Key: "myAccountProfile", Before: decided("basic", "Tenant", ""), After: decided("full", "AccountProfile", ""), Accounts: 312, Sample: []string{"10003"}},
			{Key: "custom.tier", Before: decided("", "Unset", ""), After: decided("b*_|<b>@all", "AccountProfile", "business"), Accounts: 1, Sample: []string{"10004"}},
		}},
		People: compare.ChangedPeople{Gaining: 300, Losing: 1, Features: []compare.FeatureChange{
			{Feature: "PayInvoices", Change: "Gained", Owners: 280, SubAccounts: 20, Sample: []compare.Person{{AccountID: "10003", ContactID: "10003-dana"}}},
			{Feature: "ViewServices", Change: "Lost", SubAccounts: 1, Sample: []compare.Person{{AccountID: "10004", ContactID: "10004-tim"}}},
		}},
		Events: []compare.EventChange{
			{Event: "invoice.unpaid", AccountProfile: "business", Accounts: 1204, Before: []compare.MessageOrder{order("a", 3)}, After: []compare.MessageOrder{order("a", 5)}},
			{Event: "invoice.issued", AccountProfile: "business", Accounts: 1204, Before: []compare.MessageOrder{order("a")}, After: []compare.MessageOrder{order("b")}},
			{Event: "payment.received", AccountProfile: "residential", Was: "gold", Accounts: 1, Before: []compare.MessageOrder{{Source: "Standard", Action: "standard", Channel: "Email"}}},
		},
		Retired: []compare.RetiredProfile{{Kind: "AccountProfile", Name: "gold", Accounts: 3}, {Kind: "MyAccountProfile", Name: "vip"}},
		Upcoming: []compare.MessageChange{
			{Change: "Moves", EventType: "invoice.unpaid", Channel: "Email", Before: way(3), After: way(5), Messages: 120, Accounts: 118, Sample: []compare.MessageSample{{AccountID: "10001", Before: "2026-11-25", After: "2026-11-27"}}},
			{Change: "Disappears", EventType: "invoice.unpaid", Channel: "SMS", Before: way(3), Reason: "disabled", Messages: 1, Accounts: 1, Sample: []compare.MessageSample{{AccountID: "10002", Before: "2026-11-25"}}},
			{Change: "Rewords", EventType: "invoice.unpaid", Channel: "Email", Before: way(9), After: way(9), Messages: 2, Accounts: 2},
		},
		Waiting: []compare.WaitingChange{{Before: "Held", After: "Suppressed", Reason: "beforeGoLive", EventType: "invoice.issued", Channel: "Email", Messages: 7,
			Sample: []compare.WaitingSample{{NotificationID: "019ab0c4-7a31-7d3e-9f00-2b1d5c3a8e11", AccountID: "10001"}}}},
	}}
}

func TestPlanGolden(t *testing.T) {
	file := objects(t, "5")
	for name, args := range map[string][]string{"plan": nil, "plan-markdown": {"-o", "markdown"}, "plan-json": {"-o", "json"}} {
		api := newFakeAPI(t)
		api.pages = []any{fullPlan()}
		got := api.run("", append([]string{"plan", "-f", file}, args...)...)
		if got.code != exitFine || got.err != "" {
			t.Errorf("%s: code %d, said %s", name, got.code, got.err)
		}
		golden(t, name, strings.ReplaceAll(got.out, file, "acme.yaml"))
	}
}

func TestPlanAsksPageByPage(t *testing.T) {
	api := newFakeAPI(t)
	first, second := fullPlan(), fullPlan()
	first.Next, second.Events, second.Retired = "c1", nil, nil
	first.Problems = []string{"no dispatcher runs it"}
	api.pages = []any{http.StatusTooManyRequests, first, second}
	got := api.run("", "plan", "-f", objects(t, "5"), "-o", "json", "--days", "9", "--samples", "3")
	var report planReport
	if err := json.Unmarshal([]byte(got.out), &report); err != nil {
		t.Fatalf("%v in %s", err, got.out)
	}
	if len(api.plans) != 3 || api.plans[1].Cursor != "" || api.plans[2].Cursor != "c1" || api.plans[2].Days != 9 || api.plans[2].Samples != 3 || api.plans[2].Routing == nil {
		t.Errorf("asked %+v", api.plans)
	}
	if report.Accounts.Changed != 3032 || report.Accounts.Total != 5000 || len(report.Accounts.Changes) != 3 || len(report.Events) != 3 || !report.Complete || !report.Changes || len(report.Notes) != 2 {
		t.Errorf("%+v", report)
	}
	if diff := cmp.Diff([]string{"10001", "10002", "10001"}, report.Accounts.Changes[2].Sample); diff != "" {
		t.Errorf("samples (-want +got)\n%s", diff)
	}
}

// What could not be looked at in time is told, and is no plan without changes.
func TestPlanThatIsNotWhole(t *testing.T) {
	api := newFakeAPI(t)
	api.pages = []any{integration.Plan{Next: "c1"}, integration.Plan{Next: "c2"}}
	got := api.run("", "plan", "-f", objects(t, "5"), "--wait", "1ns", "--detailed-exitcode")
	if got.code != exitChanges || len(api.plans) != 1 || !strings.Contains(got.out, "of the customers that were looked at") {
		t.Errorf("code %d after %d pages: %s%s", got.code, len(api.plans), got.out, got.err)
	}
}

func TestPlanLines(t *testing.T) {
	api := newFakeAPI(t)
	page := fullPlan()
	page.Lines = []compare.Line{{Kind: "Account", AccountID: "10001"}, {Kind: "Person", AccountID: "10003", ContactID: "10003-dana", Gained: []string{"PayInvoices"}}}
	api.pages = []any{page}
	got := api.run("", "plan", "-f", objects(t, "5"), "-o", "jsonl")
	lines := strings.Split(strings.TrimSpace(got.out), "\n")
	if len(lines) != 3 || lines[0] != `{"kind":"Account","accountId":"10001"}` || !strings.HasPrefix(lines[2], `{"kind":"Plan","format":1,`) || !api.plans[0].Lines {
		t.Errorf("%s%s", got.out, got.err)
	}
}

func TestPlanExitCodes(t *testing.T) {
	file, broken := objects(t, "5"), filepath.Join(t.TempDir(), "broken.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(broken, []byte(strings.Replace(string(text), "{{.invoice.balance}}", "{{.invoice.balence}}", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(t.TempDir(), "missing.yaml")
	if err := os.WriteFile(missing, []byte(strings.Replace(string(text), "displayName: Business}", "displayName: Business, myAccountProfileRef: {name: none}}", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	nothing, something := integration.Plan{}, fullPlan()
	for name, test := range map[string]struct {
		args           []string
		page           integration.Plan
		code, detailed int
		says           string
	}{
		"nothing changes":       {[]string{"-f", file}, nothing, 0, 0, "nothing changes for customers"},
		"something changes":     {[]string{"-f", file}, something, 0, 2, "1,516 accounts change"},
		"refused by the schema": {[]string{"-f", broken}, something, 1, 1, "there is no field .invoice.balence"},
		"refused as operator":   {[]string{"-f", missing}, something, 1, 1, "AccountProfile/business is refused: spec.myAccountProfileRef"},
		"no such file":          {[]string{"-f", file + "x"}, nothing, 2, 1, "no such file"},
		"no files":              {nil, nothing, 2, 1, "name what to read"},
		"too many days":         {[]string{"-f", file, "--days", "32"}, nothing, 2, 1, "--days 32 is out of range"},
		"too many samples":      {[]string{"-f", file, "--samples", "101"}, nothing, 2, 1, "--samples 101 is out of range"},
		"no time":               {[]string{"-f", file, "--wait", "0s"}, nothing, 2, 1, "--wait 0s is too short"},
		"prune by address":      {[]string{"-f", file, "--prune"}, nothing, 2, 1, "--prune is for a cluster"},
		"unknown output":        {[]string{"-f", file, "-o", "yaml"}, nothing, 2, 1, "-o yaml is not known"},
		"unknown flag":          {[]string{"-f", file, "--wrong"}, nothing, 2, 1, "unknown flag"},
	} {
		for detailed, want := range map[bool]int{false: test.code, true: test.detailed} {
			api := newFakeAPI(t)
			api.pages = []any{test.page}
			args := append([]string{"plan"}, test.args...)
			if detailed {
				args = append(args, "--detailed-exitcode")
			}
			if got := api.run("", args...); got.code != want || !strings.Contains(got.out+got.err, test.says) {
				t.Errorf("%s, detailed %t: code %d, want %d: %s%s", name, detailed, got.code, want, got.out, got.err)
			}
		}
	}
}

// A refused object is told in every form that a pipeline reads.
func TestPlanRefused(t *testing.T) {
	file := objects(t, "5")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), "days: [5]", "days: [no]", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for output, want := range map[string]string{"text": "! EventTemplate/reminders is refused: spec.actions[0].days[0]: ", "markdown": "<details open><summary>Objects: 1</summary>", "json": `"change": "Refused"`} {
		got := newFakeAPI(t).run("", "plan", "-f", file, "-o", output)
		if got.code != exitFindings || !strings.Contains(got.out, want) || !strings.Contains(got.out, "nothing was compared") {
			t.Errorf("%s: code %d, %s%s", output, got.code, got.out, got.err)
		}
	}
}

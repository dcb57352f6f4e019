package backoffice

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

// routing is a document with reminders for the accounts of profile business.
func routing(t *testing.T, days string) []byte {
	t.Helper()
	subject, text := config.BodyOf("Invoice {{.invoice.number}}"), config.BodyOf(duty)
	document, err := config.EncodeRouting(config.Routing{
		Format: config.RoutingFormat, Tenant: "acme",
		Templates: []config.Entry{{Name: "dunning", UID: "u", Generation: 1, Content: json.RawMessage(`{"event":"invoice.unpaid","accountProfiles":["business"],"actions":[
			{"name":"first","type":"Email","days":` + days + `,"email":{"to":["Owner"],"subject":"` + string(subject) + `","text":"` + string(text) + `"}}]}`)}},
		Bodies: map[config.BodyRef]string{subject: "Invoice {{.invoice.number}}", text: duty},
	})
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// newDebtor is a site with a business account and an invoice that is due today.
func newDebtor(t *testing.T) *site {
	t.Helper()
	s := newMeter(t)
	today := time.Now().UTC().Format(time.DateOnly)
	s.must(t, "accounts", `{"id":"D","name":"Dee","accountProfile":"business"}`)
	s.must(t, "contacts", `{"id":"d1","accountId":"D","firstName":"Dee","email":"dee@example.com","access":"Active","owner":true}`)
	s.must(t, "invoices", `{"id":"i1","accountId":"D","number":"2026-1","issuedOn":"2026-01-01","dueOn":"`+today+`","total":"10.00","currency":"AUD","status":"Open"}`)
	return s
}

func (s *site) saveRouting(t *testing.T, document []byte) {
	t.Helper()
	packed, err := config.Pack(document)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.tenant.Admin.SaveDocument(t.Context(), "routing", config.Digest(document), base64.StdEncoding.EncodeToString(packed)); err != nil {
		t.Fatal(err)
	}
}

func (s *site) ask(t *testing.T, path, body string, into any) {
	t.Helper()
	response, text := s.call(t, "POST", "/api/v1/"+path, nil, reader(body))
	if err := json.Unmarshal([]byte(text), into); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s %s", path, body, response.Status, text)
	}
}

func TestUpcoming(t *testing.T) {
	s := newDebtor(t)
	today := time.Now().UTC().Truncate(24 * time.Hour)
	days := func(body string) (got []string, whole integration.Upcoming) {
		s.ask(t, "upcoming", body, &whole)
		for _, item := range whole.Items {
			at, err := time.Parse(time.DateOnly, item.Day)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%s %d %s %s/%s to %s %s", item.Number, int(at.Sub(today).Hours()/24), item.AccountProfile, item.Source, item.Action, item.Address, item.Suppressed))
		}
		return got, whole
	}
	standard, whole := days(`{"days":14,"accountId":"D"}`)
	if len(standard) == 0 || !strings.Contains(standard[0], "Standard/standard to dee@example.com") || whole.RoutingDigest != "" || whole.Mode != "Hold" {
		t.Errorf("by the standard suite: %v %+v", standard, whole)
	}
	s.saveRouting(t, routing(t, "[2, 9]"))
	want := []string{"2026-1 2 business EventTemplate/first to dee@example.com "}
	if got, whole := days(`{}`); cmp.Diff(want, got) != "" || whole.RoutingDigest != config.Digest(routing(t, "[2, 9]")) || whole.Next != "" || whole.InForce != nil {
		t.Errorf("in a week: %v, %+v", got, whole)
	}
	other, err := json.Marshal(integration.UpcomingQuery{Days: 10, Documents: integration.Documents{Routing: routing(t, "[1, 5]")}})
	if err != nil {
		t.Fatal(err)
	}
	want = []string{"2026-1 1 business EventTemplate/first to dee@example.com ", "2026-1 5 business EventTemplate/first to dee@example.com "}
	if got, _ := days(string(other)); cmp.Diff(want, got) != "" {
		t.Errorf("under another document: %v", got)
	}
	pack, err := config.Pack(routing(t, "[1, 5]"))
	if err != nil {
		t.Fatal(err)
	}
	packed := `{"days":10,"compare":true,"routing":"` + base64.StdEncoding.EncodeToString(pack) + `"}`
	if got, whole := days(packed); cmp.Diff(want, got) != "" || len(whole.InForce) != 2 || whole.InForce[0].DaysOverdue != 2 || whole.InForce[1].DaysOverdue != 9 {
		t.Errorf("under another document, packed, and by that in force: %v %+v", got, whole.InForce)
	}
	s.must(t, "accounts", `{"id":"D","attributes":{"reminders":"Disabled"}}`)
	want = []string{"2026-1 2 business EventTemplate/first to  disabled"}
	if got, _ := days(`{"days":3}`); cmp.Diff(want, got) != "" {
		t.Errorf("without reminders: %v", got)
	}
	if got, _ := days(`{"accountId":"none"}`); got != nil {
		t.Errorf("of nobody: %v", got)
	}
	s.walk(t, []step{
		{"POST", "upcoming", `{"days":32}`, nil, 422, "", `"field":"days","rule":"maximum"`},
		{"POST", "upcoming", `{"routing":{"format":9}}`, nil, 422, "", `"field":"routing","message":"routing document has format 9`},
		{"POST", "upcoming", `{"settings":{"format":1}}`, nil, 422, "", `"field":"settings"`},
		{"POST", "upcoming", `{"routing":{"format":1,"format":1}}`, nil, 422, "", `"field":"routing"`},
		{"POST", "upcoming", `{"routing":"eA=="}`, nil, 422, "", `"field":"routing","message":"unpack document`},
		{"POST", "upcoming", `{"routing":"x"}`, nil, 422, "", `"field":"routing","message":"is a text, and no Base64`},
		{"POST", "upcoming", `{"cursor":"x"}`, nil, 422, "", `"field":"cursor"`},
		{"POST", "upcoming", `{"accountId":"D","cursor":"` + encodeCursor(cursor{List: "upcoming?", ID: "D"}) + `"}`, nil, 422, "", "belongs to another list"},
		{"POST", "upcoming", `{"cursor":"` + encodeCursor(cursor{List: "upcoming?", ID: "\x00"}) + `"}`, nil, 422, "", "is not a cursor of this API"},
	})
}

// All accounts are told of, however many there are, and each on one page.
func TestUpcomingPages(t *testing.T) {
	s := newDebtor(t)
	s.saveRouting(t, routing(t, "[1, 2, 3]"))
	for _, id := range []string{"a", "B", "é", "z"} {
		s.must(t, "accounts", `{"id":"`+id+`","name":"Dee","accountProfile":"business"}`)
		s.must(t, "contacts", `{"id":"`+id+`1","accountId":"`+id+`","firstName":"Dee","email":"dee@example.com","access":"Active","owner":true}`)
		s.must(t, "invoices", `{"id":"`+id+`1","accountId":"`+id+`","number":"`+id+`","issuedOn":"2026-01-01","dueOn":"`+time.Now().UTC().Format(time.DateOnly)+`","total":"10.00","currency":"AUD","status":"Open"}`)
	}
	s.api.maxUpcoming, s.api.upcomingPage = 4, 2
	items, pages, next := map[string]int{}, 0, ""
	for again := true; again; again = next != "" {
		var page integration.Upcoming
		s.ask(t, "upcoming", `{"compare":true,"cursor":"`+next+`"}`, &page)
		if len(page.Items) > 6 || len(page.InForce) != len(page.Items) {
			t.Errorf("page %d has %d and %d items", pages, len(page.Items), len(page.InForce))
		}
		for _, item := range page.Items {
			items[item.AccountID]++
		}
		pages++
		next = page.Next
	}
	if diff := cmp.Diff(map[string]int{"D": 3, "a": 3, "B": 3, "é": 3, "z": 3}, items); diff != "" || pages < 2 || pages > 4 {
		t.Errorf("%d pages, (-want +got)\n%s", pages, diff)
	}
}

// Documents of one's own can show any field of any account: that takes the scopes for it.
func TestDocumentsTakeScopes(t *testing.T) {
	s := newDebtor(t)
	document, err := json.Marshal(integration.RenderQuery{AccountID: "D", Event: "invoice.unpaid", Documents: integration.Documents{Routing: routing(t, "[1]")}})
	if err != nil {
		t.Fatal(err)
	}
	for i, test := range []struct {
		path, body, scopes string
		status             int
		contains           string
	}{
		{"render", `{"accountId":"D","event":"invoice.unpaid"}`, `"notifications:read"`, 200, "dee@example.com"},
		{"render", string(document), `"notifications:read"`, 403, "the token has no scope accounts:read"},
		{"render", string(document), `"notifications:read","accounts:read"`, 403, "the token has no scope invoices:read"},
		{"render", string(document), `"notifications:read","accounts:read","invoices:read"`, 200, "dee@example.com"},
		{"upcoming", `{"routing":{}}`, `"notifications:read"`, 403, "the token has no scope accounts:read"},
		{"upcoming", `{"settings":{}}`, `"notifications:read"`, 403, "the token has no scope accounts:read"},
	} {
		made := s.newToken(t, fmt.Sprintf(`{"name":"reader-%d","scopes":[%s]}`, i, test.scopes))
		response, text := s.call(t, "POST", "/api/v1/"+test.path, bearing(made.Secret), reader(test.body))
		if response.StatusCode != test.status || !strings.Contains(text, test.contains) {
			t.Errorf("%s of %s: %s %s", test.path, test.scopes, response.Status, text)
		}
	}
}

func TestRender(t *testing.T) {
	s := newDebtor(t)
	s.saveRouting(t, routing(t, "[2, 9]"))
	var got integration.Rendered
	s.ask(t, "render", `{"accountId":"D","event":"invoice.unpaid"}`, &got)
	shows := func(what, subject, text string, sample bool) {
		t.Helper()
		if len(got.Items) != 1 || got.Items[0].Subject != subject || got.Items[0].Text != text || got.Sample != sample || got.Items[0].Address != "dee@example.com" || got.Items[0].Suppressed != "" {
			t.Errorf("%s: %+v", what, got)
		}
	}
	shows("its own invoice, which is due today", "Invoice 2026-1", "Dear Dee, A$10.00 is due.", false)
	owing := func(id, number, status string, days int) {
		due := time.Now().AddDate(0, 0, days).UTC().Format(time.DateOnly)
		s.must(t, "invoices", `{"id":"`+id+`","accountId":"D","number":"`+number+`","issuedOn":"2026-01-01","dueOn":"`+due+`","total":"10.00","currency":"AUD","status":"`+status+`"}`)
	}
	owing("i2", "2026-2", "Open", -100)
	owing("i3", "2026-3", "Open", 5)
	got = integration.Rendered{}
	s.ask(t, "render", `{"accountId":"D","event":"invoice.unpaid","action":"first"}`, &got)
	shows("the oldest", "Invoice 2026-2", "Dear Dee, A$10.00 is due.", false)
	for _, id := range []string{"1", "2", "3"} {
		owing("i"+id, "2026-"+id, "Paid", 0)
	}
	got = integration.Rendered{}
	s.ask(t, "render", `{"accountId":"D","event":"invoice.unpaid"}`, &got)
	shows("the sample", "Invoice INV-1001", "Dear Dee, €120.00 is due.", true)
	for _, event := range []string{"invoice.issued", "ticket.opened", "portal.passwordReset", "contact.invited", "contact.verifyEmail", "portal.newSignIn", "account.created"} {
		s.ask(t, "render", `{"accountId":"D","event":"`+event+`"}`, &got)
		if len(got.Items) != 1 || got.Items[0].Address != "dee@example.com" || got.Items[0].Text == "" || got.Items[0].Problem != "" || got.Items[0].Suppressed != "" {
			t.Errorf("%s: %+v", event, got)
			continue
		}
		secret := strings.Contains(got.Items[0].Text, "https://my.acme.example/SECRET-LINK-OF-THE-RECIPIENT")
		if want := linkPurposes[event] != ""; secret != want {
			t.Errorf("%s: a placeholder of a secret link: %t, want %t in %s", event, secret, want, got.Items[0].Text)
		}
	}
	got = integration.Rendered{}
	s.ask(t, "render", `{"accountId":"D","event":"invoice.issued","action":"other"}`, &got)
	if len(got.Items) != 0 {
		t.Errorf("another action: %+v", got)
	}
	s.walk(t, []step{
		{"POST", "render", `{"accountId":"X","event":"invoice.issued"}`, nil, 422, "", `"field":"accountId","message":"there is no account \"X\""`},
		{"POST", "render", `{"accountId":"D","event":"invoice.isued"}`, nil, 422, "", "the nearest is invoice.issued"},
	})
}

// Answers by documents that no dispatcher runs say so.
func TestNobodyRunsIt(t *testing.T) {
	s := newMeter(t)
	said := func(what, want string) {
		t.Helper()
		var coming integration.Upcoming
		s.ask(t, "upcoming", `{}`, &coming)
		if got := strings.Join(coming.Problems, "; "); got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	said("no document", "no dispatcher runs a routing document yet: this is by the standard messages alone")
	document, err := config.EncodeRouting(config.Routing{Format: config.RoutingFormat, Tenant: "acme", Bodies: map[config.BodyRef]string{}})
	if err != nil {
		t.Fatal(err)
	}
	routing, err := config.OpenRouting(document)
	if err != nil {
		t.Fatal(err)
	}
	packed, err := config.Pack(document)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.tenant.Admin.SaveDocument(t.Context(), "routing", routing.Digest, base64.StdEncoding.EncodeToString(packed)); err != nil {
		t.Fatal(err)
	}
	said("nobody runs it", "no dispatcher runs this routing document: it is the newest one")
	if err := s.tenant.Dispatcher.Acknowledge(t.Context(), store.Replica{Pod: "p", Component: "dispatcher", Routing: routing.Digest}); err != nil {
		t.Fatal(err)
	}
	said("one runs it", "")
}

package backoffice

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/settings"
)

const passwordHash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g" //nolint:gosec // of no password

func TestContacts(t *testing.T) {
	s := newSite(t, server)
	s.must(t, "accounts", `{"id":"A","name":"Ada","status":"Active"}`, `{"id":"B","name":"Ben","status":"Active"}`)
	const dana = `{"accountId":"A","firstName":"Dana","email":"dana@miller.example","phone":"+44 7700 900142","roles":["Technical","Billing"],"grants":["Billing"],"access":"Active",` +
		`"user":{"username":"dana","email":"dana@miller.example","emailVerified":true,"passwordHash":"` + passwordHash + `"}}`
	const shown = `{"id":"c1","accountId":"A","firstName":"Dana","email":"dana@miller.example","phone":"+44 7700 900142","roles":["Billing","Technical"],"grants":["DownloadInvoices","PayInvoices","PlaceOrders","ViewInvoices","ViewPayments"],"access":"Active",` +
		`"user":{"username":"dana","email":"dana@miller.example","emailVerified":true},"portalAccess":"Active","version":1`
	ifMatch := func(tag string) map[string]string { return map[string]string{"If-Match": tag} }
	s.walk(t, []step{
		{"PUT", "sites/s1", `{"accountId":"A","name":"Home"}`, nil, 201, `"v1"`, ""},
		{"PUT", "sites/s2", `{"accountId":"B","name":"Other"}`, nil, 201, `"v1"`, ""},
		{"PUT", "contacts/c1", dana, nil, 201, `"v1"`, shown},
		{"PUT", "contacts/c1", dana, nil, 200, `"v1"`, shown},
		{"GET", "contacts/c1", "", nil, 200, `"v1"`, shown},
		{"GET", "contacts?accountId=A", "", nil, 200, "", `{"items":[` + shown},
		{"GET", "contacts?accountId=B", "", nil, 200, "", `{"items":[]}`},
		{"PATCH", "contacts/c1", `{"phone":null,"roles":["Primary"],"sites":["s1"],"grants":["ReadOnly"]}`, nil, 200, `"v2"`,
			`"roles":["Primary"],"grants":["ViewActivity","ViewEmails","ViewInvoices","ViewPayments","ViewServices"],"sites":["s1"],"access":"Active","user":{"username":"dana"`},
		{"PATCH", "contacts/c1", `{"sites":["s2"]}`, nil, 422, "", `{"field":"sites","message":"account \"A\" has no site \"s2\""}`},
		{"PATCH", "contacts/c1", `{"roles":["Boss"]}`, nil, 422, "", `{"field":"roles[0]","rule":"enum","message":"\"Boss\" is not allowed, allowed are Primary, Secondary, Billing, Technical"}`},
		{"PATCH", "contacts/c1", `{"grants":["Fly"]}`, nil, 422, "", `{"field":"grants[0]","rule":"enum"`},
		{"PATCH", "contacts/c1", `{"access":"Maybe"}`, nil, 422, "", `{"field":"access","rule":"enum"`},
		{"PATCH", "contacts/c1", `{"email":"nobody"}`, nil, 422, "", `{"field":"email","rule":"format","message":"\"nobody\" is not an email address"}`},
		{"PATCH", "contacts/c1", `{"user":{"username":"no one"}}`, nil, 422, "", `{"field":"user.username","rule":"pattern"`},
		{"PATCH", "contacts/c1", `{"user":{"username":"x@miller.example"}}`, nil, 422, "", `"field":"user.username","message":"\"x@miller.example\" contains @`},
		{"PATCH", "contacts/c1", `{"user":{"passwordHash":"$argon2id$plain"}}`, nil, 422, "", `{"field":"user.passwordHash","message":"is not an argon2id hash`},
		{"PATCH", "contacts/c1", `{"user":{"email":"new@miller.example"}}`, nil, 200, `"v3"`, `"user":{"username":"dana","email":"new@miller.example"},`},
		{"PATCH", "contacts/c1", `{"user":null}`, nil, 200, `"v3"`, `"user":{"username":"dana"`},
		{"PUT", "contacts/c1", dana, ifMatch(`"v2"`), 412, "", "Contact is at version 3, not 2"},
		{"PUT", "contacts/c1", strings.Replace(dana, `"A"`, `"B"`, 1), nil, 422, "", "never moves"},
		{"PUT", "contacts/c2", `{"accountId":"A","access":"Active","user":{"username":"Dana"}}`, nil, 422, "", `\"Dana\" is already the username of a user with another email`},
		{"PUT", "contacts/c2", `{"accountId":"A","access":"Active","owner":true}`, nil, 201, `"v1"`, `"owner":true`},
		{"PATCH", "contacts/c1", `{"owner":true}`, nil, 422, "", `{"field":"owner","message":"the owner of account \"A\" is contact \"c2\": write that one with owner false first, or both in one import"}`},
		{"DELETE", "contacts/c2", "", nil, 409, "", "hand over first"},
		{"PATCH", "contacts/c2", `{"owner":null}`, nil, 200, `"v2"`, ""},
		{"PATCH", "contacts/c1", `{"owner":true}`, nil, 200, `"v4"`, `"owner":true`},
		{"DELETE", "contacts/c2", "", ifMatch(`"v1"`), 412, "", "is at version 2, not 1"},
		{"DELETE", "contacts/c2", "", ifMatch(`"v2"`), 204, "", ""},
		{"DELETE", "contacts/c2", "", nil, 404, "", "there is none"},
		{"DELETE", "sites/s1", "", nil, 409, "", "there are contacts of it"},
		{"DELETE", "contacts/c1/user", "", ifMatch(`"v3"`), 412, "", "is at version 4, not 3"},
		{"DELETE", "contacts/c1/user", "", nil, 204, "", ""},
		{"DELETE", "contacts/c1/user", "", nil, 404, "", ""},
		{"DELETE", "contacts/c9/user", "", nil, 404, "", ""},
		{"GET", "contacts/c1", "", nil, 200, `"v5"`, `"access":"Active","portalAccess":"NotInvited","version":5`},
		{"PUT", "contacts/c1", `{"accountId":"A","access":"Active"}`, nil, 200, `"v6"`, `{"id":"c1","accountId":"A","access":"Active","portalAccess":"NotInvited","version":6`},
		{"POST", "contacts", `{"accountId":"A","access":"Active"}`, nil, 405, "", ""},
	})
	if s.secretsShown(t, passwordHash[len(passwordHash)-20:]) {
		t.Error("the API answers with a password hash")
	}
}

// secretsShown looks for a text in all that the API answers.
func (s *site) secretsShown(t *testing.T, secret string) bool {
	t.Helper()
	for _, path := range []string{"contacts", "contacts/c1", "changes", "events"} {
		response, text := s.call(t, http.MethodGet, "/api/v1/"+path, nil, nil)
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, response.Status)
		}
		if strings.Contains(text, secret) {
			return true
		}
	}
	return false
}

// grantsAllowed are the grants that the API lets pass.
func grantsAllowed() string {
	field, _ := reflect.TypeFor[integration.Contact]().FieldByName("Grants")
	return field.Tag.Get("enum")
}

// TestGrantsOfTheDocument: the enumeration of the API has every preset and every feature.
func TestGrantsOfTheDocument(t *testing.T) {
	var want []string
	for _, preset := range settings.Presets() {
		want = append(want, string(preset))
	}
	for _, info := range settings.FeatureRegistry() {
		want = append(want, string(info.Feature))
	}
	if got := grantsAllowed(); got != strings.Join(want, ",") {
		t.Errorf("the API allows the grants %s, there are %s", got, strings.Join(want, ","))
	}
}

// TestWhatWasReadIsWrittenBack: a PUT of what a GET answered changes nothing.
func TestWhatWasReadIsWrittenBack(t *testing.T) {
	s := newSite(t, server)
	s.must(t, "accounts", `{"id":"A","name":"Ada","status":"Active"}`)
	s.walk(t, []step{
		{"PUT", "sites/s1", `{"accountId":"A","name":"Home"}`, nil, 201, `"v1"`, ""},
		{"PUT", "contacts/none", `{"accountId":"A","access":"Disabled"}`, nil, 201, `"v1"`, ""},
		{"PUT", "contacts/all", `{"accountId":"A","firstName":"D","lastName":"M","email":"d@m.example","phone":"1","roles":["Technical","Billing"],"owner":true,"grants":["Owner"],"sites":["s1"],` +
			`"access":"Active","user":{"username":"d@m.example","email":"D@m.example","emailVerified":true,"passwordHash":"` + passwordHash + `"}}`, nil, 201, `"v1"`, ""},
		{"PUT", "notes/some", `{"accountId":"A","text":"One.\nTwo."}`, nil, 201, `"v1"`, ""},
		{"PUT", "notes/all", `{"accountId":"A","text":"x","author":"Sam","at":"2026-11-22T10:00:00.123456789+11:00"}`, nil, 201, `"v1"`, `"at":"2026-11-21T23:00:00.123456Z"`},
		{"PUT", "tickets/some", `{"accountId":"A","subject":"x","text":"y","contactId":"all"}`, nil, 201, `"v1"`, ""},
		{"PUT", "tickets/all", `{"accountId":"A","number":"N7","subject":"x","text":"y\nz","department":"d","status":"Closed","contactId":"none","openedBy":"Somebody",` +
			`"openedAt":"2026-01-02T03:04:05.987654321Z","closing":{"author":"Sam","byStaff":true,"text":"t","at":"2026-01-03T03:04:05.987654321Z"}}`, nil, 201, `"v1"`, ""},
		{"PUT", "tickets/default", `{"accountId":"A","subject":"x","text":"y","status":"Closed","openedBy":"Somebody"}`, nil, 201, `"v1"`, `"closing":{"author":"Acme","byStaff":true,"at":`},
		{"PUT", "tickets/some/messages/m1", `{"author":"Sam","text":"x","at":"2026-01-02T03:04:05.987654321Z"}`, nil, 201, `"v1"`, ""},
	})
	for _, path := range []string{"contacts/none", "contacts/all", "notes/some", "notes/all", "tickets/some", "tickets/all", "tickets/default", "tickets/some/messages/m1", "tickets/some/messages/some"} {
		_, read := s.call(t, http.MethodGet, "/api/v1/"+path, nil, nil)
		response, written := s.call(t, http.MethodPut, "/api/v1/"+path, map[string]string{"Content-Type": "application/json"}, reader(read))
		if response.StatusCode != http.StatusOK || written != read {
			t.Errorf("%s: %s\nread  %s\nwrote %s", path, response.Status, read, written)
		}
	}
}

// TestContactsByImport: lines follow the rules of a PUT, and an owner hands over in one
// import.
func TestContactsByImport(t *testing.T) {
	s := newSite(t, server)
	s.must(t, "accounts", `{"id":"A","name":"Ada","status":"Active"}`)
	s.must(t, "contacts", `{"id":"c1","accountId":"A","access":"Active","owner":true,"grants":["ReadOnly"],"user":{"username":"dana","passwordHash":"`+passwordHash+`"}}`)
	s.must(t, "contacts", `{"id":"c2","accountId":"A","access":"Active","owner":true}`, `{"id":"c1","accountId":"A","access":"Active"}`)
	summary, refusals := s.imported(t, "contacts",
		`{"id":"c1","accountId":"A","access":"Active","user":{"username":"dana"}}`,
		`{"id":"c3","accountId":"A","access":"Active","user":{"username":"DANA"}}`,
		`{"id":"c4","accountId":"A","access":"Active","user":{"username":"x","passwordHash":"secret-of-mine"}}`,
		`{"id":"c5","accountId":"A","access":"Active","owner":true}`)
	if summary.Unchanged != 1 || summary.Refused != 3 {
		t.Errorf("got %+v, %v", summary, refusals)
	}
	text, err := json.Marshal(refusals)
	if err != nil || strings.Contains(string(text), "secret-of-mine") {
		t.Errorf("%v: the refusals have the hash: %s", err, text)
	}
	s.walk(t, []step{{"GET", "contacts/c1", "", nil, 200, `"v2"`, `"access":"Active","user":{"username":"dana"}`}})
}

// TestMessagesThatPeopleDoNotWant: the provider's system that knows nothing of them does
// not change them.
func TestMessagesThatPeopleDoNotWant(t *testing.T) {
	s := newSite(t, server)
	s.must(t, "accounts", `{"id":"A","name":"Ada"}`)
	const ada = `{"accountId":"A","access":"Active"}`
	s.walk(t, []step{
		{"PUT", "contacts/c", `{"accountId":"A","optedOut":["Support","General"],"access":"Active"}`, nil, 201, `"v1"`, `"optedOut":["General","Support"],"access":"Active"`},
		{"PUT", "contacts/c", ada, nil, 200, `"v1"`, `"optedOut":["General","Support"]`},
		{"PATCH", "contacts/c", `{"optedOut":null}`, nil, 200, `"v1"`, `"optedOut":["General","Support"]`},
		{"PATCH", "contacts/c", `{"optedOut":["Product"]}`, nil, 200, `"v2"`, `"optedOut":["Product"]`},
		{"PUT", "contacts/c", `{"accountId":"A","optedOut":[],"access":"Active"}`, nil, 200, `"v3"`, `{"id":"c","accountId":"A","access":"Active",`},
		{"PUT", "contacts/c", `{"accountId":"A","optedOut":["Security"],"access":"Active"}`, nil, 422, "", `{"field":"optedOut[0]","rule":"enum","message":"\"Security\" is not allowed, allowed are General, Invoice, Product, Support"}`},
		{"PUT", "contacts/c", `{"accountId":"A","pendingEmail":"x@y.example","portalAccess":"Active","access":"Active"}`, nil, 200, `"v3"`, ""}, // the server's own
	})
	s.must(t, "contacts", `{"id":"c","accountId":"A","optedOut":["Invoice"],"access":"Active"}`, `{"id":"d","accountId":"A","access":"Active"}`)
	s.must(t, "contacts", `{"id":"c","accountId":"A","access":"Active"}`)
	s.walk(t, []step{{"GET", "contacts/c", "", nil, 200, `"v4"`, `"optedOut":["Invoice"]`}})
}

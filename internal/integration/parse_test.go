package integration

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/settings"
)

func days(n int32) *int32 { return &n }

func TestParseGoodLines(t *testing.T) {
	tests := []struct {
		name string
		line string
		read func([]byte) (any, *Refusal)
		want any
	}{
		{"group", `{"name":"vip","displayName":"Very important"}`, anyOf(ParseGroup), Group{"vip", "Very important"}},
		{"group by id", ` { "id" : "vip" } `, anyOf(ParseGroup), Group{Name: "vip"}},
		{"group by both", `{"id":"vip","name":"vip","displayName":null}`, anyOf(ParseGroup), Group{Name: "vip"}},
		{"account, least", `{"id":"A-1"}`, anyOf(ParseAccount), Account{ID: "A-1"}},
		{
			"account, all",
			`{"id":"A-1","name":"Müller & Søn","status":"Suspended","accountProfile":"business","myAccountProfile":"full","groups":["vip","beta"],"attributes":{"tradingTermsDays":0,"currency":"AUD","locale":"en-AU","timeZone":"Australia/Sydney","portalAccess":"Disabled"}}`,
			anyOf(ParseAccount),
			Account{
				ID: "A-1", Name: Of("Müller & Søn"), Status: Of(settings.Suspended), AccountProfile: Of("business"),
				MyAccountProfile: Of("full"), Groups: Of([]string{"vip", "beta"}),
				Attributes: Of(settings.Attributes{TradingTermsDays: days(0), Currency: "AUD", Locale: "en-AU", TimeZone: "Australia/Sydney", PortalAccess: "Disabled"}),
			},
		},
		{
			"account, null clears",
			`{"id":"A-1","accountProfile":null,"myAccountProfile":"","groups":null,"attributes":null}`,
			anyOf(ParseAccount),
			Account{ID: "A-1", AccountProfile: Null[string](), MyAccountProfile: Null[string](), Groups: Null[[]string](), Attributes: Null[settings.Attributes]()},
		},
		{
			"account, a null attribute is unset", `{"id":"A-1","attributes":{"currency":null,"locale":"de"}}`, anyOf(ParseAccount),
			Account{ID: "A-1", Attributes: Of(settings.Attributes{Locale: "de"})},
		},
		{
			"account, what the provider's systems act on",
			`{"id":"A-1","attributes":{"creditLimit":"5000.00","billingDay":15,"invoiceDelivery":"None","lateFee":{"type":"Flat","amount":"15","daysAfterDue":0,"label":null},"custom":[{"name":"segment","value":"b2b"}]}}`, anyOf(ParseAccount),
			Account{ID: "A-1", Attributes: Of(settings.Attributes{
				CreditLimit: "5000.00", BillingDay: days(15), InvoiceDelivery: settings.NotDelivered,
				LateFee: settings.LateFee{Type: settings.FlatLateFee, Amount: "15", DaysAfterDue: days(0)},
				Custom:  []settings.Custom{{Name: "segment", Value: "b2b"}},
			})},
		},
		{
			"account, all of an object and of a list is unset", `{"id":"A-1","attributes":{"lateFee":null,"custom":null}}`, anyOf(ParseAccount),
			Account{ID: "A-1", Attributes: Of(settings.Attributes{})},
		},
		{
			"contact", `{"id":"C-1","accountId":"A-1","access":"Active"}`, anyOf(ParseContact),
			Contact{ID: "C-1", AccountID: "A-1", Grants: []settings.Feature{}, Access: "Active"},
		},
		{
			"contact, all",
			`{"id":"C-1","accountId":"A-1","firstName":"Ada","lastName":"Byron","email":"ada@example.org","owner":true,"grants":["ViewInvoices"],"access":"Disabled","user":{"username":"Ada@Example.org","email":"ada@example.org","emailVerified":true,"passwordHash":"$argon2id$x"}}`,
			anyOf(ParseContact),
			Contact{
				ID: "C-1", AccountID: "A-1", FirstName: "Ada", LastName: "Byron", Email: "ada@example.org", Owner: true,
				Grants: []settings.Feature{settings.ViewInvoices}, Access: "Disabled",
				User: &User{Username: "Ada@Example.org", Email: "ada@example.org", EmailVerified: true, PasswordHash: "$argon2id$x"},
			},
		},
		{
			"invoice", `{"id":"I-1","accountId":"A-1","number":"2026/0001","issuedOn":"2026-02-28","dueOn":"2026-02-28","currency":"JPY","total":"-99999999999999.9999","balance":"0","status":"Paid"}`,
			anyOf(ParseInvoice),
			Invoice{ID: "I-1", AccountID: "A-1", Number: "2026/0001", IssuedOn: "2026-02-28", DueOn: "2026-02-28", Currency: "JPY", Total: "-99999999999999.9999", Balance: "0", Status: "Paid"},
		},
		{
			"invoice, least", `{"id":"I-1","accountId":"A-1","number":"1","issuedOn":"2026-02-28","dueOn":null,"currency":null,"total":"1.5","status":"Open"}`,
			anyOf(ParseInvoice),
			Invoice{ID: "I-1", AccountID: "A-1", Number: "1", IssuedOn: "2026-02-28", Total: "1.5", Status: "Open"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, refusal := test.read([]byte(test.line))
			if refusal != nil {
				t.Fatalf("refused: %s", refusal)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func anyOf[T any](parse func([]byte) (T, *Refusal)) func([]byte) (any, *Refusal) {
	return func(line []byte) (any, *Refusal) { return parse(line) }
}

// Every bad line, with exactly what its sender is told.
func TestParseBadLines(t *testing.T) {
	group, account, contact, invoice := anyOf(ParseGroup), anyOf(ParseAccount), anyOf(ParseContact), anyOf(ParseInvoice)
	const money = `allowed is a decimal string such as "12.50" with at most 14 digits before and 4 after the point`
	const customAllowed = "allowed is a list of at most 32 objects, each with a name (1 to 63 lower case letters, digits and '-') and a value (one line of 1 to 256 characters)"
	const username = "allowed are 2 to 80 of the characters A-Z a-z 0-9 _ . @ + -"
	invoiceWith := func(field, value string) string {
		fields := map[string]string{"id": `"I-1"`, "accountId": `"A-1"`, "number": `"1"`, "issuedOn": `"2026-02-28"`, "total": `"1"`, "status": `"Open"`}
		fields[field] = value
		var parts []string
		for _, name := range []string{"id", "accountId", "number", "issuedOn", "dueOn", "currency", "total", "balance", "status"} {
			if fields[name] != "" {
				parts = append(parts, fmt.Sprintf("%q:%s", name, fields[name]))
			}
		}
		return "{" + strings.Join(parts, ",") + "}"
	}
	userWith := func(user string) string {
		return `{"id":"C-1","accountId":"A-1","access":"Active","user":` + user + `}`
	}
	tests := []struct {
		name    string
		read    func([]byte) (any, *Refusal)
		line    string
		id      string
		field   string
		message string
	}{
		{"not JSON", account, `{"id":"A-1",}`, "", "", "is not valid JSON: invalid character '}' looking for beginning of object key string"},
		{"half a line", account, `{"id":"A-1"`, "", "", "is not valid JSON: unexpected end of JSON input"},
		{"two objects", account, `{"id":"A-1"}{"id":"A-2"}`, "", "", "is not valid JSON: invalid character '{' after top-level value"},
		{"a list", account, `[]`, "", "", "must be a JSON object, but is a list"},
		{"null", account, `null`, "", "", "must be a JSON object, but is null"},
		{"not UTF-8", account, "{\"id\":\"A-\xff\"}", "", "", "is not valid UTF-8"},
		{"unknown field", account, `{"id":"A-1","credit":5}`, "A-1", "credit", "is not a known field, allowed are id, name, status, accountProfile, myAccountProfile, groups, attributes"},
		{"fields are case sensitive", account, `{"id":"A-1","Name":"x"}`, "A-1", "Name", "is not a known field, allowed are id, name, status, accountProfile, myAccountProfile, groups, attributes"},
		{"a field twice", account, `{"id":"A-1","name":"a","name":"b"}`, "", "name", "is there twice"},
		{"no id", account, `{"name":"x"}`, "", "id", "is missing"},
		{"null id", account, `{"id":null}`, "", "id", "is missing"},
		{"id is a number", account, `{"id":7}`, "", "id", "must be a string, but is a number"},
		{"id is too long", account, `{"id":"` + strings.Repeat("x", 65) + `"}`, "", "id", "is longer than 64 characters"},
		{"NUL", account, `{"id":"A\u0000"}`, "", "id", "must not contain control characters"},
		{"space at the end", account, `{"id":"A "}`, "", "id", "must not begin or end with a space"},
		{"name is cleared", account, `{"id":"A-1","name":null}`, "A-1", "name", "must not be empty, leave it out to keep the name"},
		{"status", account, `{"id":"A-1","status":"active"}`, "A-1", "status", `"active" is not allowed, allowed are Prospect, Active, Suspended, Closed`},
		{"status is cleared", account, `{"id":"A-1","status":null}`, "A-1", "status", "cannot be cleared, allowed are Prospect, Active, Suspended, Closed"},
		{"groups is a string", account, `{"id":"A-1","groups":"vip"}`, "A-1", "groups", "must be a list of strings"},
		{"groups holds null", account, `{"id":"A-1","groups":[null]}`, "A-1", "groups", "must be a list of strings"},
		{"group twice", account, `{"id":"A-1","groups":["a","a"]}`, "A-1", "groups", `has "a" twice`},
		{"empty group", account, `{"id":"A-1","groups":[""]}`, "A-1", "groups", "must not hold an empty string"},
		{"attributes is a list", account, `{"id":"A-1","attributes":[]}`, "A-1", "attributes", "must be a JSON object, but is a list"},
		{"unknown attribute", account, `{"id":"A-1","attributes":{"creditLimits":"5"}}`, "A-1", "attributes.creditLimits", "is not a known field, allowed are tradingTermsDays, currency, locale, timeZone, portalAccess, creditLimit, billingDay, invoiceDelivery, lateFee, custom"},
		{"unknown attribute inside", account, `{"id":"A-1","attributes":{"lateFee":{"amuont":"5"}}}`, "A-1", "attributes.lateFee.amuont", "is not a known field, allowed are type, amount, daysAfterDue, minimumBalance, label"},
		{"attribute in the form of its key", account, `{"id":"A-1","attributes":{"lateFee.amount":"5"}}`, "A-1", "attributes.lateFee.amount", "is not a known field, allowed are tradingTermsDays, currency, locale, timeZone, portalAccess, creditLimit, billingDay, invoiceDelivery, lateFee, custom"},
		{"attribute inside twice", account, `{"id":"A-1","attributes":{"lateFee":{"amount":"5","amount":"6"}}}`, "A-1", "attributes.lateFee.amount", "is there twice"},
		{"attribute inside of another type", account, `{"id":"A-1","attributes":{"lateFee":{"amount":5}}}`, "A-1", "attributes.lateFee.amount", `5 is not allowed, allowed is a decimal in quotes such as "1500.00", with at most 14 digits before and 4 after the point`},
		{"attribute inside is empty", account, `{"id":"A-1","attributes":{"lateFee":{"label":""}}}`, "A-1", "attributes.lateFee.label", `"" is not allowed, allowed is one line of 1 to 80 characters`},
		{"object of attributes is a string", account, `{"id":"A-1","attributes":{"lateFee":"5"}}`, "A-1", "attributes.lateFee", "must be a JSON object, but is a string"},
		{"money is a number", account, `{"id":"A-1","attributes":{"creditLimit":1000}}`, "A-1", "attributes.creditLimit", `1000 is not allowed, allowed is a decimal in quotes such as "1500.00", with at most 14 digits before and 4 after the point`},
		{"no such billing day", account, `{"id":"A-1","attributes":{"billingDay":0}}`, "A-1", "attributes.billingDay", "0 is out of range, allowed is a whole number from 1 to 28"},
		{"custom is an object", account, `{"id":"A-1","attributes":{"custom":{"a":"b"}}}`, "A-1", "attributes.custom", `{"a":"b"} is not allowed, ` + customAllowed},
		{"custom has another field", account, `{"id":"A-1","attributes":{"custom":[{"name":"a","value":"b"},{"key":"a"}]}}`, "A-1", "attributes.custom[1].key", "is not a known field, allowed are name, value"},
		{"custom holds a string", account, `{"id":"A-1","attributes":{"custom":["a"]}}`, "A-1", "attributes.custom[0]", "must be a JSON object, but is a string"},
		{"custom is a number", account, `{"id":"A-1","attributes":{"custom":[{"name":"a","value":1}]}}`, "A-1", "attributes.custom", `[{"name":"a","value":1}] is not allowed, ` + customAllowed},
		{"custom is incomplete", account, `{"id":"A-1","attributes":{"custom":[{"name":"a"}]}}`, "A-1", "attributes.custom[0].value", `"" is not allowed, allowed is one line of 1 to 256 characters without a space at its ends`},
		{"custom is there twice", account, `{"id":"A-1","attributes":{"custom":[{"name":"a","value":"1"},{"name":"a","value":"2"}]}}`, "A-1", "attributes.custom[1]", `"a" is there twice`},
		{"attribute out of range", account, `{"id":"A-1","attributes":{"tradingTermsDays":366}}`, "A-1", "attributes.tradingTermsDays", "366 is out of range, allowed is a whole number from 0 to 365"},
		{"attribute of another type", account, `{"id":"A-1","attributes":{"tradingTermsDays":"14"}}`, "A-1", "attributes.tradingTermsDays", `"14" is not allowed, allowed is a whole number from 0 to 365`},
		{"attribute with decimals", account, `{"id":"A-1","attributes":{"tradingTermsDays":1.5}}`, "A-1", "attributes.tradingTermsDays", "1.5 is not allowed, allowed is a whole number from 0 to 365"},
		{"empty attribute", account, `{"id":"A-1","attributes":{"currency":""}}`, "A-1", "attributes.currency", `"" is not allowed, allowed is an ISO 4217 code such as EUR`},
		{"no such currency", account, `{"id":"A-1","attributes":{"currency":"XYZ"}}`, "A-1", "attributes.currency", `"XYZ" is not a currency, allowed is an ISO 4217 code such as EUR`},

		{"group without name", group, `{}`, "", "id", "is missing"},
		{"group with two names", group, `{"id":"a","name":"b"}`, "b", "id", `"a" differs from name "b", write one of them`},
		{"group with an unknown field", group, `{"name":"a","members":[]}`, "a", "members", "is not a known field, allowed are id, name, displayName"},

		{"contact without account", contact, `{"id":"C-1","access":"Active"}`, "C-1", "accountId", "is missing"},
		{"contact without access", contact, `{"id":"C-1","accountId":"A-1"}`, "C-1", "access", "is missing"},
		{"access", contact, `{"id":"C-1","accountId":"A-1","access":"Open"}`, "C-1", "access", `"Open" is not allowed, allowed are Active, Disabled`},
		{"unknown grant", contact, `{"id":"C-1","accountId":"A-1","access":"Active","grants":["ViewInvoices","PayInvoices"]}`, "C-1", "grants", `"PayInvoices" is not a feature, allowed are ViewInvoices, ViewActivity`},
		{"owner is a string", contact, `{"id":"C-1","accountId":"A-1","access":"Active","owner":"yes"}`, "C-1", "owner", "must be true or false, but is a string"},
		{"email", contact, `{"id":"C-1","accountId":"A-1","access":"Active","email":"Ada <ada@example.org>"}`, "C-1", "email", `"Ada <ada@example.org>" is not an email address`},
		{"user is cleared", contact, userWith("null"), "C-1", "user", "cannot be cleared, set access to Disabled to close the portal to the contact"},
		{"user is a string", contact, userWith(`"ada"`), "C-1", "user", "must be a JSON object, but is a string"},
		{"unknown field of a user", contact, userWith(`{"username":"ada","password":"secret"}`), "C-1", "user.password", "is not a known field, allowed are username, email, emailVerified, passwordHash"},
		{"no username", contact, userWith(`{}`), "C-1", "user.username", "is missing"},
		{"username is too short", contact, userWith(`{"username":"a"}`), "C-1", "user.username", `"a" is not allowed, ` + username},
		{"username with a space", contact, userWith(`{"username":"a b"}`), "C-1", "user.username", `"a b" is not allowed, ` + username},
		{"username is too long", contact, userWith(`{"username":"` + strings.Repeat("u", 81) + `"}`), "C-1", "user.username", `"` + strings.Repeat("u", 64) + `..." is not allowed, ` + username},
		{"username with @ of another", contact, userWith(`{"username":"ada@example.org","email":"bob@example.org","emailVerified":true}`), "C-1", "user.username", `"ada@example.org" contains @, so it must be the user's own verified email`},
		{"username with @ unverified", contact, userWith(`{"username":"ada@example.org","email":"ada@example.org"}`), "C-1", "user.username", `"ada@example.org" contains @, so it must be the user's own verified email`},
		{"verified nothing", contact, userWith(`{"username":"ada","emailVerified":true}`), "C-1", "user.emailVerified", "is true without an email"},

		{"no number", invoice, invoiceWith("number", "null"), "I-1", "number", "is missing"},
		{"bad date", invoice, invoiceWith("issuedOn", `"2026-02-30"`), "I-1", "issuedOn", `"2026-02-30" is not a date, allowed is YYYY-MM-DD from 1900-01-01 to 2199-12-31`},
		{"date with a time", invoice, invoiceWith("issuedOn", `"2026-02-28T00:00:00Z"`), "I-1", "issuedOn", `"2026-02-28T00:00:00Z" is not a date, allowed is YYYY-MM-DD from 1900-01-01 to 2199-12-31`},
		{"date of another century", invoice, invoiceWith("dueOn", `"0026-03-01"`), "I-1", "dueOn", `"0026-03-01" is not a date, allowed is YYYY-MM-DD from 1900-01-01 to 2199-12-31`},
		{"due before issue", invoice, invoiceWith("dueOn", `"2026-02-27"`), "I-1", "dueOn", "2026-02-27 is before issuedOn 2026-02-28"},
		{"money is a number", invoice, invoiceWith("total", "12.50"), "I-1", "total", "must be a string, not a number, which may lose digits on the way: " + money},
		{"five decimals", invoice, invoiceWith("total", `"0.00001"`), "I-1", "total", `"0.00001" is not an amount, ` + money},
		{"fifteen digits", invoice, invoiceWith("balance", `"123456789012345"`), "I-1", "balance", `"123456789012345" is not an amount, ` + money},
		{"money with a comma", invoice, invoiceWith("balance", `"12,50"`), "I-1", "balance", `"12,50" is not an amount, ` + money},
		{"money with an exponent", invoice, invoiceWith("balance", `"1e3"`), "I-1", "balance", `"1e3" is not an amount, ` + money},
		{"currency", invoice, invoiceWith("currency", `"eur"`), "I-1", "currency", `"eur" is not a currency, allowed is an ISO 4217 code such as EUR`},
		{"invoice status", invoice, invoiceWith("status", `"Unpaid"`), "I-1", "status", `"Unpaid" is not allowed, allowed are Open, Paid, Void`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, got := test.read([]byte(test.line))
			want := &Refusal{ID: test.id, Field: test.field, Message: test.message}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What the Go types write, the parser reads back equal; and what was left out stays out.
func TestLinesRoundTrip(t *testing.T) {
	account := Account{ID: "A-1", Name: Of("x"), AccountProfile: Null[string](), Groups: Of([]string{}), Attributes: Of(settings.Attributes{TradingTermsDays: days(21)})}
	line, err := json.Marshal(account)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"id":"A-1","name":"x","accountProfile":null,"groups":[],"attributes":{"tradingTermsDays":21}}`; string(line) != want {
		t.Errorf("got %s, want %s", line, want)
	}
	got, refusal := ParseAccount(line)
	if refusal != nil {
		t.Fatal(refusal)
	}
	if diff := cmp.Diff(account, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Whatever comes in, a line is read or refused with a message that is one line of
// JSON; and what is read can be written and read again.
func FuzzParse(f *testing.F) {
	for _, line := range []string{
		`{"id":"A-1","name":"x","status":"Active","accountProfile":null,"groups":["a"],"attributes":{"tradingTermsDays":14}}`,
		`{"id":"C-1","accountId":"A-1","access":"Active","owner":true,"grants":["ViewInvoices"],"user":{"username":"ada"}}`,
		`{"id":"I-1","accountId":"A-1","number":"1","issuedOn":"2026-02-28","total":"1.50","status":"Open"}`,
		`{"name":"vip","displayName":"\ud83d\ude00"}`,
		`{"id":"A-1","attributes":{"tradingTermsDays":1e2}}`,
		`{"id":"\ud800"}`, `{"":{}}`, `[[[[`, "", "null", "{\"id\":\"\xff\"}",
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		again(t, line, ParseGroup)
		again(t, line, ParseAccount)
		again(t, line, ParseContact)
		again(t, line, ParseInvoice)
	})
}

func again[T any](t *testing.T, line []byte, parse func([]byte) (T, *Refusal)) {
	t.Helper()
	value, refusal := parse(line)
	if refusal != nil {
		text, err := json.Marshal(refusal)
		if err != nil || refusal.Message == "" || strings.ContainsRune(string(text), '\n') || len(text) > 4096 {
			t.Errorf("refusal %s (%v) of %q", text, err, line)
		}
		return
	}
	written, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	second, refusal := parse(written)
	if refusal != nil {
		t.Fatalf("%q was read, and written as %s, and then refused: %s", line, written, refusal)
	}
	if diff := cmp.Diff(value, second); diff != "" {
		t.Errorf("%q (-first +second):\n%s", line, diff)
	}
}

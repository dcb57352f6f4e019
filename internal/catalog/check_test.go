package catalog_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/settings"
)

func TestCheckPayload(t *testing.T) {
	const (
		money   = `an amount in quotes, as "120.00", with at most 14 digits before and 4 after the point`
		day     = `a date, as "2026-11-21", from 1900-01-01 to 2199-12-31`
		moment  = `a time in RFC 3339, as "2026-11-21T09:00:00Z", from 1900 to 2199`
		address = `an address that begins with https://, in ASCII, of at most 2,048 characters`
		words   = `a text of at most 10,000 characters`
		gone    = "\x00gone"
	)
	long := strings.Repeat("é", 10_001)
	tests := []struct {
		path  string
		value string // in JSON; gone: the field is missing
		want  []string
	}{
		{"recipient", gone, nil},
		{"recipient.email", gone, nil},
		{"invoice.payURL", gone, nil},
		{"overdue.invoices", `[]`, nil},
		{"invoice.balance", `"-1.5000"`, nil},
		{"invoice.balance", `"12345678901234"`, nil},
		{"invoice.daysOverdue", `-7`, nil},
		{"event.time", `"2026-11-21T09:00:00.123456789+05:30"`, nil},
		{"invoice.url", `"https://my.acme.example:8443/a?b=c#d"`, nil},
		{"invoice.number", `""`, nil},
		{"invoice.number", quoted(long[2:]), nil},

		{"invoice.number", gone, []string{"invoice.number: is missing: must be " + words}},
		{"invoice", gone, []string{"invoice: is missing: must be an object"}},
		{"event.type", gone, []string{"event.type: is missing: must be invoice.unpaid"}},
		{"recipient.email", `7`, []string{"recipient.email: must be " + words + ", not 7"}},
		{"invoice.number", `null`, []string{"invoice.number: must be " + words + ", not null"}},
		{"invoice.payURL", `null`, []string{"invoice.payURL: must be " + address + ", or be left out, not null"}},
		{"invoice.number", `["a"]`, []string{"invoice.number: must be " + words + ", not a list of 1"}},
		{"invoice.number", `{}`, []string{"invoice.number: must be " + words + ", not an object"}},
		{"invoice.number", quoted(long), []string{"invoice.number: must be " + words + ", not \"" + strings.Repeat("é", 60) + "…\""}},
		{"invoice.number", `"a\u0000"`, []string{"invoice.number: must be " + words + `, not "a\x00"`}},
		{"invoice.status", `"Late"`, []string{`invoice.status: must be one of Open, Paid, Void, not "Late"`}},
		{"event.type", `"invoice.paid"`, []string{`event.type: must be invoice.unpaid, not "invoice.paid"`}},
		{"invoice.currency", `"euro"`, []string{`invoice.currency: must be an ISO 4217 code, as "EUR", not "euro"`}},
		{"invoice.currency", `"XQZ"`, []string{`invoice.currency: must be an ISO 4217 code, as "EUR", not "XQZ"`}},
		{"invoice.balance", `120.00`, []string{"invoice.balance: must be " + money + ", not 120.00"}},
		{"invoice.balance", `"120,00"`, []string{"invoice.balance: must be " + money + `, not "120,00"`}},
		{"invoice.balance", `"1e3"`, []string{"invoice.balance: must be " + money + `, not "1e3"`}},
		{"invoice.balance", `"0.00001"`, []string{"invoice.balance: must be " + money + `, not "0.00001"`}},
		{"invoice.balance", `""`, []string{"invoice.balance: must be " + money + `, not ""`}},
		{"invoice.daysOverdue", `"3"`, []string{`invoice.daysOverdue: must be a whole number, as 3, not "3"`}},
		{"invoice.daysOverdue", `3.0`, []string{"invoice.daysOverdue: must be a whole number, as 3, not 3.0"}},
		{"invoice.daysOverdue", `9223372036854775808`, []string{"invoice.daysOverdue: must be a whole number, as 3, not 9223372036854775808"}},
		{"invoice.disputed", `"false"`, []string{`invoice.disputed: must be true or false, not "false"`}},
		{"invoice.dueOn", `"2026-02-30"`, []string{"invoice.dueOn: must be " + day + `, not "2026-02-30"`}},
		{"invoice.dueOn", `"18.11.2026"`, []string{"invoice.dueOn: must be " + day + `, not "18.11.2026"`}},
		{"invoice.dueOn", `"1026-11-18"`, []string{"invoice.dueOn: must be " + day + `, not "1026-11-18"`}},
		{"event.time", `"2026-11-21"`, []string{"event.time: must be " + moment + `, not "2026-11-21"`}},
		{"event.time", `"2026-11-21T25:00:00Z"`, []string{"event.time: must be " + moment + `, not "2026-11-21T25:00:00Z"`}},
		{"invoice.url", `"http://my.acme.example"`, []string{"invoice.url: must be " + address + `, not "http://my.acme.example"`}},
		{"invoice.url", `"https://user@my.acme.example/"`, []string{"invoice.url: must be " + address + `, not "https://user@my.acme.example/"`}},
		{"invoice.url", `"https:///invoices"`, []string{"invoice.url: must be " + address + `, not "https:///invoices"`}},
		{"invoice.url", `"https://my.acme.example/a b"`, []string{"invoice.url: must be " + address + `, not "https://my.acme.example/a b"`}},
		{"invoice", `"INV-1001"`, []string{`invoice: must be an object, not "INV-1001"`}},
		{"overdue.invoices", `{}`, []string{"overdue.invoices: must be a list of at most 1,000 objects, not an object"}},
		{"overdue.invoices", `[` + strings.Repeat(`{},`, 1_000) + `{}]`, []string{"overdue.invoices: must be a list of at most 1,000 objects, not a list of 1001"}},
		{"overdue.invoices", `["a", {"id": "i", "number": 1, "dueOn": "2026-10-14", "daysOverdue": 38, "balance": "45.50", "currency": "EUR", "url": "https://a.example"}]`, []string{
			`overdue.invoices[0]: must be an object, not "a"`,
			"overdue.invoices[1].number: must be " + words + ", not 1",
		}},
		{"invoice.totl", `"1.00"`, []string{"invoice.totl: there is no such field, the nearest is total"}},
		{"Invoice", `{}`, []string{"Invoice: there is no such field, the nearest is invoice"}},
		{"invoice.du\neOn", `1`, []string{`invoice."du\neOn": there is no such field, the nearest is dueOn`}},
		{"recipient", `{"mail": "a", "hasPortal": true}`, []string{"recipient.mail: there is no such field, the nearest is email"}},
	}
	e := event(t, "invoice.unpaid")
	for _, test := range tests {
		name := fmt.Sprintf("%s %.60s", test.path, test.value)
		t.Run(name, func(t *testing.T) {
			payload := decode(t, e.Sample)
			path := strings.Split(test.path, ".")
			parent := payload
			for _, step := range path[:len(path)-1] {
				parent = parent[step].(map[string]any)
			}
			if last := path[len(path)-1]; test.value == gone {
				delete(parent, last)
			} else {
				parent[last] = decode(t, []byte(`{"value":`+test.value+`}`))["value"]
			}
			if diff := cmp.Diff(test.want, told(e.CheckPayload(payload))); diff != "" {
				t.Errorf("want -, have +:\n%s", diff)
			}
		})
	}
}

// All problems are told at once, those of fields in their order, then what is unknown.
func TestCheckPayloadTellsAll(t *testing.T) {
	e := event(t, "portal.newSignIn")
	payload := decode(t, []byte(`{"zebra": 1, "event": {"id": "1", "type": "portal.newSignIn", "time": "now"}, "account": {}, "origin": {"by": "Nobody", "ipp": ""}}`))
	const words = "a text of at most 10,000 characters"
	want := []string{
		"tenant: is missing: must be an object",
		"account.id: is missing: must be " + words,
		"account.name: is missing: must be " + words,
		"account.profile: is missing: must be " + words,
		"account.status: is missing: must be one of Prospect, Active, Suspended, Closed",
		`event.time: must be a time in RFC 3339, as "2026-11-21T09:00:00Z", from 1900 to 2199, not "now"`,
		"credential: is missing: must be an object",
		`origin.at: is missing: must be a time in RFC 3339, as "2026-11-21T09:00:00Z", from 1900 to 2199`,
		`origin.by: must be one of User, Contact, Staff, System, not "Nobody"`,
		"origin.ipp: there is no such field, the nearest is ip",
		"zebra: there is no such field, the nearest is event",
	}
	if diff := cmp.Diff(want, told(e.CheckPayload(payload))); diff != "" {
		t.Errorf("want -, have +:\n%s", diff)
	}
}

func TestCheckPayloadIsBounded(t *testing.T) {
	e := event(t, "invoice.unpaid")
	payload := decode(t, e.Sample)
	invoice := payload["invoice"].(map[string]any)
	for i := range 10_000 {
		invoice[fmt.Sprintf("%s%d", strings.Repeat("x", 1_000), i)] = "x"
	}
	checkBounds(t, e, payload)
	if got := e.CheckPayload(payload); len(got) != 101 || got[100].Message != "here and further on there is more, only the first 100 problems are listed" {
		t.Errorf("%d problems, the last: %v", len(got), got[len(got)-1])
	}
}

// Whatever is changed in a sample, what is told stays readable and short.
func TestChangedSamples(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	values := []any{nil, true, "", "1", "2026-11-21", json.Number("1"), json.Number("1e400"), []any{}, map[string]any{}, []any{nil}, strings.Repeat("x", 10_001)}
	for _, e := range builtIn() {
		for range 60 {
			payload := decode(t, e.Sample)
			change(random, payload, values)
			checkBounds(t, e, payload)
		}
	}
}

// change replaces, deletes or adds one value somewhere.
func change(random *rand.Rand, object map[string]any, values []any) {
	fields := slices.Sorted(maps.Keys(object))
	name := fields[random.IntN(len(fields))]
	if inner, ok := object[name].(map[string]any); ok && random.IntN(4) > 0 {
		change(random, inner, values)
		return
	}
	switch random.IntN(3) {
	case 0:
		delete(object, name)
	case 1:
		object[name] = values[random.IntN(len(values))]
	default:
		object[name+"s"] = values[random.IntN(len(values))]
	}
}

func FuzzCheckPayload(f *testing.F) {
	for i, e := range builtIn() {
		f.Add(uint(i), e.Sample)
	}
	f.Add(uint(0), []byte(`{"account":[],"tenant":null,"\u0000":{"":1e999}}`))
	events := builtIn()
	f.Fuzz(func(t *testing.T, which uint, raw []byte) {
		decoder := json.NewDecoder(strings.NewReader(string(raw)))
		decoder.UseNumber()
		var payload map[string]any
		if decoder.Decode(&payload) != nil {
			return
		}
		e := events[which%uint(len(events))]
		checkBounds(t, e, payload)
		if len(e.CheckPayload(payload)) > 0 {
			return
		}
		// What is a payload has what every payload has.
		if lookup(payload, "event.type") != e.Name || lookup(payload, "tenant.name") == nil {
			t.Errorf("a payload of %s: %s", e.Name, raw)
		}
	})
}

func checkBounds(t *testing.T, e catalog.Event, payload map[string]any) {
	t.Helper()
	problems := e.CheckPayload(payload)
	if len(problems) > 101 {
		t.Errorf("%s: %d problems", e.Name, len(problems))
	}
	for _, p := range problems {
		if p.Field == "" || p.Message == "" || len(p.Field)+len(p.Message) > 1_000 || strings.ContainsAny(p.Field+p.Message, "\n\r\x00") {
			t.Errorf("%s: problem %q", e.Name, p)
		}
	}
}

func told(problems []settings.Problem) []string {
	var list []string
	for _, p := range problems {
		list = append(list, p.Error())
	}
	return list
}

func quoted(text string) string {
	raw, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

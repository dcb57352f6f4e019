package condition_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/message"
	"github.com/foyerhq/foyer/internal/message/condition"
)

func lookup(t testing.TB, name string) catalog.Event {
	t.Helper()
	event, exists := catalog.BuiltIn().Lookup(name)
	if !exists {
		t.Fatalf("there is no event %s", name)
	}
	return event
}

// sample is the payload that the catalog shows of an event.
func sample(t testing.TB, event catalog.Event) map[string]any {
	t.Helper()
	return decode(t, event.Sample)
}

func decode(t testing.TB, document []byte) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	var payload map[string]any
	if err := decoder.Decode(&payload); err != nil {
		t.Fatal(err)
	}
	return payload
}

func compile(t testing.TB, source string, event catalog.Event) *condition.Condition {
	t.Helper()
	c, problems := condition.Compile(source, event)
	if len(problems) > 0 {
		t.Fatalf("%s: %v", source, problems)
	}
	return c
}

// own is an object of a payload that no other event has.
func own(i int) catalog.Field {
	return catalog.Field{Name: "data", Type: catalog.Object, Fields: []catalog.Field{{Name: fmt.Sprint("field", i), Type: catalog.Text}}}
}

// full is a payload of invoice.unpaid with everything that may be missing, and bare is one
// without it.
func full(t testing.TB) map[string]any {
	payload := sample(t, lookup(t, "invoice.unpaid"))
	payload["invoice"].(map[string]any)["payURL"] = "https://pay.acme.example/1001"
	payload["overdue"].(map[string]any)["invoices"] = []any{
		map[string]any{"number": "INV-1", "dueOn": "2026-10-14", "daysOverdue": json.Number("38"), "balance": "45.50", "currency": "EUR", "url": "https://my.acme.example/1"},
		map[string]any{"number": "INV-2", "dueOn": "2026-11-18", "daysOverdue": json.Number("3"), "balance": "120.00", "currency": "EUR", "url": "https://my.acme.example/2"},
	}
	return payload
}

func bare(t testing.TB) map[string]any {
	payload := full(t)
	delete(payload["invoice"].(map[string]any), "payURL")
	delete(payload["tenant"].(map[string]any), "supportEmail")
	return payload
}

func TestHolds(t *testing.T) {
	event := lookup(t, "invoice.unpaid")
	tests := []struct {
		source     string
		full, bare bool
	}{
		{`true`, true, true},
		{`invoice.balance >= 120.0`, true, true},
		{`invoice.balance >= 120`, true, true},
		{`120 <= invoice.balance && invoice.balance <= 120.0`, true, true},
		{`invoice.balance > 120.0`, false, false},
		{`invoice.balance == 120.0`, true, true},
		{`invoice.balance in [1.0, 120.0]`, true, true},
		{`invoice.total - invoice.balance + 1.0 == 1.0`, true, true},
		{`invoice.balance / 0.0 > 1.0`, true, true},
		{`invoice.daysOverdue * 2 + 1 == 7`, true, true},
		{`invoice.daysOverdue % 2 == 1 && invoice.daysOverdue / 2 == 1 && -invoice.daysOverdue / -1 == 3`, true, true},
		{`double(invoice.daysOverdue) / double(open.count) > 0.9`, true, true},
		{`9223372036854775807 + invoice.daysOverdue == 9223372036854775807`, true, true},
		{`-9223372036854775807 - invoice.daysOverdue == -9223372036854775807 - 1`, true, true},
		{`9223372036854775807 * invoice.daysOverdue == 9223372036854775807`, true, true},
		{`9223372036854775807 * -invoice.daysOverdue < -9223372036854775807`, true, true},
		{`(-9223372036854775807 - 1) / -1 == 9223372036854775807`, true, true},
		{`(-9223372036854775807 - 1) * -1 == 9223372036854775807`, true, true},
		{`-(-9223372036854775807 - 1) == 9223372036854775807`, true, true},
		{`account.profile == "business" || account.profile == "other"`, true, true},
		{`account.name.contains("Mill") && account.name.startsWith("M") && account.name.endsWith("Ltd")`, true, true},
		{`account.name.matches("^M[a-z]+ Ltd$") && matches(account.name, "M")`, true, true},
		{`size(account.name) == 10 && account.name.size() == 10`, true, true},
		{`invoice.currency in ["EUR", "AUD"]`, true, true},
		{`invoice.status in ["Open"] && invoice.status != "Void"`, true, true},
		{`!invoice.disputed`, true, true},
		{`invoice.dueOn < event.time`, true, true},
		{`invoice.dueOn == timestamp("2026-11-18T00:00:00Z")`, true, true},
		{`event.time - invoice.dueOn == duration("81h")`, true, true},
		{`invoice.dueOn + duration("81h") == event.time && event.time - duration("81h") == invoice.dueOn`, true, true},
		{`timestamp("9999-12-31T00:00:00Z") + duration("2000000h") > timestamp("9999-12-31T23:59:59Z")`, true, true},
		{`timestamp("0001-01-01T00:00:00Z") - duration("2000000h") < timestamp("0001-01-01T00:00:00Z")`, true, true},
		{`event.time - duration("-2562047h47m16.854775808s") > event.time`, true, true},
		{`timestamp("9999-12-31T00:00:00Z") - timestamp("0001-01-01T00:00:00Z") > duration("2000000h")`, true, true},
		{`has(invoice.payURL)`, true, false},
		{`has(invoice.payURL) && invoice.payURL.startsWith("https://pay.")`, true, false},
		{`!has(invoice.payURL) || invoice.payURL.startsWith("http:")`, false, true},
		{`has(invoice.payURL) ? invoice.payURL.size() > 5 : invoice.balance > 5.0`, true, true},
		{`!(has(invoice.payURL) && has(tenant.supportEmail)) || invoice.payURL != tenant.supportEmail`, true, true},
		{`!(!has(invoice.payURL) || !has(tenant.supportEmail)) && invoice.payURL != tenant.supportEmail`, true, false},
		{`has(invoice.payURL) && overdue.invoices.exists(i, i.url != invoice.payURL)`, true, false},
		{`overdue.invoices.exists(i, i.balance > 100.0 && i.daysOverdue < 10)`, true, true},
		{`overdue.invoices.all(i, i.balance > 100.0)`, false, false},
		{`overdue.invoices.exists_one(i, i.balance > 100)`, true, true},
		{`overdue.invoices.exists(i, overdue.invoices.exists(j, i.number != j.number && i.balance > j.balance))`, true, true},
		{`overdue.invoices.exists(i, i.daysOverdue > 5) && overdue.invoices.exists(i, i.daysOverdue < 5)`, true, true},
		{`["INV-1", "INV-3"].exists(n, overdue.invoices.exists(i, i.number == n))`, true, true},
		{`size(overdue.invoices) == 2 && overdue.invoices.size() == 2`, true, true},
		{"// what is late\ninvoice.balance >= 10.0 // of it\n  && true", true, true},
		{`account.name == "Miller Ltd"`, true, true},
	}
	for _, test := range tests {
		t.Run(test.source, func(t *testing.T) {
			c := compile(t, test.source, event)
			for name, payload := range map[string]struct {
				payload map[string]any
				want    bool
			}{"full": {full(t), test.full}, "bare": {bare(t), test.bare}} {
				if got, err := c.Holds(payload.payload); err != nil || got != payload.want {
					t.Errorf("%s: %v, %v, want %v", name, got, err, payload.want)
				}
			}
		})
	}
}

const (
	functions = `duration, all, contains, double, exists, has, endsWith, exists_one, matches, size, startsWith, timestamp`
	ofInvoice = `balance, currency, daysOverdue, disputed, dueOn, id, issuedOn, number, payURL, paymentReference, status, total, totalWithoutTax, url`
)

func TestCompileRefuses(t *testing.T) {
	event := lookup(t, "invoice.unpaid")
	long := "true" + strings.Repeat(" && true", 200)
	tests := []struct {
		source string
		want   []string
	}{
		// names
		{`invoice.totl > 1.0`, []string{`line 1, column 1: there is no field invoice.totl (there are: total, url, id, status, dueOn, payURL, number, balance, disputed, currency, issuedOn, daysOverdue, totalWithoutTax, paymentReference)`}},
		{"true ||\n  invioce.total > 1.0", []string{`line 2, column 3: there is no invioce (there are: invoice, event, open, overdue, account, tenant)`}},
		{`has(invoice.totl)`, []string{`line 1, column 5: there is no field invoice.totl (there are: total, url, id, status, dueOn, payURL, number, balance, disputed, currency, issuedOn, daysOverdue, totalWithoutTax, paymentReference)`}},
		{`overdue.invoices.exists(i, i.blance > 1.0)`, []string{`line 1, column 28: there is no field i.blance (there are: balance, currency, dueOn, id, number, url, daysOverdue)`}},
		{`invoice.balance.amount > 1.0`, []string{`line 1, column 1: invoice.balance has no fields`}},
		{`"a".b == "c"`, []string{`line 1, column 1: what is before .b has no fields`}},
		{`recipient.email == "a"`, []string{`line 1, column 1: there is no recipient (there are: event, account, open, tenant, invoice, overdue)`}},
		{`duraton("1h") == duration("1h")`, []string{`line 1, column 1: there is no function duraton (there are: ` + functions + `)`}},
		{`while == 3`, []string{`line 1, column 1: while is a word of the language, and no field`}},
		{`invoice`, []string{`line 1, column 1: invoice is an object: ask for one of its fields (` + ofInvoice + `)`}},
		{`invoice == invoice`, []string{`line 1, column 1: invoice is an object: ask for one of its fields (` + ofInvoice + `)`, `line 1, column 12: invoice is an object: ask for one of its fields (` + ofInvoice + `)`}},
		{`size(invoice) > 1`, []string{`line 1, column 6: invoice is an object: ask for one of its fields (` + ofInvoice + `)`}},
		{`overdue.invoices.all(i, i)`, []string{`line 1, column 25: i is an object: ask for one of its fields (balance, currency, daysOverdue, dueOn, id, number, url)`}},
		{`overdue.invoices`, []string{`line 1, column 1: overdue.invoices is a list: ask overdue.invoices.exists(...), overdue.invoices.all(...) or size(overdue.invoices)`}},
		{`overdue.invoices.balance > 1.0`, []string{`line 1, column 1: overdue.invoices is a list and has no fields: ask overdue.invoices.exists(...) or overdue.invoices.all(...)`}},
		{`overdue.invoices[0].balance > 1.0`, []string{`line 1, column 17: [ and ] do not take a value out of a list: ask with exists or all`}},
		{`account.name.exists(c, true)`, []string{`line 1, column 1: exists goes through a list, and account.name is none`}},
		{`account.names.exists(c, c.length > 3)`, []string{`line 1, column 1: there is no field account.names (there are: name, status, id, profile)`}},
		{`(1 + 2).all(c, true)`, []string{`line 1, column 4: all goes through a list`}},
		{`overdue.invoices.exists(invoice, true)`, []string{`line 1, column 1: exists(invoice, ...): invoice means something else already, choose another name`}},
		{`overdue.invoices.exists(1, true)`, []string{`line 1, column 25: the first argument is a name for the element, as in overdue.invoices.exists(i, i.balance > 10.0)`}},
		{`overdue.invoices.exists(i)`, []string{`line 1, column 18: exists is written as overdue.invoices.exists(i, i.balance > 10.0)`}},
		{`invoice.balance > 1.0 AND invoice.disputed`, []string{`line 1, column 23: it cannot be read from here: AND, instead of which && is written`}},
		{`invoice.disputed Or true`, []string{`line 1, column 18: it cannot be read from here: Or, instead of which || is written`}},
		{`not invoice.disputed`, []string{`line 1, column 1: ! is written instead of not, as !invoice.disputed`}},
		{`invoice.disputed && (NOT invoice.disputed)`, []string{`line 1, column 22: ! is written instead of NOT, as !invoice.disputed`}},
		{`not(invoice.disputed)`, []string{`line 1, column 1: ! is written instead of not`}},
		{`invoice.balance ≥ 1.0 && invoice.balance ≤ 2.0`, []string{`line 1, column 17: it cannot be read from here: ≥, instead of which >= is written`}},
		{`invoice.number == 'not x' && {{.invoice.disputed}}`, []string{`line 1, column 30: fields are written without braces and without the first dot, as invoice.balance >= 10.0`}},
		{`.invoice.disputed`, []string{`line 1, column 2: fields are written without the first dot, as invoice`}},
		{`account.name == “x”`, []string{`line 1, column 17: it cannot be read from here: texts stand in straight quotes, as "Ltd"`}},
		{`has(invoice.balance) && !has(tenant.name)`, []string{`line 1, column 5: invoice.balance is always there: leave has(...) out`, `line 1, column 30: tenant.name is always there: leave has(...) out`}},
		{`has(invoice)`, []string{`line 1, column 5: has asks for a field of an object, as has(invoice.payURL)`}},
		{`overdue.invoices.map(i, i.balance) == [1.0]`, []string{`line 1, column 18: there is no function map (there are: has, all, size, matches, double, exists, timestamp, contains, duration, endsWith, startsWith, exists_one)`}},
		// what may be missing
		{`invoice.payURL != ""`, []string{`line 1, column 1: invoice.payURL may be missing: ask for it first, as in has(invoice.payURL) && ...`}},
		{`invoice.payURL != "" && has(invoice.payURL)`, []string{`line 1, column 1: invoice.payURL may be missing: ask for it first, as in has(invoice.payURL) && ...`}},
		{`has(invoice.payURL) || invoice.payURL != ""`, []string{`line 1, column 24: invoice.payURL may be missing: ask for it first, as in has(invoice.payURL) && ...`}},
		{`has(invoice.payURL) ? true : invoice.payURL != ""`, []string{`line 1, column 30: invoice.payURL may be missing: ask for it first, as in has(invoice.payURL) && ...`}},
		{`!has(invoice.payURL) && invoice.payURL != ""`, []string{`line 1, column 25: invoice.payURL may be missing: ask for it first, as in has(invoice.payURL) && ...`}},
		{`(has(invoice.payURL) || invoice.disputed) && invoice.payURL != ""`, []string{`line 1, column 46: invoice.payURL may be missing: ask for it first, as in has(invoice.payURL) && ...`}},
		{`(!has(invoice.payURL) && invoice.disputed) || invoice.payURL != ""`, []string{`line 1, column 47: invoice.payURL may be missing: ask for it first, as in has(invoice.payURL) && ...`}},
		{`has(tenant.supportEmail) && invoice.payURL != ""`, []string{`line 1, column 29: invoice.payURL may be missing: ask for it first, as in has(invoice.payURL) && ...`}},
		// types
		{`account.name`, []string{`it must say yes or no, this is a text`}},
		{`invoice.balance + 1.0`, []string{`it must say yes or no, this is a decimal number`}},
		{`event.time - invoice.dueOn`, []string{`it must say yes or no, this is a span of time`}},
		{`invoice.balance == 10`, []string{`line 1, column 17: == does not compare a decimal number and a whole number: write 10.0 instead of 10, and double(...) around a field`}},
		{`invoice.balance * 2 > 1.0`, []string{`line 1, column 17: * does not go with a decimal number and a whole number: write 10.0 instead of 10, and double(...) around a field`}},
		{`invoice.balance >= "10"`, []string{`line 1, column 17: >= does not compare a decimal number and a text`}},
		{`true > false`, []string{`line 1, column 6: > does not compare yes or no and yes or no`}},
		{`invoice.dueOn == "2026-11-21"`, []string{`line 1, column 15: == does not compare a time and a text`}},
		{`account.name + "x" == "x"`, []string{`line 1, column 14: + does not go with a text and a text`}},
		{`account.name && true`, []string{`line 1, column 1: this is a text, and yes or no is expected here`}},
		{`!account.name`, []string{`line 1, column 1: ! turns yes into no, and does not go with a text`}},
		{`true ? 1 : "x"`, []string{`line 1, column 6: ? : takes yes or no, and two values of one kind, not yes or no, a whole number, a text`}},
		{`account.id in "abc"`, []string{`line 1, column 12: in looks for a value in a list of its kind, as in account.id in ["1", "2"], not for a text in a text`}},
		{`account.id in ["1", 2]`, []string{`line 1, column 21: this is a whole number, and a text is expected here`}},
		{`account.name.contains(3)`, []string{`line 1, column 14: contains is written as account.name.contains("Ltd"), not with a text before it and (a whole number) after it`}},
		{`size(3) > 1`, []string{`line 1, column 1: size is written as size(account.name), not with (a whole number)`}},
		{`double("3") > 1.0`, []string{`line 1, column 1: double is written as double(open.count), not with (a text)`}},
		{`overdue.invoices.exists(i, i.balance)`, []string{`line 1, column 28: this is a decimal number, and yes or no is expected here`}},
		{`overdue.invoices.exists_one(i, i.balance)`, []string{`line 1, column 28: exists_one asks a question of yes or no about each element, this is a decimal number`}},
		{`invoice.status == "Payed"`, []string{`line 1, column 19: invoice.status is never "Payed" (there are: Paid, Open, Void)`}},
		{`"open" != invoice.status`, []string{`line 1, column 1: invoice.status is never "open" (there are: Open, Paid, Void)`}},
		{`invoice.status in ["Open", "Piad"]`, []string{`line 1, column 28: invoice.status is never "Piad" (there are: Paid, Void, Open)`}},
		// what could fail, or is not for people
		{`invoice.daysOverdue / 0 > 1`, []string{`line 1, column 23: nothing is divided by 0`}},
		{`invoice.daysOverdue % open.count > 1`, []string{`line 1, column 23: a whole number is divided by a number that is written out, because another could be 0: use double(...) on both sides of %`}},
		{`timestamp("2026-11-21") < event.time`, []string{`line 1, column 11: timestamp takes a time in RFC 3339, as timestamp("2026-11-21T09:00:00Z")`}},
		{`timestamp(account.name) < event.time`, []string{`line 1, column 11: timestamp takes a text that is written out, as timestamp("2026-11-21T00:00:00Z")`}},
		{`event.time - invoice.dueOn > duration("3d")`, []string{`line 1, column 39: duration takes hours, minutes and seconds, as duration("36h") or duration("1h30m"); a day has 24h`}},
		{`account.name.matches("[a")`, []string{`line 1, column 22: the pattern of matches cannot be used: missing closing ] at [a`}},
		{`account.name.matches(account.id)`, []string{`line 1, column 22: matches takes a pattern that is written out, as account.name.matches("^A.*")`}},
		{`account.name.matches("(a[bc]d){900}")`, []string{`line 1, column 22: the pattern of matches is too large: repeat less`}},
		{`null == null`, []string{`line 1, column 1: there is no null: has(...) says whether a field is there`, `line 1, column 9: there is no null: has(...) says whether a field is there`}},
		{`1u < 2u`, []string{`line 1, column 1: numbers are written without u, as 10`, `line 1, column 6: numbers are written without u, as 10`}},
		{`b"x" == b"x"`, []string{`line 1, column 1: texts are written without b, as "Ltd"`, `line 1, column 9: texts are written without b, as "Ltd"`}},
		{`{"a": true}.a`, []string{`line 1, column 1: { and } are not used in conditions`}},
		{`overdue.invoices.exists(a, overdue.invoices.exists(b, overdue.invoices.exists(c, true)))`, []string{`line 1, column 55: lists are gone through inside each other 3 times, at most 2 are allowed`}},
		{`overdue.invoices.exists(a, overdue.invoices.exists(b, a.number.matches("a")))`, []string{`for the longest lists and texts it is too much work: go through fewer lists, or use a shorter pattern`}},
		// what cannot be read
		{` `, []string{`it is empty: leave it out if every event is meant`}},
		{`invoice.balance >=`, []string{`line 1, column 19: it ends too early`}},
		{"true &&\n\n(1 > 2", []string{`line 3, column 7: ) is missing here`}},
		{`invoice.balance >= 10.0)`, []string{`line 1, column 24: it cannot be read from here: )`}},
		{`invoice.balance => 10`, []string{`line 1, column 17: it cannot be read from here: =>, instead of which >= is written`}},
		{`account.name = "x"`, []string{`line 1, column 14: it cannot be read from here: =, instead of which == is written`}},
		{`invoice.disputed and true`, []string{`line 1, column 18: it cannot be read from here: and, instead of which && is written`}},
		{`account.name == "x`, []string{`line 1, column 17: the text that begins here has no end`}},
		{`account.?name == "x"`, []string{`line 1, column 8: it cannot be read from here: .?`}},
		{`99999999999999999999 > 1`, []string{`line 1, column 1: the number is too large`}},
		{strings.Repeat("(", 60) + "true" + strings.Repeat(")", 60), []string{`its parts are inside each other more than 50 times`}},
		{long, []string{`it has 1604 characters, at most 1024 are allowed`}},
		{"account.name == \"\xff\"", []string{`it is not a text in UTF-8`}},
		// all at once
		{`invoice.totl > 1.0 && account.name > 3 || invoice.status == "x"`, []string{
			`line 1, column 1: there is no field invoice.totl (there are: total, url, id, status, dueOn, payURL, number, balance, disputed, currency, issuedOn, daysOverdue, totalWithoutTax, paymentReference)`,
			`line 1, column 36: > does not compare a text and a whole number`,
			`line 1, column 61: invoice.status is never "x" (there are: Open, Paid, Void)`,
		}},
	}
	for _, test := range tests {
		t.Run(test.source, func(t *testing.T) {
			c, problems := condition.Compile(test.source, event)
			if c != nil {
				t.Error("there is a condition")
			}
			if diff := cmp.Diff(test.want, told(problems)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func told(problems []message.Problem) []string {
	var all []string
	for _, p := range problems {
		all = append(all, p.Error())
	}
	return all
}

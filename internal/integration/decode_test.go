package integration

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/settings"
)

// sample has a field for every rule.
type sample struct {
	ID       string                        `json:"id,omitempty" maxLength:"8"`
	Name     string                        `json:"name" minLength:"2" maxLength:"5"`
	Color    string                        `json:"color,omitempty" enum:"red,green"`
	Code     string                        `json:"code,omitempty" pattern:"^[a-z]+$" patternDescription:"small letters"`
	Text     string                        `json:"text,omitempty" lines:"true"`
	Day      string                        `json:"day,omitempty" format:"date"`
	At       time.Time                     `json:"at,omitzero"`
	Total    string                        `json:"total,omitempty" format:"decimal"`
	Currency string                        `json:"currency,omitempty" format:"currency"`
	Email    string                        `json:"email,omitempty" format:"email"`
	URL      string                        `json:"url,omitempty" format:"uri"`
	Count    int32                         `json:"count" minimum:"0" maximum:"10"`
	Flag     bool                          `json:"flag,omitempty"`
	Tags     []string                      `json:"tags,omitempty" minItems:"1" maxItems:"3" uniqueItems:"true" maxLength:"4"`
	Parts    []samplePart                  `json:"parts,omitempty" maxItems:"2"`
	Owner    *samplePart                   `json:"owner,omitempty"`
	Note     Optional[string]              `json:"note,omitzero" maxLength:"4"`
	List     Optional[[]string]            `json:"list,omitzero" maxItems:"2"`
	Settings Optional[settings.Attributes] `json:"settings,omitzero"`
	Data     json.RawMessage               `json:"data,omitempty"`
	Meta
}

type samplePart struct {
	Name   string `json:"name" maxLength:"4"`
	Amount int64  `json:"amount" maximum:"5"`
}

func with(field, value string) string {
	return `{"name":"abc","count":0,"` + field + `":` + value + `}`
}

func TestDecode(t *testing.T) {
	least := func(change func(*sample)) sample {
		s := sample{Name: "abc"}
		change(&s)
		return s
	}
	days := int32(0)
	tests := map[string]sample{
		with("flag", "true"):                        least(func(s *sample) { s.Flag = true }),
		with("tags", `["a","b"]`):                   least(func(s *sample) { s.Tags = []string{"a", "b"} }),
		with("text", `"a\nb"`):                      least(func(s *sample) { s.Text = "a\nb" }),
		with("text", `"\u00e4\ud83d\ude00\/"`):      least(func(s *sample) { s.Text = "ä😀/" }),
		with("n\\u006fte", `"x"`):                   least(func(s *sample) { s.Note = Of("x") }),
		with("note", "null"):                        least(func(s *sample) { s.Note = Null[string]() }),
		with("note", `""`):                          least(func(s *sample) { s.Note = Of("") }),
		with("list", `[]`):                          least(func(s *sample) { s.List = Of([]string{}) }),
		with("color", "null"):                       least(func(*sample) {}),
		with("color", `""`):                         least(func(*sample) {}),
		with("owner", "null"):                       least(func(*sample) {}),
		with("owner", `{"name":"x","amount":0}`):    least(func(s *sample) { s.Owner = &samplePart{Name: "x"} }),
		with("parts", `[{"amount":-7,"name":"x"}]`): least(func(s *sample) { s.Parts = []samplePart{{"x", -7}} }),
		with("total", `"-99999999999999.9999"`):     least(func(s *sample) { s.Total = "-99999999999999.9999" }),
		with("currency", `"EUR"`):                   least(func(s *sample) { s.Currency = "EUR" }),
		with("email", `"ada@example.org"`):          least(func(s *sample) { s.Email = "ada@example.org" }),
		with("url", `"https://pay.example/x?y=1"`):  least(func(s *sample) { s.URL = "https://pay.example/x?y=1" }),
		with("day", `"2026-02-28"`):                 least(func(s *sample) { s.Day = "2026-02-28" }),
		with("at", `"2026-02-28T12:00:00.5+10:00"`): least(func(s *sample) { s.At = time.Date(2026, 2, 28, 2, 0, 0, 5e8, time.UTC) }),
		with("data", `{"a": [1, 2]}`):               least(func(s *sample) { s.Data = json.RawMessage(`{"a": [1, 2]}`) }),
		with("version", `"any"`):                    least(func(*sample) {}),
		with("settings", `{"currency":"AUD","tradingTermsDays":0,"locale":null,"lateFee":{"type":"Flat"},"custom":[{"name":"a","value":"b"}]}`): least(func(s *sample) {
			s.Settings = Of(settings.Attributes{Currency: "AUD", TradingTermsDays: &days, LateFee: settings.LateFee{Type: "Flat"}, Custom: []settings.Custom{{Name: "a", Value: "b"}}})
		}),
		" \t{ \"count\" : 10 , \"name\" : \"äöüßé\" }\n": {Name: "äöüßé", Count: 10},
	}
	for text, want := range tests {
		got, problems := Decode[sample]([]byte(text))
		if diff := cmp.Diff(want, got); diff != "" || problems != nil {
			t.Errorf("%s: %v (-want +got):\n%s", text, problems, diff)
		}
	}
}

// Every broken rule, with exactly what the sender is told.
func TestDecodeBroken(t *testing.T) {
	long := strings.Repeat("x", 80)
	attributes := "allowed are tradingTermsDays, invoiceTemplate, currency, locale, timeZone, portalAccess, maxSubAccounts, emailNotifications, smsNotifications, reminders, reminderMinimumAmount, quietHours, requireVerifiedEmail, remindersPausedUntil, disputed, consent, creditLimit, billingDay, invoiceDelivery, lateFee, custom"
	tests := []struct{ text, field, rule, message string }{
		{``, "", "json", "is not valid JSON: it is empty"},
		{` `, "", "json", "is not valid JSON: it is empty"},
		{`{"name":"abc"`, "", "json", "is not valid JSON: it ends too early"},
		{`{"name":"abc","count":0}}`, "", "json", "is not valid JSON: invalid character '}' at start of value at byte 25"},
		{`{"name":"abc","count":0}{}`, "", "json", "is not valid JSON: there is something after its end"},
		{`{"name":"abc",}`, "", "json", "is not valid JSON: invalid character ',' at start of value at byte 14"},
		{"{\"name\":\"a\xffc\"}", "", "json", "is not valid UTF-8"},
		{`{"name":"\ud800"}`, "", "json", "is not valid JSON: invalid surrogate pair `\\ud800\"}` in string at byte 10"},
		{"\xef\xbb\xbf{}", "", "json", "is not valid JSON: invalid character '\\ufeff' at start of value at byte 1"},
		{`[]`, "", "type", "must be an object, but is a list"},
		{`null`, "", "type", "must be an object, but is null"},
		{`{"count":0}`, "name", "required", "is missing"},
		{`{"name":null,"count":0}`, "name", "required", "is missing"},
		{`{"name":"","count":0}`, "name", "required", "is missing"},
		{`{"name":"abc"}`, "count", "required", "is missing"},
		{`{"name":"abc","count":null}`, "count", "required", "is missing"},
		{with("nane", "1"), "nane", "additionalProperties", "is not a known field, the nearest is name; allowed are id, name, color, code, text, day, at, total, currency, email, url, count, flag, tags, parts, owner, note, list, settings, data"},
		{with("Name", "1"), "Name", "additionalProperties", "is not a known field, the nearest is name; allowed are id, name, color, code, text, day, at, total, currency, email, url, count, flag, tags, parts, owner, note, list, settings, data"},
		{with("name", `"x"`), "name", "uniqueItems", "is there twice"},
		{with("n\\u0061me", `"x"`), "name", "uniqueItems", "is there twice"},
		{with("owner", `{"name":"x","amount":1,"amont":2}`), "owner.amont", "additionalProperties", "is not a known field, the nearest is amount; allowed are name, amount"},
		{with("owner", `{"name":"x","amount":1,"amount":2}`), "owner.amount", "uniqueItems", "is there twice"},
		{with("owner", `7`), "owner", "type", "must be an object, but is a number"},
		{with("owner", `{"name":"x"}`), "owner.amount", "required", "is missing"},
		{with("parts", `[{"name":"x","amount":1},{"name":"y","amount":6}]`), "parts[1].amount", "maximum", "6 is more than 5"},
		{with("parts", `[null]`), "parts[0]", "type", "must be an object, but is null"},
		{with("parts", `[{"name":"x","amount":1},{"name":"x","amount":1},{"name":"x","amount":1}]`), "parts", "maxItems", "has 3 items, allowed are at most 2"},
		{with("id", `7`), "id", "type", "must be a string, but is a number"},
		{with("id", `"123456789"`), "id", "maxLength", "is longer than 8 characters"},
		{with("id", `"a\u0000"`), "id", "pattern", "must not contain control characters"},
		{with("id", `"ä\u0085"`), "id", "pattern", "must not contain control characters"},
		{with("id", `"a\nb"`), "id", "pattern", "must not contain control characters"},
		{with("id", `"a\u007f"`), "id", "pattern", "must not contain control characters"},
		{with("id", `"a\u202eb"`), "id", "pattern", "must not contain control characters"},
		{with("id", `"\u2066a\u2069"`), "id", "pattern", "must not contain control characters"},
		{with("text", `"a\tb"`), "text", "pattern", "must not contain control characters"},
		{with("text", `"a\n"`), "text", "pattern", "must not begin or end with a space"},
		{with("id", `" a"`), "id", "pattern", "must not begin or end with a space"},
		{with("id", `"a\u00a0"`), "id", "pattern", "must not begin or end with a space"},
		{`{"name":"ä","count":0}`, "name", "minLength", "is shorter than 2 characters"},
		{with("color", `"blue"`), "color", "enum", `"blue" is not allowed, allowed are red, green`},
		{with("color", `"`+long+`"`), "color", "enum", `"` + long[:64] + `..." is not allowed, allowed are red, green`},
		{with("code", `"A"`), "code", "pattern", `"A" is not allowed, allowed is small letters`},
		{with("day", `"2026-02-30"`), "day", "format", `"2026-02-30" is not a date, allowed is YYYY-MM-DD from 1900-01-01 to 2199-12-31`},
		{with("day", `"2026-02-28T00:00:00Z"`), "day", "format", `"2026-02-28T00:00:00Z" is not a date, allowed is YYYY-MM-DD from 1900-01-01 to 2199-12-31`},
		{with("day", `"0026-02-28"`), "day", "format", `"0026-02-28" is not a date, allowed is YYYY-MM-DD from 1900-01-01 to 2199-12-31`},
		{with("at", `"2026-02-28"`), "at", "format", `"2026-02-28" is not a time, allowed is one of the years 1900 to 2199 as 2026-02-28T12:00:00Z, with any time zone`},
		{with("at", `5`), "at", "type", "must be a string, but is a number"},
		{with("total", `12.5`), "total", "type", `must be a string, not a number, which may lose digits on the way: allowed is a decimal string such as "12.50" with at most 14 digits before and 4 after the point`},
		{with("total", `"1e3"`), "total", "format", `"1e3" is not an amount, allowed is a decimal string such as "12.50" with at most 14 digits before and 4 after the point`},
		{with("total", `"12,50"`), "total", "format", `"12,50" is not an amount, allowed is a decimal string such as "12.50" with at most 14 digits before and 4 after the point`},
		{with("total", `"1."`), "total", "format", `"1." is not an amount, allowed is a decimal string such as "12.50" with at most 14 digits before and 4 after the point`},
		{with("currency", `"eur"`), "currency", "format", `"eur" is not a currency, allowed is an ISO 4217 code such as EUR`},
		{with("email", `"Ada <ada@example.org>"`), "email", "format", `"Ada <ada@example.org>" is not an email address`},
		{with("url", `"http://pay.example"`), "url", "format", `"http://pay.example" is not an address, allowed is one that begins with "https://"`},
		{with("url", `"javascript:alert(1)"`), "url", "format", `"javascript:alert(1)" is not an address, allowed is one that begins with "https://"`},
		{`{"name":"abc","count":11}`, "count", "maximum", "11 is more than 10"},
		{`{"name":"abc","count":-1}`, "count", "minimum", "-1 is less than 0"},
		{`{"name":"abc","count":1.5}`, "count", "type", "must be a whole number, but is 1.5"},
		{`{"name":"abc","count":1e0}`, "count", "type", "must be a whole number, but is 1e0"},
		{`{"name":"abc","count":99999999999999999999}`, "count", "type", "must be a whole number, but is 99999999999999999999"},
		{`{"name":"abc","count":"1"}`, "count", "type", "must be a whole number, but is a string"},
		{with("flag", `"true"`), "flag", "type", "must be true or false, but is a string"},
		{with("tags", `"a"`), "tags", "type", "must be a list, but is a string"},
		{with("tags", `[]`), "tags", "minItems", "has 0 items, needed are at least 1"},
		{with("tags", `["a","b","a"]`), "tags[2]", "uniqueItems", `"a" is there twice`},
		{with("tags", `["a","toolong"]`), "tags[1]", "maxLength", "is longer than 4 characters"},
		{with("tags", `["a",""]`), "tags[1]", "minLength", "must not be empty"},
		{with("tags", `["a",null]`), "tags[1]", "type", "must be a string, but is null"},
		{with("note", `"toolong"`), "note", "maxLength", "is longer than 4 characters"},
		{with("note", `[]`), "note", "type", "must be a string, but is a list"},
		{with("list", `["a","b","c"]`), "list", "maxItems", "has 3 items, allowed are at most 2"},
		{with("settings", `[]`), "settings", "type", "must be an object, but is a list"},
		{with("settings", `{"curency":"AUD"}`), "settings.curency", "additionalProperties", "is not a known field, the nearest is currency; " + attributes},
		{with("settings", `{"currency":"eur"}`), "settings.currency", "allowed", `"eur" is not a currency, allowed is an ISO 4217 code such as EUR`},
		{with("settings", `{"lateFee":{"typ":"Flat"}}`), "settings.lateFee.typ", "additionalProperties", "is not a known field, the nearest is type; allowed are type, amount, daysAfterDue, minimumBalance, label"},
	}
	for _, test := range tests {
		_, got := Decode[sample]([]byte(test.text))
		if diff := cmp.Diff([]FieldProblem{{test.field, test.rule, test.message}}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.text, diff)
		}
	}
}

// A body with many faults is told all of them at once, in the order in which they are
// written, then what is missing; what can be read is read.
func TestDecodeTellsEverything(t *testing.T) {
	got, problems := Decode[sample]([]byte(`{"id":"x-1","color":"blue","nane":"x","total":5,"tags":["a","a",7],"owner":{"nme":"x","amount":"1"},"settings":{"currency":"eur","timeZone":"Mars"},"count":11}`))
	var fields []string
	for _, p := range problems {
		fields = append(fields, p.Field+" "+p.Rule)
	}
	want := []string{
		"color enum", "nane additionalProperties", "total type", "tags[1] uniqueItems", "tags[2] type",
		"owner.nme additionalProperties", "owner.amount type", "owner.name required",
		"settings.currency allowed", "settings.timeZone allowed", "count maximum", "name required",
	}
	if diff := cmp.Diff(want, fields); diff != "" || got.ID != "x-1" {
		t.Errorf("id %q (-want +got):\n%s", got.ID, diff)
	}
}

// A text of nothing but faults is answered with a few of them.
func TestDecodeIsBounded(t *testing.T) {
	for _, fault := range []string{`"x%d":1,`, `"name":%d,`} {
		var text strings.Builder
		for i := range 10_000 {
			fmt.Fprintf(&text, fault, i)
		}
		body := []byte("{" + text.String() + `"data":{}}`)
		if _, problems := Decode[sample](body); len(problems) != maxProblems {
			t.Errorf("%s: %d problems, want %d", fault, len(problems), maxProblems)
		}
		if _, problems := DecodePatch[sample](nil, body); len(problems) != maxProblems {
			t.Errorf("%s as a patch: %d problems, want %d", fault, len(problems), maxProblems)
		}
	}
	list := with("parts", "["+strings.Repeat("{},", 5000)+"{}]")
	if _, problems := Decode[sample]([]byte(list)); len(problems) > maxProblems {
		t.Errorf("a list: %d problems", len(problems))
	}
}

func TestDecodePatch(t *testing.T) {
	const before = `{"id":"x","name":"abc","count":3,"tags":["a"],"owner":{"name":"x","amount":1},"note":"n","settings":{"currency":"AUD","locale":"en"},"version":7}`
	tests := []struct{ patch, want, problem string }{
		{`{}`, `{"id":"x","name":"abc","count":3,"tags":["a"],"owner":{"name":"x","amount":1},"note":"n","settings":{"currency":"AUD","locale":"en"}}`, ""},
		{`{"name":"xyz","tags":null,"owner":null,"note":null,"version":99}`, `{"id":"x","name":"xyz","count":3,"note":null,"settings":{"currency":"AUD","locale":"en"}}`, ""},
		{`{"tags":["b"],"owner":{"amount":2},"settings":{"locale":null,"timeZone":"UTC"}}`, `{"id":"x","name":"abc","count":3,"tags":["b"],"owner":{"name":"x","amount":2},"note":"n","settings":{"currency":"AUD","timeZone":"UTC"}}`, ""},
		{`{"name":null}`, "", "name required"},
		{`{"nane":null}`, "", "nane additionalProperties"},
		{`{"settings":{"curency":null}}`, "", "settings.curency additionalProperties"},
		{`{"owner":{"amount":1,"amount":null}}`, "", "owner.amount uniqueItems"},
		{`{"name":"a","name":"b"}`, "", "name uniqueItems"},
		{`{"settings":{"currency":"eur"}}`, "", "settings.currency allowed"},
		{`[]`, "", " type"},
		{`null`, "", " type"},
		{`{"name":"abc"`, "", " json"},
		{`{} {}`, "", " json"},
	}
	for _, test := range tests {
		got, problems := DecodePatch[sample]([]byte(before), []byte(test.patch))
		if test.problem != "" {
			if len(problems) != 1 || problems[0].Field+" "+problems[0].Rule != test.problem {
				t.Errorf("%s: %v, want %s", test.patch, problems, test.problem)
			}
			continue
		}
		text, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, string(text)); diff != "" || problems != nil {
			t.Errorf("%s: %v (-want +got):\n%s", test.patch, problems, diff)
		}
	}
	if got, problems := DecodePatch[sample](nil, []byte(`{"name":"abc","count":1,"note":null}`)); problems != nil || got.Name != "abc" || !got.Note.Null {
		t.Errorf("of nothing: %+v %v", got, problems)
	}
}

// The examples of RFC 7396 that are about objects.
func TestMergePatch(t *testing.T) {
	for _, test := range []struct{ document, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	} {
		got, err := mergePatch([]byte(test.document), []byte(test.patch))
		if err != nil || string(got) != test.want {
			t.Errorf("%s with %s: got %s, %v; want %s", test.document, test.patch, got, err, test.want)
		}
	}
}

var fuzzSeeds = []string{
	`{"name":"abc","count":0,"tags":["a"],"parts":[{"name":"x","amount":1}],"note":null,"list":[],"settings":{"tradingTermsDays":5,"custom":[{"name":"a","value":"b"}]}}`,
	`{"name":"äöü","count":1e2,"at":"2026-02-28T12:00:00+14:00","total":"-1.5","data":{"a":[1,{"b":null}]}}`,
	`{"n\u0061me":"\ud83d\ude00\ud83d\ude00","count":10,"owner":{"name":"x","amount":0},"flag":false}`,
	`{"name":"abc","name":1,"x":{"x":{}}}`, `{"":{}}`, `[[[[`, "", "null", "{\"id\":\"\xff\"}", `{"id":"\ud800"}`, `{"count":-0,"name":"ab"}`,
}

// Whatever comes in, it is read or refused with messages that are bounded; what is read
// can be written and read again; and encoding/json reads the same.
func FuzzDecode(f *testing.F) {
	for _, text := range fuzzSeeds {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		value, problems := Decode[sample](text)
		for _, p := range problems {
			if p.Message == "" || len(p.Message) > 1024 || (p.Rule == "json") != (p.Field == "" && !json.Valid(text) || strings.HasSuffix(p.Message, "UTF-8") || strings.Contains(p.Message, "surrogate")) {
				t.Errorf("%q: %+v", text, p)
			}
		}
		if problems != nil {
			return
		}
		if !json.Valid(text) {
			t.Fatalf("%q was read", text)
		}
		written, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		second, problems := Decode[sample](written)
		second.Data, value.Data = nil, nil // is written without its spaces
		if diff := cmp.Diff(value, second); diff != "" || problems != nil {
			t.Fatalf("%q was read, written as %s, and then: %v (-first +second)\n%s", text, written, problems, diff)
		}
	})
}

// The laws of a merge patch: the empty one changes nothing, to merge again changes
// nothing, and every field of the patch is as it says afterwards.
func FuzzMergePatch(f *testing.F) {
	for _, text := range fuzzSeeds {
		f.Add([]byte(`{"name":"abc","settings":{"locale":"en"}}`), []byte(text))
	}
	f.Fuzz(func(t *testing.T, document, patch []byte) {
		DecodePatch[sample](document, patch) // does not panic
		var before, changes map[string]any
		if checkPatch(document, reflect.TypeFor[sample]()) != nil || checkPatch(patch, reflect.TypeFor[sample]()) != nil {
			return // duplicate names have no laws
		}
		if json.Unmarshal(document, &before) != nil || json.Unmarshal(patch, &changes) != nil || before == nil || changes == nil {
			return
		}
		once, err := mergePatch(document, patch)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(once, &got); err != nil {
			t.Fatalf("%q with %q: %s: %v", document, patch, once, err)
		}
		if diff := cmp.Diff(merged(before, changes), got); diff != "" {
			t.Fatalf("%q with %q (-want +got):\n%s", document, patch, diff)
		}
		if again, err := mergePatch(once, patch); err != nil || string(again) != string(once) {
			t.Fatalf("%q with %q again: %s, then %s, %v", document, patch, once, again, err)
		}
		if same, err := mergePatch(once, []byte("{}")); err != nil || string(same) != string(once) {
			t.Fatalf("%s with nothing: %s, %v", once, same, err)
		}
	})
}

// merged is the algorithm of RFC 7396 as it stands there.
func merged(target, patch any) any {
	changes, isObject := patch.(map[string]any)
	if !isObject {
		return patch
	}
	object, _ := target.(map[string]any)
	result := map[string]any{}
	for name, value := range object {
		result[name] = value
	}
	for name, value := range changes {
		if value == nil {
			delete(result, name)
		} else {
			result[name] = merged(result[name], value)
		}
	}
	return result
}

// A line of a call, as by far the most lines are.
type callLike struct {
	ID          string    `json:"id" maxLength:"64"`
	AccountID   string    `json:"accountId" maxLength:"64"`
	StartedAt   time.Time `json:"startedAt"`
	Direction   string    `json:"direction" enum:"Inbound,Outbound"`
	Outcome     string    `json:"outcome" enum:"Answered,Missed,Busy,Failed"`
	Number      string    `json:"number" maxLength:"64"`
	OtherNumber string    `json:"otherNumber,omitempty" maxLength:"64"`
	Destination string    `json:"destination,omitempty" maxLength:"200"`
	Seconds     int32     `json:"seconds" minimum:"0" maximum:"31622400"`
	Charge      string    `json:"charge,omitempty" format:"decimal"`
	Currency    string    `json:"currency,omitempty" pattern:"^[A-Z]{3}$" patternDescription:"an ISO 4217 code such as EUR"`
}

func BenchmarkDecode(b *testing.B) {
	line := []byte(`{"id":"C000000123","accountId":"A0001234","startedAt":"2026-02-28T12:34:56Z","direction":"Outbound","outcome":"Answered","number":"+61290001234","otherNumber":"+61380004321","destination":"Mobile","seconds":125,"charge":"0.2500","currency":"AUD"}`)
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := Decode[callLike](line); problems != nil {
			b.Fatal(problems)
		}
	}
}

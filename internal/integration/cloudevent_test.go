package integration

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const anEvent = `{"specversion":"1.0","id":"1","source":"/meter","type":"custom.reading","subject":"10042"}`

// eventWith is anEvent with more.
func eventWith(more string) string { return strings.TrimSuffix(anEvent, "}") + "," + more + "}" }

func TestWebhookID(t *testing.T) {
	seen := map[string][2]string{}
	for _, of := range [][2]string{{"/crm", "1"}, {"/billing", "1"}, {"/crm", "2"}, {"/c", "rm1"}, {"/meter", "meter reading ü 5"}, {"/meter", "\"1"}, {"/meter\"", "1"}} {
		id := WebhookID(of[0], of[1])
		if other, twice := seen[id]; twice || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r >= 0x7f }) || len(id) > 64 {
			t.Errorf("%q: %q, as of %q", of, id, other)
		}
		seen[id] = of
	}
	if got := WebhookID("/meter", "5"); got != WebhookID("/meter", "5") || got != "evt_6aef125e13d26bca8c5449f852445126" {
		t.Errorf("it is %s, and was another in the release before", got)
	}
}

func TestDecodeCloudEvent(t *testing.T) {
	plain := CloudEvent{SpecVersion: "1.0", ID: "1", Source: "/meter", Type: "custom.reading", Subject: "10042"}
	with := func(change func(*CloudEvent)) CloudEvent {
		e := plain
		change(&e)
		return e
	}
	reading := map[string]any{"data": map[string]any{"reading": json.Number("12345678901234567890")}}
	const data = `{"data":{"reading":12345678901234567890}}`
	tests := map[string]CloudEvent{
		anEvent:                plain,
		" \n" + anEvent + "\n": plain,
		eventWith(`"traceparent":"00-1","sampled":true,"weight":3,"nothing":null,"time":null`): plain,
		eventWith(`"time":"2026-11-22T10:00:00+11:00"`):                                        with(func(e *CloudEvent) { e.Time = time.Date(2026, 11, 22, 10, 0, 0, 0, time.FixedZone("", 11*3600)) }),
		eventWith(`"data":` + data):                                                            with(func(e *CloudEvent) { e.Data = reading }),
		eventWith(`"data":null`):                                                               plain,
		eventWith(`"datacontenttype":"application/vnd.acme+json; charset=utf-8","data":` + data): with(func(e *CloudEvent) {
			e.DataContentType, e.Data = "application/vnd.acme+json; charset=utf-8", reading
		}),
		eventWith(`"data_base64":"eyJhIjoxfQ=="`): with(func(e *CloudEvent) { e.DataBase64, e.Data = "eyJhIjoxfQ==", map[string]any{"a": json.Number("1")} }),
	}
	for text, want := range tests {
		got, problems := DecodeCloudEvent([]byte(text))
		if diff := cmp.Diff(want, got, cmp.Comparer(time.Time.Equal)); diff != "" || problems != nil {
			t.Errorf("%s: %v (-want +got)\n%s", text, problems, diff)
		}
	}
}

func TestDecodeCloudEventRefuses(t *testing.T) {
	tests := map[string]string{
		``:                      "[{ json is not valid JSON: it is empty}]",
		`[]`:                    "[{ type must be an object, but is a list}]",
		`"x"`:                   "[{ type must be an object, but is a string}]",
		`{"id":`:                "[{ json is not valid JSON: it ends too early}]",
		anEvent + "{}":          "[{ json is not valid JSON: there is something after its end}]",
		`{"specversion":"1.0"}`: "[{id required is missing} {source required is missing} {type required is missing}]",
		strings.Replace(anEvent, "1.0", "0.3", 1):                        `[{specversion enum "0.3" is not allowed, allowed are 1.0}]`,
		strings.Replace(anEvent, `"1"`, `""`, 1):                         "[{id required is missing}]",
		eventWith(`"id":"2"`):                                            "[{id uniqueItems is there twice}]",
		eventWith(`"data":{},"data":{}`):                                 "[{data uniqueItems is there twice}]",
		eventWith(`"data":{"a":1,"a":2}`):                                "[{data json is not valid JSON in UTF-8 whose names come once}]",
		eventWith(`"data":"text"`):                                       "[{data type must be an object, but is a string}]",
		eventWith(`"data":{},"data_base64":"e30="`):                      "[{data oneOf is there, and so is data_base64: leave one out}]",
		eventWith(`"data_base64":"***"`):                                 "[{data_base64 format is not Base64}]",
		eventWith(`"data_base64":"eA=="`):                                "[{data_base64 json is not valid JSON in UTF-8 whose names come once}]",
		eventWith(`"datacontenttype":"text/xml","data":{}`):              `[{datacontenttype enum "text/xml" is not JSON: send data as application/json}]`,
		eventWith(`"traceParent":"x"`):                                   "[{traceParent pattern is not the name of an attribute, allowed are lower case letters and digits}]",
		eventWith(`"extension":{}`):                                      "[{extension type must be a text, a number, true or false, but is an object}]",
		eventWith(`"time":"yesterday"`):                                  `[{time format "yesterday" ` + timeAllowed + "}]",
		strings.Replace(anEvent, "10042", `a\u0000`, 1):                  "[{subject pattern must not contain control characters}]",
		eventWith(`"long":"` + strings.Repeat("x", MaxEventBytes) + `"`): "[{ maxLength is longer than 64 KiB}]",
	}
	for text, want := range tests {
		_, problems := DecodeCloudEvent([]byte(text))
		if got := fmt.Sprint(problems); got != want {
			t.Errorf("%.200s:\n%s, want\n%s", text, got, want)
		}
	}
}

func TestDecodeCloudEvents(t *testing.T) {
	events, problems := DecodeCloudEvents([]byte("[" + anEvent + "," + strings.Replace(anEvent, `"1"`, `"2"`, 1) + "]"))
	if len(events) != 2 || events[1].ID != "2" || problems != nil {
		t.Errorf("got %v, %v", events, problems)
	}
	if none, problems := DecodeCloudEvents([]byte("[]")); len(none) != 0 || none == nil || problems != nil {
		t.Errorf("an empty batch: %v, %v", none, problems)
	}
	for text, want := range map[string]string{
		anEvent:                "[{ type must be a list of events, but is an object}]",
		`[` + anEvent + `,{}]`: "[{[1].specversion required is missing} {[1].id required is missing} {[1].source required is missing} {[1].type required is missing}]",
		`[1]`:                  "[{[0] type must be an object, but is a number}]",
		`[` + anEvent:          "[{ json is not valid JSON: it ends too early}]",
		`[]x`:                  "[{ json is not valid JSON: invalid character 'x' at start of value at byte 3}]",
		"[" + strings.Repeat(anEvent+",", MaxEventBatch) + anEvent + "]": "[{ maxItems has more than 1000 events: send the rest in another request}]",
	} {
		if _, problems := DecodeCloudEvents([]byte(text)); fmt.Sprint(problems) != want {
			t.Errorf("%.200s:\n%s, want\n%s", text, problems, want)
		}
	}
}

// binaryHeader has the attributes of anEvent, with more.
func binaryHeader(more ...string) http.Header {
	header := http.Header{}
	for name, value := range map[string]string{"specversion": "1.0", "id": "1", "source": "/meter", "type": "custom.reading", "subject": "10042"} {
		header.Set("ce-"+name, value)
	}
	for i := 0; i < len(more); i += 2 {
		header.Add(more[i], more[i+1])
	}
	return header
}

func TestBinaryCloudEvent(t *testing.T) {
	want, _ := DecodeCloudEvent([]byte(eventWith(`"datacontenttype":"application/json","data":{"a":1}`)))
	want.Subject = "Zoë & 100%"
	header := binaryHeader("Content-Type", "application/json", "Ce-Traceparent", "00-1", "X-Other", "x")
	header.Set("Ce-Subject", `"Zo%C3%AB \"%26\" 100%"`)
	want.Subject = `Zoë "&" 100%`
	got, problems := BinaryCloudEvent(header, []byte(`{"a":1}`))
	if diff := cmp.Diff(want, got); diff != "" || problems != nil {
		t.Errorf("%v (-want +got)\n%s", problems, diff)
	}
	if got, problems := BinaryCloudEvent(binaryHeader(), nil); got.Data != nil || problems != nil {
		t.Errorf("without data: %v, %v", got, problems)
	}
	for _, test := range []struct {
		header http.Header
		body   string
		want   string
	}{
		{http.Header{}, "{}", "[{ce-specversion required is missing} {ce-id required is missing} {ce-source required is missing} {ce-type required is missing}]"},
		{binaryHeader("Ce-Id", "2"), "{}", "[{ce-id uniqueItems is there twice}]"},
		{binaryHeader("Ce-Data", "2"), "{}", "[{ce-data additionalProperties is no attribute in binary mode: the body is the data, and Content-Type says what it is}]"},
		{binaryHeader("Ce-Extra", "%ff"), "{}", "[{ce-extra json is not valid UTF-8}]"},
		{binaryHeader(), "[]", "[{data type must be an object, but is a list}]"},
		{binaryHeader(), "{", "[{data json is not valid JSON in UTF-8 whose names come once}]"},
		{binaryHeader("Content-Type", "text/plain"), "{}", `[{ce-datacontenttype enum "text/plain" is not JSON: send data as application/json}]`},
		{binaryHeader(), `{"a":"` + strings.Repeat("x", MaxEventBytes) + `"}`, "[{ maxLength is longer than 64 KiB}]"},
	} {
		if _, problems := BinaryCloudEvent(test.header, []byte(test.body)); fmt.Sprint(problems) != test.want {
			t.Errorf("%v %.100s:\n%s, want\n%s", test.header, test.body, problems, test.want)
		}
	}
}

// Whatever is sent, it is an event with all that one needs, or says briefly why it is none.
func FuzzCloudEvents(f *testing.F) {
	for _, text := range []string{anEvent, eventWith(`"data":{"a":1}`), eventWith(`"data_base64":"e30="`), eventWith(`"time":"2026-11-22T10:00:00Z"`), "[" + anEvent + "]", "[]", "{}", "null", "[[]]", `{"":0}`} {
		f.Add([]byte(text), "a%20b")
	}
	f.Fuzz(func(t *testing.T, text []byte, attribute string) {
		check := func(e CloudEvent, problems []FieldProblem) {
			for _, p := range problems {
				if p.Message == "" || len(p.Field)+len(p.Message) > 1024 {
					t.Errorf("%q: %+v", text, p)
				}
			}
			if problems == nil && (e.SpecVersion != "1.0" || e.ID == "" || e.Source == "" || e.Type == "" || len(e.ID)+len(e.Source)+len(e.Type)+len(e.Subject) > 4*(128+256+64+64)) {
				t.Errorf("%q was read as %+v", text, e)
			}
		}
		check(DecodeCloudEvent(text))
		check(BinaryCloudEvent(binaryHeader("Ce-Extension", attribute), text))
		events, problems := DecodeCloudEvents(text)
		for _, e := range events {
			if problems == nil {
				check(e, nil)
			}
		}
	})
}

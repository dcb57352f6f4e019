package integration

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// The media types of CloudEvents: one of them, and many.
const (
	CloudEventMediaType      = "application/cloudevents+json"
	CloudEventBatchMediaType = "application/cloudevents-batch+json"
)

// Bounds of what is sent in.
const (
	MaxEventBytes = 64 << 10 // of one event
	MaxEventBatch = 1000     // events in a batch
)

// CloudEvent is an event of CloudEvents 1.0, as the provider's systems send it in. What it
// has besides, as extensions, is taken and not kept.
type CloudEvent struct {
	SpecVersion     string         `json:"specversion" enum:"1.0" doc:"The version of CloudEvents."`
	ID              string         `json:"id" maxLength:"128" doc:"The id of the event at its source. An event with a source and id that were sent before is the same one."`
	Source          string         `json:"source" maxLength:"256" doc:"Where it happened, as /billing or https://crm.example."`
	Type            string         `json:"type" maxLength:"64" doc:"The event type, as invoice.issued or custom.meterReading."`
	Subject         string         `json:"subject,omitempty" maxLength:"64" doc:"The id of the account that it happened to. It may be left out only of a type that is about more than one account."`
	Time            time.Time      `json:"time,omitzero" format:"date-time" doc:"When it happened. What is more than 30 days ago is TooOld. Left out: when it comes in."`
	DataContentType string         `json:"datacontenttype,omitempty" maxLength:"128" doc:"The media type of data: JSON. Left out: application/json."`
	DataSchema      string         `json:"dataschema,omitempty" maxLength:"1024" doc:"Where the schema of data is. It is not read: data is checked by the event type."`
	Data            map[string]any `json:"data,omitempty" doc:"The objects of the event type, as invoice. The objects that every event has (tenant, account, event) may be there, and are not kept."`
	DataBase64      string         `json:"data_base64,omitempty" maxLength:"65536" doc:"data as JSON in Base64, instead of data."`
}

// EventsTaken is the answer to events that were sent in.
type EventsTaken struct {
	Accepted   int          `json:"accepted" doc:"How many were new."`
	Duplicates int          `json:"duplicates" doc:"How many had a source and id that were sent before: nothing happens by them."`
	TooOld     int          `json:"tooOld" doc:"How many are of more than 30 days ago: nobody is told of what happened that long ago."`
	Items      []TakenEvent `json:"items" nullable:"false" doc:"Each event, in the order in which they were sent."`
}

// TakenEvent says what became of one event that was sent in.
type TakenEvent struct {
	Source  string `json:"source" doc:"Where it happened."`
	ID      string `json:"id" doc:"Its id at the source."`
	Outcome string `json:"outcome" enum:"Accepted,Duplicate,TooOld" doc:"Accepted: it is new. Duplicate: it was sent before. TooOld: it is not kept."`
}

// The outcomes of an event that was sent in.
const (
	EventAccepted  = "Accepted"
	EventDuplicate = "Duplicate"
	EventTooOld    = "TooOld"
)

// WebhookID is what receivers of webhooks tell repeats of an event by, as webhook-id: for an
// event of the provider's own systems a hash of its source and id, which two sources may both
// have given and which need not fit a header.
func WebhookID(source, id string) string {
	sum := sha256.Sum256([]byte(strconv.Quote(source) + strconv.Quote(id)))
	return "evt_" + hex.EncodeToString(sum[:16])
}

var attributeName = regexp.MustCompile(`^[a-z0-9]{1,64}$`)

// DecodeCloudEvent reads an event in structured mode: one JSON object. Data is decoded with
// UseNumber.
func DecodeCloudEvent(text []byte) (CloudEvent, []FieldProblem) {
	var event CloudEvent
	if len(text) > MaxEventBytes {
		return event, one("maxLength", "is longer than %d KiB", MaxEventBytes>>10)
	}
	if kind := jsontext.NewDecoder(bytes.NewBuffer(text)).PeekKind(); kind != '{' && kind != 0 {
		return event, wrongType("an object", jsontext.Value(bytes.TrimSpace(text)))
	}
	members, err := membersOf(text)
	if err == nil {
		err = end(jsontext.NewDecoder(bytes.NewBuffer(afterValue(text))))
	}
	if err != nil {
		return event, []FieldProblem{syntaxProblem(text, err)}
	}
	return cloudEvent(members)
}

// afterValue is what follows the first JSON value of a text that begins with one.
func afterValue(text []byte) []byte {
	d := jsontext.NewDecoder(bytes.NewBuffer(text), textOptions)
	if d.SkipValue() != nil {
		return nil
	}
	return text[d.InputOffset():]
}

// DecodeCloudEvents reads events in batch mode: a JSON array of them. A problem of one has
// its place before the field, as [3].source.
func DecodeCloudEvents(text []byte) ([]CloudEvent, []FieldProblem) {
	d := jsontext.NewDecoder(bytes.NewBuffer(text), textOptions)
	if kind := d.PeekKind(); kind != '[' && kind != 0 {
		return nil, wrongType("a list of events", jsontext.Value(bytes.TrimSpace(text)))
	}
	events, problems := []CloudEvent{}, []FieldProblem(nil)
	_, err := d.ReadToken()
	for err == nil && d.PeekKind() != ']' {
		var raw jsontext.Value
		if raw, err = d.ReadValue(); err != nil {
			break
		}
		if len(events) == MaxEventBatch {
			return nil, one("maxItems", "has more than %d events: send the rest in another request", MaxEventBatch)
		}
		event, wrong := DecodeCloudEvent(raw)
		events = append(events, event)
		problems = appendNested(problems, fmt.Sprintf("[%d]", len(events)-1), wrong)
	}
	if err == nil {
		_, err = d.ReadToken()
	}
	if err == nil {
		err = end(d)
	}
	if err != nil {
		return nil, []FieldProblem{syntaxProblem(text, err)}
	}
	return events, problems[:min(len(problems), maxProblems)]
}

const attributeHeader = "Ce-"

// IsBinaryCloudEvent says whether a request has an event in binary mode.
func IsBinaryCloudEvent(header http.Header) bool {
	return header.Get(attributeHeader+"Specversion") != ""
}

// BinaryCloudEvent reads an event in binary mode: its attributes are headers, its data is
// the body. A problem of an attribute has the name of the header.
func BinaryCloudEvent(header http.Header, body []byte) (CloudEvent, []FieldProblem) {
	var members []member
	var problems []FieldProblem
	for _, name := range slices.Sorted(headerNames(header)) {
		values := header[name]
		attribute := strings.ToLower(strings.TrimPrefix(name, attributeHeader))
		switch {
		case len(values) > 1:
			problems = appendNested(problems, strings.ToLower(name), twice)
		case slices.Contains([]string{"data", "datacontenttype"}, attribute):
			problems = appendNested(problems, strings.ToLower(name), one("additionalProperties", "is no attribute in binary mode: the body is the data, and Content-Type says what it is"))
		default:
			text, err := jsontext.AppendQuote(nil, headerText(values[0]))
			if err != nil {
				problems = appendNested(problems, strings.ToLower(name), one("json", "is not valid UTF-8"))
			}
			members = append(members, member{attribute, text})
		}
	}
	if media, err := jsontext.AppendQuote(nil, header.Get("Content-Type")); err == nil && len(media) > len(`""`) {
		members = append(members, member{"datacontenttype", media})
	}
	if len(bytes.TrimSpace(body)) > 0 {
		members = append(members, member{"data", body})
	}
	var event CloudEvent
	switch size := len(body); {
	case size > MaxEventBytes:
		problems = append(problems, one("maxLength", "is longer than %d KiB", MaxEventBytes>>10)...)
	case problems == nil:
		event, problems = cloudEvent(members)
		for i, p := range problems {
			if attribute, _, _ := strings.Cut(p.Field, "."); attribute != "data" {
				problems[i].Field = strings.ToLower(attributeHeader) + p.Field
			}
		}
	}
	return event, problems
}

// headerNames are the headers that are attributes.
func headerNames(header http.Header) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for name := range header {
			if strings.HasPrefix(name, attributeHeader) && !yield(name) {
				return
			}
		}
	}
}

var percentEncoded = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// headerText is the text of a header: what is not ASCII is percent-encoded there, and older
// senders put quotes around it.
func headerText(value string) string {
	if len(value) > 1 && strings.HasPrefix(value, `"`) && strings.HasSuffix(value, `"`) {
		value = strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(value[1 : len(value)-1])
	}
	return percentEncoded.ReplaceAllStringFunc(value, func(code string) string {
		var b [1]byte
		_, _ = fmt.Sscanf(code, "%%%x", &b[0]) // two hexadecimal digits
		return string(b[:])
	})
}

// cloudEvent reads the members of an event: its data, its attributes by the tags of
// CloudEvent, and extensions, of which only the form is checked.
func cloudEvent(members []member) (CloudEvent, []FieldProblem) {
	var event CloudEvent
	var known []member
	var data jsontext.Value
	var problems []FieldProblem
	o := objectOf(reflect.TypeFor[CloudEvent]())
	for _, m := range members {
		_, ours := o.byName[m.name]
		switch {
		case m.value.Kind() == 'n': // as if it were not there
		case m.name == "data" && data != nil:
			problems = appendNested(problems, m.name, twice)
		case m.name == "data":
			data = m.value
		case ours:
			known = append(known, m)
		case !attributeName.MatchString(m.name):
			problems = appendNested(problems, shorten(m.name), one("pattern", "is not the name of an attribute, allowed are lower case letters and digits"))
		case strings.ContainsRune("{[", rune(m.value.Kind())):
			problems = appendNested(problems, m.name, wrongType("a text, a number, true or false", m.value))
		}
	}
	text, err := joined(known)
	if err != nil {
		return event, []FieldProblem{syntaxProblem(nil, err)}
	}
	event, wrong := Decode[CloudEvent](text)
	problems = append(problems, wrong...)
	if wrong == nil {
		problems = append(problems, event.readData(data)...)
	}
	return event, problems[:min(len(problems), maxProblems)]
}

// readData reads the data of an event, which is JSON.
func (e *CloudEvent) readData(data jsontext.Value) []FieldProblem {
	field := "data"
	if e.DataContentType != "" && !isJSON(e.DataContentType) {
		return appendNested(nil, "datacontenttype", one("enum", "%q is not JSON: send data as application/json", shorten(e.DataContentType)))
	}
	if e.DataBase64 != "" {
		if data != nil {
			return appendNested(nil, field, one("oneOf", "is there, and so is data_base64: leave one out"))
		}
		field = "data_base64"
		decoded, err := base64.StdEncoding.DecodeString(e.DataBase64)
		if err != nil {
			return appendNested(nil, field, one("format", "is not Base64"))
		}
		data = decoded
	}
	if data == nil {
		return nil
	}
	if !data.IsValid() { // names that come twice too
		return appendNested(nil, field, one("json", "is not valid JSON in UTF-8 whose names come once"))
	}
	if data.Kind() != '{' {
		return appendNested(nil, field, wrongType("an object", data))
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&e.Data); err != nil {
		return appendNested(nil, field, one("json", "is not valid JSON"))
	}
	return nil
}

func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

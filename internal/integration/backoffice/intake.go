package backoffice

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

const (
	pathEvents = "/api/v1/events"
	// scopeSendEvents lets a token send in events of all types; with a type after it, as
	// events:write:custom.meterReading, of these.
	scopeSendEvents = "events:write"

	maxIntakeBytes = 8 << 20
	maxIntakeTold  = 100 // problems of one request

	// maxObjectID is how long the id of an object may be, as everywhere.
	maxObjectID = 64

	// An event of longer ago tells nobody anything new, and one far ahead has not happened.
	oldestEvent   = 30 * 24 * time.Hour
	earliestEvent = 24 * time.Hour

	detailOtherEvent = "an event that is on record has the same source and id, and is another one: nothing was taken"
)

const intakeDescription = "CloudEvents 1.0 over HTTP: structured (application/cloudevents+json), many at once (application/cloudevents-batch+json, at most 1,000), or binary, " +
	"with the attributes in headers (ce-id, ce-source, ce-type, ce-subject, ce-time) and data as application/json. subject is the id of the account. " +
	"An event has at most 64 KiB. All are taken or none: what is wrong is told of each.\n\n" +
	"An event is one by its source and id: one that was sent before is a Duplicate, and nothing happens by it, for as long as events are kept. So sending again does no harm. " +
	"With the source and id of an event of another type or subject it is refused (409). One of more than 30 days ago is TooOld: it is not kept, nobody is told of it, and the others are taken.\n\n" +
	"Event types are those of docs/events.md that do not come from Foyer itself, and those that the Tenant declares (spec.events). " +
	"A token with `events:write:custom.meterReading` or `events:write:custom.*` may send these types only.\n\n" +
	"Instead of a token a request may carry a signature of Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature), if the Tenant names a secret for it " +
	"(spec.backoffice.eventSigningSecretRef). It may send every type, or those of spec.backoffice.eventTypes."

// registerIntake adds what takes events of the provider's own systems.
func (a *api) registerIntake() {
	registry := a.huma.OpenAPI().Components.Schemas
	event := schemaOf[integration.CloudEvent](registry)
	most := integration.MaxEventBatch
	o := huma.Operation{
		OperationID: "sendEvents", Method: http.MethodPost, Path: pathEvents, Summary: "Send in what happened", Description: intakeDescription,
		Tags:       []string{a.tag("Events", "What happened in the provider's own systems, for which the tenant's templates have messages.")},
		Parameters: intakeHeaders(),
		RequestBody: &huma.RequestBody{Required: true, Description: "The event, or a list of events; in binary mode its data.", Content: map[string]*huma.MediaType{
			integration.CloudEventMediaType:      {Schema: event},
			integration.CloudEventBatchMediaType: {Schema: &huma.Schema{Type: huma.TypeArray, Items: event, MaxItems: &most}},
			"application/json":                   {Schema: &huma.Schema{Type: huma.TypeObject, Description: "data of the event in binary mode."}},
		}},
		Responses: map[string]*huma.Response{"202": a.response("They are on record.", "application/json", schemaOf[integration.EventsTaken](registry))},
	}
	a.handleRaw(scopeSendEvents, o, a.takeEvents)
	documented := a.huma.OpenAPI().Paths[pathEvents].Post
	documented.Security = append(documented.Security, map[string][]string{signatureScheme: {}})
}

// intakeHeaders documents the headers of binary mode.
func intakeHeaders() []*huma.Param {
	var list []*huma.Param
	for _, h := range []struct{ name, description string }{
		{"ce-specversion", "In binary mode: 1.0."},
		{"ce-id", "In binary mode: the id of the event at its source."},
		{"ce-source", "In binary mode: where it happened."},
		{"ce-type", "In binary mode: the event type."},
		{"ce-subject", "In binary mode: the id of the account."},
		{"ce-time", "In binary mode: when it happened."},
	} {
		list = append(list, &huma.Param{Name: h.name, In: "header", Description: h.description, Schema: &huma.Schema{Type: huma.TypeString}})
	}
	return list
}

// takeEvents is the handler of what is sent in.
func (a *api) takeEvents(w http.ResponseWriter, r *http.Request) {
	taken, err := a.intake(w, r)
	if err != nil {
		writeProblem(w, r, a.problemOf(r.Context(), err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	encode(w, taken)
}

func (a *api) intake(w http.ResponseWriter, r *http.Request) (*integration.EventsTaken, error) {
	if wrong := unknownParameters(r); wrong != nil {
		return nil, invalid(wrong)
	}
	events, wrong := a.readEvents(w, r)
	if wrong != nil {
		return nil, wrong
	}
	live, err := a.live()
	if err != nil {
		return nil, err
	}
	sender := sender{tokenOf(r.Context()), live}
	for _, e := range events { // before anything is told of what the tenant has
		if !sender.may(e.Type) {
			return nil, problem(http.StatusForbidden, sender.mayNot(e.Type))
		}
	}
	known, _ := catalog.New(live.Tenant.Events) // those that cannot be used are left out
	incoming := &incoming{known: known, sender: sender, samples: map[string]map[string]any{}, now: a.now(), alone: !isBatch(r)}
	for i, e := range events {
		incoming.add(i, e)
	}
	if incoming.problems != nil {
		return nil, invalid(incoming.problems)
	}
	return a.record(r.Context(), incoming)
}

// sender is a caller who sends in events.
type sender struct {
	caller
	live *config.Live
}

// may says whether the sender may send in events of a type.
func (s sender) may(eventType string) bool {
	if s.signed {
		return s.live.MaySign(eventType)
	}
	return s.May(scopeSendEvents + ":" + eventType)
}

func (s sender) mayNot(eventType string) string {
	if s.signed {
		return "spec.backoffice.eventTypes of the Tenant does not have " + strconv.Quote(eventType) + ": requests with a signature may send those types only"
	}
	return "the token has no scope " + scopeSendEvents + ":" + eventType
}

// record writes events that are all good, unless an account is not there, or an id is that of
// another event. What is too old is left out.
func (a *api) record(ctx context.Context, in *incoming) (*integration.EventsTaken, error) {
	taken := &integration.EventsTaken{Items: []integration.TakenEvent{}}
	_, _, err := a.write(ctx, request{}, func(ctx context.Context, w *store.Writer) (store.Answer, error) {
		*taken = integration.EventsTaken{Items: []integration.TakenEvent{}} // of an attempt that raced
		accounts, err := w.AccountsByID(ctx, in.accounts())
		if err != nil {
			return store.Answer{}, err
		}
		if problems := in.strangers(accounts); problems != nil {
			return store.Answer{}, invalid(problems)
		}
		before, err := w.EmitForeign(ctx, in.inTime())
		if err != nil {
			return store.Answer{}, err
		}
		wrong := in.tell(before, taken)
		if wrong != nil {
			return store.Answer{}, wrong
		}
		return store.Answer{}, nil
	})
	return taken, err
}

// inTime are the events that are not too old.
func (in *incoming) inTime() []store.Event {
	return slices.DeleteFunc(slices.Clone(in.events), in.tooOld)
}

func (in *incoming) tooOld(e store.Event) bool { return e.At.Before(in.now.Add(-oldestEvent)) }

// tell says what became of each event. before has those that are not too old.
func (in *incoming) tell(before []store.OnRecord, taken *integration.EventsTaken) *integration.Problem {
	in.problems = nil // of an attempt that raced
	for i, e := range in.events {
		outcome := integration.EventTooOld
		if !in.tooOld(e) {
			outcome = integration.EventAccepted
			if before[0].Type != "" {
				outcome = integration.EventDuplicate
				in.compare(i, e, before[0])
			}
			before = before[1:]
		}
		switch outcome {
		case integration.EventAccepted:
			taken.Accepted++
		case integration.EventDuplicate:
			taken.Duplicates++
		case integration.EventTooOld:
			taken.TooOld++
		}
		taken.Items = append(taken.Items, integration.TakenEvent{Source: e.Source, ID: e.ID, Outcome: outcome})
	}
	if in.problems == nil {
		return nil
	}
	wrong := problem(http.StatusConflict, detailOtherEvent)
	wrong.Errors = in.problems
	return wrong
}

// compare refuses an event that has the source and id of another one: it would be lost as a
// repeat of that.
func (in *incoming) compare(i int, e store.Event, on store.OnRecord) {
	const another = "%s of source %s is the id of %s that is on record: give each event an id of its own"
	switch {
	case on.Type != e.Type:
		in.refuse(i, "id", "uniqueItems", another, strconv.Quote(e.ID), e.Source, "an event of type "+on.Type)
	case on.AccountID != e.AccountID:
		in.refuse(i, "id", "uniqueItems", another, strconv.Quote(e.ID), e.Source, "an event of type "+on.Type+" of another subject")
	}
}

// unknownParameters refuses parameters of an operation that has none.
func unknownParameters(r *http.Request) []integration.FieldProblem {
	var problems []integration.FieldProblem
	for _, name := range slices.Sorted(maps.Keys(r.URL.Query())) {
		problems = append(problems, integration.FieldProblem{Field: name, Rule: "additionalProperties", Message: "is not a known parameter of this operation"})
	}
	return problems
}

func isBatch(r *http.Request) bool {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && media == integration.CloudEventBatchMediaType
}

// readEvents reads the body in the mode that its media type says.
func (a *api) readEvents(w http.ResponseWriter, r *http.Request) ([]integration.CloudEvent, *integration.Problem) {
	binary := integration.IsBinaryCloudEvent(r.Header)
	if binary && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/json") // an event may have no data
	}
	types := []string{integration.CloudEventMediaType, integration.CloudEventBatchMediaType, "application/json"}
	text, wrong := a.readBytes(w, r, types, maxIntakeBytes)
	if wrong != nil {
		return nil, wrong
	}
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // it was one of types
	var events []integration.CloudEvent
	var problems []integration.FieldProblem
	switch {
	case media == "application/json":
		event, found := integration.BinaryCloudEvent(r.Header, text)
		events, problems = []integration.CloudEvent{event}, found
	case len(text) == 0:
		return nil, problem(http.StatusBadRequest, detailNoBody)
	case media == integration.CloudEventBatchMediaType:
		events, problems = integration.DecodeCloudEvents(text)
	default:
		event, found := integration.DecodeCloudEvent(text)
		events, problems = []integration.CloudEvent{event}, found
	}
	if problems != nil {
		return nil, invalid(problems)
	}
	return events, nil
}

// incoming are events that are checked before they are recorded.
type incoming struct {
	known    *catalog.Catalog
	sender   sender
	samples  map[string]map[string]any // by event type
	now      time.Time
	alone    bool // it is one event, and no list
	events   []store.Event
	problems []integration.FieldProblem
}

// at is where a field of an event is in the request.
func (in *incoming) at(i int, field string) string {
	if in.alone {
		return field
	}
	return fmt.Sprintf("[%d].%s", i, field)
}

func (in *incoming) refuse(i int, field, rule, format string, args ...any) {
	if len(in.problems) < maxIntakeTold {
		in.problems = append(in.problems, integration.FieldProblem{Field: in.at(i, field), Rule: rule, Message: fmt.Sprintf(format, args...)})
	}
}

// add checks an event by its type.
func (in *incoming) add(i int, e integration.CloudEvent) {
	kind, found := in.known.Lookup(e.Type)
	why := kind.WhyNotSentIn()
	switch {
	case !found:
		in.refuse(i, "type", "enum", "%q is not an event type of this tenant, %s%s", e.Type, in.nearest(e.Type), eventTypesAt)
		return
	case why != "":
		in.refuse(i, "type", "enum", "%s cannot be sent in: %s", e.Type, why)
		return
	case e.Source == store.SourceFoyer:
		in.refuse(i, "source", "enum", "%s is what Foyer itself saw happen: name your own system, as /billing", e.Source)
	case e.Subject == "" && !kind.ManyAccounts:
		in.refuse(i, "subject", "required", "is missing: the id of the account that it happened to")
	}
	at := e.Time
	switch {
	case at.IsZero(), at.After(in.now) && at.Before(in.now.Add(earliestEvent)):
		at = in.now
	case at.After(in.now):
		in.refuse(i, "time", "maximum", "is more than a day ahead")
	}
	data, err := json.Marshal(in.payload(i, e, kind))
	if err != nil {
		in.refuse(i, "data", "json", "cannot be kept")
	}
	in.events = append(in.events, store.Event{
		ID: e.ID, Source: e.Source, Type: e.Type, AccountID: e.Subject, Subject: aboutOf(e), Data: data, At: at,
	})
}

// nearest is the type that may be meant, of those that the sender may send.
func (in *incoming) nearest(eventType string) string {
	known := slices.DeleteFunc(slices.Clone(in.known.Names()), func(name string) bool { return !in.sender.may(name) })
	if len(known) == 0 {
		return ""
	}
	return "the nearest is " + catalog.Nearest(eventType, known)[0] + "; "
}

// aboutOf is the id of what an event is about, as of the invoice of invoice.issued.
func aboutOf(e integration.CloudEvent) string {
	name, _, _ := strings.Cut(e.Type, ".")
	if name == "account" {
		return e.Subject
	}
	object, _ := e.Data[name].(map[string]any)
	id, _ := object["id"].(string)
	return id
}

// payload checks the data of an event and returns the objects of its type, which are kept.
// Those that every event has may be missing: Foyer knows them itself.
func (in *incoming) payload(i int, e integration.CloudEvent, kind catalog.Event) map[string]any {
	whole := maps.Clone(in.sample(kind))
	for _, f := range kind.Fields {
		delete(whole, f.Name)
	}
	delete(whole, "recipient")
	maps.Copy(whole, e.Data)
	whole["event"] = map[string]any{"id": e.ID, "type": e.Type, "time": in.now.UTC().Format(time.RFC3339)}
	if given, found := e.Data["event"]; found {
		whole["event"] = given
	}
	for _, p := range kind.CheckPayload(whole) {
		in.refuse(i, "data."+p.Field, p.Rule, "%s", p.Message)
	}
	in.ids(i, "data", kind.Fields, e.Data)
	if account, _ := e.Data["account"].(map[string]any); account["id"] != nil && account["id"] != e.Subject {
		in.refuse(i, "data.account.id", "const", "is another account than the subject")
	}
	kept := map[string]any{}
	for _, f := range kind.Fields {
		if value, found := e.Data[f.Name]; found {
			kept[f.Name] = value
		}
	}
	return kept
}

// ids checks that the ids of objects are as long as ids are. What the tenant's own events
// carry, in data, is no such object.
func (in *incoming) ids(i int, at string, fields []catalog.Field, values map[string]any) {
	for _, f := range fields {
		switch value := values[f.Name].(type) {
		case string:
			if count := utf8.RuneCountInString(value); f.Name == "id" && count > maxObjectID {
				in.refuse(i, at+".id", "maxLength", "has %d characters, allowed are %d: it is an id", count, maxObjectID)
			}
		case map[string]any:
			if f.Name != "data" {
				in.ids(i, at+"."+f.Name, f.Fields, value)
			}
		case []any:
			for n, element := range value {
				object, _ := element.(map[string]any)
				in.ids(i, fmt.Sprintf("%s.%s[%d]", at, f.Name, n), f.Fields, object)
			}
		}
	}
}

// sample is that of an event type, for the objects that are not sent.
func (in *incoming) sample(kind catalog.Event) map[string]any {
	if known := in.samples[kind.Name]; known != nil {
		return known
	}
	var sample map[string]any
	decoder := json.NewDecoder(bytes.NewReader(kind.Sample))
	decoder.UseNumber()
	if err := decoder.Decode(&sample); err != nil {
		panic(err) // samples are our own, and tested
	}
	in.samples[kind.Name] = sample
	return sample
}

func (in *incoming) accounts() []string {
	var ids []string
	for _, e := range in.events {
		if e.AccountID != "" {
			ids = append(ids, e.AccountID)
		}
	}
	return ids
}

// strangers tells of subjects that are no accounts.
func (in *incoming) strangers(accounts map[string]store.AccountView) []integration.FieldProblem {
	in.problems = nil // of an attempt that raced
	for i, e := range in.events {
		if _, found := accounts[e.AccountID]; !found && e.AccountID != "" && !in.tooOld(e) {
			in.refuse(i, "subject", "const", "there is no account %q: subject is its id", e.AccountID)
		}
	}
	return in.problems
}

package backoffice

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

const callsDescription = "Calls are what a telephone system has recorded. A call never changes: one that is there is refused if it comes again with another value, and skipped if it is equal. " +
	"Calls are not in /api/v1/changes and emit no events. To read what is new, ask for the calls from the newest one that you have; those that came in late are older than it."

// registerCalls adds the operations on calls. A file of them comes by an import.
func (a *api) registerCalls() {
	tag := a.tag("Calls", callsDescription)
	handle(a, "calls:read", huma.Operation{
		OperationID: "listCalls", Method: http.MethodGet, Path: "/api/v1/calls", Tags: []string{tag}, Summary: "List the calls of an account",
		Description: "The newest first. The less time there is between from and to, the less there is to look through.",
	}, a.listCalls)
	handle(a, "calls:write", huma.Operation{
		OperationID: "postCalls", Method: http.MethodPost, Path: "/api/v1/calls", Tags: []string{tag}, Summary: "Add up to 1,000 calls",
		Description: "All or nothing: if one is refused, none is added, and the answer says which and why. Sending the same calls again changes nothing.",
	}, a.postCalls)
	handle(a, "calls:read", huma.Operation{
		OperationID: "listCallDays", Method: http.MethodGet, Path: "/api/v1/call-days", Tags: []string{tag}, Summary: "List the calls of an account by day",
		Description: "How many calls there were, how long they were and what they cost: by day, number, direction and currency, in this order. It is in step with the calls at any time.",
	}, a.listCallDays)
}

type callListInput struct {
	AccountID string    `query:"accountId" required:"true" minLength:"1" maxLength:"64" doc:"The account."`
	From      time.Time `query:"from" doc:"Only calls that started at this time or later."`
	To        time.Time `query:"to" doc:"Only calls that started before this time."`
	Number    string    `query:"number" maxLength:"64" doc:"Only calls of this number of the account."`
	Direction string    `query:"direction" enum:"Inbound,Outbound" doc:"Only calls of this direction."`
	Cursor    string    `query:"cursor" maxLength:"1024" doc:"Where to go on: next of the page before."`
	Limit     int       `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many at most."`
}

// callCursor is what the cursor of a page of calls holds.
type callCursor struct {
	List      string    `json:"l"`
	StartedAt time.Time `json:"s"`
	ID        string    `json:"i"`
}

// name is the list that a cursor belongs to.
func (in *callListInput) name() string {
	return filters("calls", in.AccountID, in.From.UTC().Format(time.RFC3339Nano), in.To.UTC().Format(time.RFC3339Nano), in.Number, in.Direction)
}

// filters names a list and its filters.
func filters(list ...string) string {
	text, err := json.Marshal(list)
	if err != nil {
		panic(err) // texts can be encoded
	}
	return string(text)
}

func (a *api) listCalls(ctx context.Context, in *callListInput) (*listOutput[integration.Call], error) {
	list := store.CallList{AccountID: in.AccountID, From: in.From, To: in.To, Number: in.Number, Direction: in.Direction, Limit: in.Limit}
	if in.To.IsZero() {
		list.To = a.now().AddDate(0, 0, 2) // no call is more than a day ahead
	}
	if in.Cursor != "" {
		var c callCursor
		if wrong := readCursor(in.Cursor, &c, &c.List, in.name()); wrong != nil {
			return nil, wrong
		}
		list.After = store.CallPlace{StartedAt: c.StartedAt, ID: c.ID}
	}
	calls, next, err := a.Store.Calls(ctx, list)
	if err != nil {
		return nil, err
	}
	out := &listOutput[integration.Call]{Page[integration.Call]{Items: make([]integration.Call, len(calls))}}
	for i, c := range calls {
		out.Body.Items[i] = integration.Call{
			ID: c.ID, AccountID: c.AccountID, StartedAt: c.StartedAt.UTC(), Direction: c.Direction, Outcome: c.Outcome, Number: c.Number,
			OtherNumber: c.OtherNumber, Destination: c.Destination, Seconds: int64(c.Seconds), Charge: locale.Amount(c.Currency, c.Charge), Currency: c.Currency,
		}
	}
	if next != nil {
		out.Body.Next = encodeCursor(callCursor{in.name(), next.StartedAt, next.ID})
	}
	return out, nil
}

// readCursor reads a cursor into a struct, whose list has to be the one that is asked for.
func readCursor(text string, into any, list *string, name string) *integration.Problem {
	if err := decodeCursor(text, into); err != nil || *list == "" {
		return badCursor("cursor", "is not a cursor of this API")
	}
	if *list != name {
		return badCursor("cursor", "belongs to another list: repeat the filters of the page that it came with")
	}
	return nil
}

type callDayListInput struct {
	AccountID string `query:"accountId" required:"true" minLength:"1" maxLength:"64" doc:"The account."`
	From      string `query:"from" format:"date" maxLength:"10" doc:"The first day."`
	To        string `query:"to" format:"date" maxLength:"10" doc:"The last day."`
	Number    string `query:"number" maxLength:"64" doc:"Only calls of this number of the account."`
	Cursor    string `query:"cursor" maxLength:"1024" doc:"Where to go on: next of the page before."`
	Limit     int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many at most."`
}

// callDayCursor is what the cursor of a page of days holds.
type callDayCursor struct {
	List      string    `json:"l"`
	Day       time.Time `json:"d"`
	Number    string    `json:"n"`
	Direction string    `json:"w"`
	Currency  string    `json:"c"`
}

func (in *callDayListInput) name() string {
	return filters("call-days", in.AccountID, in.From, in.To, in.Number)
}

// days are the bounds of a list of days.
func (in *callDayListInput) days() (from, to time.Time, wrong *integration.Problem) {
	from, to = time.Date(1900, time.January, 1, 0, 0, 0, 0, time.UTC), time.Date(9998, time.December, 31, 0, 0, 0, 0, time.UTC)
	var problems []integration.FieldProblem
	for _, bound := range []struct {
		name, text string
		into       *time.Time
	}{{"from", in.From, &from}, {"to", in.To, &to}} {
		if bound.text == "" {
			continue
		}
		date, err := integration.ParseDate(bound.text)
		if err != nil {
			problems = append(problems, integration.FieldProblem{Field: bound.name, Rule: "format", Message: strconv.Quote(bound.text) + " " + err.Error()})
		}
		*bound.into = date
	}
	if problems != nil {
		return from, to, invalid(problems)
	}
	return from, to, nil
}

func (a *api) listCallDays(ctx context.Context, in *callDayListInput) (*listOutput[integration.CallDay], error) {
	from, to, wrong := in.days()
	if wrong != nil {
		return nil, wrong
	}
	list := store.CallDayList{AccountID: in.AccountID, From: from, To: to, Number: in.Number, Limit: in.Limit}
	if in.Cursor != "" {
		var c callDayCursor
		if wrong := readCursor(in.Cursor, &c, &c.List, in.name()); wrong != nil {
			return nil, wrong
		}
		list.After = store.CallDayPlace{Day: c.Day, Number: c.Number, Direction: c.Direction, Currency: c.Currency}
	}
	days, next, err := a.Store.CallDays(ctx, list)
	if err != nil {
		return nil, err
	}
	out := &listOutput[integration.CallDay]{Page[integration.CallDay]{Items: make([]integration.CallDay, len(days))}}
	for i, d := range days {
		out.Body.Items[i] = integration.CallDay{
			AccountID: d.AccountID, Day: d.Day.Format(time.DateOnly), Number: d.Number, Direction: d.Direction, Currency: d.Currency,
			Calls: d.Calls, Answered: d.Answered, Seconds: d.Seconds, Charge: locale.Amount(d.Currency, d.Charge),
		}
	}
	if next != nil {
		out.Body.Next = encodeCursor(callDayCursor{in.name(), next.Day, next.Number, next.Direction, next.Currency})
	}
	return out, nil
}

type callBatchInput struct {
	KeyInput
	Body body[integration.CallBatch]
}

type callBatchOutput struct {
	Replayed string `header:"Idempotency-Replayed" doc:"true: this is what was answered when the request took effect."`
	Body     reply[integration.CallBatchResult]
}

// postCalls adds calls in one transaction.
func (a *api) postCalls(ctx context.Context, in *callBatchInput) (*callBatchOutput, error) {
	batch, problems := integration.Decode[integration.CallBatch](in.Body.text)
	if problems != nil {
		return nil, invalid(problems)
	}
	live, err := a.live()
	if err != nil {
		return nil, err
	}
	calls := make([]store.Call, len(batch.Items))
	for i, c := range batch.Items {
		calls[i] = callRow(c)
	}
	request := WriteInput{ChangeInput: ChangeInput{KeyInput: in.KeyInput}}.request("calls", in.Body.text, false)
	answer, replayed, err := a.write(ctx, request, func(ctx context.Context, w *store.Writer) (store.Answer, error) {
		results, err := w.PutCalls(ctx, calls, callTerms(live))
		if err != nil {
			return store.Answer{}, err
		}
		sum, problems := sumCalls(results)
		if problems != nil {
			return store.Answer{}, invalid(problems)
		}
		w.Audit("", "call.created", map[string]string{"calls": strconv.Itoa(sum.Created)})
		text, err := json.Marshal(sum)
		return store.Answer{Status: http.StatusOK, Body: text}, err
	})
	if err != nil {
		return nil, err
	}
	return &callBatchOutput{Replayed: replayed, Body: reply[integration.CallBatchResult]{answer.Body}}, nil
}

func sumCalls(results []store.Result) (sum integration.CallBatchResult, problems []integration.FieldProblem) {
	for i, r := range results {
		switch r.Outcome {
		case store.Refused:
			field := fmt.Sprintf("items[%d]", i)
			if r.Field != "" {
				field += "." + r.Field
			}
			problems = append(problems, integration.FieldProblem{Field: field, Message: r.Message})
		case store.Created:
			sum.Created++
		default:
			sum.Unchanged++
		}
	}
	return sum, problems
}

// callRow is what the store keeps of a call that the rules of its fields have let pass.
func callRow(c integration.Call) store.Call {
	return store.Call{
		ID: c.ID, AccountID: c.AccountID, StartedAt: c.StartedAt, Direction: c.Direction, Outcome: c.Outcome, Number: c.Number,
		OtherNumber: c.OtherNumber, Destination: c.Destination, Seconds: int32(c.Seconds), Charge: c.Charge, Currency: c.Currency, //nolint:gosec // at most a year
	}
}

// callTerms resolves the settings of accounts that decide about their calls.
func callTerms(live *config.Live) func(store.CallAccount) store.CallTerms {
	return func(a store.CallAccount) store.CallTerms {
		own := settings.Attributes{TimeZone: a.TimeZone, Currency: a.Currency}
		resolved := live.For(config.Account{AccountProfile: a.AccountProfile, Attributes: own}).Attributes
		return store.CallTerms{Zone: config.Location(resolved.TimeZone.Value), Currency: resolved.Currency.Value}
	}
}

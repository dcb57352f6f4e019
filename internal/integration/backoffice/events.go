package backoffice

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

type eventsInput struct {
	After     string   `query:"after" maxLength:"1024" doc:"Where to go on: next of an earlier answer. Left out: with the oldest that is kept. latest: with what comes from now on."`
	AccountID string   `query:"accountId" maxLength:"64" doc:"Only those of this account."`
	Type      []string `query:"type" maxItems:"50" maxLength:"64" doc:"Only these event types, with commas between them: invoice.issued,invoice.paid."`
	Limit     int      `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many at most."`
}

// eventTypesAt says where the list of event types is.
const eventTypesAt = "docs/events.md lists the types, and spec.events of the Tenant those of its own"

// eventTypes are those that the tenant knows.
func (a *api) eventTypes() ([]string, error) {
	live, err := a.live()
	if err != nil {
		return nil, err
	}
	known, _ := catalog.New(live.Tenant.Events) // those that cannot be used are left out
	return known.Names(), nil
}

// scopeEvents lets a token read events of all types. With a type after it, as
// events:read:invoice.paid or events:read:invoice.*, it is for these.
const scopeEvents = "events:read"

// typesFor are the event types that a token gets of those that it asks for; none: all.
func (a *api) typesFor(token store.Token, asked []string) ([]string, error) {
	all := token.May(scopeEvents)
	if all && len(asked) == 0 {
		return nil, nil
	}
	known, err := a.eventTypes()
	if err != nil {
		return nil, err
	}
	if wrong := unknownFilter("type", "an event type of this tenant", asked, known, eventTypesAt); wrong != nil {
		return nil, wrong
	}
	if len(asked) == 0 {
		asked = slices.DeleteFunc(slices.Clone(known), func(t string) bool { return !token.May(scopeEvents + ":" + t) })
	}
	for _, t := range asked {
		if !token.May(scopeEvents + ":" + t) {
			return nil, problem(http.StatusForbidden, "the token has no scope "+scopeEvents+":"+t)
		}
	}
	if len(asked) == 0 {
		return nil, problem(http.StatusForbidden, "there are no events of the types that the token has scopes for")
	}
	return asked, nil
}

// isEventScope says whether there are events that a scope such as events:read:invoice.* or
// events:write:invoice.* is for.
func (a *api) isEventScope(scope string) bool {
	known, err := a.eventTypes()
	if err != nil {
		return false
	}
	only := store.Token{Scopes: []string{scope}}
	for _, parent := range []string{scopeEvents, scopeSendEvents} {
		if strings.HasPrefix(scope, parent+":") {
			return slices.ContainsFunc(known, func(t string) bool { return only.May(parent + ":" + t) })
		}
	}
	return false
}

type eventsOutput struct{ Body integration.Events }

func (a *api) events(ctx context.Context, in *eventsInput) (*eventsOutput, error) {
	start, name, wrong := startOf("events", in.After)
	if wrong != nil {
		return nil, wrong
	}
	types, err := a.typesFor(tokenOf(ctx).Token, in.Type)
	if err != nil {
		return nil, err
	}
	page, err := a.Store.Events(ctx, store.FeedPage{After: start, Limit: in.Limit, AccountID: in.AccountID, Types: types})
	if err != nil {
		return nil, err
	}
	out := &eventsOutput{integration.Events{Items: make([]integration.Event, len(page.Entries)), More: page.Next < page.Head}}
	if out.Body.Next, wrong = followed("events", page, start, name); wrong != nil {
		return nil, wrong
	}
	for i, e := range page.Entries {
		shown := integration.Event{ID: e.ID, Source: e.Source, Type: e.Type, Time: e.At, AccountID: e.AccountID, Subject: e.Subject, Actor: e.Actor}
		if err := json.Unmarshal(e.Data, &shown.Data); err != nil {
			return nil, err
		}
		out.Body.Items[i] = shown
	}
	return out, nil
}

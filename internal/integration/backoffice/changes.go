package backoffice

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

const detailGone = "what came after this position is not kept any more, or the database was restored: take next of a request with after=latest, read the lists once, and follow from there"

// latest is where a client starts that reads the lists first.
const latest = "latest"

// position is what the parameter after of a feed holds.
type position struct {
	Feed string `json:"f"` // "changes" or "events"
	Name string `json:"n"` // of the tenant's schema
	At   int64  `json:"p"`
}

// startOf reads the parameter after. name is that of the schema that the position is of.
func startOf(feed, after string) (start int64, name string, wrong *integration.Problem) {
	switch after {
	case "":
		return store.FromOldest, "", nil
	case latest:
		return store.AtHead, "", nil
	}
	var p position
	if err := decodeCursor(after, &p); err != nil || p.Feed != feed || p.Name == "" || p.At < 0 {
		return 0, "", badCursor("after", "is not a position of this feed: pass next of an earlier answer, or "+latest)
	}
	return p.At, p.Name, nil
}

// followed checks a page of a feed and returns its next position.
func followed[E any](feed string, page store.Feed[E], start int64, name string) (next string, wrong *integration.Problem) {
	if name != "" && name != page.Name {
		return "", badCursor("after", "is a position of another tenant")
	}
	if start >= 0 && page.Gone(start) {
		return "", problem(http.StatusGone, detailGone)
	}
	return encodeCursor(position{Feed: feed, Name: page.Name, At: page.Next}), nil
}

// registerFeeds adds the change feed and the events.
func (a *api) registerFeeds() {
	tag := a.tag("Feeds", "What was changed and what happened, in the order in which it took effect: what a system reads to stay in step.")
	handle(a, "changes:read", huma.Operation{
		OperationID: "listChanges", Method: http.MethodGet, Path: "/api/v1/changes", Tags: []string{tag}, Errors: []int{http.StatusGone},
		Summary: "Follow what is changed",
		Description: "What was created, changed and deleted, in the order in which it took effect; what is deleted leaves a tombstone. " +
			"Whoever follows next misses nothing and sees nothing twice. Entries tell what changed and not how: read the row if you need it, with the scope that it needs.",
	}, a.changes)
	handle(a, scopeEvents, huma.Operation{
		OperationID: "listEvents", Method: http.MethodGet, Path: "/api/v1/events", Tags: []string{tag}, Errors: []int{http.StatusGone},
		Summary: "Follow what happened",
		Description: "The events of accounts with their payload, in the order in which they took effect. Whoever follows next misses nothing and sees nothing twice. " +
			"Payloads show contacts, amounts and more, whatever other scopes the token has. A token with `events:read:invoice.paid` or `events:read:invoice.*` instead gets these types only.",
	}, a.events)
}

type changesInput struct {
	After string   `query:"after" maxLength:"1024" doc:"Where to go on: next of an earlier answer. Left out: with the oldest that is kept. latest: with what comes from now on."`
	Kind  []string `query:"kind" maxItems:"20" maxLength:"64" doc:"Only these kinds, with commas between them: account,invoice."`
	Limit int      `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many at most."`
}

type changesOutput struct{ Body integration.Changes }

func (a *api) changes(ctx context.Context, in *changesInput) (*changesOutput, error) {
	start, name, wrong := startOf("changes", in.After)
	if wrong != nil {
		return nil, wrong
	}
	if wrong := unknownFilter("kind", "a kind", in.Kind, changeKinds, "allowed are "+listed(changeKinds)); wrong != nil {
		return nil, wrong
	}
	page, err := a.Store.Changes(ctx, store.FeedPage{After: start, Limit: in.Limit, Kinds: in.Kind})
	if err != nil {
		return nil, err
	}
	out := &changesOutput{integration.Changes{Items: make([]integration.Change, len(page.Entries)), More: page.Next < page.Head}}
	if out.Body.Next, wrong = followed("changes", page, start, name); wrong != nil {
		return nil, wrong
	}
	for i, c := range page.Entries {
		out.Body.Items[i] = integration.Change{Kind: c.Kind, ID: c.ID, AccountID: c.AccountID, Operation: c.Operation, Version: c.Version, At: c.At}
	}
	return out, nil
}

// unknownFilter refuses a filter of a feed that nothing ever passes.
func unknownFilter(parameter, what string, given, known []string, where string) *integration.Problem {
	for _, name := range given {
		if !slices.Contains(known, name) {
			message := fmt.Sprintf("%q is not %s, the nearest is %s; %s", name, what, catalog.Nearest(name, known)[0], where)
			return invalid([]integration.FieldProblem{{Field: parameter, Rule: "enum", Message: message}})
		}
	}
	return nil
}

// changeKinds are the kinds of the change feed.
var changeKinds = []string{
	"account", "campaign", "contact", "group", "invoice", "note", "number", "order", "payment", "product", "request", "service", "site", "ticket", "ticketMessage",
}

package backoffice

import (
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

func (a *api) requests() resource[integration.Request, store.Request] {
	return resource[integration.Request, store.Request]{
		path: "requests", one: "Request", many: "Requests",
		description: "Service requests: somebody of an account asks for a visit or a change. A new one emits request.created, and request.updated tells of another status, day or comment. " +
			"In messages the provider is who updated it, by its display name.",
		show:    showRequest,
		version: func(r *store.Request) int64 { return r.Version },
		key:     func(r *integration.Request) *string { return &r.ID },
		row:     requestRow,
		get:     a.Store.Request, list: a.Store.Requests, put: (*store.Writer).PutRequests, remove: (*store.Writer).DeleteRequest,
	}
}

func showRequest(r *store.Request) integration.Request {
	return integration.Request{
		ID: r.ID, AccountID: r.AccountID, Number: r.Number, Subject: r.Subject, Text: r.Text, Status: r.Status, SiteID: r.SiteID,
		OpenedBy: r.OpenedBy, OpenedAt: r.OpenedAt.UTC(), ScheduledOn: dayText(r.ScheduledOn), Comment: r.Comment, Meta: meta(r.Row),
	}
}

// requestRow: customers are never shown the name of a token.
func requestRow(live *config.Live, r integration.Request, _ *store.Request) (store.Request, *store.Refusal) {
	return store.Request{
		Row: store.Row{AccountID: r.AccountID}, Number: r.Number, Subject: r.Subject, Text: r.Text, Status: r.Status, SiteID: r.SiteID,
		OpenedBy: r.OpenedBy, OpenedAt: r.OpenedAt, ScheduledOn: optionalDay(r.ScheduledOn), Comment: r.Comment,
		Author: live.Tenant.DisplayName, Staff: true,
	}, nil
}

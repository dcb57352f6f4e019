package backoffice

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

const (
	scopeNotifications      = "notifications:read"
	scopeWriteNotifications = "notifications:write"

	tagNotifications = "Notifications"

	detailHeld = "delivery is Hold: nothing is tried again, and going Live would suppress it. Set spec.delivery.mode of the Tenant to Live or Redirect first, then try it again" +
		" (if its data was taken over from another cluster: to Hold, and then to Live)"
)

// registerNotifications adds what was sent to whom, and what waits.
func (a *api) registerNotifications() {
	tag := a.tag(tagNotifications, "What people are told: one message of one action to one recipient each, from planned to sent.")
	operation := func(method, path, id, summary, description string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/api/v1/notifications" + path, Tags: []string{tag}, Summary: summary, Description: description}
	}
	handle(a, scopeNotifications, operation(http.MethodGet, "", "listNotifications", "List notifications",
		"A page of notifications, the newest first. Each says what became of it and why; what was sent on purpose to nobody is Suppressed, with the reason."), a.listNotifications)
	handle(a, scopeNotifications, operation(http.MethodGet, "/summary", "getNotificationSummary", "Read how delivery is going",
		"How many notifications there are by state, reason and channel, what waits and for how long, and the delivery mode."), a.notificationSummary)
	handle(a, scopeNotifications, operation(http.MethodGet, "/{id}", "getNotification", "Read a notification",
		"With the text that was sent, but for messages about signing in, and each attempt."), a.getNotification)
	redrive := operation(http.MethodPost, "/{id}/redrive", "redriveNotification", "Try a notification again",
		"One that is Dead or Uncertain is tried again at once, as if it never had been. In another state, or while delivery is Hold: 409.")
	redrive.Errors, redrive.DefaultStatus = []int{http.StatusConflict}, http.StatusOK
	handle(a, scopeWriteNotifications, redrive, func(ctx context.Context, in *notificationInput) (*notificationOutput, error) {
		return a.decide(ctx, in, (*store.Writer).Redrive, "is %s: Dead and Uncertain ones can be tried again")
	})
	cancel := operation(http.MethodPost, "/{id}/cancel", "cancelNotification", "Cancel a notification",
		"One that waits, or is Dead, is never sent. In another state: 409.")
	cancel.Errors, cancel.DefaultStatus = []int{http.StatusConflict}, http.StatusOK
	handle(a, scopeWriteNotifications, cancel, func(ctx context.Context, in *notificationInput) (*notificationOutput, error) {
		return a.decide(ctx, in, (*store.Writer).Cancel, "is %s: only what waits, or is Dead, can be cancelled")
	})
}

type notificationListInput struct {
	AccountID string    `query:"accountId" maxLength:"64" doc:"Only those of this account."`
	ContactID string    `query:"contactId" maxLength:"64" doc:"Only those to this contact."`
	State     string    `query:"state" enum:"Planned,Held,Leased,Retry,Uncertain,Sent,Dead,Suppressed,Cancelled" doc:"Only those in this state."`
	Reason    string    `query:"reason" enum:"disabled,optedOut,noConsent,noAddress,unverified,duplicate,paid,paused,disputed,belowMinimum,beforeGoLive,backdated,over,obsolete,notLive,refused,expired,text,unplanned,contactDeleted,byStaff,uncertain,quietHours,failed,broken,returned" doc:"Only those with this reason."`
	EventType string    `query:"event" maxLength:"64" doc:"Only those of this event type, as invoice.unpaid."`
	Channel   string    `query:"channel" enum:"Email,SMS,Webhook,Banner,Log" doc:"Only those by this channel."`
	Since     time.Time `query:"since" doc:"Only those that were planned at or after this time."`
	Until     time.Time `query:"until" doc:"Only those that were planned before this time."`
	Cursor    string    `query:"cursor" maxLength:"1024" doc:"Where to go on: next of the page before."`
	Limit     int       `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many at most."`
}

// name is the list that a cursor belongs to.
func (in *notificationListInput) name() string {
	return fmt.Sprintf("notifications?%q", []string{in.AccountID, in.ContactID, in.State, in.Reason, in.EventType, in.Channel,
		in.Since.UTC().Format(time.RFC3339Nano), in.Until.UTC().Format(time.RFC3339Nano)})
}

func (a *api) listNotifications(ctx context.Context, in *notificationListInput) (*listOutput[integration.Notification], error) {
	var c cursor
	if in.Cursor != "" {
		if wrong := readCursor(in.Cursor, &c, &c.List, in.name()); wrong != nil {
			return nil, wrong
		}
		if !isUUID(c.ID) {
			return nil, badCursor("cursor", "is not a cursor of this API")
		}
	}
	entries, next, err := a.Store.Ledger(ctx, store.LedgerList{
		AccountID: in.AccountID, ContactID: in.ContactID, State: in.State, Reason: in.Reason, EventType: in.EventType, Channel: in.Channel,
		From: in.Since, To: in.Until, After: c.ID, Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	out := &listOutput[integration.Notification]{Page[integration.Notification]{Items: make([]integration.Notification, len(entries))}}
	for i := range entries {
		out.Body.Items[i] = showNotification(&entries[i])
	}
	if next != "" {
		out.Body.Next = encodeCursor(cursor{List: in.name(), ID: next})
	}
	return out, nil
}

func isUUID(id string) bool { return len(id) == 36 && uuid.Validate(id) == nil }

func showNotification(e *store.LedgerEntry) integration.Notification {
	shown := integration.Notification{
		ID: e.ID, AccountID: e.AccountID, ContactID: e.ContactID, EventType: e.EventType, EventID: e.EventID, About: e.About, Occurrence: e.Occurrence,
		Category: e.Category, Source: e.Source, Template: e.Template, Action: e.Action, Channel: e.Channel, Address: e.Address, CC: e.CC, BCC: e.BCC,
		RedirectedTo: e.RedirectedTo, Locale: e.Locale, State: e.State, Reason: e.Reason, Detail: e.Detail, PlannedAt: e.PlannedAt.UTC(), DueAt: e.DueAt.UTC(),
		Attempts: e.Attempts, Receipt: e.Receipt, ProviderID: e.ProviderID, Subject: e.Subject,
		SettingsDigest: e.SettingsDigest, RoutingDigest: e.RoutingDigest, Suite: e.Suite, UpdatedAt: e.UpdatedAt.UTC(),
	}
	if e.State == store.StatePlanned || e.State == store.StateRetry {
		shown.NextAt = e.TurnAt.UTC()
	}
	if e.SentAt != nil {
		shown.SentAt = e.SentAt.UTC()
	}
	return shown
}

type (
	notificationInput struct {
		ID string `path:"id" maxLength:"64" doc:"The id of the notification."`
	}
	notificationOutput struct {
		Body integration.NotificationDetail
	}
)

func (a *api) getNotification(ctx context.Context, in *notificationInput) (*notificationOutput, error) {
	if !isUUID(in.ID) {
		return nil, store.ErrNotFound
	}
	found, err := a.Store.LedgerEntry(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	shown := integration.NotificationDetail{Notification: showNotification(&found.LedgerEntry), Body: found.Body, Log: []integration.NotificationAttempt{}}
	for _, attempt := range found.Log {
		attempt.BeganAt, attempt.EndedAt = attempt.BeganAt.UTC(), attempt.EndedAt.UTC()
		shown.Log = append(shown.Log, integration.NotificationAttempt(attempt))
	}
	return &notificationOutput{shown}, nil
}

// decide has the store change the state of a notification, if it is one in which it can be.
func (a *api) decide(ctx context.Context, in *notificationInput, change func(*store.Writer, context.Context, []string) ([]string, error), otherwise string) (*notificationOutput, error) {
	if !isUUID(in.ID) {
		return nil, store.ErrNotFound
	}
	var changed []string
	_, _, err := a.write(ctx, request{}, func(ctx context.Context, w *store.Writer) (answer store.Answer, err error) {
		changed, err = change(w, ctx, []string{in.ID})
		return answer, err
	})
	switch {
	case errors.Is(err, store.ErrHeld):
		return nil, problem(http.StatusConflict, detailHeld)
	case err != nil:
		return nil, err
	}
	now, err := a.getNotification(ctx, in)
	if err == nil && len(changed) == 0 {
		if now.Body.State == store.StateDead && now.Body.Reason == store.ReasonUnplanned {
			return nil, problem(http.StatusConflict, "the notification stands for what could not be planned: there is nothing that could be tried again")
		}
		return nil, problem(http.StatusConflict, fmt.Sprintf("the notification "+otherwise, now.Body.State))
	}
	return now, err
}

package backoffice

import (
	"context"
	"slices"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

const (
	// maxSummary is how far back a summary counts, and some minutes for who asks for all of
	// it by a clock of their own.
	maxSummary = 31*24*time.Hour + 10*time.Minute
	// brokenReason is that of what waits because its channel works for nobody.
	brokenReason = "broken"
)

type summaryInput struct {
	Since time.Time `query:"since" doc:"Count what was planned at or after this time, at most 31 days ago. Left out: a day ago."`
}

type summaryOutput struct {
	Body integration.NotificationSummary
}

func (a *api) notificationSummary(ctx context.Context, in *summaryInput) (*summaryOutput, error) {
	now := a.now()
	since := in.Since
	switch {
	case since.IsZero():
		since = now.Add(-24 * time.Hour)
	case since.Before(now.Add(-maxSummary)):
		return nil, invalid([]integration.FieldProblem{{Field: "since", Rule: "minimum", Message: "is more than 31 days ago"}})
	}
	live, err := a.live()
	if err != nil {
		return nil, err
	}
	out := &summaryOutput{integration.NotificationSummary{AsOf: now.UTC(), Since: since.UTC()}}
	for _, add := range []func(context.Context, *integration.NotificationSummary) error{a.addCounts, a.addWaiting, a.addWebhooks} {
		if err := add(ctx, &out.Body); err != nil {
			return nil, err
		}
	}
	delivery, err := a.Store.Delivery(ctx)
	if err != nil {
		return nil, err
	}
	if out.Body.DeliveryState, err = a.deliveryState(ctx, live, delivery, now); err != nil {
		return nil, err
	}
	out.Body.Mode = delivery.Mode // dispatchers go by it: the document may be newer than they know
	out.Body.SweptAt = utc(delivery.SweptAt)
	return out, nil
}

// addCounts adds what became of the notifications that were planned since a time, and which
// channels work for nobody.
func (a *api) addCounts(ctx context.Context, s *integration.NotificationSummary) error {
	counts, err := a.Store.LedgerCounts(ctx, s.Since)
	if err != nil {
		return err
	}
	s.Counts, s.BrokenChannels = make([]integration.NotificationCount, len(counts)), []string{}
	for i, c := range counts {
		s.Counts[i] = integration.NotificationCount(c)
		waits := c.State == store.StatePlanned || c.State == store.StateRetry
		if waits && c.Reason == brokenReason && !slices.Contains(s.BrokenChannels, c.Channel) {
			s.BrokenChannels = append(s.BrokenChannels, c.Channel)
		}
	}
	return nil
}

func (a *api) addWaiting(ctx context.Context, s *integration.NotificationSummary) error {
	waiting, err := a.Store.Waiting(ctx, s.AsOf)
	s.Due, s.Held, s.Uncertain, s.OldestDue = waiting.Due, waiting.Held, waiting.Uncertain, utc(waiting.Oldest)
	return err
}

func (a *api) addWebhooks(ctx context.Context, s *integration.NotificationSummary) error {
	hooks, err := a.Store.Webhooks(ctx)
	s.Webhooks = make([]integration.WebhookStatus, len(hooks))
	for i, h := range hooks {
		s.Webhooks[i] = showWebhook(h)
	}
	return err
}

// utc is a moment as the API writes it; the zero time where there is none.
func utc(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return at.UTC()
}

// deliveryState is what becomes of notifications under a settings document, where the
// dispatchers are as stored.
func (a *api) deliveryState(ctx context.Context, live *config.Live, stored store.DeliveryState, now time.Time) (integration.DeliveryState, error) {
	delivery := live.Delivery()
	state := integration.DeliveryState{Mode: string(delivery.Mode), MaxPerHour: delivery.MaxPerHour, Adopted: stored.Adopted, LiveSince: utc(stored.LiveSince)}
	if stored.Adopted {
		state.Mode = store.DeliveryHold // whatever the document says
	}
	if state.Mode == store.DeliveryRedirect {
		state.RedirectTo = delivery.RedirectTo
	}
	if delivery.MaxPerHour > 0 {
		out, err := a.Store.OutWithinHour(ctx, now)
		if err != nil {
			return state, err
		}
		state.LimitReached = int64(out) >= delivery.MaxPerHour
	}
	return state, nil
}

func showWebhook(w store.WebhookState) integration.WebhookStatus {
	shown := integration.WebhookStatus{Name: w.Name, Behind: w.Behind, BehindAt: utc(w.Oldest), Failures: w.Failures, Detail: w.Detail}
	if w.Failures > 0 {
		shown.NextAt = w.NextAt.UTC()
	}
	return shown
}

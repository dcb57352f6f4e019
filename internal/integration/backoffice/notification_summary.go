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
	// maxSummary is how far back a summary counts.
	maxSummary = 31 * 24 * time.Hour
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
	counts, err := a.Store.LedgerCounts(ctx, since)
	if err != nil {
		return nil, err
	}
	waiting, err := a.Store.Waiting(ctx, now)
	if err != nil {
		return nil, err
	}
	live, err := a.live()
	if err != nil {
		return nil, err
	}
	state, err := a.deliveryState(ctx, live, now)
	if err != nil {
		return nil, err
	}
	delivery, err := a.Store.Delivery(ctx)
	if err != nil {
		return nil, err
	}
	state.Mode = delivery.Mode // dispatchers go by it: the document may be newer than they know
	hooks, err := a.Store.Webhooks(ctx)
	if err != nil {
		return nil, err
	}
	out := &summaryOutput{integration.NotificationSummary{
		DeliveryState: state, AsOf: now.UTC(), Since: since.UTC(), Counts: make([]integration.NotificationCount, len(counts)),
		Due: waiting.Due, Held: waiting.Held, Uncertain: waiting.Uncertain, BrokenChannels: []string{},
		Webhooks: make([]integration.WebhookStatus, len(hooks)),
	}}
	for i, h := range hooks {
		out.Body.Webhooks[i] = showWebhook(h)
	}
	for i, c := range counts {
		out.Body.Counts[i] = integration.NotificationCount(c)
		waits := c.State == store.StatePlanned || c.State == store.StateRetry
		if waits && c.Reason == brokenReason && !slices.Contains(out.Body.BrokenChannels, c.Channel) {
			out.Body.BrokenChannels = append(out.Body.BrokenChannels, c.Channel)
		}
	}
	for _, at := range []struct {
		from *time.Time
		to   *time.Time
	}{{delivery.SweptAt, &out.Body.SweptAt}, {waiting.Oldest, &out.Body.OldestDue}} {
		if at.from != nil {
			*at.to = at.from.UTC()
		}
	}
	return out, nil
}

// deliveryState is what becomes of notifications under a settings document.
func (a *api) deliveryState(ctx context.Context, live *config.Live, now time.Time) (integration.DeliveryState, error) {
	delivery := live.Delivery()
	stored, err := a.Store.Delivery(ctx)
	if err != nil {
		return integration.DeliveryState{}, err
	}
	state := integration.DeliveryState{Mode: string(delivery.Mode), MaxPerHour: delivery.MaxPerHour, Adopted: stored.Adopted}
	if delivery.Mode == config.DeliveryRedirect {
		state.RedirectTo = delivery.RedirectTo
	}
	if stored.LiveSince != nil {
		state.LiveSince = stored.LiveSince.UTC()
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
	shown := integration.WebhookStatus{Name: w.Name, Behind: w.Behind, Failures: w.Failures, Detail: w.Detail}
	if w.Oldest != nil {
		shown.BehindAt = w.Oldest.UTC()
	}
	if w.Failures > 0 {
		shown.NextAt = w.NextAt.UTC()
	}
	return shown
}

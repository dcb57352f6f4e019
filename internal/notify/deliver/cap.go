package deliver

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/internal/store"
)

// capRest is how long mails and text messages are left alone when there were fewer of them
// than could be claimed: to count those of an hour is not for nothing.
const capRest = time.Second

// hourlyCap is what lane 1 knows of delivery.maxPerHour. Claims keep it; this tells of it.
type hourlyCap struct {
	rest    map[string]time.Time // until when nothing is claimed of a channel
	reached bool
}

func capped(channel string) bool { return channel == store.ChannelEmail || channel == store.ChannelSMS }

// claim takes so many notifications at most, or twice as many where an hour has a limit:
// mails and text messages are claimed apart then.
func (l *lane) claim(ctx context.Context, channels []string, limit int) ([]store.Claimed, error) {
	ctx, cancel := context.WithTimeout(ctx, claimTimeout)
	defer cancel()
	request := store.ClaimRequest{Now: l.Now(), Lane: l.number, Limit: limit, LeaseFor: l.Lease}
	most := int(l.Settings().Delivery().MaxPerHour)
	if most == 0 || l.number == 0 {
		l.tellCap(false, most)
		request.Channels = channels
		return l.Store.Claim(ctx, request)
	}
	var limited []string
	for _, name := range channels {
		switch {
		case !capped(name):
			request.Channels = append(request.Channels, name)
		case time.Now().After(l.cap.rest[name]):
			limited = append(limited, name)
		}
	}
	var claimed []store.Claimed
	if len(request.Channels) > 0 {
		var err error
		if claimed, err = l.Store.Claim(ctx, request); err != nil {
			return nil, err
		}
	}
	if len(limited) > 0 {
		request.Channels, request.MostPerHour = limited, most
		more, err := l.claimLimited(ctx, request)
		if err != nil {
			l.failed(ctx, "claim mails and text messages", err) // the others are with this process already
		}
		claimed = append(claimed, more...)
	}
	return claimed, nil
}

// claimLimited claims mails and text messages as far as the hour's limit lets it.
func (l *lane) claimLimited(ctx context.Context, request store.ClaimRequest) ([]store.Claimed, error) {
	claimed, err := l.Store.Claim(ctx, request)
	if err != nil || len(claimed) == request.Limit {
		return claimed, err
	}
	for _, name := range request.Channels {
		l.cap.rest[name] = time.Now().Add(capRest)
	}
	out, err := l.Store.OutWithinHour(ctx, request.Now)
	if err != nil {
		l.failed(ctx, "count what went out", err)
		return claimed, nil
	}
	l.tellCap(out >= request.MostPerHour, request.MostPerHour)
	return claimed, nil
}

// tellCap says once that the limit is reached, and once that it is not any more.
func (l *lane) tellCap(reached bool, most int) {
	if reached == l.cap.reached {
		return
	}
	l.cap.reached = reached
	if reached {
		l.metrics.capped.Set(1)
		l.Log.Warn("as many mails and text messages went out within an hour as delivery.maxPerHour allows: the others wait", "maxPerHour", most)
		return
	}
	l.metrics.capped.Set(0)
	l.Log.Info("mails and text messages go out again", "maxPerHour", most)
}

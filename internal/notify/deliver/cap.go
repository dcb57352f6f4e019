package deliver

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/foyerhq/foyer/internal/store"
)

// capPoll is how long a count of what was sent is good for.
const capPoll = 5 * time.Second

// hourlyCap is how many mails and text messages of lane 1 may still be claimed. It counts
// those that were sent within the last hour by all replicas, and those that are under way
// here, so it is exceeded by what others have under way at most.
type hourlyCap struct {
	mu      sync.Mutex
	asked   time.Time // when the database was
	most    int64     // of what
	room    int
	reached bool
}

func capped(channel string) bool { return channel == store.ChannelEmail || channel == store.ChannelSMS }

// underCap is how many mails and text messages the lane may claim.
func (l *lane) underCap(ctx context.Context) (int, error) {
	most := l.Settings().Delivery().MaxPerHour
	if most == 0 || l.number == 0 {
		return math.MaxInt, nil
	}
	c := &l.cap
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := time.Now(); c.most != most || at.Sub(c.asked) >= capPoll {
		under := l.places.taken(store.ChannelEmail) + l.places.taken(store.ChannelSMS)
		sent, err := l.Store.SentSince(ctx, l.Now().Add(-time.Hour))
		if err != nil {
			return 0, err
		}
		c.asked, c.most, c.room = at, most, max(int(most)-sent-under, 0)
		l.tellCap(c)
	}
	return c.room, nil
}

// take counts what was claimed.
func (c *hourlyCap) take(claimed []store.Claimed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range claimed {
		if capped(one.Channel) {
			c.room--
		}
	}
}

// tellCap says once that the cap is reached, and once that it is not any more.
func (l *lane) tellCap(c *hourlyCap) {
	reached := c.room == 0
	if reached == c.reached {
		return
	}
	c.reached = reached
	if reached {
		l.metrics.capped.Set(1)
		l.Log.Warn("as many mails and text messages went out within an hour as delivery.maxPerHour allows: the others wait", "maxPerHour", c.most)
		return
	}
	l.metrics.capped.Set(0)
	l.Log.Info("mails and text messages go out again", "maxPerHour", c.most)
}

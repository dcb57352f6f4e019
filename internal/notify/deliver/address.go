package deliver

import (
	"context"

	"github.com/foyerhq/foyer/internal/notify/plan"
	"github.com/foyerhq/foyer/internal/store"
)

// deliver hands a notification over at the address that its contact has now.
func (l *lane) deliver(ctx context.Context, j *job) outcome {
	if j.moved.Address != "" {
		done, err := l.Store.Readdress(ctx, l.Now(), &j.Claimed, store.Occurrence(j.moved))
		switch {
		case err != nil:
			l.failed(ctx, "readdress a notification", err)
			return returned(l.Now().Add(failurePause))
		case !done:
			o := suppressed(plan.Obsolete)
			o.Detail = "its address is not the contact's any more, and the one of now has a notification of its own"
			return o
		}
		j.Address = j.n.Address
	}
	return l.send(ctx, j)
}

// readdress finds out whether the contact of a notification has another address by now.
func (j *job) readdress() {
	if j.moved = j.rules.Moved(j.n, j.account); j.moved.Address != "" {
		j.n.Address = j.moved.Address
	}
}

package deliver

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/internal/store"
)

// rescueBatch is how many notifications are taken back at once.
const rescueBatch = 1000

// rescueOnce takes back what a process had that has gone: nobody knows whether it was
// delivered.
func (d *Dispatcher) rescueOnce(ctx context.Context) time.Duration {
	request := store.RescueRequest{Now: d.Now(), Limit: rescueBatch}
	for name, way := range d.Ways[1] {
		switch way.repeat() {
		case Never:
			request.Ask = append(request.Ask, name)
		case ByKey:
			request.Again = append(request.Again, name)
		}
	}
	rescued, err := d.Store.Rescue(ctx, request)
	if err != nil {
		return d.failed(ctx, "take back what a process had that has gone", err)
	}
	if rescued.All > 0 {
		d.metrics.rescued.Add(float64(rescued.All))
		d.Log.Warn("took back notifications of a process that has gone", "count", rescued.All, "uncertain", rescued.Uncertain)
	}
	if rescued.All == rescueBatch {
		return 0
	}
	return rescuePoll
}

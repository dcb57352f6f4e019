package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/foyerhq/foyer/hack/bench/tenant"
	"github.com/foyerhq/foyer/internal/integration"
)

// load sends events in until loading ends. Those that were not answered with 202 are sent
// again: whether they were taken is not known, and the backoffice knows them by their ids.
func (w *world) load(ctx, loading context.Context, events *atomic.Int64) error {
	tick := time.NewTicker(eventsEvery)
	defer tick.Stop()
	for n := 0; loading.Err() == nil; n += eventsAtOnce {
		for again := false; ; again = true {
			taken, err := w.send(ctx, n)
			if err != nil && ctx.Err() != nil {
				return err
			}
			if err == nil && taken.Accepted+taken.Duplicates != eventsAtOnce || taken.Duplicates > 0 && !again {
				return fmt.Errorf("the events from %d on are answered with %+v", n, taken)
			}
			if err == nil {
				break
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-tick.C:
			}
		}
		events.Add(eventsAtOnce)
		select {
		case <-loading.Done():
		case <-tick.C:
		}
	}
	return nil
}

// send sends events in, in one request.
func (w *world) send(ctx context.Context, from int) (taken integration.EventsTaken, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	list := make([]integration.CloudEvent, eventsAtOnce)
	for i := range list {
		n := from + i
		list[i] = integration.CloudEvent{SpecVersion: "1.0", ID: strconv.Itoa(n), Source: "/load", Type: tenant.EventType, Subject: tenant.AccountID(n % accounts),
			Data: map[string]any{"data": map[string]any{"number": strconv.Itoa(n)}}}
	}
	body, err := json.Marshal(list)
	if err != nil {
		return taken, fmt.Errorf("write events: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+w.serves+"/api/v1/events", bytes.NewReader(body))
	if err != nil {
		return taken, fmt.Errorf("send events in: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+w.token)
	request.Header.Set("Content-Type", integration.CloudEventBatchMediaType)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return taken, fmt.Errorf("send events in: %w", err)
	}
	defer response.Body.Close() //nolint:errcheck // only read
	if response.StatusCode != http.StatusAccepted {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
		return taken, fmt.Errorf("send events in: %s: %s", response.Status, text)
	}
	if err := json.NewDecoder(response.Body).Decode(&taken); err != nil {
		return taken, fmt.Errorf("send events in: %w", err) // the answer was cut
	}
	return taken, nil
}

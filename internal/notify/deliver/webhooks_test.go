package deliver

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/store"
)

// idsOf are the ids of the events that came.
func idsOf(t *testing.T, bodies []string) []string {
	t.Helper()
	ids := []string{}
	for _, body := range bodies {
		var event struct{ ID, Type, Subject string }
		if err := json.Unmarshal([]byte(body), &event); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, event.Type+" "+event.ID+" "+event.Subject)
	}
	return ids
}

// A webhook of the tenant gets every event of its types, in order, from when it was
// declared, and none is skipped when the other side is away.
func TestWebhooksOfTheTenant(t *testing.T) {
	w := newWorld(t)
	hook := newCalled(t)
	w.say(t, "A", "before")
	w.declareHook(t, "crm", hook.URL)
	w.tenant.Events = append(w.tenant.Events, catalog.Own{Name: "custom.other"})
	w.apply(t)
	_, stop := w.run(t)
	eventually(t, "the webhook is known", func() bool { return len(w.rows(t, `SELECT name FROM webhook`)) == 1 })
	w.say(t, "A", "1", "2")
	w.say(t, "A", "3")
	eventually(t, "events came", func() bool { return len(hook.got()) == 3 })

	hook.answer(http.StatusServiceUnavailable)
	w.say(t, "A", "4", "5")
	eventually(t, "a failure is on record", func() bool {
		return cmp.Equal(w.rows(t, `SELECT failures || ' ' || detail FROM webhook WHERE next_at > $1`, w.now()), []string{"1 503: Service Unavailable"})
	})
	hook.answer(http.StatusOK)
	w.moved.Store(int64(time.Minute))
	want := []string{"custom.said 1 A", "custom.said 2 A", "custom.said 3 A", "custom.said 4 A", "custom.said 5 A"}
	eventually(t, "the others came", func() bool { return len(hook.got()) >= len(want) })
	if diff := cmp.Diff(want, idsOf(t, hook.got())); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	stop()
	if strings.Contains(w.log.String(), "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") {
		t.Error("the log has the secret of the webhook")
	}
}

// declareHook makes a webhook of the tenant, with a secret.
func (w *world) declareHook(t *testing.T, name, url string) {
	t.Helper()
	dir := filepath.Join(w.channels, config.WebhookSecretDir+name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.tenant.Webhooks = append(w.tenant.Webhooks, config.TenantWebhook{Name: name, URL: url, Events: []string{"custom.said"}})
}

// Events are told apart by an id that fits a header, whatever their source has called them:
// two of one id, of two sources, are two events.
func TestWebhookIDs(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	var ids, events []string
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var event struct{ Source, ID string }
		if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		ids, events = append(ids, r.Header.Get("Webhook-Id")), append(events, event.Source+" "+event.ID)
	}))
	t.Cleanup(hook.Close)
	w.declareHook(t, "crm", hook.URL)
	w.apply(t)
	w.run(t)
	eventually(t, "the webhook is known", func() bool { return len(w.rows(t, `SELECT name FROM webhook`)) == 1 })
	want := []string{}
	w.write(t, func(ctx context.Context, tx *store.Writer) error {
		var list []store.Event
		for _, of := range [][2]string{{"/crm", "1"}, {"/meter", "meter reading ü 5"}, {"/billing", "1"}} {
			want = append(want, of[0]+" "+of[1])
			list = append(list, store.Event{Source: of[0], ID: of[1], Type: "custom.said", AccountID: "A", Data: []byte(`{"data":{"words":"x"}}`)})
		}
		_, err := tx.EmitForeign(ctx, list)
		return err
	})
	eventually(t, "all came", func() bool { mu.Lock(); defer mu.Unlock(); return len(events) >= len(want) })
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if ids[0] == ids[1] || ids[0] == ids[2] || ids[1] == ids[2] {
		t.Errorf("ids of three events: %q", ids)
	}
	own := store.Event{Source: store.SourceFoyer, ID: "J2Q4"}
	if got := webhookID(own); got != own.ID {
		t.Errorf("an event of Foyer's own has the id %s", got)
	}
}

// While delivery is Hold webhooks wait, and how they are doing is told.
func TestWebhooksInHold(t *testing.T) {
	w := newWorld(t)
	hook := newCalled(t)
	hook.answer(http.StatusNotFound)
	w.declareHook(t, "crm", hook.URL)
	w.tenant.Delivery = config.Delivery{Mode: config.DeliveryHold}
	w.apply(t)
	w.run(t)
	eventually(t, "the mode is Hold", func() bool { return w.rows(t, `SELECT mode FROM delivery`)[0] == "Hold" })
	eventually(t, "the webhook is known", func() bool { return len(w.rows(t, `SELECT name FROM webhook`)) == 1 })
	w.say(t, "A", "1", "2", "3")
	w.states(t, "Held 3")
	d, metrics := w.dispatcher(t)
	how := func(behind, failures float64) {
		t.Helper()
		d.measureOnce(t.Context())
		if b, f := gauge(t, metrics, "foyer_dispatcher_webhook_behind_events", "crm"), gauge(t, metrics, "foyer_dispatcher_webhook_failures", "crm"); b != behind || f != failures {
			t.Errorf("it is %v behind after %v failures, want %v and %v", b, f, behind, failures)
		}
	}
	how(3, 0)
	w.tenant.Delivery = config.Delivery{Mode: config.DeliveryRedirect, RedirectTo: "tests@acme.example"}
	w.apply(t)
	eventually(t, "a failure is on record", func() bool { return w.rows(t, `SELECT failures FROM webhook`)[0] == "1" })
	how(3, 1)
	if line := `"a webhook did not take an event: it is tried again until it does, and what comes after waits","webhook":"crm","code":"404"`; strings.Count(w.log.String(), line) != 1 {
		t.Errorf("the log does not tell of it once: %s", w.log.String())
	}
	hook.answer(http.StatusOK)
	w.moved.Store(int64(time.Minute))
	eventually(t, "all came", func() bool { return len(hook.got()) >= 3 })
	if diff := cmp.Diff([]string{"custom.said 1 A", "custom.said 2 A", "custom.said 3 A"}, idsOf(t, hook.got())); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	eventually(t, "it is not behind", func() bool { return w.rows(t, `SELECT position = (SELECT event FROM feed) FROM webhook`)[0] == "true" })
	how(0, 0)
}

func TestWebhookDelay(t *testing.T) {
	for failures, longest := range map[int]time.Duration{0: 5 * time.Second, 1: 10 * time.Second, 7: 640 * time.Second, 8: 15 * time.Minute, 1000: 15 * time.Minute} {
		for range 100 {
			if got := webhookDelay(failures, 0); got < longest/2 || got >= longest {
				t.Fatalf("after %d failures: %s, want half of %s to all of it", failures, got, longest)
			}
		}
	}
	if got := webhookDelay(0, time.Hour); got != 15*time.Minute {
		t.Errorf("it asks for an hour and gets %s", got)
	}
}

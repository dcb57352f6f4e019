package deliver

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/config"
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
	if err := os.Mkdir(filepath.Join(w.channels, config.WebhookSecretDir+"crm"), 0o700); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(w.channels, config.WebhookSecretDir+"crm", "secret")
	if err := os.WriteFile(secret, []byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.tenant.Webhooks = []config.TenantWebhook{{Name: "crm", URL: hook.URL, Events: []string{"custom.said"}}}
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

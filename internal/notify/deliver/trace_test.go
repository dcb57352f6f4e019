package deliver

import (
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/testenv/otlp"
	"github.com/foyerhq/foyer/internal/tracing"
)

// A notification is a span when its event is planned and one when it is handed over, and
// none says for whom it is or what it says.
func TestTracesNameNobody(t *testing.T) {
	receiver := otlp.New(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.URL)
	stop, err := tracing.Start(t.Context(), receiver.Environment, "dispatcher", "v1", "pod-1")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	w.run(t)
	w.say(t, "A", "hello")
	w.states(t, "Sent 1")
	stop()
	found := map[string]bool{}
	for _, s := range receiver.Spans() {
		found[s.Name] = true
		for key, value := range s.Attributes {
			if strings.ContainsAny(value, "@ ") || strings.Contains(value, "hello") {
				t.Errorf("%s has %s=%s", s.Name, key, value)
			}
		}
	}
	for _, name := range []string{"plan", "plan event", "send Email"} {
		if !found[name] {
			t.Errorf("there is no span %s: %v", name, found)
		}
	}
}

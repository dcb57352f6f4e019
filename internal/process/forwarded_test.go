package process

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
)

// warnedPeers are the peers that the warnings of a log name.
func warnedPeers(t *testing.T, log string) []string {
	t.Helper()
	var peers []string
	for line := range strings.Lines(log) {
		var entry struct{ Level, Peer string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		if entry.Level == "WARN" {
			peers = append(peers, entry.Peer)
		}
	}
	return peers
}

// counted is the value of a counter without labels.
func counted(t *testing.T, registry *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == name {
			return family.Metric[0].GetCounter().GetValue()
		}
	}
	t.Fatalf("there is no metric %s", name)
	return 0
}

// Each request counts, and one in an hour is a warning.
func TestUntrustedForwardedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var output lockedBuffer
		trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
		registry := prometheus.NewRegistry()
		observer := NewObserver(NewLogger(&output, "portal"), registry, trusted)
		handler := observer.Observe(http.NewServeMux())
		ask := func(remote, forwarded string) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = remote
			if forwarded != "" {
				r.Header.Set("X-Forwarded-For", forwarded)
			}
			handler.ServeHTTP(httptest.NewRecorder(), r)
		}
		check := func(count float64, peers ...string) {
			t.Helper()
			if got := counted(t, registry, "foyer_untrusted_forwarded_requests_total"); got != count {
				t.Errorf("%v requests counted, want %v", got, count)
			}
			if diff := cmp.Diff(peers, warnedPeers(t, output.String())); diff != "" {
				t.Errorf("peers warned of (-want +got):\n%s", diff)
			}
		}

		ask("192.0.2.1:1", "")
		ask("10.1.2.3:1", "198.51.100.1")
		ask("10.1.2.3:1", "198.51.100.1, 192.0.2.9")
		check(0)
		ask("192.0.2.1:1", "198.51.100.1")
		ask("192.0.2.2:1", "198.51.100.1")
		check(2, "192.0.2.1")
		<-time.After(forwardedWarningEvery - time.Second)
		ask("192.0.2.3:1", "198.51.100.1")
		check(3, "192.0.2.1")
		<-time.After(time.Second)
		ask("[2001:db8::7]:1", "198.51.100.1")
		ask("192.0.2.4:1", "198.51.100.1")
		check(5, "192.0.2.1", "2001:db8::7")
	})
}

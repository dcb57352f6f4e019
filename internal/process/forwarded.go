package process

import (
	"log/slog"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// forwardedWarningEvery bounds the warnings of a process: anybody can send the header.
const forwardedWarningEvery = time.Hour

// forwardedWatch notices requests with X-Forwarded-For that come from a peer that is
// not trusted. They may say that a proxy is missing in --trusted-proxies: then its
// address stands for everybody, and sign-ins cannot be limited for each network.
type forwardedWatch struct {
	count prometheus.Counter
	next  atomic.Int64 // Unix time in seconds from which on a warning is due
}

func newForwardedWatch() *forwardedWatch {
	return &forwardedWatch{count: prometheus.NewCounter(prometheus.CounterOpts{
		Name: "foyer_untrusted_forwarded_requests_total",
		Help: "Requests with X-Forwarded-For from a peer that --trusted-proxies does not name: the peer is taken for the client.",
	})}
}

func (f *forwardedWatch) watch(r *http.Request, trusted []netip.Prefix, log *slog.Logger) {
	if len(r.Header.Values("X-Forwarded-For")) == 0 {
		return
	}
	if address, ok := peer(r.RemoteAddr); ok && contains(trusted, address) {
		return
	}
	f.count.Inc()
	now, due := time.Now(), f.next.Load()
	if now.Unix() < due || !f.next.CompareAndSwap(due, now.Add(forwardedWarningEvery).Unix()) {
		return // another request warns
	}
	log.WarnContext(r.Context(), "X-Forwarded-For came from a peer that is not trusted and was not believed: "+
		"if it is your proxy, name its network in --trusted-proxies of the operator, or sign-ins cannot be limited for each network",
		"peer", ClientIP(r, nil))
}

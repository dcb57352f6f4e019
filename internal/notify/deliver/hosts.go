package deliver

import (
	"net/url"
	"sync"
	"time"

	"github.com/foyerhq/foyer/internal/store"
)

// hostPause is how long those wait whose host is asked already whether it answers again.
const hostPause = time.Minute

// hosts keeps a host that does not answer from taking all senders of webhooks: until it
// answers again it has one of them, and what else is for it waits. The zero value is ready
// to use. Safe for concurrent use.
type hosts struct {
	mu     sync.Mutex
	silent map[string]bool // by host: somebody asks it right now
}

// enter says whether a message for a host may be handed over now. Who may calls leave. The
// host "" is nobody's.
func (h *hosts) enter(host string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	asked, silent := h.silent[host]
	if silent && !asked {
		h.silent[host] = true
	}
	return !asked
}

// leave says whether the host answered.
func (h *hosts) leave(host string, answered bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if answered || host == "" {
		delete(h.silent, host)
		return
	}
	if h.silent == nil {
		h.silent = map[string]bool{}
	}
	h.silent[host] = false
}

// hostOf is the host that a notification goes to; empty: it goes to one for all.
func hostOf(j *job) string {
	if j.Channel != store.ChannelWebhook {
		return ""
	}
	address, err := url.Parse(j.Address)
	if err != nil {
		return ""
	}
	return address.Host
}

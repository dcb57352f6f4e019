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
	mu sync.Mutex
	of map[string]*host
}

// host is one that is asked right now, or did not answer.
type host struct {
	asked  int // by so many
	silent bool
}

// enter says whether a message for a host may be handed over now. Who may calls leave. The
// host "" is nobody's.
func (h *hosts) enter(name string) bool {
	if name == "" {
		return true
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.of == nil {
		h.of = map[string]*host{}
	}
	of := h.of[name]
	if of == nil {
		of = &host{}
		h.of[name] = of
	}
	if of.silent && of.asked > 0 {
		return false
	}
	of.asked++
	return true
}

// leave says whether the host answered.
func (h *hosts) leave(name string, answered bool) {
	if name == "" {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	of := h.of[name]
	of.asked--
	of.silent = !answered
	if answered && of.asked == 0 {
		delete(h.of, name)
	}
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

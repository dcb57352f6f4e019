package deliver

import (
	"log/slog"
	"sync"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/notify/plan"
	"github.com/foyerhq/foyer/internal/notify/stored"
	"github.com/foyerhq/foyer/internal/store"
)

// rules are both documents, and what they say of notifications.
type rules struct {
	*plan.Rules
	live    *config.Live
	routing *config.LiveRouting
}

// rulesCache makes the rules once per pair of documents: compiling texts takes a while. Those
// that did not change are not compiled again.
type rulesCache struct {
	mu      sync.Mutex
	current *rules
}

func (c *rulesCache) of(live *config.Live, routing *config.LiveRouting, log *slog.Logger) *rules {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.current; now != nil && now.live.Digest == live.Digest && now.routing.Digest == routing.Digest {
		return now
	}
	renew := plan.NewRules
	if c.current != nil {
		renew = c.current.Next
	}
	made, problems := renew(live, routing)
	for _, problem := range problems {
		log.Error("a part of the routing document cannot be run by this release", "routing", routing.Digest, "error", problem)
	}
	c.current = &rules{made, live, routing}
	log.Info("rules in force", "settings", live.Digest, "routing", routing.Digest)
	return c.current
}

// inForce are the rules of the newest documents.
func (d *Dispatcher) inForce() *rules { return d.rules.of(d.Settings(), d.Routing(), d.Log) }

// origin is that of the portal.
func (r *rules) origin() string { return "https://" + r.live.Tenant.Hostname }

// account is what plan must know of an account; nil stays nil.
func (r *rules) account(a *store.NotifiedAccount, now time.Time) *plan.Account {
	return stored.Account(r.live, a, now)
}

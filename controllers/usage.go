package controllers

import (
	"context"
	"math/rand/v2"
	"reflect"
	"slices"

	"github.com/foyerhq/foyer/internal/config"
)

// countUsage asks how many accounts use what, when that is due: about once a minute,
// more often while a deleted profile waits to be unused, and at once when other
// accounts have to be looked at, or when every replica knows that a profile is gone,
// because only a count after that may drop it.
func (r *Reconciler) countUsage(ctx context.Context, p *pass) error {
	if !p.database.current || p.settings.body == nil && p.output.Document == nil {
		return nil
	}
	m := p.memory
	settled := p.acknowledged()
	if wait := m.usageNext.Sub(p.now); wait > 0 && m.usage != nil &&
		slices.Equal(m.customers, p.output.Customers) && (m.settled || !settled || !p.retiring()) {
		p.runAgain(wait)
		return nil
	}
	var usage config.Usage
	err := r.ask(ctx, p, func(ctx context.Context) (err error) {
		if err = p.database.tenant.Fold(ctx); err != nil {
			return err
		}
		usage, err = p.database.tenant.Usage(ctx, p.output.Customers)
		return err
	})
	if err != nil || !p.database.current {
		return err
	}
	wait := r.pace.usage
	if p.retiring() {
		wait = r.pace.retiring
	}
	wait += rand.N(wait / 5)
	m.counted(usage)
	m.usageNext = p.now.Add(wait)
	m.customers, m.settled = p.output.Customers, settled
	p.runAgain(wait)
	return r.compile(ctx, p)
}

// counted remembers what was counted: the same counts decide the same.
func (m *memory) counted(usage config.Usage) {
	if m.usage == nil || !reflect.DeepEqual(*m.usage, usage) {
		m.usage = &usage
	}
}

// retiring says whether a deleted profile waits until no account uses it.
func (p *pass) retiring() bool { return len(p.output.Orphaned) > 0 }

// acknowledged says whether every replica is known to run the live settings.
func (p *pass) acknowledged() bool {
	digest := p.memory.digests[settingsKind]
	return digest != "" && digest == p.settings.digest && p.memory.spreads[settingsKind].complete
}

package compile

import (
	"slices"
	"sync"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/message"
)

// maxChecks bounds each half of what Checks holds: each is more than the texts of the
// largest routing document that people make.
const maxChecks = 16384

// A routing document is remembered as it was read from this size on: reading a smaller
// one costs less than keeping it. The last few are kept, of whatever tenants.
const (
	minOpened = 256 << 10
	maxOpened = 8
)

// Checks remembers what was found of single texts and conditions, and the last large
// routing documents that were read. It is for all tenants together: the same text for
// the same event has the same findings, and tenants of one platform share most of their
// texts. The zero value is empty, and safe for concurrent use.
//
// Of texts it holds findings only. When it is full, what was not asked for since it was
// half full is forgotten.
type Checks struct {
	mu            sync.Mutex
	recent, older map[checkKey]checked
	opened        []*config.LiveRouting // the newest last
}

// open reads a routing document, which nobody changes then.
func (c *Checks) open(document []byte) (*config.LiveRouting, error) {
	if len(document) < minOpened {
		return config.OpenRouting(document)
	}
	digest := config.Digest(document)
	if opened := c.remembered(digest); opened != nil {
		return opened, nil
	}
	opened, err := config.OpenRouting(document) // not under the lock: this is the work
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.opened) == maxOpened {
		c.opened = slices.Delete(c.opened, 0, 1)
	}
	c.opened = append(c.opened, opened)
	return opened, nil
}

func (c *Checks) remembered(digest string) *config.LiveRouting {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, opened := range c.opened {
		if opened.Digest == digest {
			return opened
		}
	}
	return nil
}

// checkKey is everything that a finding depends on.
type checkKey struct {
	event  string   // the identity of the event type: see events.identity
	kind   textKind // the zero value: a condition
	text   config.BodyRef
	sample sample // of a text message
}

// checked is what was found of a text or a condition.
type checked struct {
	problems []message.Problem
	warnings []message.Problem
	linked   bool  // it contains the link that its event requires
	segments int32 // of a text message
}

// of returns what is remembered, or finds it out.
func (c *Checks) of(key checkKey, find func() checked) checked {
	c.mu.Lock()
	found, known := c.recent[key]
	if !known {
		found, known = c.older[key]
	}
	c.mu.Unlock()
	if !known {
		found = find() // not under the lock: this is the work
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.recent) >= maxChecks {
		c.recent, c.older = nil, c.recent
	}
	if c.recent == nil {
		c.recent = map[checkKey]checked{}
	}
	c.recent[key] = found
	return found
}

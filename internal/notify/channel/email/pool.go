package email

import (
	"slices"
	"sync"
	"time"
)

const (
	// maxMails is how many mails go over one connection: servers behind one name get their
	// share, and those that count refuse nobody.
	maxMails = 500
	// maxIdle is how long a connection is kept that nobody uses. Most servers wait longer.
	maxIdle = 20 * time.Second
)

// pool are the connections that nobody uses.
type pool struct {
	mutex       sync.Mutex
	connections []*connection // the one that was used last is the last
}

// take returns a connection that was made in a certain way, or nil, and closes those that
// were made in another.
func (p *pool) take(w way) *connection {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.connections = slices.DeleteFunc(p.connections, func(c *connection) bool {
		other := c.way != w
		if other {
			go c.quit()
		}
		return other
	})
	last := len(p.connections) - 1
	if last < 0 {
		return nil
	}
	c := p.connections[last]
	p.connections = p.connections[:last]
	c.expiry.Stop() // if it is too late for that, expire finds nothing
	return c
}

// keep takes a connection back.
func (p *pool) keep(c *connection) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.connections = append(p.connections, c)
	turn := c.mails
	c.expiry = time.AfterFunc(maxIdle, func() { p.expire(c, turn) })
}

// expire closes a connection if nobody used it since its turn.
func (p *pool) expire(c *connection, turn int) {
	p.mutex.Lock()
	n := slices.Index(p.connections, c)
	idle := n >= 0 && c.mails == turn
	if idle {
		p.connections = slices.Delete(p.connections, n, n+1)
	}
	p.mutex.Unlock()
	if idle {
		c.quit()
	}
}

// empty takes all connections out.
func (p *pool) empty() []*connection {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	all := p.connections
	p.connections = nil
	for _, c := range all {
		c.expiry.Stop()
	}
	return all
}

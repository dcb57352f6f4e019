// Package email hands mails to the tenant's mail server by SMTP.
//
// Mails go over a few connections that are kept for a while. TLS is required unless the
// Tenant says otherwise, and a password is never sent without it. Settings and secrets are
// looked at again for every mail, secrets at most once a second: a change takes effect with
// the next one, on a connection of its own.
//
// What became of a mail depends on how far it got:
//
//   - before the server took the sender, a failure is everybody's: [channel.Broken];
//   - then the server's answer decides: 4xx is [channel.Temporary], 5xx [channel.Permanent];
//   - a connection that is cut before the end of the text was sent is Temporary: the server
//     has nothing to deliver;
//   - one that is cut after it, before the answer, leaves it [channel.Uncertain].
package email

import (
	"context"
	"sync"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/notify/channel"
	"github.com/foyerhq/foyer/internal/notify/channel/outbound"
)

// Connections is how many mails a sender hands over at a time. Who must not wait for others
// has a sender of their own.
const Connections = 4

// Options are what a sender works with.
type Options struct {
	Channel    func() config.EmailChannel // of the settings that are live
	SecretsDir string                     // see config.SMTPSecretDir and config.DKIMSecretDir
	Guard      *outbound.Guard
	Now        func() time.Time
}

// Sender sends mails.
type Sender struct {
	options Options
	slots   chan struct{} // one per connection
	idle    pool
	secrets secretCache
}

var _ channel.Sender = (*Sender)(nil)

// New makes a sender.
func New(o Options) *Sender {
	return &Sender{options: o, slots: make(chan struct{}, Connections)}
}

// Close gives up connections that are not in use.
func (s *Sender) Close() error {
	var quits sync.WaitGroup
	for _, c := range s.idle.empty() {
		quits.Go(c.quit)
	}
	quits.Wait()
	return nil
}

// Send hands a mail over.
func (s *Sender) Send(ctx context.Context, m channel.Message) (channel.Result, error) {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return channel.Result{}, channel.Fail(channel.Temporary, channel.CodeTimeout, "the time was up before a connection was free")
	}
	result, failure := s.send(ctx, m)
	if failure != nil {
		return channel.Result{}, failure
	}
	return result, nil
}

func (s *Sender) send(ctx context.Context, m channel.Message) (channel.Result, *channel.Error) {
	of := s.options.Channel()
	secrets, failure := s.secrets.read(s.options, of)
	if failure != nil {
		return channel.Result{}, failure
	}
	l, failure := compose(m, of, secrets.signer, s.options.Now())
	if failure != nil {
		return channel.Result{}, failure
	}
	way := way{SMTP: of.SMTP, name: l.hello, username: secrets.username, password: secrets.password, authorities: secrets.authorities}
	if c := s.idle.take(way); c != nil {
		if o := s.deliver(ctx, c, l); !o.stale {
			return o.result, o.failure
		}
	}
	c, failure := s.dial(ctx, way, secrets.roots)
	if failure != nil {
		return channel.Result{}, failure
	}
	o := s.deliver(ctx, c, l)
	return o.result, o.failure
}

// deliver hands a mail over on a connection, and keeps or closes the connection.
func (s *Sender) deliver(ctx context.Context, c *connection, l *letter) outcome {
	stop := context.AfterFunc(ctx, c.interrupt)
	o := c.deliver(ctx, l)
	c.mails++
	if stop() && o.usable && c.mails < maxMails {
		s.idle.keep(c)
	} else {
		c.close(o.usable)
	}
	return o
}

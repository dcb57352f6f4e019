// Package webhook sends events and actions to addresses of the provider's own systems: an
// HTTP POST with a JSON body, signed as package signature describes where the Tenant lists
// a webhook of that address. Whoever gets it knows one that comes twice by Webhook-Id.
//
// Taken is what is answered with 2xx. 410 says that nobody wants it any more; everything
// else is tried again, because at the other end somebody is working on their system. No
// answer of one address says anything of the others, so none is [channel.Broken].
package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration/signature"
	"github.com/foyerhq/foyer/internal/notify/channel"
	"github.com/foyerhq/foyer/internal/notify/channel/outbound"
)

// timeout is how long one request may take, connecting included.
const timeout = 15 * time.Second

// Options are what a sender works with.
type Options struct {
	Webhooks   func() []config.TenantWebhook // of the settings that are live
	SecretsDir string                        // see config.WebhookSecretDir
	Guard      *outbound.Guard
	Now        func() time.Time // the time of those who verify signatures
}

// Sender sends webhooks.
type Sender struct {
	options Options
	client  *outbound.Client
}

var _ channel.Sender = (*Sender)(nil)

// New makes a sender.
func New(o Options) *Sender {
	return &Sender{options: o, client: o.Guard.NewClient(timeout, o.Now)}
}

// Close gives up connections that are not in use.
func (s *Sender) Close() error {
	s.client.Close()
	return nil
}

// Send posts the body of a message to its address.
func (s *Sender) Send(ctx context.Context, m channel.Message) (channel.Result, error) {
	if strings.ContainsFunc(m.ID, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return channel.Result{}, channel.Fail(channel.Permanent, channel.CodeMessage, "the id has a character that no header may have")
	}
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	if m.MediaType != "" {
		h.Set("Content-Type", m.MediaType)
	}
	if err := s.sign(h, m); err != nil {
		return channel.Result{}, channel.Fail(channel.Temporary, channel.CodeSettings, err.Error())
	}
	answer, err := s.client.Post(ctx, m.To, h, m.Body, true)
	if err != nil {
		return channel.Result{}, unanswered(err)
	}
	if answer.OK() {
		return channel.Result{}, nil
	}
	return channel.Result{}, refused(answer)
}

// sign signs a message where the Tenant lists a webhook of its address. The secret is read
// each time: it is one small file.
func (s *Sender) sign(h http.Header, m channel.Message) error {
	for _, webhook := range s.options.Webhooks() {
		if webhook.URL != m.To {
			continue
		}
		text, err := channel.ReadSecret(s.options.SecretsDir, config.WebhookSecretDir+webhook.Name, "secret")
		if err != nil {
			return err
		}
		keys, err := signature.Parse(text)
		if err != nil {
			return fmt.Errorf("the secret of webhook %s is none: %w", webhook.Name, err)
		}
		keys.Sign(h, m.ID, s.options.Now(), m.Body)
		return nil
	}
	signature.Stamp(h, m.ID, s.options.Now())
	return nil
}

// unanswered says what follows from a request without an answer.
func unanswered(err error) error {
	var (
		blocked *outbound.BlockedError
		post    *outbound.PostError
	)
	switch {
	case errors.As(err, &blocked):
		return channel.Fail(channel.Permanent, channel.CodeBlocked, err.Error())
	case errors.As(err, &post) && post.Sent:
		return channel.Fail(channel.Uncertain, outbound.Code(err), "no answer: "+err.Error())
	default:
		return channel.Fail(channel.Temporary, outbound.Code(err), err.Error())
	}
}

// refused says what follows from an answer other than 2xx.
func refused(a outbound.Answer) error {
	class, detail := channel.Temporary, http.StatusText(a.Status)
	switch {
	case a.Status == http.StatusGone:
		class, detail = channel.Permanent, "the address is gone for good (410)"
	case a.Status/100 == 3:
		detail = "the address redirects, which Foyer does not follow: set the address that it redirects to"
	}
	failure := channel.Fail(class, strconv.Itoa(a.Status), detail)
	failure.After = a.After
	return failure
}

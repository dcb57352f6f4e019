// Package sms sends text messages by a provider's HTTP interface.
//
// Type Twilio speaks the interface of Twilio, which others have too: a form is posted to
// /2010-04-01/Accounts/SID/Messages.json below the address, with the account's SID and its
// token as user and password. Twilio knows no repeated request, so a message that may have
// gone out is not sent again by itself.
//
// Type HTTP posts JSON to the address of the provider, or to a small adapter in front of
// one:
//
//	POST / HTTP/1.1
//	Content-Type: application/json
//	Authorization: Bearer ...           the secret, as it is
//	Idempotency-Key: 0199...            the same at each attempt of a message
//
//	{"to": "+41791234567", "from": "Acme", "text": "Hello", "id": "0199...",
//	 "statusURL": "https://..."}
//
// The answer is 2xx, {"id": "..."} in it is kept, and 409 says that the message is known.
// "from" is left out where the Tenant has none.
//
// Providers report later what became of a message, where the Secret has the key statusURL:
// an address of the integration API with a token in it, which is why it is a secret. Twilio
// gets it as StatusCallback, type HTTP as "statusURL".
package sms

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/notify/channel"
	"github.com/foyerhq/foyer/internal/notify/channel/outbound"
)

// timeout is how long one request may take, connecting included.
const timeout = 15 * time.Second

// MaxText is how many characters a text message may have.
const MaxText = 700

// Options are what a sender works with.
type Options struct {
	Channel    func() config.SMSChannel // of the settings that are live
	SecretsDir string                   // see config.SMSSecretDir
	Guard      *outbound.Guard
	Now        func() time.Time // the provider's time
}

// Sender sends text messages.
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

// Repeatable says whether a message that may have gone out can be sent again without
// reaching anybody twice.
func Repeatable(t config.SMSType) bool { return t == config.SMSHTTP }

// provider is one protocol.
type provider interface {
	// request makes the request; the secrets are read for it.
	request(m channel.Message) (address string, h http.Header, body []byte, err error)
	// taken reads the provider's name of a message.
	taken(body []byte) string
	// refused says what follows from an answer other than 2xx.
	refused(a outbound.Answer) *channel.Error
}

// Send posts a text message to the provider.
func (s *Sender) Send(ctx context.Context, m channel.Message) (channel.Result, error) {
	of := s.options.Channel()
	var p provider
	switch of.Type {
	case config.SMSTwilio:
		p = twilio{channel: of, secrets: s.options.SecretsDir}
	case config.SMSHTTP:
		p = generic{channel: of, secrets: s.options.SecretsDir}
	default:
		return channel.Result{}, channel.Fail(channel.Broken, channel.CodeSettings, "the Tenant has no provider of text messages: set spec.sms")
	}
	if problem := check(m); problem != "" {
		return channel.Result{}, channel.Fail(channel.Permanent, channel.CodeMessage, problem)
	}
	address, h, body, err := p.request(m)
	if err != nil {
		return channel.Result{}, channel.Fail(channel.Broken, channel.CodeSettings, err.Error())
	}
	answer, err := s.client.Post(ctx, address, h, body, Repeatable(of.Type))
	if err != nil {
		return channel.Result{}, unanswered(err)
	}
	if answer.OK() {
		return channel.Result{ProviderID: channel.Clean(p.taken(answer.Body), 200)}, nil
	}
	return finish(p, answer)
}

// finish says what follows from an answer other than 2xx.
func finish(p provider, a outbound.Answer) (channel.Result, error) {
	failure := p.refused(a)
	if failure == nil {
		return channel.Result{ProviderID: channel.Clean(p.taken(a.Body), 200)}, nil
	}
	if failure.Class != channel.Permanent {
		failure.After = a.After
	}
	return channel.Result{}, failure
}

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// statusURL is where the provider reports what became of messages; empty: nowhere.
func statusURL(secrets string) (string, error) {
	address, _, err := channel.ReadOptionalSecret(secrets, config.SMSSecretDir, "statusURL")
	return address, err
}

// check says what is wrong with a message; empty: nothing.
func check(m channel.Message) string {
	switch {
	case !e164.MatchString(m.To):
		return "the number is not in the international form, as +41791234567"
	case m.Text == "" || !utf8.ValidString(m.Text):
		return "the message has no text"
	case utf8.RuneCountInString(m.Text) > MaxText:
		return "the text has more than " + strconv.Itoa(MaxText) + " characters"
	}
	return ""
}

// unanswered says what follows from a request without an answer.
func unanswered(err error) *channel.Error {
	if post := (*outbound.PostError)(nil); errors.As(err, &post) && post.Sent {
		return channel.Fail(channel.Uncertain, outbound.Code(err), "no answer: "+err.Error())
	}
	return channel.Fail(channel.Broken, outbound.Code(err), err.Error())
}

// byStatus is the class that a status of HTTP has where the provider says nothing more.
func byStatus(status int) channel.Class {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden, // the secret
		status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status/100 == 3: // the address
		return channel.Broken
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests, status/100 == 5:
		return channel.Temporary
	default:
		return channel.Permanent
	}
}

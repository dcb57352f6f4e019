package outbound

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/foyerhq/foyer/internal/notify/channel"
)

// MaxAnswer is how much of an answer is read.
const MaxAnswer = 64 << 10

// maxAfter bounds what a Retry-After may ask for.
const maxAfter = 24 * time.Hour

// Client sends HTTP requests to addresses that the guard lets through.
type Client struct {
	http *http.Client
	now  func() time.Time
}

// NewClient makes a client whose requests take at most so long, answers included. now is
// the time of those who are called.
func (g *Guard) NewClient(timeout time.Duration, now func() time.Time) *Client {
	transport := &http.Transport{
		Proxy:                  nil, // a proxy would be what is called, and the guard would see nothing
		DialContext:            g.Dialer().DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    dialTimeout,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           32,
		MaxIdleConnsPerHost:    8,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: MaxAnswer,
		DisableCompression:     true, // a small answer can unpack to a big one
	}
	return &Client{now: now, http: &http.Client{
		Transport:     transport,
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close gives up connections that are not in use.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Answer is what came back.
type Answer struct {
	Status int
	Body   []byte        // the first [MaxAnswer] bytes
	After  time.Duration // of Retry-After; 0: it asks for nothing
}

// OK says whether the request was taken.
func (a Answer) OK() bool { return a.Status/100 == 2 }

// PostError says that there is no answer.
type PostError struct {
	Sent bool // at least a part of the request went out, so it may have been taken
	Err  error
}

func (e *PostError) Error() string { return e.Err.Error() }

func (e *PostError) Unwrap() error { return e.Err }

// Post sends a request. Repeatable says that the other side knows one that comes twice: it
// is then sent again by itself when a connection of an earlier request turns out to be
// closed. The error is a *[PostError].
func (c *Client) Post(ctx context.Context, address string, h http.Header, body []byte, repeatable bool) (Answer, error) {
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { sent.Store(true) },
		WroteRequest: func(httptrace.WroteRequestInfo) { sent.Store(true) },
	})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return Answer{}, &PostError{Err: withoutURL(err)}
	}
	request.Header = h
	h.Set("User-Agent", "Foyer")
	if _, ok := h[idempotencyKey]; !ok && repeatable {
		h[idempotencyKey] = nil // known to net/http, not sent
	}
	response, err := c.http.Do(request)
	if err != nil {
		return Answer{}, &PostError{Sent: sent.Load(), Err: withoutURL(err)}
	}
	defer response.Body.Close() //nolint:errcheck // the status says what became of the request
	text, _ := io.ReadAll(io.LimitReader(response.Body, MaxAnswer))
	return Answer{Status: response.StatusCode, Body: text, After: c.after(response.Header.Get("Retry-After"))}, nil
}

// withoutURL takes out of an error the address, which may hold a secret.
func withoutURL(err error) error {
	if of := (*url.Error)(nil); errors.As(err, &of) {
		return of.Err
	}
	return err
}

const idempotencyKey = "Idempotency-Key"

// after reads a Retry-After, which is seconds or a date.
func (c *Client) after(text string) time.Duration {
	if text == "" {
		return 0
	}
	wait := time.Duration(0)
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(c.now())
	}
	return min(max(wait, 0), maxAfter)
}

// Code is the code of an error of a connection, as package channel names them.
func Code(err error) string {
	var (
		blocked     *BlockedError
		timeout     net.Error
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		alert       tls.AlertError
	)
	switch {
	case errors.As(err, &blocked):
		return channel.CodeBlocked
	case errors.As(err, &certificate), errors.As(err, &record), errors.As(err, &alert):
		return channel.CodeTLS
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.As(err, &timeout) && timeout.Timeout():
		return channel.CodeTimeout
	default:
		return channel.CodeConnection
	}
}

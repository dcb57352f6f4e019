package deliver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html"
	"net/url"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/catalog/suite"
	"github.com/foyerhq/foyer/internal/notify/channel"
	"github.com/foyerhq/foyer/internal/notify/plan"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/tracing"
)

const security = string(catalog.Security)

// bannerFor is how long a banner is shown to those who do not close it.
const bannerFor = 14 * 24 * time.Hour

// A lease is long enough for two things: to wait for others, and to be handed over. So
// nothing is handed over when somebody else may have it.
func (l *lane) beginBy(j *job) time.Time { return j.claimed.Add(l.Lease / 3) }
func (l *lane) endBy(j *job) time.Time   { return j.claimed.Add(l.Lease * 5 / 6) }

// send makes the text of a notification and hands it over.
func (l *lane) send(ctx context.Context, j *job) outcome {
	way, ok := l.Ways[l.number][j.Channel]
	if !ok {
		return l.keep(j)
	}
	if !l.waitFor(ctx, l.sending[j.Channel], l.beginBy(j)) {
		return returned(l.Now())
	}
	defer func() { <-l.sending[j.Channel] }()
	if l.isOpen(j.Channel) && !j.probe {
		return returned(l.Now()) // it opened since this was claimed
	}
	host := hostOf(j)
	if !l.hosts.enter(host) {
		o := returned(l.Now().Add(hostPause))
		o.Reason, o.Detail = reasonBroken, "its host does not answer: one message at a time is sent there"
		return o
	}
	answered := true
	defer func() { l.hosts.leave(host, answered) }()
	ctx, cancel := context.WithDeadline(ctx, l.endBy(j))
	defer cancel()
	content, err := l.compose(j)
	if err != nil {
		return unreadable(err)
	}
	m := l.message(j, content)
	if len(content.Attach) > 0 {
		if !l.waitFor(ctx, l.heavy, l.beginBy(j)) {
			return returned(l.Now())
		}
		defer func() { <-l.heavy }()
		if err := l.attach(ctx, j, content.Invoice, &m); err != nil {
			l.failed(ctx, "read the PDF of an invoice", err)
			return returned(l.Now().Add(failurePause))
		}
	}
	if m.To == "" {
		return returned(l.Now().Add(failurePause)) // Redirect, and the settings do not say yet where to
	}
	began := time.Now()
	ctx, span := j.beginSend(ctx)
	result, err := way.Send(ctx, m)
	span.End(err)
	l.metrics.sendSeconds.WithLabelValues(j.Channel).Observe(time.Since(began).Seconds())
	if err == nil {
		return l.sent(j, content, m, result)
	}
	failure := (*channel.Error)(nil)
	if !errors.As(err, &failure) {
		failure = channel.Fail(channel.Temporary, channel.CodeAnswer, err.Error())
	}
	cutOff := errors.Is(context.Cause(ctx), context.Canceled)
	answered = failure.Answered() || cutOff
	return l.unsent(j, failure, way.repeat(), cutOff)
}

// beginSend records the handing over of a notification: of whom it is not.
func (j *job) beginSend(ctx context.Context) (context.Context, tracing.Span) {
	if !tracing.On() {
		return ctx, tracing.Span{}
	}
	ctx, span := tracing.Begin(ctx, "send "+j.Channel)
	span.Text("foyer.notification.id", j.ID)
	span.Text("foyer.event.type", j.n.Event.Type)
	span.Text("foyer.category", j.Category)
	span.Number("foyer.attempt", int64(j.Attempt))
	return ctx, span
}

// waitFor waits for a place, until a time at most and not while the process stops.
func (l *lane) waitFor(ctx context.Context, place chan struct{}, until time.Time) bool {
	select {
	case place <- struct{}{}:
		return true
	default:
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case place <- struct{}{}:
		return true
	case <-timer.C:
	case <-ctx.Done():
	case <-l.stopping:
	}
	return false
}

// compose makes the text of a notification.
func (l *lane) compose(j *job) (content plan.Content, err error) {
	links := &links{origin: j.rules.origin(), keys: l.Keys(), redirected: j.Mode == store.DeliveryRedirect}
	links.own = links.redirected && strings.EqualFold(j.Address, j.rules.live.Delivery().RedirectTo)
	err = safely(func() error {
		content, err = j.rules.Compose(j.n, j.account, links)
		return cmp.Or(err, links.err)
	})
	return content, err
}

// message is a notification as its channel takes it.
func (l *lane) message(j *job, c plan.Content) channel.Message {
	m := channel.Message{
		ID: j.ID, Attempt: j.Attempt, AccountID: j.AccountID, From: c.From, To: j.Address, CC: c.CC, BCC: c.BCC, Subject: c.Subject, Text: c.Text, HTML: c.HTML,
		Priority: c.Priority, Locale: j.Locale, Unsubscribe: c.Unsubscribe, Body: c.Body, At: l.Now(),
	}
	if j.Mode == store.DeliveryRedirect && j.Channel == store.ChannelEmail {
		m.To, m.CC, m.BCC, m.Unsubscribe = j.rules.live.Delivery().RedirectTo, nil, nil, ""
		m.Subject = "[for " + j.Address + "] " + c.Subject
	}
	return m
}

// attach adds the PDF of the invoice that the text is about. If there is none, or it is too
// big for a mail, the text says where the invoice is instead.
func (l *lane) attach(ctx context.Context, j *job, invoice string, m *channel.Message) error {
	document, err := l.Store.DocumentOf(ctx, j.AccountID, invoice, false)
	if err == nil && document.Size <= channel.MaxAttachments {
		document, err = l.Store.DocumentOf(ctx, j.AccountID, invoice, true)
	}
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && document.Size > channel.MaxAttachments:
		addLink(m, j.rules.origin()+"/invoices/"+url.PathEscape(invoice))
		return nil
	case err != nil:
		return err
	}
	m.Attachments = append(m.Attachments, channel.Attachment{Name: document.Name, MediaType: document.MediaType, Body: document.Body})
	return nil
}

// addLink adds an address to a text that does not have it.
func addLink(m *channel.Message, address string) {
	if !strings.Contains(m.Text, address) {
		m.Text = strings.TrimRight(m.Text, "\n") + "\n\n" + address + "\n"
	}
	shown := html.EscapeString(address)
	if m.HTML != "" && !strings.Contains(m.HTML, shown) {
		paragraph := `<p><a href="` + shown + `">` + shown + `</a></p>`
		if before, after, found := strings.Cut(m.HTML, "</body>"); found {
			m.HTML = before + paragraph + "</body>" + after
		} else {
			m.HTML += paragraph
		}
	}
}

// keep is send for what stays in the house: banners and notes on the customer.
func (l *lane) keep(j *job) outcome {
	content, err := l.compose(j)
	if err != nil {
		return unreadable(err)
	}
	now := l.Now()
	o := outcome{Finished: l.made(j, content), note: l.note(j, content.Note)}
	switch j.Channel {
	case store.ChannelBanner:
		o.Body = content.Texts[""]
		o.banner = &store.Banner{
			ID: j.ID, AccountID: j.AccountID, Category: j.Category, EventType: j.n.Event.Type, About: content.Invoice,
			Texts: content.Texts, From: now, To: now.Add(bannerFor),
		}
	case store.ChannelLog:
		o.Body = content.Text
		o.note = l.note(j, content.Text)
	default:
		return unreadable(fmt.Errorf("this release has no channel %s", j.Channel))
	}
	if j.Category == security {
		o.Body = ""
	}
	return o
}

// made is a notification that is sent, with what its text was made by.
func (l *lane) made(j *job, c plan.Content) store.Finished {
	f := store.Finished{Outcome: store.StateSent, SettingsDigest: j.rules.live.Digest, RoutingDigest: j.rules.routing.Digest}
	if c.Source == plan.Standard {
		f.Suite = suite.Version
	}
	return f
}

// sent is the outcome of what a channel took.
func (l *lane) sent(j *job, c plan.Content, m channel.Message, result channel.Result) outcome {
	o := outcome{Finished: l.made(j, c), works: true}
	o.ProviderID = result.ProviderID
	if len(result.Refused) > 0 {
		o.Detail = fmt.Sprintf("%d of the copies were refused", len(result.Refused))
	}
	if j.Mode == store.DeliveryRedirect {
		o.RedirectedTo = m.To // the customer was told nothing, and no note says so
	} else {
		o.note = l.note(j, c.Note)
	}
	if j.Category != security { // those say how to get in
		o.Subject, o.Body = m.Subject, m.Text
	}
	return o
}

// note is a note on the customer; nil where there is no text or no customer.
func (l *lane) note(j *job, text string) *store.Note {
	if text == "" || j.AccountID == "" {
		return nil
	}
	author := "standard messages"
	if j.Template != "" {
		author = "EventTemplate " + j.Template
	}
	return &store.Note{Row: store.Row{ID: j.ID, AccountID: j.AccountID}, Text: text, Author: author, At: l.Now()}
}

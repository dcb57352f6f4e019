package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/catalog/suite"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

// deliveryProblems looks at how a tenant sends what people are told.
func deliveryProblems(t config.Tenant) []settings.Problem {
	var problems []settings.Problem
	refuse := func(field, format string, args ...any) {
		problems = append(problems, settings.Problem{Field: "spec." + field, Message: fmt.Sprintf(format, args...)})
	}
	switch d := t.Delivery; {
	case d.Mode == config.DeliveryRedirect && d.RedirectTo == "":
		refuse("delivery.redirectTo", "mode Redirect needs the address that mails go to")
	case d.RedirectTo != "" && !isMailAddress(d.RedirectTo):
		refuse("delivery.redirectTo", "%q is not allowed, allowed is a mail address, as tests@acme.example", d.RedirectTo)
	case d.Mode != "" && d.Mode != config.DeliveryRedirect && d.Mode != config.DeliveryLive:
		refuse("delivery.mode", "%q is not allowed, allowed is Hold, Redirect or Live", d.Mode)
	}
	if t.Email != (config.EmailChannel{}) {
		emailProblems(t.Email, refuse)
	}
	if t.SMS != (config.SMSChannel{}) {
		smsProblems(t.SMS, refuse)
	}
	return problems
}

func emailProblems(e config.EmailChannel, refuse func(field, format string, args ...any)) {
	if why := wrongSender(e.From); why != "" {
		refuse("email.from", "%s", why)
	}
	if e.ReplyTo != "" && !isMailAddress(e.ReplyTo) {
		refuse("email.replyTo", "%q is not allowed, allowed is a mail address, as help@acme.example", e.ReplyTo)
	}
	if e.SMTP.Host == "" {
		refuse("email.smtp.host", "mails need a server that takes them, as smtp.acme.example")
	}
	switch e.SMTP.Security {
	case "", config.SMTPStartTLS:
	case config.SMTPNone:
		if e.SMTP.Signed {
			refuse("email.smtp.security", "a password would be sent unprotected: choose TLS or StartTLS, or remove secretRef")
		}
	default:
		refuse("email.smtp.security", "%q is not allowed, allowed is TLS, StartTLS or None", e.SMTP.Security)
	}
	if (e.DKIM.Domain == "") != (e.DKIM.Selector == "") {
		refuse("email.dkim", "domain and selector go together: set both")
	}
}

func smsProblems(s config.SMSChannel, refuse func(field, format string, args ...any)) {
	if s.Type != config.SMSTwilio && s.Type != config.SMSHTTP {
		refuse("sms.type", "%q is not allowed, allowed is Twilio or HTTP", s.Type)
	}
	if s.Type == config.SMSHTTP && s.URL == "" {
		refuse("sms.url", "type HTTP needs the URL that messages are posted to")
	}
	if s.URL != "" {
		if why := wrongURL(s.URL); why != "" {
			refuse("sms.url", "%s", why)
		}
	}
}

// checkWebhooks looks at the object itself, so that a problem names its place. The
// tenant's own events must have been read.
func (p *pass) checkWebhooks() {
	if p.tenant == nil {
		return
	}
	for i, w := range p.in.Tenant.Spec.Webhooks {
		at := fmt.Sprintf("spec.webhooks[%d]", i)
		live := p.liveWebhook(w.Name)
		if why := wrongURL(w.URL); why != "" {
			p.refuseUnlessHeld(w.URL == live.URL, Problem{Field: at + ".url", Message: why})
		}
		for n, pattern := range plain(w.Events) {
			if !p.events.some(pattern) {
				held := slices.Contains(live.Events, pattern) && !p.liveEvents.some(pattern)
				p.refuseUnlessHeld(held, Problem{Field: fmt.Sprintf("%s.events[%d]", at, n), Message: p.events.none(pattern)})
			}
		}
	}
}

// checkEventTypes looks at what may be sent in with a signature, as checkWebhooks does.
func (p *pass) checkEventTypes() {
	if p.tenant == nil {
		return
	}
	var live []string
	if t := p.liveTenant(); t != nil {
		live = t.EventTypes
	}
	for n, pattern := range plain(p.in.Tenant.Spec.Backoffice.EventTypes) {
		why := p.events.notSentIn(pattern)
		if why == "" {
			continue
		}
		held := slices.Contains(live, pattern) && p.liveEvents.notSentIn(pattern) != ""
		p.refuseUnlessHeld(held, Problem{Field: fmt.Sprintf("spec.backoffice.eventTypes[%d]", n), Message: why})
	}
}

// notSentIn says why a pattern names nothing that can be sent in; empty: it does.
func (e events) notSentIn(pattern string) string {
	why := ""
	for _, name := range e.Names() {
		if !catalog.Matches(pattern, name) {
			continue
		}
		event, _ := e.Lookup(name)
		reason := event.WhyNotSentIn()
		if reason == "" {
			return ""
		}
		why = fmt.Sprintf("nobody can send %s in: %s", name, reason)
	}
	if why == "" {
		return e.none(pattern)
	}
	return why
}

// liveWebhook is what customers have under the name; the zero value: nothing.
func (p *pass) liveWebhook(name string) config.TenantWebhook {
	if t := p.liveTenant(); t != nil {
		for _, w := range t.Webhooks {
			if w.Name == name {
				return w
			}
		}
	}
	return config.TenantWebhook{}
}

// refuseUnlessHeld: what is live with the same fault already only warns.
func (p *pass) refuseUnlessHeld(isLive bool, problem Problem) {
	if isLive {
		p.tenant.warn("%s; it stays as it is live already", problem.Error())
		return
	}
	p.tenant.refuse(&p.tenant.accepted, ReasonInvalid, problem)
}

// some says whether a pattern of a webhook names any event type.
func (e events) some(pattern string) bool {
	return slices.ContainsFunc(e.Names(), func(name string) bool { return catalog.Matches(pattern, name) })
}

// none says what a pattern could name instead.
func (e events) none(pattern string) string {
	object, all := strings.CutSuffix(pattern, ".*")
	if !all {
		return fmt.Sprintf("there is no event %q, there are: %s", pattern, listed(catalog.Nearest(pattern, e.Names())))
	}
	var objects []string
	for _, name := range e.Names() {
		of, _, _ := strings.Cut(name, ".")
		objects = append(objects, of)
	}
	return fmt.Sprintf("there is no event of %q, there are those of: %s", object, listed(catalog.Nearest(object, slices.Compact(objects))))
}

func standardEventsProblems(s config.StandardEvents) []settings.Problem {
	var problems []settings.Problem
	refuse := func(field, format string, args ...any) {
		problems = append(problems, settings.Problem{Field: "spec.standardEvents." + field, Message: fmt.Sprintf(format, args...)})
	}
	if s.Mode != "" && s.Mode != config.StandardEventsNone {
		refuse("mode", "%q is not allowed, allowed is Inherit or None", s.Mode)
	}
	for _, event := range s.Disabled {
		if !suite.Has(event) {
			refuse("disabled", "there is no standard message for %q that could be switched off, there are those for: %s", event, listed(catalog.Nearest(event, suite.Events())))
		}
	}
	return problems
}

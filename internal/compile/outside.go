package compile

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/message/address"
)

// What the world outside makes of how a tenant sends: whose signature receivers take, and
// which hosts a dispatcher does not reach. Both are notes, because nobody here can know.

// alignedSender says whether receivers take a mail of the sender as signed by the sender
// itself: as DMARC does where nobody asks for more, they want both domains to be of one
// organization.
func alignedSender(from, signs string) bool {
	sender, err := address.Parse(from)
	if err != nil {
		return true // which is told by itself
	}
	domain := address.Host(sender)
	return domain == signs || organization(domain) == organization(signs)
}

// organization is the part of a domain that somebody registered; the domain itself where
// everybody can register one below it.
func organization(domain string) string {
	registered, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err != nil {
		return domain
	}
	return registered
}

func (p *pass) warnOfSender() {
	e := p.tenant.content.Email
	if e.From != "" && e.DKIM.Domain != "" && !alignedSender(e.From, e.DKIM.Domain) {
		p.tenant.warn("spec.email.dkim.domain: mails from %s are signed by %s, another organization, so that their receivers do not take the signature for the sender's: sign by the sender's domain", e.From, e.DKIM.Domain)
	}
}

// warnOfSenders: an action with a sender of its own is signed by the tenant's domain too.
func (p *pass) warnOfSenders(o *object[config.EventTemplate], written config.EventTemplate) {
	t := p.tenantContent()
	if t == nil || t.Email.DKIM.Domain == "" {
		return
	}
	for n, a := range written.Actions {
		if a.Email != nil && a.Email.From != "" && !alignedSender(a.Email.From, t.Email.DKIM.Domain) {
			o.warn("spec.actions[%d].email.from: mails from %s are signed by %s, another organization, so that their receivers do not take the signature for the sender's: send from that domain", n, a.Email.From, t.Email.DKIM.Domain)
		}
	}
}

// sharedSpace is between a provider and its customers (RFC 6598); some clouds have pods there.
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

// clusterHosts are the ends of names that only a cluster or a private network knows.
var clusterHosts = []string{".svc", ".local", ".internal", ".localhost"}

// privateHost says why dispatchers do not reach a host; empty: they may.
func (p *pass) privateHost(host string) string {
	var allowed []netip.Prefix
	for text := range strings.SplitSeq(p.in.AllowOutgoing, ",") {
		if prefix, err := netip.ParsePrefix(strings.TrimSpace(text)); err == nil {
			allowed = append(allowed, prefix)
		}
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	at, err := netip.ParseAddr(host)
	if at = at.Unmap(); err == nil {
		isPrivate := !at.IsGlobalUnicast() || at.IsPrivate() || sharedSpace.Contains(at)
		if !isPrivate || slices.ContainsFunc(allowed, func(prefix netip.Prefix) bool { return prefix.Contains(at) }) {
			return ""
		}
	} else if len(allowed) > 0 || strings.Contains(host, ".") && !slices.ContainsFunc(clusterHosts, func(end string) bool { return strings.HasSuffix(host, end) }) {
		return "" // where some are allowed, the name may be of one
	}
	return fmt.Sprintf("%s is in a private network, where nothing is sent unless the operator's flag --allow-outgoing has it", host)
}

func (p *pass) warnOfHosts() {
	t := p.tenant.content
	hosts := [][2]string{{"spec.email.smtp.host", t.Email.SMTP.Host}, {"spec.sms.url", hostOf(t.SMS.URL)}}
	for i, w := range p.in.Tenant.Spec.Webhooks { // in the order of the object
		hosts = append(hosts, [2]string{fmt.Sprintf("spec.webhooks[%d].url", i), hostOf(w.URL)})
	}
	for _, h := range hosts {
		if h[1] == "" {
			continue
		}
		if why := p.privateHost(h[1]); why != "" {
			p.tenant.warn("%s: %s", h[0], why)
		}
	}
}

// warnOfWebhooks is warnOfHosts for the actions of a template.
func (p *pass) warnOfWebhooks(o *object[config.EventTemplate], written config.EventTemplate) {
	for n, a := range written.Actions {
		if a.Webhook == nil || hostOf(a.Webhook.URL) == "" {
			continue
		}
		if why := p.privateHost(hostOf(a.Webhook.URL)); why != "" {
			o.warn("spec.actions[%d].webhook.url: %s", n, why)
		}
	}
}

// hostOf is the host of a URL; empty: it has none.
func hostOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

package compile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/foyerhq/foyer/internal/config"
)

// routingDocument is one that is, or is to be, live.
type routingDocument struct {
	bytes  []byte              // nil: write nothing
	loaded *config.LiveRouting // nil: nothing is live
}

// stayRouting is the routing document that is live already.
func (p *pass) stayRouting(bytes []byte) routingDocument {
	return routingDocument{bytes, p.liveRouting.loaded}
}

// nextRouting makes the next routing document, or says why it stays as it is. If that is
// because it is too large or cannot be written, an edit of the Tenant that breaks what stays
// is refused.
func (p *pass) nextRouting() (routingDocument, *Finding, error) {
	if standstill := p.standstill(); standstill != nil {
		return p.stayRouting(nil), standstill, nil
	}
	if p.routingStays() {
		return p.stayRouting(p.in.LiveRouting), nil, nil
	}
	if p.in.RoutingBlocked {
		p.protectTemplates(func(*object[config.EventTemplate]) bool { return true })
		return p.stayRouting(nil), nil, nil
	}
	doc, fits, err := p.routing()
	if err != nil {
		return routingDocument{}, nil, err
	}
	if !fits {
		return p.tooLarge(fmt.Sprintf("the event templates of the tenant conflict with each other on more than %d days of actions", maxWithheld), "let fewer of them fire for the same event and account profile")
	}
	encoded, err := config.EncodeRouting(doc)
	if err != nil {
		return routingDocument{}, nil, err
	}
	if bytes.Equal(encoded, p.in.LiveRouting) {
		return p.stayRouting(encoded), nil, nil
	}
	if why := unfit(encoded); why != "" {
		return p.tooLarge(why, "remove event templates or shorten their texts")
	}
	loaded, err := p.checks.open(encoded)
	if err != nil {
		return routingDocument{}, nil, fmt.Errorf("nothing is written, because the new document does not load: %w", err)
	}
	return routingDocument{encoded, loaded}, nil, nil
}

// routingStays finds out without writing the document, which takes most of a pass, that
// every object says what is live of it already.
func (p *pass) routingStays() bool {
	live := p.liveRouting
	if live.loaded == nil || live.Tenant != p.tenant.name {
		return false
	}
	for name, l := range live.templates {
		o := p.eventTemplates[name]
		if o == nil || l.State != "" || !o.refused() && (!o.sameGeneration() || !reflect.DeepEqual(o.content, l.content)) {
			return false
		}
	}
	for name, o := range p.eventTemplates {
		if live.templates[name] == nil && !o.refused() {
			return false
		}
	}
	withheld, fits := p.settleSlots(live.Templates)
	return fits && slices.EqualFunc(withheld, live.Withheld, func(a, b config.Withheld) bool { return reflect.DeepEqual(a, b) })
}

// unfit says why a document does not fit into a ConfigMap; empty: it does. What is half
// as large does so in any case: packing adds a few bytes at worst.
func unfit(encoded []byte) string {
	if len(encoded) <= config.MaxBytes/2 {
		return ""
	}
	packed, err := config.Pack(encoded)
	switch {
	case err != nil:
		return "the routing document of the tenant cannot be written: " + err.Error()
	case len(packed) > config.MaxBytes:
		return fmt.Sprintf("the routing document of the tenant would have %s when it is packed, allowed are %s", about(len(packed)), about(config.MaxBytes))
	}
	return ""
}

func (p *pass) tooLarge(why, advice string) (routingDocument, *Finding, error) {
	p.protectTemplates(func(*object[config.EventTemplate]) bool { return true })
	return p.stayRouting(nil), &Finding{Reason: ReasonTooLarge, Message: why + ", so no event template changes: " + advice}, nil
}

// routing puts the document together; false: its conflicts are too many.
func (p *pass) routing() (config.Routing, bool, error) {
	entries, err := profileEntries(p.eventTemplates, p.liveRouting.templates, endsAtOnce)
	if err != nil {
		return config.Routing{}, false, err
	}
	withheld, fits := p.settleSlots(entries)
	return config.Routing{
		Format: config.RoutingFormat, Tenant: p.tenant.name,
		Templates: entries, Withheld: withheld, Bodies: p.bodies(entries),
		Extra: p.liveRouting.Extra,
	}, fits, nil
}

// endsAtOnce: nobody has a right to a message, so a deleted template keeps nothing.
func endsAtOnce(*liveEntry[config.EventTemplate]) bool { return false }

// contentOf is what an entry of the next document says.
func (p *pass) contentOf(e config.Entry) config.EventTemplate {
	if o := p.eventTemplates[e.Name]; !o.refused() {
		return o.content
	}
	return p.liveRouting.templates[e.Name].content
}

func (p *pass) settleSlots(entries []config.Entry) ([]config.Withheld, bool) {
	s := slots{live: map[withheldKey][]config.Withheld{}, lost: map[withheldKey]map[string][]int32{}}
	for _, w := range p.liveRouting.Withheld {
		key := withheldKey{w.Template, w.Action, w.AccountProfile}
		s.live[key] = append(s.live[key], w)
	}
	var candidates []candidate
	for _, e := range entries {
		c := candidate{name: e.Name, created: p.eventTemplates[e.Name].created, content: p.contentOf(e)}
		if l := p.liveRouting.templates[e.Name]; l != nil {
			c.live = &l.content
		}
		candidates = append(candidates, c)
	}
	withheld, fits := s.settle(candidates)
	return sortedWithheld(append(withheld, p.unreadWithheld(entries)...)), fits
}

// unreadWithheld carries on what a newer release found of actions whose type this one
// does not know, as long as both entries are as it wrote them.
func (p *pass) unreadWithheld(entries []config.Entry) []config.Withheld {
	same := map[string]bool{}
	for _, e := range entries {
		l := p.liveRouting.templates[e.Name]
		same[e.Name] = l != nil && l.UID == e.UID && l.Generation == e.Generation
	}
	return slices.DeleteFunc(slices.Clone(p.liveRouting.Withheld), func(w config.Withheld) bool {
		if !same[w.Template] || !same[w.By] {
			return true
		}
		_, read := findAction(p.liveRouting.templates[w.Template].content, w.Action)
		return read
	})
}

// bodies collects the texts that anything in the document names.
func (p *pass) bodies(entries []config.Entry) map[config.BodyRef]string {
	used := map[config.BodyRef]string{}
	collect := func(raw json.RawMessage) { maps.Copy(used, config.BodiesOf(raw, p.texts)) }
	for _, e := range entries {
		collect(e.Content)
		for _, raw := range e.Extra {
			collect(raw)
		}
	}
	for _, raw := range p.liveRouting.Extra {
		collect(raw)
	}
	return used
}

// reportTemplates reports the routing document and its templates.
func (p *pass) reportTemplates(out *Output, d documents) {
	out.EventTemplates = map[string]Outcome{}
	out.Routing = d.routing.bytes
	entries, found := map[string]*config.Entry{}, map[string]Finding{}
	if live := d.routing.loaded; live != nil {
		out.RoutingDigest = live.Digest
		entries = byName(live.Routing.Templates)
		found = conflicts(live.Templates, live.Routing.Withheld)
		out.WebhookURLs = webhookURLs(live.Templates)
	}
	for name, o := range p.eventTemplates {
		outcome := stand(o.outcome(entries[name]), d.held, entries[name], o.uid)
		if outcome.LiveGeneration > 0 {
			outcome.Conflicted = found[name]
			outcome.SMSSegments = p.smsSegments(o, outcome)
		}
		out.EventTemplates[name] = outcome
	}
}

func webhookURLs(templates map[string]config.EventTemplate) []string {
	var urls []string
	for _, t := range templates {
		for _, a := range t.Actions {
			if a.Webhook != nil && a.State == "" {
				urls = append(urls, a.Webhook.URL)
			}
		}
	}
	slices.Sort(urls)
	return slices.Compact(urls)
}

package compile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/catalog/suite"
	"github.com/foyerhq/foyer/internal/config"
)

// The bounds of the lists in the status of an account profile, as in the schema.
const (
	maxEventStatuses   = 128
	maxStatusTemplates = 16
)

// messages answers where the messages come from that people get after the pass.
type messages struct {
	wanted []string // the event types that people want to be told of
	// templates are those that are live, by account profile and event, sorted. One replaces
	// the standard message whatever its conditions, actions and conflicts are.
	templates map[string]map[string][]string
	// tells says, by account profile and event, that an action of a template sends people a
	// mail or a text message.
	tells map[string]map[string]bool
}

func (p *pass) messages(d documents) messages {
	m := messages{templates: map[string]map[string][]string{}, tells: map[string]map[string]bool{}}
	known := p.liveEvents
	if d.standstill == nil {
		known = p.events
	}
	for _, name := range known.Names() {
		if event, _ := known.Lookup(name); event.Message {
			m.wanted = append(m.wanted, name)
		}
	}
	if d.routing.loaded == nil {
		return m
	}
	held := neverFiring(d.routing.loaded.Routing.Withheld)
	for _, name := range sortedNames(d.routing.loaded.Templates) {
		t := d.routing.loaded.Templates[name]
		event, _ := known.Lookup(t.Event)
		for _, profile := range t.AccountProfiles {
			if m.templates[profile] == nil {
				m.templates[profile], m.tells[profile] = map[string][]string{}, map[string]bool{}
			}
			m.templates[profile][t.Event] = append(m.templates[profile][t.Event], name)
			if slices.ContainsFunc(t.Actions, func(a config.Action) bool { return tells(a, event) && !held[withheldKey{name, a.Name, profile}] }) {
				m.tells[profile][t.Event] = true
			}
		}
	}
	return m
}

// of lists where the messages come from that people of a profile's accounts get.
func (m messages) of(profile string, standard config.StandardEvents) []v1alpha1.EventStatus {
	own := m.templates[profile]
	names := set(slices.AppendSeq(slices.Clone(m.wanted), maps.Keys(own)))
	list := make([]v1alpha1.EventStatus, 0, len(names))
	for _, name := range names[:min(len(names), maxEventStatuses)] {
		status := v1alpha1.EventStatus{Event: name, Source: v1alpha1.MessagesNone}
		switch templates := own[name]; {
		case len(templates) > 0:
			status.Source = v1alpha1.MessagesOfTemplate
			status.Templates = templates[:min(len(templates), maxStatusTemplates)]
		case suite.Has(name) && standard.Mode != config.StandardEventsNone && !slices.Contains(standard.Disabled, name):
			status.Source = v1alpha1.MessagesStandard
		}
		list = append(list, status)
	}
	return list
}

// reportMessages tells of each profile that is live where its messages come from, and
// warns of what people may miss.
func (p *pass) reportMessages(out *Output, d documents, loaded *config.Live) {
	if loaded == nil {
		return
	}
	m := p.messages(d)
	standard := out.Default.Source == v1alpha1.DefaultBuiltIn
	silent := map[string]map[string]bool{}
	for _, name := range sortedNames(out.AccountProfiles) {
		outcome := out.AccountProfiles[name]
		if outcome.LiveGeneration == 0 {
			continue
		}
		content := p.accountProfiles[name].content
		if !outcome.Live {
			content = p.accountProfiles[name].live.content
		}
		outcome.Events = m.of(name, content.StandardEvents)
		missed := p.missed(content, m.silenced(name, outcome.Events))
		outcome.Warnings = append(outcome.Warnings, missed.warnings()...)
		for _, s := range missed {
			for _, template := range s.templates {
				if silent[template] == nil {
					silent[template] = map[string]bool{}
				}
				silent[template][name] = true
			}
		}
		standard = standard || slices.ContainsFunc(outcome.Events, func(e v1alpha1.EventStatus) bool { return e.Source == v1alpha1.MessagesStandard })
		out.AccountProfiles[name] = outcome
	}
	warnSilent(out.EventTemplates, silent, d.routing.loaded)
	if p.tenant != nil {
		out.Tenant.Warnings = append(out.Tenant.Warnings, unsent(loaded, d.routing.loaded, standard, len(d.settings.settings.MyAccountProfiles) > 0)...)
	}
}

// unsent warns of what is not sent because the Tenant says that messages go out, but not
// how, or holds them while people use the portal. standard says whether people get anything
// of the standard suite, which are mails; served, whether anybody has a portal.
func unsent(loaded *config.Live, routing *config.LiveRouting, standard, served bool) []string {
	mode := loaded.Delivery().Mode
	if mode == config.DeliveryHold {
		if !served {
			return nil
		}
		first := ""
		if loaded.Tenant.Email.From == "" {
			first = "set spec.email, "
		}
		return []string{"spec.delivery: mode is Hold, so nobody is sent a link to create a sign-in or to choose a new password, and what is held now is not sent later: " + first + "try it with mode Redirect, then set Live"}
	}
	mails, texts := templatesOf(routing)
	var warnings []string
	if loaded.Tenant.Email.From == "" && (standard || len(mails) > 0) {
		var what []string
		if standard {
			what = append(what, "the standard messages")
		}
		if len(mails) > 0 {
			what = append(what, "the mails of the event templates "+listed(mails))
		}
		warnings = append(warnings, fmt.Sprintf("spec.email: spec.delivery.mode is %s, but it is not said how mails are sent, so that %s are not: set spec.email", mode, strings.Join(what, " and ")))
	}
	if mode == config.DeliveryLive && loaded.Tenant.SMS.Type == "" && len(texts) > 0 {
		warnings = append(warnings, fmt.Sprintf("spec.sms: spec.delivery.mode is %s, but it is not said how text messages are sent, so that those of the event templates %s are not: set spec.sms", mode, listed(texts)))
	}
	return warnings
}

// templatesOf lists the templates with mails, and those with text messages, that are not
// switched off.
func templatesOf(routing *config.LiveRouting) (mails, texts []string) {
	if routing == nil {
		return nil, nil
	}
	for _, name := range sortedNames(routing.Templates) {
		has := func(is func(config.Action) bool) bool {
			return slices.ContainsFunc(routing.Templates[name].Actions, func(a config.Action) bool { return fires(a) && is(a) })
		}
		if has(func(a config.Action) bool { return a.Email != nil }) {
			mails = append(mails, name)
		}
		if has(func(a config.Action) bool { return a.SMS != nil }) {
			texts = append(texts, name)
		}
	}
	return mails, texts
}

package compile

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/message"
	"github.com/foyerhq/foyer/internal/message/condition"
	"github.com/foyerhq/foyer/internal/message/template"
	"github.com/foyerhq/foyer/internal/settings"
)

// sample is how the sample of an event is filled into a text message: amounts and dates
// of another language may need other characters, and so more segments.
type sample struct{ locale, currency, zone string }

// sample is that of an account without values of its own.
func (p *pass) sample() sample {
	var own settings.Attributes
	if t := p.tenantContent(); t != nil {
		own = t.Attributes
	}
	a := settings.Resolve(settings.Layer{Source: settings.SourceTenant, Attributes: own})
	return sample{a.Locale.Value, a.Currency.Value, a.TimeZone.Value}
}

// orBuiltIn is for texts whose check does not depend on the tenant.
func (s sample) orBuiltIn() sample {
	if s != (sample{}) {
		return s
	}
	a := settings.Resolve()
	return sample{a.Locale.Value, a.Currency.Value, a.TimeZone.Value}
}

func (s sample) data(payload map[string]any) template.Data {
	return template.Data{Payload: payload, Locale: s.locale, Currency: s.currency, Zone: config.Location(s.zone)}
}

func (i *inspection) condition(at place, source string) {
	if source == "" || i.identity == "" {
		return
	}
	key := checkKey{event: i.identity, text: config.BodyOf(source)}
	found := i.checks.of(key, func() checked {
		_, problems := condition.Compile(source, i.event)
		return checked{problems: problems}
	})
	i.tell(at, found.problems)
}

func (i *inspection) tell(at place, problems []message.Problem) {
	i.faults = append(i.faults, faultsIn(at, problems)...)
}

func faultsIn(at place, problems []message.Problem) []fault {
	var faults []fault
	for _, problem := range problems {
		faults = append(faults, fault{place: at, line: problem.Line, column: problem.Column, message: problem.Message})
	}
	return faults
}

// textKind is what a text is for.
type textKind struct {
	format template.Format
	// mustLink: it contains the link that its event requires.
	mustLink bool
}

// The texts of actions.
var (
	mailSubject = textKind{format: template.Subject}
	mailText    = textKind{format: template.Plain, mustLink: true}
	mailHTML    = textKind{format: template.HTML, mustLink: true}
	smsText     = textKind{format: template.SMS, mustLink: true}
	webhookBody = textKind{format: template.JSON}
	bannerText  = textKind{format: template.Banner}
	noteText    = textKind{format: template.Note}
)

// text checks one text that must be there. locale is that of a translation.
func (i *inspection) text(at place, ref config.BodyRef, kind textKind, locale string) {
	if ref == "" {
		i.refuse(at, "a text is required")
		return
	}
	if i.identity == "" {
		return
	}
	key := checkKey{event: i.identity, kind: kind, text: ref}
	if kind == smsText {
		key.sample = i.sample
		key.sample.locale = cmp.Or(locale, i.sample.locale)
	}
	found := i.checks.of(key, func() checked { return checkText(i.texts[ref], key, i.event) })
	i.tell(at, found.problems)
	i.warnings = append(i.warnings, faultsIn(at, found.warnings)...)
	i.segments = max(i.segments, found.segments)
	if len(found.problems) == 0 && kind.mustLink && !found.linked {
		i.refuse(at, "each mail and text message of event %q must contain {{.%s}}, whatever its conditions are", i.event.Name, i.event.RequiredLink)
	}
}

// checkText is the work that Checks saves.
func checkText(source string, key checkKey, event catalog.Event) checked {
	compiled, problems := template.Compile(source, key.kind.format, event)
	if len(problems) > 0 {
		return checked{problems: problems}
	}
	found := checked{
		problems: blank(compiled, source, key, event),
		warnings: foreignPlaceholders(source),
		linked:   event.RequiredLink == "" || compiled.Uses(event.RequiredLink),
	}
	if key.kind != smsText || len(found.problems) > 0 {
		return found
	}
	text, err := fillIn(compiled, key.sample, event)
	if err != nil {
		found.problems = []message.Problem{{Message: err.Error()}}
		return found
	}
	if strings.HasSuffix(text, "...") && utf8.RuneCountInString(text) == template.MaxSMS { // it was cut
		found.problems = []message.Problem{{Message: fmt.Sprintf("with the sample of the event, as it is written in %s, it has more than %d characters", key.sample.locale, template.MaxSMS)}}
		return found
	}
	found.segments = int32(min(template.Segments(text), template.MaxSMS)) //nolint:gosec // a text has no more segments than characters
	return found
}

// fillIn fills the sample of the event into a text message.
func fillIn(compiled *template.Template, s sample, event catalog.Event) (string, error) {
	decoder := json.NewDecoder(bytes.NewReader(event.Sample))
	decoder.UseNumber() // as templates want whole numbers
	var payload map[string]any
	if err := decoder.Decode(&payload); err != nil {
		return "", fmt.Errorf("the sample of event %q is not readable: %w", event.Name, err)
	}
	return compiled.RenderSample(s.data(payload))
}

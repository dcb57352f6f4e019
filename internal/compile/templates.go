package compile

import (
	"cmp"
	"reflect"
	"slices"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/config"
)

// texts holds the texts of templates by their names in the document.
type texts map[config.BodyRef]string

// add returns the name of a text; a text that is not set has none.
func (t texts) add(text string) config.BodyRef {
	if text == "" {
		return ""
	}
	ref := config.BodyOf(text)
	t[ref] = text
	return ref
}

// written renders an object as it is written: every list in its order and every value
// as it says, so that a check can name the place of what is wrong. See canonical.
func (t texts) written(o *v1alpha1.EventTemplate) config.EventTemplate {
	content := config.EventTemplate{
		Event:    o.Spec.Event,
		When:     o.Spec.When,
		Schedule: config.Schedule{At: o.Spec.Schedule.At, Days: string(o.Spec.Schedule.Days)},
	}
	for _, ref := range o.Spec.AccountProfileRefs {
		content.AccountProfiles = append(content.AccountProfiles, ref.Name)
	}
	for i := range o.Spec.Actions {
		content.Actions = append(content.Actions, t.action(&o.Spec.Actions[i]))
	}
	return content
}

func (t texts) action(a *v1alpha1.ActionSpec) config.Action {
	action := config.Action{
		Name: a.Name, Type: string(a.Type), State: string(a.State), Log: string(a.Log),
		Days: a.Days, RepeatEveryDays: a.RepeatEveryDays, MaxRepeats: a.MaxRepeats,
		Combine: string(a.Combine),
	}
	if isSet(a.Email) {
		action.Email = t.email(a.Email)
	}
	if isSet(a.SMS) {
		action.SMS = &config.SMS{
			To: plain(a.SMS.To), Fallback: string(a.SMS.Fallback),
			Text: t.add(a.SMS.Text), Translations: t.translations(a.SMS.Translations),
		}
	}
	if isSet(a.Webhook) {
		action.Webhook = &config.Webhook{URL: a.Webhook.URL, Body: t.add(a.Webhook.Body)}
	}
	if isSet(a.Banner) {
		action.Banner = &config.Banner{Text: t.add(a.Banner.Text), Translations: t.translations(a.Banner.Translations)}
	}
	if isSet(a.Note) {
		action.Note = &config.Note{Text: t.add(a.Note.Text)}
	}
	return action
}

func (t texts) email(e v1alpha1.EmailSpec) *config.Email {
	email := &config.Email{
		From: e.From, To: plain(e.To), CC: plain(e.CC), BCC: plain(e.BCC),
		Priority: string(e.Priority), Attach: plain(e.Attach),
		Subject: t.add(e.Subject), Text: t.add(e.Text), HTML: t.add(e.HTML),
	}
	for _, translation := range e.Translations {
		email.Translations = append(email.Translations, config.EmailTranslation{
			Locale: string(translation.Locale), Subject: t.add(translation.Subject), Text: t.add(translation.Text), HTML: t.add(translation.HTML),
		})
	}
	return email
}

func (t texts) translations(from []v1alpha1.TextTranslation) []config.TextTranslation {
	var to []config.TextTranslation
	for _, translation := range from {
		to = append(to, config.TextTranslation{Locale: string(translation.Locale), Text: t.add(translation.Text)})
	}
	return to
}

func isSet(value any) bool { return !reflect.ValueOf(value).IsZero() }

func plain[S ~string](from []S) []string {
	var to []string
	for _, s := range from {
		to = append(to, string(s))
	}
	return to
}

// canonical is what the document says: sets are sorted, and what is said by leaving it
// out is left out, so that one meaning has one spelling.
func canonical(written config.EventTemplate) config.EventTemplate {
	content := written
	content.AccountProfiles = set(written.AccountProfiles)
	content.Schedule.At = unless(written.Schedule.At, "09:00")
	content.Schedule.Days = unless(written.Schedule.Days, string(v1alpha1.ScheduleAllDays))
	content.Actions = make([]config.Action, 0, len(written.Actions))
	for _, a := range written.Actions {
		content.Actions = append(content.Actions, canonicalAction(a))
	}
	return content
}

func canonicalAction(a config.Action) config.Action {
	a.State = unless(a.State, string(v1alpha1.ActionEnabled))
	a.Days = set(a.Days)
	a.Combine = unless(a.Combine, string(v1alpha1.CombineInvoice))
	if a.Email != nil {
		email := *a.Email
		email.To, email.CC, email.BCC, email.Attach = set(email.To), set(email.CC), set(email.BCC), set(email.Attach)
		email.Priority = unless(email.Priority, string(v1alpha1.PriorityNormal))
		email.Translations = byLocale(email.Translations, func(t config.EmailTranslation) string { return t.Locale })
		a.Email = &email
	}
	if a.SMS != nil {
		sms := *a.SMS
		sms.To = set(sms.To)
		sms.Fallback = unless(sms.Fallback, string(v1alpha1.SMSFallbackNone))
		sms.Translations = byLocale(sms.Translations, textLocale)
		a.SMS = &sms
	}
	if a.Banner != nil {
		banner := *a.Banner
		banner.Translations = byLocale(banner.Translations, textLocale)
		a.Banner = &banner
	}
	return a
}

func textLocale(t config.TextTranslation) string { return t.Locale }

// unless leaves out what counts anyway.
func unless[T ~string](value, implied T) T {
	if value == implied {
		return ""
	}
	return value
}

func set[T cmp.Ordered](list []T) []T {
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

func byLocale[T any](list []T, locale func(T) string) []T {
	return slices.SortedStableFunc(slices.Values(list), func(a, b T) int { return cmp.Compare(locale(a), locale(b)) })
}

// draft is an EventTemplate as it is written, and what its entry would be.
type draft struct {
	source  *v1alpha1.EventTemplate
	written config.EventTemplate
	content config.EventTemplate
}

// readTemplates renders the objects. The texts of what is live are needed as well.
func (p *pass) readTemplates() {
	p.texts = texts{}
	for ref, text := range p.liveRouting.Bodies {
		p.texts[ref] = text
	}
	for i := range p.in.EventTemplates {
		o := &p.in.EventTemplates[i]
		written := p.texts.written(o)
		p.drafts[o.Name] = draft{o, written, canonical(written)}
	}
}

// checkTemplates judges the templates by the events that the Tenant asks for, and once
// more by those that stay if that refuses the Tenant.
func (p *pass) checkTemplates() {
	p.judgeTemplates()
	p.protectTemplates(staysAsLive)
	if p.tenant != nil && p.tenant.refused() {
		p.settleEvents()
		p.judgeTemplates()
	}
}

func (p *pass) judgeTemplates() {
	for name, d := range p.drafts {
		o := newObject(kindEventTemplate, d.source.ObjectMeta, d.content, p.liveRouting.templates[name])
		p.eventTemplates[name] = o
		p.judgeTemplate(o, d.written)
		p.resolveProfiles(o, d.written.AccountProfiles)
		p.warnOfSenders(o, d.written)
		p.warnOfWebhooks(o, d.written)
	}
}

// judgeTemplate refuses what is wrong with one template by itself. What is live with the
// same fault already only warns, but for an event that this release does not know: under
// it nothing can be checked.
func (p *pass) judgeTemplate(o *object[config.EventTemplate], written config.EventTemplate) {
	found := p.inspect(written, p.events)
	p.segments[o.name] = found.segments
	for _, f := range found.warnings {
		o.warn("%s", f.Error())
	}
	if len(found.faults) == 0 {
		return
	}
	known := map[string]bool{}
	if o.live != nil {
		known = keys(p.inspect(o.live.content, p.liveEvents).faults)
	}
	for _, f := range found.faults {
		switch {
		case known[f.key()] && !f.unknownEvent:
			o.warn("%s; it stays as it is live already", f.Error())
		case f.undeclared:
			o.refuse(&o.resolved, ReasonRefNotFound, f.problem())
		default:
			o.refuse(&o.accepted, ReasonInvalid, f.problem())
		}
	}
}

// smsSegments is that of what is live after the pass.
func (p *pass) smsSegments(o *object[config.EventTemplate], out Outcome) int32 {
	switch {
	case out.LiveGeneration == 0:
		return 0
	case out.Live:
		return p.segments[o.name]
	}
	return p.inspect(o.live.content, p.liveEvents).segments
}

package compile

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/message/address"
	"github.com/foyerhq/foyer/internal/settings"
)

// place is a field of an object.
type place struct {
	field string // as people find it: spec.actions[1].email
	named string // with names in place of numbers, which differ between object and document
}

func (p place) of(name string) place { return place{p.field + "." + name, p.named + "." + name} }

func (p place) item(i int, name string) place {
	return place{fmt.Sprintf("%s[%d]", p.field, i), p.named + "[" + name + "]"}
}

// fault is what is wrong with a template.
type fault struct {
	place
	line, column int // in a text; 0: all of it
	message      string

	unknownEvent bool // nothing that depends on the event was checked
	undeclared   bool // the Tenant would have to declare it
}

func (f fault) Error() string { return f.problem().Error() }

func (f fault) problem() Problem { return Problem{f.field, f.line, f.column, f.message} }

// key is the same for one fault in an object and in the document, and before and after
// an edit elsewhere.
func (f fault) key() string { return f.named + ": " + f.message }

func keys(faults []fault) map[string]bool {
	found := map[string]bool{}
	for _, f := range faults {
		found[f.key()] = true
	}
	return found
}

// inspection checks one template, and finds everything at once. It repeats rules of
// the schema where an object that was stored under another schema would mean something
// else than it says, or would not load.
type inspection struct {
	checks   *Checks
	texts    texts
	sample   sample
	event    catalog.Event
	identity string // of event; empty: it is not known, and what depends on it is not checked
	faults   []fault
	warnings []fault
	segments int32
}

func (p *pass) inspect(t config.EventTemplate, in events) *inspection {
	i := &inspection{checks: p.checks, texts: p.texts, sample: p.sample(), identity: in.identity(t.Event)}
	i.event, _ = in.Lookup(t.Event)
	if i.identity == "" {
		i.unknownEvent(t.Event, in)
	}
	i.template(t)
	return i
}

func (i *inspection) refuse(at place, format string, args ...any) {
	i.faults = append(i.faults, fault{place: at, message: fmt.Sprintf(format, args...)})
}

func (i *inspection) warn(at place, format string, args ...any) {
	i.warnings = append(i.warnings, fault{place: at, message: fmt.Sprintf(format, args...)})
}

// oneOf refuses a value that is not allowed. An empty one is left to the caller.
func (i *inspection) oneOf(at place, value string, allowed ...string) bool {
	if value == "" || slices.Contains(allowed, value) {
		return true
	}
	i.refuse(at, "%q is not allowed, allowed is %s", value, or(allowed))
	return false
}

func or(list []string) string {
	last := len(list) - 1
	if last == 0 {
		return list[0]
	}
	return strings.Join(list[:last], ", ") + " or " + list[last]
}

// unknownEvent: an event of the tenant's own is one that the Tenant has yet to declare.
func (i *inspection) unknownEvent(name string, in events) {
	f := fault{place: place{"spec.event", "spec.event"}, unknownEvent: true}
	if !strings.HasPrefix(name, ownPrefix) {
		f.message = fmt.Sprintf("there is no event %q, there are: %s", name, listed(catalog.Nearest(name, in.Names())))
		i.faults = append(i.faults, f)
		return
	}
	f.undeclared = true
	own := slices.Sorted(maps.Keys(in.identities))
	f.message = fmt.Sprintf("the Tenant declares no event %q, and no other: add it to spec.events of the Tenant", name)
	if len(own) > 0 {
		f.message = fmt.Sprintf("the Tenant declares no event %q, it declares: %s", name, listed(catalog.Nearest(name, own)))
	}
	i.faults = append(i.faults, f)
}

func (i *inspection) template(t config.EventTemplate) {
	spec := place{"spec", "spec"}
	if len(t.AccountProfiles) == 0 {
		i.refuse(spec.of("accountProfileRefs"), "name at least one account profile: without one the template never fires")
	}
	i.condition(spec.of("when"), t.When)
	i.schedule(spec.of("schedule"), t.Schedule)
	if len(t.Actions) == 0 {
		i.refuse(spec.of("actions"), "at least one action is required")
	}
	names := map[string]bool{}
	for n, a := range t.Actions {
		at := spec.of("actions").item(n, a.Name)
		if names[a.Name] {
			i.refuse(at.of("name"), "%q is there twice: every action of a template needs its own name", a.Name)
		}
		names[a.Name] = true
		i.action(at, a)
	}
	i.twice(spec.of("actions"), t)
}

func (i *inspection) dated() bool { return i.event.Anchor != "" }

var timeOfDay = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)

func (i *inspection) schedule(at place, s config.Schedule) {
	if s == (config.Schedule{}) {
		return
	}
	if i.identity != "" && !i.dated() {
		i.refuse(at, "event %q happens at a moment: a schedule is for dated events, as invoice.unpaid", i.event.Name)
	}
	if s.At != "" && !timeOfDay.MatchString(s.At) {
		i.refuse(at.of("at"), "%q is not allowed, allowed is a time of day from 00:00 to 23:59, as 09:00", s.At)
	}
	i.oneOf(at.of("days"), s.Days, string(v1alpha1.ScheduleAllDays), string(v1alpha1.ScheduleBusinessDays))
}

var actionTypes = config.ActionTypes()

func (i *inspection) action(at place, a config.Action) {
	if a.Name == "" {
		i.refuse(at.of("name"), "an action needs a name, as first-reminder")
	}
	i.oneOf(at.of("state"), a.State, string(v1alpha1.ActionEnabled), string(v1alpha1.ActionDisabled))
	i.oneOf(at.of("log"), a.Log, string(v1alpha1.LogCustomerNotes))
	if a.Log != "" && a.Type == string(v1alpha1.ActionLog) {
		i.refuse(at.of("log"), "an action of type Log puts a note on the customer already: remove log")
	}
	i.days(at, a)
	i.combine(at.of("combine"), a)
	i.members(at, a)
	if a.Email != nil {
		i.email(at.of("email"), a.Email)
	}
	if a.SMS != nil {
		i.sms(at.of("sms"), a.SMS)
	}
	if a.Webhook != nil {
		i.webhook(at.of("webhook"), a.Webhook)
	}
	if a.Banner != nil {
		i.text(at.of("banner").of("text"), a.Banner.Text, bannerText, "")
		i.translations(at.of("banner"), a.Banner.Translations, bannerText)
	}
	if a.Note != nil {
		i.text(at.of("note").of("text"), a.Note.Text, noteText, "")
	}
}

// members refuses an action whose type and content are not about the same channel.
func (i *inspection) members(at place, a config.Action) {
	var names []string
	for _, t := range actionTypes {
		names = append(names, t.Name)
	}
	if a.Type == "" || !slices.Contains(names, a.Type) {
		i.refuse(at.of("type"), "%q is not allowed, allowed is %s", a.Type, or(names))
		return
	}
	for _, t := range actionTypes {
		switch is := t.Name == a.Type; {
		case is && !t.IsSet(a):
			i.refuse(at.of(t.Field), "an action of type %s needs %s", t.Name, t.Field)
		case !is && t.IsSet(a):
			i.refuse(at.of(t.Field), "an action of type %s has no %s: remove it, or make an action of type %s", a.Type, t.Field, t.Name)
		}
	}
}

// The bounds of days, as in the schema: every one of them is a date that can be written.
const (
	maxDay     = 365
	maxRepeats = 100
)

func (i *inspection) days(at place, a config.Action) {
	switch {
	case i.identity == "": // whether it is dated is not known
	case i.dated() && len(a.Days) == 0:
		i.refuse(at.of("days"), "event %q is dated: say on which days the action fires, counted from %s, as [3] for three days after", i.event.Name, i.event.Anchor)
	case !i.dated() && (len(a.Days) > 0 || a.RepeatEveryDays != 0 || a.MaxRepeats != 0):
		i.refuse(at.of("days"), "event %q happens at a moment: days, repeatEveryDays and maxRepeats are for dated events, as invoice.unpaid", i.event.Name)
	}
	for n, day := range a.Days {
		if day < -maxDay || day > maxDay {
			i.refuse(at.of("days").item(n, fmt.Sprint(day)), "%d is not allowed, allowed is a whole number from %d to %d", day, -maxDay, maxDay)
		}
	}
	if a.RepeatEveryDays != 0 || a.MaxRepeats != 0 {
		i.repeats(at, a)
	}
}

func (i *inspection) repeats(at place, a config.Action) {
	if a.RepeatEveryDays < 1 || a.RepeatEveryDays > maxDay {
		i.refuse(at.of("repeatEveryDays"), "repeatEveryDays and maxRepeats go together: %d is not allowed, allowed is a whole number from 1 to %d", a.RepeatEveryDays, maxDay)
	}
	if a.MaxRepeats < 1 || a.MaxRepeats > maxRepeats {
		i.refuse(at.of("maxRepeats"), "repeatEveryDays and maxRepeats go together: %d is not allowed, allowed is a whole number from 1 to %d", a.MaxRepeats, maxRepeats)
	}
	if len(a.Days) == 0 {
		i.refuse(at.of("repeatEveryDays"), "repeats count from the last of days: set days as well")
	}
}

func (i *inspection) combine(at place, a config.Action) {
	if a.Combine == "" {
		return
	}
	i.oneOf(at, a.Combine, string(v1alpha1.CombineInvoice), string(v1alpha1.CombineAccount))
	if a.Type != string(v1alpha1.ActionEmail) && a.Type != string(v1alpha1.ActionSMS) {
		i.refuse(at, "combine is for actions of type Email and SMS: remove it")
	}
	if i.identity != "" && !i.dated() {
		i.refuse(at, "event %q happens at a moment: combine is for dated events, as invoice.unpaid", i.event.Name)
	}
}

var (
	phoneNumber = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

	roles = []string{"Primary", "Secondary", "Billing", "Technical", "Owner", "Initiator"}
)

// isMailAddress says whether a text is a mail address alone, at a host of the internet.
func isMailAddress(text string) bool {
	a, err := address.Parse(text)
	return err == nil && !strings.ContainsAny(text, "<> ") && strings.Contains(address.Host(a), ".")
}

// wrongSender says why no mail can be sent from a sender; empty: it can.
func wrongSender(from string) string {
	if _, err := address.Parse(from); err != nil {
		return fmt.Sprintf("%v: allowed is a mail address, or a name and a mail address, as Acme <billing@acme.example>", err)
	}
	return ""
}

func (i *inspection) email(at place, e *config.Email) {
	if strings.Contains(e.From, fieldStart) {
		i.refuse(at.of("from"), "no field can be in a sender, %s would be sent as it is: write the address itself", fieldStart)
	} else if e.From != "" {
		if why := wrongSender(e.From); why != "" {
			i.refuse(at.of("from"), "%s", why)
		}
	}
	i.recipients(at.of("to"), e.To, isMailAddress, "a mail address")
	i.addressed(at.of("to"), e.To)
	i.recipients(at.of("cc"), e.CC, isMailAddress, "a mail address")
	i.recipients(at.of("bcc"), e.BCC, isMailAddress, "a mail address")
	i.secretLink(at, e)
	i.oneOf(at.of("priority"), e.Priority, string(v1alpha1.PriorityLow), string(v1alpha1.PriorityNormal), string(v1alpha1.PriorityHigh))
	i.attachments(at.of("attach"), e.Attach)
	i.text(at.of("subject"), e.Subject, mailSubject, "")
	i.text(at.of("text"), e.Text, mailText, "")
	if e.HTML != "" {
		i.text(at.of("html"), e.HTML, mailHTML, "")
	}
	locales := map[string]bool{}
	for n, t := range e.Translations {
		in := at.of("translations").item(n, t.Locale)
		i.locale(in.of("locale"), t.Locale, locales)
		i.text(in.of("subject"), t.Subject, mailSubject, t.Locale)
		i.text(in.of("text"), t.Text, mailText, t.Locale)
		if t.HTML != "" {
			i.text(in.of("html"), t.HTML, mailHTML, t.Locale)
		}
	}
}

// secretLink: a link that lets whoever has it in is for one person only.
func (i *inspection) secretLink(at place, e *config.Email) {
	if i.identity == "" || i.event.RequiredLink == "" {
		return
	}
	for _, copies := range []struct {
		field string
		to    []string
	}{{"cc", e.CC}, {"bcc", e.BCC}} {
		if len(copies.to) > 0 {
			i.refuse(at.of(copies.field), "each mail of event %q has a secret link, which is for one person only: remove %s", i.event.Name, copies.field)
		}
	}
	if slices.ContainsFunc(e.To, isMailAddress) {
		i.warn(at.of("to"), "each mail of event %q has a secret link and goes only to the person whom it was made for: no address that is written here gets it", i.event.Name)
	}
}

// attachments: there is an invoice to attach only where the event is about one.
func (i *inspection) attachments(at place, attach []string) {
	for n, a := range attach {
		item := at.item(n, a)
		if !i.oneOf(item, a, string(v1alpha1.AttachInvoice)) || i.identity == "" {
			continue
		}
		if !slices.ContainsFunc(i.event.Fields, func(f catalog.Field) bool { return f.Name == "invoice" && f.Type == catalog.Object }) {
			i.refuse(item, "event %q is not about an invoice, so there is none to attach: remove it", i.event.Name)
		}
	}
}

func (i *inspection) sms(at place, s *config.SMS) {
	i.recipients(at.of("to"), s.To, phoneNumber.MatchString, "a telephone number in international form, as +61400555019")
	i.addressed(at.of("to"), s.To)
	i.oneOf(at.of("fallback"), s.Fallback, string(v1alpha1.SMSFallbackNone), string(v1alpha1.SMSFallbackEmail))
	if i.identity != "" && i.event.RequiredLink != "" && s.Fallback != string(v1alpha1.SMSFallbackEmail) {
		i.refuse(at.of("fallback"), "event %q has a secret link, which goes to mail addresses only, so that this text message would go to nobody: make an action of type Email, or set fallback: Email", i.event.Name)
	}
	i.text(at.of("text"), s.Text, smsText, "")
	i.translations(at, s.Translations, smsText)
}

func (i *inspection) webhook(at place, w *config.Webhook) {
	i.url(at.of("url"), w.URL)
	if w.Body != "" {
		i.text(at.of("body"), w.Body, webhookBody, "")
	}
}

// fieldStart begins a field in texts, and only there.
const fieldStart = "{{"

// url does not repeat a URL that may have a secret in it.
func (i *inspection) url(at place, text string) {
	if strings.Contains(text, fieldStart) {
		i.refuse(at, "no field can be in a URL, %s would be sent as it is: put the field into body", fieldStart)
	} else if why := wrongURL(text); why != "" {
		i.refuse(at, "%s", why)
	}
}

// wrongURL says why nothing may be posted to a URL; empty: it may.
func wrongURL(text string) string {
	u, err := url.Parse(text)
	switch {
	case err == nil && u.User != nil:
		return "a name or password before the host can be read by all who can read the object: remove what is before @"
	case err != nil || u.Scheme != "https" || u.Hostname() == "":
		return "this URL is not allowed, allowed is one that begins with https:// and a host, as https://hooks.example.com/foyer"
	}
	return ""
}

func (i *inspection) translations(at place, translations []config.TextTranslation, kind textKind) {
	locales := map[string]bool{}
	for n, t := range translations {
		in := at.of("translations").item(n, t.Locale)
		i.locale(in.of("locale"), t.Locale, locales)
		i.text(in.of("text"), t.Text, kind, t.Locale)
	}
}

func (i *inspection) addressed(at place, to []string) {
	if len(to) == 0 {
		i.refuse(at, "name at least one recipient: %s, or an address", strings.Join(roles, ", "))
	}
}

func (i *inspection) recipients(at place, to []string, isAddress func(string) bool, what string) {
	for n, r := range to {
		if !slices.Contains(roles, r) && (!isAddress(r) || strings.Contains(r, fieldStart)) {
			i.refuse(at.item(n, r), "%q is not allowed, allowed is %s, or %s", r, strings.Join(roles, ", "), what)
		}
	}
}

// locale refuses a language that does not exist, which a schema cannot know.
func (i *inspection) locale(at place, locale string, seen map[string]bool) {
	if seen[strings.ToLower(locale)] {
		i.refuse(at, "%q is there twice: capital and small letters are the same here", locale)
	}
	seen[strings.ToLower(locale)] = true
	if locale == "" {
		i.refuse(at, "a translation needs its language, as fr or en-AU")
	}
	for _, problem := range (settings.Attributes{Locale: locale}).Validate() {
		i.refuse(at, "%s", problem.Message)
	}
}

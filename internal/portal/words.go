package portal

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// term is one attribute of the account as the home page says it.
type term struct {
	Title  string
	Value  string
	Source string
}

// terms says the attributes that the person may know in words, with where each value
// comes from.
func (v *visit) terms() []term {
	list := v.effective.Attributes.List()
	terms := make([]term, 0, len(list))
	for _, s := range list {
		if v.mayKnow(s) {
			terms = append(terms, term{v.T(s.Title), v.valueWords(s.Key, s.Value), v.sourceWords(s.Source)})
		}
	}
	return terms
}

// notTerms are what the person sees by being here, and how the provider reminds its customers.
var notTerms = []string{
	"portalAccess", "invoiceTemplate",
	"reminders", "reminderMinimumAmount", "requireVerifiedEmail", "remindersPausedUntil", "disputed", "consent.sms",
}

// mayKnow: not what is unset, nor that messages are sent as everywhere. What the provider's
// systems act on is for those who see its invoices, and only where the provider sets it:
// a built-in value says nothing about its systems. Custom attributes are between the
// provider and its systems.
func (v *visit) mayKnow(s settings.Setting) bool {
	usual := s.Source == settings.SourceBuiltIn && (s.Key == "emailNotifications" || s.Key == "smsNotifications")
	if s.Value == "" || usual || slices.Contains(notTerms, s.Key) {
		return false
	}
	if s.Use == settings.Enforced {
		return true
	}
	object, field, _ := strings.Cut(s.Key, ".")
	noFee := object == "lateFee" && field != "type" && v.effective.Attributes.LateFee.Type.Value == settings.NoLateFee
	return s.Source != settings.SourceBuiltIn && s.Source != settings.SourceUnset && object != "custom" && !noFee &&
		v.may(settings.ViewInvoices) == settings.Allowed
}

func (v *visit) valueWords(key, value string) string {
	a := v.effective.Attributes
	days, _ := strconv.Atoi(value)
	switch key {
	case "creditLimit", "lateFee.minimumBalance":
		return locale.Money(v.locale(), a.Currency.Value, value)
	case "lateFee.amount":
		if a.LateFee.Type.Value == settings.PercentLateFee {
			return v.T("%s%%", locale.Decimal(v.locale(), value))
		}
		return locale.Money(v.locale(), a.Currency.Value, value)
	case "tradingTermsDays":
		if days == 0 {
			return v.T("Invoices are due at once")
		}
		return v.N(days, "%d day to pay", "%d days to pay")
	case "lateFee.daysAfterDue":
		if days == 0 {
			return v.T("The due date")
		}
		return v.N(days, "%d day past the due date", "%d days past the due date")
	case "billingDay":
		return v.T("Day %d of the month", days)
	case "quietHours":
		start, end, _ := strings.Cut(value, "-")
		if start == end {
			return v.T("None")
		}
		return v.T("%s to %s", start, end)
	case "locale":
		return v.localeWords(v.locale())
	case "timeZone":
		return v.zoneWords(value)
	}
	if words, known := enumWords[key+" "+value]; known {
		return v.T(words)
	}
	return value
}

// enumWords are the words for the values of enums.
var enumWords = map[string]string{
	"emailNotifications Enabled":   web.Text("Sent#messages"),
	"emailNotifications Disabled":  web.Text("Not sent#messages"),
	"smsNotifications Enabled":     web.Text("Sent#messages"),
	"smsNotifications Disabled":    web.Text("Not sent#messages"),
	"smsNotifications WithConsent": web.Text("With your consent"),
	"invoiceDelivery Email":        web.Text("By email"),
	"invoiceDelivery Post":         web.Text("By post"),
	"invoiceDelivery EmailAndPost": web.Text("By email and post"),
	"invoiceDelivery None":         web.Text("Not sent"),
	"lateFee.type None":            web.Text("None#fee"),
	"lateFee.type Flat":            web.Text("A fixed amount"),
	"lateFee.type Percent":         web.Text("A percentage of what is overdue"),
}

// localeWords names a language in the person's own.
func (v *visit) localeWords(tag string) string {
	parsed, err := language.Parse(tag)
	if err != nil {
		return tag
	}
	own, _ := language.Parse(v.words.Language())
	if namer := display.Tags(own); namer != nil && namer.Name(parsed) != "" {
		return namer.Name(parsed)
	}
	return tag
}

// zoneWords reads "Australia/Sydney" as "Sydney, Australia".
func (v *visit) zoneWords(zone string) string {
	parts := strings.Split(strings.ReplaceAll(zone, "_", " "), "/")
	last := len(parts) - 1
	if last == 0 {
		return zone
	}
	return parts[last] + ", " + v.T(parts[last-1])
}

// The first parts of the names of time zones.
var _ = []string{
	web.Text("Africa"), web.Text("America"), web.Text("Antarctica"), web.Text("Asia"), web.Text("Atlantic"),
	web.Text("Australia"), web.Text("Europe"), web.Text("Pacific"),
}

// sourceWords says which layer a value comes from, by names that the customer knows.
func (v *visit) sourceWords(s settings.Source) string {
	switch s {
	case settings.SourceAccount:
		return v.T("agreed for your account")
	case settings.SourceAccountProfile:
		return v.T("from your profile %s", v.shown(v.effective.AccountProfile))
	case settings.SourceTenant:
		return v.T("%s standard", v.live.Tenant.DisplayName)
	}
	return v.T("general default")
}

// shown is the name of a profile that a customer may see.
func (v *visit) shown(p config.Profile) string {
	switch {
	case p.Source == config.ByBuiltIn:
		return v.T("Default")
	case p.DisplayName != "":
		return p.DisplayName
	}
	return p.Name
}

// dueWords says why an invoice is due when it is.
func (v *visit) dueWords(issued, due time.Time, source, name string) string {
	if source == store.DueByInvoice {
		return v.T("as stated on the invoice")
	}
	term := v.N(int(due.Sub(issued).Hours()/24), "%d day", "%d days")
	switch settings.Source(source) {
	case settings.SourceAccount:
		return term + ", " + v.T("agreed for your account")
	case settings.SourceAccountProfile:
		return term + ", " + v.profileWords(name)
	case settings.SourceTenant:
		return term + ", " + v.T("%s standard", v.live.Tenant.DisplayName)
	}
	return term + ", " + v.T("general default")
}

// profileWords is the display name of an account profile, which may be another than the
// account has today. Only a profile that is gone shows its own name.
func (v *visit) profileWords(name string) string {
	p := v.live.For(config.Account{AccountProfile: name}).AccountProfile
	if p.Unknown != "" || name == "" {
		return name
	}
	return v.shown(p)
}

// waitWords rounds a delay up to what a person would say.
func (v *visit) waitWords(d time.Duration) string {
	if d > 90*time.Second {
		return v.N(int((d+time.Minute-1)/time.Minute), "%d minute", "%d minutes")
	}
	return v.N(int((d+time.Second-1)/time.Second), "%d second", "%d seconds")
}

// listWords joins names as "a", "a and b", "a, b and c".
func (v *visit) listWords(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return v.T("%s and %s", strings.Join(names[:last], ", "), names[last])
}

// statusWords names the status of an account.
func (v *visit) statusWords(s settings.AccountStatus) string {
	if words, known := accountStatuses[s]; known {
		return v.T(words)
	}
	return string(s)
}

var accountStatuses = map[settings.AccountStatus]string{
	settings.Prospect:  web.Text("Not active yet"),
	settings.Active:    web.Text("Active#account"),
	settings.Suspended: web.Text("Suspended#account"),
	settings.Closed:    web.Text("Closed#account"),
}

// statusKind is the tint of an account status.
func statusKind(s settings.AccountStatus) string {
	switch s {
	case settings.Active:
		return "good"
	case settings.Suspended:
		return "warn"
	}
	return ""
}

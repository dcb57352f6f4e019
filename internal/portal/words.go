package portal

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
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
			terms = append(terms, term{s.Title, v.valueWords(s.Key, s.Value), v.sourceWords(s.Source)})
		}
	}
	return terms
}

// mayKnow: what the provider's systems act on is for those who see its invoices, and
// only where the provider sets it: a built-in value says nothing about its systems.
// Custom attributes are between the provider and its systems.
func (v *visit) mayKnow(s settings.Setting) bool {
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
	if key == "creditLimit" || key == "lateFee.minimumBalance" || key == "lateFee.amount" && a.LateFee.Type.Value == settings.FlatLateFee {
		return locale.Money(v.locale(), a.Currency.Value, value)
	}
	return valueWords(key, value)
}

func valueWords(key, value string) string {
	switch key {
	case "tradingTermsDays":
		return termsWords(value)
	case "locale":
		return localeWords(value)
	case "timeZone":
		return zoneWords(value)
	case "billingDay":
		return "Day " + value + " of the month"
	case "lateFee.amount": // money is written where the currency is known
		return value + "%"
	case "lateFee.daysAfterDue":
		return lateWords(value)
	}
	if words, known := enumWords[key+" "+value]; known {
		return words
	}
	return value
}

// enumWords are the words for the values of enums.
var enumWords = map[string]string{
	"portalAccess Enabled":         "Open",
	"portalAccess Disabled":        "Closed",
	"invoiceDelivery Email":        "By email",
	"invoiceDelivery Post":         "By post",
	"invoiceDelivery EmailAndPost": "By email and post",
	"invoiceDelivery None":         "Not sent",
	"lateFee.type Flat":            "A fixed amount",
	"lateFee.type Percent":         "A percentage of what is overdue",
}

func lateWords(days string) string {
	switch days {
	case "0":
		return "The due date"
	case "1":
		return "1 day past the due date"
	}
	return days + " days past the due date"
}

func termsWords(days string) string {
	switch days {
	case "0":
		return "Invoices are due at once"
	case "1":
		return "1 day to pay"
	}
	return days + " days to pay"
}

func localeWords(tag string) string {
	parsed, err := language.Parse(tag)
	if err != nil {
		return tag
	}
	if name := display.English.Tags().Name(parsed); name != "" {
		return name
	}
	return tag
}

// zoneWords reads "Australia/Sydney" as "Sydney, Australia".
func zoneWords(zone string) string {
	parts := strings.Split(strings.ReplaceAll(zone, "_", " "), "/")
	last := len(parts) - 1
	if last == 0 {
		return zone
	}
	return parts[last] + ", " + parts[last-1]
}

// sourceWords says which layer a value comes from, by names that the customer knows.
func (v *visit) sourceWords(s settings.Source) string {
	switch s {
	case settings.SourceAccount:
		return "agreed for your account"
	case settings.SourceAccountProfile:
		return "from your profile " + shown(v.effective.AccountProfile)
	case settings.SourceTenant:
		return v.live.Tenant.DisplayName + " standard"
	}
	return "general default"
}

// shown is the name of a profile that a customer may see.
func shown(p config.Profile) string {
	if p.DisplayName != "" {
		return p.DisplayName
	}
	return p.Name
}

// dueWords says why an invoice is due when it is.
func (v *visit) dueWords(issued, due time.Time, source, name string) string {
	if source == store.DueByInvoice {
		return "as stated on the invoice"
	}
	term := countWords(int(due.Sub(issued).Hours()/24), "day", "days")
	switch settings.Source(source) {
	case settings.SourceAccount:
		return term + ", agreed for your account"
	case settings.SourceAccountProfile:
		return term + ", " + v.profileWords(name)
	case settings.SourceTenant:
		return term + ", " + v.live.Tenant.DisplayName + " standard"
	}
	return term + ", general default"
}

// profileWords is the display name of an account profile, which may be another than the
// account has today. Only a profile that is gone shows its own name.
func (v *visit) profileWords(name string) string {
	p := v.live.For(config.Account{AccountProfile: name}).AccountProfile
	if p.Unknown != "" || name == "" {
		return name
	}
	return shown(p)
}

func countWords(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// waitWords rounds a delay up to what a person would say.
func waitWords(d time.Duration) string {
	if d > 90*time.Second {
		return countWords(int((d+time.Minute-1)/time.Minute), "minute", "minutes")
	}
	return countWords(int((d+time.Second-1)/time.Second), "second", "seconds")
}

// listWords joins names as "a", "a and b", "a, b and c".
func listWords(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
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

package settings

import (
	"fmt"
	"regexp"
	"strconv"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"
)

// Access says whether something is open to a person.
type Access string

// The two values of Access.
const (
	Enabled  Access = "Enabled"
	Disabled Access = "Disabled"
)

// Attributes are the settings of one layer. A nil pointer or an empty string is
// unset and inherits. The same shape is the account's JSON column, the layer of
// an AccountProfile and the layer of a Tenant.
type Attributes struct {
	// TradingTermsDays is the number of days from issue to due date, 0 to 365.
	TradingTermsDays *int32 `json:"tradingTermsDays,omitempty"`
	// Currency is an ISO 4217 code in capitals, as "EUR".
	Currency string `json:"currency,omitempty"`
	// Locale is a BCP 47 tag, as "en-AU".
	Locale string `json:"locale,omitempty"`
	// TimeZone is an IANA name, as "Australia/Sydney".
	TimeZone string `json:"timeZone,omitempty"`
	// PortalAccess says whether people of the account can sign in to the portal.
	PortalAccess Access `json:"portalAccess,omitempty"`
}

// The built-in layer. Fourteen days are Emersion's own default trading terms.
const (
	builtInTradingTermsDays = 14
	builtInCurrency         = "EUR"
	builtInLocale           = "en"
	builtInTimeZone         = "UTC"
	builtInPortalAccess     = Enabled

	maxTradingTermsDays = 365
)

// Attribute declares one attribute.
type Attribute struct {
	Key         string // JSON name, in CRs, documents and the account's column
	Title       string // name on pages
	Description string // one sentence for docs and forms
	Allowed     string // the bounds, in words
	BuiltIn     string // the value when no layer sets one
}

// AttributeRegistry lists every attribute in the order in which pages show them.
func AttributeRegistry() []Attribute {
	return []Attribute{
		{"tradingTermsDays", "Trading terms", "Days from the issue of an invoice to its due date, for an invoice that comes without one.",
			"a whole number from 0 to 365", strconv.Itoa(builtInTradingTermsDays)},
		{"currency", "Currency", "Currency of an invoice that comes without one.",
			"an ISO 4217 code such as EUR", builtInCurrency},
		{"locale", "Language and formats", "How money, numbers and dates are written for the account.",
			"a BCP 47 language tag such as en-AU", builtInLocale},
		{"timeZone", "Time zone", "The zone in which the account's days begin and times are shown.",
			"an IANA time zone such as Australia/Sydney", builtInTimeZone},
		{"portalAccess", "Portal access", "Whether people of the account can sign in to the portal.",
			"Enabled or Disabled", string(builtInPortalAccess)},
	}
}

// Problem is a value that is not allowed. Field is the attribute's key.
type Problem struct {
	Field   string
	Message string
}

func (p Problem) Error() string { return p.Field + ": " + p.Message }

var localePattern = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// Validate returns every value of a layer that is out of bounds, in registry
// order. It also finds what a schema cannot: whether a time zone, currency or
// language exists.
func (a Attributes) Validate() []Problem {
	var problems []Problem
	refuse := func(key, format string, args ...any) {
		problems = append(problems, Problem{key, fmt.Sprintf(format, args...)})
	}
	if d := a.TradingTermsDays; d != nil && (*d < 0 || *d > maxTradingTermsDays) {
		refuse("tradingTermsDays", "%d is out of range, allowed is a whole number from 0 to %d", *d, maxTradingTermsDays)
	}
	if a.Currency != "" && !knownCurrency(a.Currency) {
		refuse("currency", "%q is not a currency, allowed is an ISO 4217 code such as EUR", a.Currency)
	}
	if a.Locale != "" && !knownLocale(a.Locale) {
		refuse("locale", "%q is not a language tag, allowed is a BCP 47 tag such as en-AU", a.Locale)
	}
	if a.TimeZone != "" && !knownTimeZone(a.TimeZone) {
		refuse("timeZone", "%q is not a time zone, allowed is an IANA name such as Australia/Sydney", a.TimeZone)
	}
	if a.PortalAccess != "" && a.PortalAccess != Enabled && a.PortalAccess != Disabled {
		refuse("portalAccess", "%q is not allowed, allowed is Enabled or Disabled", a.PortalAccess)
	}
	return problems
}

func knownCurrency(code string) bool {
	unit, err := currency.ParseISO(code)
	return err == nil && unit.String() == code // ParseISO also takes lower case
}

func knownLocale(tag string) bool {
	if !localePattern.MatchString(tag) {
		return false
	}
	_, err := language.Parse(tag)
	return err == nil
}

func knownTimeZone(name string) bool {
	_, known := Zone(name)
	return known
}

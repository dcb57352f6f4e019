package settings

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"
)

const (
	maxTradingTermsDays = 365
	maxSubAccounts      = 1000
	maxBillingDay       = 28
	maxDaysAfterDue     = 365
	maxLabel            = 80 // characters
	maxCustom           = 32
	maxName             = 63
	maxCustomValue      = 256 // characters
)

var (
	localePattern = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
	moneyPattern  = regexp.MustCompile(`^[0-9]{1,14}(\.[0-9]{1,4})?$`)
	timePattern   = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)
	namePattern   = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	// linePattern: no control character, and no space at either end.
	linePattern = regexp.MustCompile(`^[^\pZ\p{Cc}]([^\p{Cc}]*[^\pZ\p{Cc}])?$`)
)

// Problem is a value that is not allowed. Field is where it is in JSON: the attribute's
// key, or as "custom[2].value". Rule, where it is known, is the word of JSON Schema for what
// is broken.
type Problem struct {
	Field   string
	Message string
	Rule    string
}

func (p Problem) Error() string { return p.Field + ": " + p.Message }

// checker collects what is out of bounds.
type checker struct{ problems []Problem }

func (c *checker) refuse(field, format string, args ...any) {
	c.problems = append(c.problems, Problem{Field: field, Message: fmt.Sprintf(format, args...)})
}

// Validate returns every value of a layer that is out of bounds, in registry
// order. It also finds what a schema cannot: whether a time zone, currency or
// language exists.
func (a Attributes) Validate() []Problem {
	var c checker
	c.number("tradingTermsDays", a.TradingTermsDays, 0, maxTradingTermsDays)
	if a.InvoiceTemplate != "" {
		c.name("invoiceTemplate", a.InvoiceTemplate)
	}
	if a.Currency != "" && !knownCurrency(a.Currency) {
		c.refuse("currency", "%q is not a currency, allowed is an ISO 4217 code such as EUR", a.Currency)
	}
	if a.Locale != "" && !knownLocale(a.Locale) {
		c.refuse("locale", "%q is not a language tag, allowed is a BCP 47 tag such as en-AU", a.Locale)
	}
	if a.TimeZone != "" && !knownTimeZone(a.TimeZone) {
		c.refuse("timeZone", "%q is not a time zone, allowed is an IANA name such as Australia/Sydney", a.TimeZone)
	}
	oneOf(&c, "portalAccess", a.PortalAccess, Enabled, Disabled)
	c.number("maxSubAccounts", a.MaxSubAccounts, 0, maxSubAccounts)
	c.notifying(a)
	c.money("creditLimit", a.CreditLimit)
	c.number("billingDay", a.BillingDay, 1, maxBillingDay)
	oneOf(&c, "invoiceDelivery", a.InvoiceDelivery, ByEmail, ByPost, ByEmailAndPost, NotDelivered)
	oneOf(&c, "lateFee.type", a.LateFee.Type, NoLateFee, FlatLateFee, PercentLateFee)
	c.money("lateFee.amount", a.LateFee.Amount)
	c.number("lateFee.daysAfterDue", a.LateFee.DaysAfterDue, 0, maxDaysAfterDue)
	c.money("lateFee.minimumBalance", a.LateFee.MinimumBalance)
	if a.LateFee.Label != "" {
		c.line("lateFee.label", a.LateFee.Label, maxLabel)
	}
	c.custom(a.Custom)
	return c.problems
}

func (c *checker) notifying(a Attributes) {
	oneOf(c, "emailNotifications", a.EmailNotifications, Enabled, Disabled)
	oneOf(c, "smsNotifications", a.SMSNotifications, SMSEnabled, SMSDisabled, SMSWithConsent)
	oneOf(c, "reminders", a.Reminders, Enabled, Disabled)
	c.money("reminderMinimumAmount", a.ReminderMinimumAmount)
	c.quietHours("quietHours", a.QuietHours)
	oneOf(c, "requireVerifiedEmail", a.RequireVerifiedEmail, Enabled, Disabled)
	if date := a.RemindersPausedUntil; date != "" && !knownDate(date) {
		c.refuse("remindersPausedUntil", "%q is not a date, allowed is one such as 2026-12-31", date)
	}
	if a.Disputed != "" && a.Disputed != Disputed {
		c.refuse("disputed", "%q is not allowed, allowed is %s; leave it out if nothing is disputed", a.Disputed, Disputed)
	}
	oneOf(c, "consent.sms", a.Consent.SMS, ConsentGranted, ConsentWithheld)
}

func (c *checker) quietHours(field string, q QuietHours) {
	switch {
	case q == QuietHours{}:
	case !timePattern.MatchString(q.Start):
		c.refuse(field+".start", "%q is not a time of day, allowed is 00:00 to 23:59; start and end go together", q.Start)
	case !timePattern.MatchString(q.End):
		c.refuse(field+".end", "%q is not a time of day, allowed is 00:00 to 23:59; start and end go together", q.End)
	}
}

func (c *checker) number(field string, n *int32, least, most int32) {
	if n != nil && (*n < least || *n > most) {
		c.refuse(field, "%d is out of range, allowed is a whole number from %d to %d", *n, least, most)
	}
}

func (c *checker) money(field, amount string) {
	if amount != "" && !moneyPattern.MatchString(amount) {
		c.refuse(field, "%q is not an amount, allowed is %s", amount, moneyAllowed)
	}
}

func (c *checker) line(field, text string, most int) {
	if !linePattern.MatchString(text) || utf8.RuneCountInString(text) > most {
		c.refuse(field, "%q is not allowed, allowed is one line of 1 to %d characters without a space at its ends", text, most)
	}
}

// name says whether the name is allowed.
func (c *checker) name(field, name string) bool {
	allowed := len(name) <= maxName && namePattern.MatchString(name)
	if !allowed {
		c.refuse(field, "%q is not allowed, allowed are 1 to %d lower case letters, digits and '-'", name, maxName)
	}
	return allowed
}

func (c *checker) custom(list []Custom) {
	if len(list) > maxCustom {
		c.refuse("custom", "%d are too many, allowed are %d", len(list), maxCustom)
		return
	}
	for i, own := range list {
		field := fmt.Sprintf("custom[%d]", i)
		sameName := func(other Custom) bool { return other.Name == own.Name }
		if c.name(field+".name", own.Name) && slices.ContainsFunc(list[:i], sameName) {
			c.refuse(field, "%q is there twice", own.Name)
		}
		c.line(field+".value", own.Value, maxCustomValue)
	}
}

func oneOf[T ~string](c *checker, field string, value T, allowed ...T) {
	if value == "" || slices.Contains(allowed, value) {
		return
	}
	names := make([]string, len(allowed))
	for i, a := range allowed {
		names[i] = string(a)
	}
	last := len(names) - 1
	c.refuse(field, "%q is not allowed, allowed is %s or %s", value, strings.Join(names[:last], ", "), names[last])
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

func knownDate(date string) bool {
	_, err := time.Parse(time.DateOnly, date)
	return err == nil
}

func knownTimeZone(name string) bool {
	_, known := Zone(name)
	return known
}

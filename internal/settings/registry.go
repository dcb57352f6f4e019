package settings

import (
	"slices"
	"strconv"
)

// Use says who acts on an attribute.
type Use string

// The two uses.
const (
	Enforced  Use = "Enforced"  // Foyer itself
	Published Use = "Published" // the provider's systems, which ask the API for it
)

// Attribute declares one attribute.
type Attribute struct {
	// Key is the JSON name, in CRs, documents and the account's column; dotted for a
	// field of an object. "custom" stands for every custom.<name>.
	Key         string
	Title       string // name on pages
	Description string // one sentence for docs and forms
	Allowed     string // the bounds, in words
	BuiltIn     string // the value when no layer sets one; empty: it is unset then
	Use         Use
}

// declaration is an attribute, and how its value is read as text: of one layer, empty
// where that does not set it, and resolved. "custom" is a list and has neither.
type declaration struct {
	Attribute
	ofLayer  func(*Attributes) string
	resolved func(*Resolved) Value[string]
}

// The invoice templates that every tenant has, beside its own.
const (
	StandardInvoice = "standard"
	BusinessInvoice = "business"
)

// The built-in layer. Fourteen days are Emersion's own default trading terms.
const (
	builtInTradingTermsDays     = 14
	builtInInvoiceTemplate      = StandardInvoice
	builtInCurrency             = "EUR"
	builtInLocale               = "en"
	builtInTimeZone             = "UTC"
	builtInPortalAccess         = Enabled
	builtInEmailNotifications   = Enabled
	builtInSMSNotifications     = SMSEnabled
	builtInReminders            = Enabled
	builtInRequireVerifiedEmail = Disabled
	builtInInvoiceDelivery      = ByEmail
	builtInLateFeeType          = NoLateFee
)

const moneyAllowed = `a decimal in quotes such as "1500.00", with at most 14 digits before and 4 after the point`

var declarations = slices.Concat(enforced(), notifying(), accountOnly(), published())

func enforced() []declaration {
	return []declaration{
		{Attribute{"tradingTermsDays", "Trading terms", "Days from the issue of an invoice to its due date, for an invoice that comes without one.",
			"a whole number from 0 to 365", strconv.Itoa(builtInTradingTermsDays), Enforced},
			func(a *Attributes) string { return numberText(a.TradingTermsDays) },
			func(r *Resolved) Value[string] { return numberValue(r.TradingTermsDays) }},
		{Attribute{"invoiceTemplate", "Invoice template", "The template by which the portal shows an invoice.",
			"standard, business or the name of an invoice template of the Tenant", builtInInvoiceTemplate, Enforced},
			func(a *Attributes) string { return a.InvoiceTemplate },
			func(r *Resolved) Value[string] { return r.InvoiceTemplate }},
		{Attribute{"currency", "Currency", "Currency of an invoice that comes without one.",
			"an ISO 4217 code such as EUR", builtInCurrency, Enforced},
			func(a *Attributes) string { return a.Currency },
			func(r *Resolved) Value[string] { return r.Currency }},
		{Attribute{"locale", "Language and formats", "How money, numbers and dates are written for the account.",
			"a BCP 47 language tag such as en-AU", builtInLocale, Enforced},
			func(a *Attributes) string { return a.Locale },
			func(r *Resolved) Value[string] { return r.Locale }},
		{Attribute{"timeZone", "Time zone", "The zone in which the account's days begin and times are shown.",
			"an IANA time zone such as Australia/Sydney", builtInTimeZone, Enforced},
			func(a *Attributes) string { return a.TimeZone },
			func(r *Resolved) Value[string] { return r.TimeZone }},
		{Attribute{"portalAccess", "Portal access", "Whether people of the account can sign in to the portal.",
			"Enabled or Disabled", string(builtInPortalAccess), Enforced},
			func(a *Attributes) string { return string(a.PortalAccess) },
			func(r *Resolved) Value[string] { return textValue(r.PortalAccess) }},
		{Attribute{"maxSubAccounts", "Sub-accounts", "How many contacts of the account may have a sign-in, besides the owner; without a value there is no limit.",
			"a whole number from 0 to 1000", "", Enforced},
			func(a *Attributes) string { return numberText(a.MaxSubAccounts) },
			func(r *Resolved) Value[string] { return numberValue(r.MaxSubAccounts) }},
	}
}

// notifying are the attributes that decide who is sent what, and when.
func notifying() []declaration {
	return []declaration{
		{Attribute{"emailNotifications", "Emails", "Whether people of the account are mailed; what keeps a sign-in safe always is.",
			"Enabled or Disabled", string(builtInEmailNotifications), Enforced},
			func(a *Attributes) string { return string(a.EmailNotifications) },
			func(r *Resolved) Value[string] { return textValue(r.EmailNotifications) }},
		{Attribute{"smsNotifications", "Text messages", "Whether people of the account are sent text messages: always, never, or if the account's consent.sms is Granted.",
			"Enabled, Disabled or WithConsent", string(builtInSMSNotifications), Enforced},
			func(a *Attributes) string { return string(a.SMSNotifications) },
			func(r *Resolved) Value[string] { return textValue(r.SMSNotifications) }},
		{Attribute{"reminders", "Reminders", "Whether the account is reminded of unpaid invoices.",
			"Enabled or Disabled", string(builtInReminders), Enforced},
			func(a *Attributes) string { return string(a.Reminders) },
			func(r *Resolved) Value[string] { return textValue(r.Reminders) }},
		{Attribute{"reminderMinimumAmount", "Reminders from", "The balance from which on there is a reminder, in the account's currency: of the invoice, or of all that are overdue where one message is about all.",
			moneyAllowed, "", Enforced},
			func(a *Attributes) string { return a.ReminderMinimumAmount },
			func(r *Resolved) Value[string] { return r.ReminderMinimumAmount }},
		{Attribute{"quietHours", "Quiet hours", "When messages wait, in the account's time zone; what keeps a sign-in safe does not.",
			`an object with start and end, times of day from 00:00 to 23:59, as {"start": "22:00", "end": "07:00"}; with the same time twice there are none`, "", Enforced},
			func(a *Attributes) string { return a.QuietHours.String() },
			func(r *Resolved) Value[string] {
				return Value[string]{r.QuietHours.Value.String(), r.QuietHours.Source, r.QuietHours.SourceName}
			}},
		{Attribute{"requireVerifiedEmail", "Verified addresses only", "Whether mails go only to addresses that their people have verified; what keeps a sign-in safe is mailed anyway.",
			"Enabled or Disabled", string(builtInRequireVerifiedEmail), Enforced},
			func(a *Attributes) string { return string(a.RequireVerifiedEmail) },
			func(r *Resolved) Value[string] { return textValue(r.RequireVerifiedEmail) }},
	}
}

// accountOnly are the attributes that say something about one customer: profiles and
// tenants have no fields for them.
func accountOnly() []declaration {
	return []declaration{
		{Attribute{"remindersPausedUntil", "Reminders paused until", "The last day on which the account is not reminded of unpaid invoices.",
			"a date such as 2026-12-31, of an account only", "", Enforced},
			func(a *Attributes) string { return a.RemindersPausedUntil },
			func(r *Resolved) Value[string] { return r.RemindersPausedUntil }},
		{Attribute{"disputed", "Disputed", "That the customer disputes what the account owes, and is not reminded of it.",
			"Yes, of an account only", "", Enforced},
			func(a *Attributes) string { return string(a.Disputed) },
			func(r *Resolved) Value[string] { return textValue(r.Disputed) }},
		{Attribute{"consent.sms", "Consent to text messages", "Whether the customer agreed to text messages.",
			"Granted or Withheld, of an account only", "", Enforced},
			func(a *Attributes) string { return string(a.Consent.SMS) },
			func(r *Resolved) Value[string] { return textValue(r.Consent.SMS) }},
	}
}

func published() []declaration {
	return []declaration{
		{Attribute{"creditLimit", "Credit limit", "How much the account may owe, in its currency.",
			moneyAllowed, "", Published},
			func(a *Attributes) string { return a.CreditLimit },
			func(r *Resolved) Value[string] { return r.CreditLimit }},
		{Attribute{"billingDay", "Billing day", "The day of the month on which the account is billed.",
			"a whole number from 1 to 28", "", Published},
			func(a *Attributes) string { return numberText(a.BillingDay) },
			func(r *Resolved) Value[string] { return numberValue(r.BillingDay) }},
		{Attribute{"invoiceDelivery", "Invoice delivery", "How invoices reach the people of the account.",
			"Email, Post, EmailAndPost or None", string(builtInInvoiceDelivery), Published},
			func(a *Attributes) string { return string(a.InvoiceDelivery) },
			func(r *Resolved) Value[string] { return textValue(r.InvoiceDelivery) }},
		{Attribute{"lateFee.type", "Late fee", "Whether an overdue invoice costs a fee, and what the amount of the fee is: money, or a percentage of the overdue balance.",
			"None, Flat or Percent", string(builtInLateFeeType), Published},
			func(a *Attributes) string { return string(a.LateFee.Type) },
			func(r *Resolved) Value[string] { return textValue(r.LateFee.Type) }},
		{Attribute{"lateFee.amount", "Late fee amount", "The amount of the late fee, in the account's currency or in percent.",
			moneyAllowed, "", Published},
			func(a *Attributes) string { return a.LateFee.Amount },
			func(r *Resolved) Value[string] { return r.LateFee.Amount }},
		{Attribute{"lateFee.daysAfterDue", "Late fee after", "Days from the due date of an invoice to its late fee.",
			"a whole number from 0 to 365", "", Published},
			func(a *Attributes) string { return numberText(a.LateFee.DaysAfterDue) },
			func(r *Resolved) Value[string] { return numberValue(r.LateFee.DaysAfterDue) }},
		{Attribute{"lateFee.minimumBalance", "Late fee from", "The overdue balance from which on there is a late fee, in the account's currency.",
			moneyAllowed, "", Published},
			func(a *Attributes) string { return a.LateFee.MinimumBalance },
			func(r *Resolved) Value[string] { return r.LateFee.MinimumBalance }},
		{Attribute{"lateFee.label", "Late fee label", "The text of the late fee on an invoice.",
			"one line of 1 to 80 characters", "", Published},
			func(a *Attributes) string { return a.LateFee.Label },
			func(r *Resolved) Value[string] { return r.LateFee.Label }},
		{Attribute: Attribute{"custom", "Custom attributes", "The provider's own attributes, each with the key custom.<name>.",
			"a list of at most 32 objects, each with a name (1 to 63 lower case letters, digits and '-') and a value (one line of 1 to 256 characters)",
			"", Published}},
	}
}

var attributeRegistry = func() []Attribute {
	registry := make([]Attribute, len(declarations))
	for i, d := range declarations {
		registry[i] = d.Attribute
	}
	return registry
}()

// AttributeRegistry lists every attribute in the order in which pages show them. The
// caller must not change it.
func AttributeRegistry() []Attribute { return attributeRegistry }

func numberText(n *int32) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(int(*n))
}

func numberValue(v Value[int32]) Value[string] {
	if v.Source == SourceUnset {
		return Value[string]{Source: SourceUnset}
	}
	return Value[string]{strconv.Itoa(int(v.Value)), v.Source, v.SourceName}
}

func textValue[T ~string](v Value[T]) Value[string] {
	return Value[string]{string(v.Value), v.Source, v.SourceName}
}

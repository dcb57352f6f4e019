package settings

// Access says whether something is open to a person.
type Access string

// The two values of Access.
const (
	Enabled  Access = "Enabled"
	Disabled Access = "Disabled"
)

// InvoiceDelivery says how invoices reach the people of an account.
type InvoiceDelivery string

// The ways of delivery.
const (
	ByEmail        InvoiceDelivery = "Email"
	ByPost         InvoiceDelivery = "Post"
	ByEmailAndPost InvoiceDelivery = "EmailAndPost"
	NotDelivered   InvoiceDelivery = "None"
)

// LateFeeType says what the amount of a late fee is.
type LateFeeType string

// The types of late fees.
const (
	NoLateFee      LateFeeType = "None"
	FlatLateFee    LateFeeType = "Flat"    // an amount of money
	PercentLateFee LateFeeType = "Percent" // of the overdue balance
)

// SMSPermission says whether people of an account are sent text messages.
type SMSPermission string

// The permissions.
const (
	SMSEnabled     SMSPermission = "Enabled"
	SMSDisabled    SMSPermission = "Disabled"
	SMSWithConsent SMSPermission = "WithConsent" // if the account's consent.sms is Granted
)

// ConsentAnswer is what the customer said when asked.
type ConsentAnswer string

// The answers; empty: the customer was not asked.
const (
	ConsentGranted  ConsentAnswer = "Granted"
	ConsentWithheld ConsentAnswer = "Withheld"
)

// Dispute says that the customer disputes what the account owes.
type Dispute string

// Disputed is the only value of a Dispute; empty: nothing is disputed.
const Disputed Dispute = "Yes"

// Attributes are the settings of one layer. A nil pointer, an empty string and an
// empty list are unset and inherit, and are not encoded. The same shape is the
// account's JSON column, the layer of an AccountProfile and the layer of a Tenant; those
// two kinds have no fields for what is of an account only.
type Attributes struct {
	// TradingTermsDays is the number of days from issue to due date, 0 to 365.
	TradingTermsDays *int32 `json:"tradingTermsDays,omitempty"`
	// InvoiceTemplate names the template by which the portal shows an invoice: "standard",
	// "business", or one of the Tenant's own.
	InvoiceTemplate string `json:"invoiceTemplate,omitempty"`
	// Currency is an ISO 4217 code in capitals, as "EUR".
	Currency string `json:"currency,omitempty"`
	// Locale is a BCP 47 tag, as "en-AU".
	Locale string `json:"locale,omitempty"`
	// TimeZone is an IANA name, as "Australia/Sydney".
	TimeZone string `json:"timeZone,omitempty"`
	// PortalAccess says whether people of the account can sign in to the portal.
	PortalAccess Access `json:"portalAccess,omitempty"`
	// MaxSubAccounts is the number of contacts with a sign-in beside the owner, 0 to 1000.
	MaxSubAccounts *int32 `json:"maxSubAccounts,omitempty"`
	// EmailNotifications says whether people of the account are mailed.
	EmailNotifications Access `json:"emailNotifications,omitempty"`
	// SMSNotifications says whether people of the account are sent text messages.
	SMSNotifications SMSPermission `json:"smsNotifications,omitempty"`
	// Reminders says whether the account is reminded of unpaid invoices.
	Reminders Access `json:"reminders,omitempty"`
	// ReminderMinimumAmount is the balance from which on there is a reminder, a decimal in
	// the account's currency.
	ReminderMinimumAmount string `json:"reminderMinimumAmount,omitempty"`
	// QuietHours are when messages wait. They inherit as one value.
	QuietHours QuietHours `json:"quietHours,omitzero"`
	// RequireVerifiedEmail says whether only verified addresses are mailed.
	RequireVerifiedEmail Access `json:"requireVerifiedEmail,omitempty"`
	// RemindersPausedUntil is the last day on which there are no reminders, as "2026-12-31".
	// Of an account only.
	RemindersPausedUntil string `json:"remindersPausedUntil,omitempty"`
	// Disputed stops the reminders of an account that disputes what it owes. Of an account only.
	Disputed Dispute `json:"disputed,omitempty"`
	// Consent is what the customer agreed to. Of an account only.
	Consent Consent `json:"consent,omitzero"`
	// CreditLimit is a decimal in the account's currency, as "5000.00".
	CreditLimit string `json:"creditLimit,omitempty"`
	// BillingDay is the day of the month on which the account is billed, 1 to 28.
	BillingDay *int32 `json:"billingDay,omitempty"`
	// InvoiceDelivery says how invoices are delivered.
	InvoiceDelivery InvoiceDelivery `json:"invoiceDelivery,omitempty"`
	// LateFee is what an overdue invoice costs. Each of its fields inherits by itself.
	LateFee LateFee `json:"lateFee,omitzero"`
	// Custom are the provider's own attributes. Each inherits by itself, by its name.
	Custom []Custom `json:"custom,omitempty"`
}

// QuietHours are when messages wait, in the account's time zone. Where Start is later than
// End they pass midnight; where both are the same there are none, so that a layer can end
// those of the layers above.
type QuietHours struct {
	// Start is the time of day at which they begin, as "22:00".
	Start string `json:"start,omitempty"`
	// End is the time of day at which they are over, as "07:00".
	End string `json:"end,omitempty"`
}

// String is the quiet hours as "22:00-07:00", and empty where there are none.
func (q QuietHours) String() string {
	if q == (QuietHours{}) {
		return ""
	}
	return q.Start + "-" + q.End
}

// Consent is what the customer agreed to.
type Consent struct {
	// SMS says whether the customer agreed to text messages.
	SMS ConsentAnswer `json:"sms,omitempty"`
}

// LateFee is what an overdue invoice costs.
type LateFee struct {
	// Type says what Amount is.
	Type LateFeeType `json:"type,omitempty"`
	// Amount is a decimal: money in the account's currency, or a percentage.
	Amount string `json:"amount,omitempty"`
	// DaysAfterDue is the number of days from the due date to the fee, 0 to 365.
	DaysAfterDue *int32 `json:"daysAfterDue,omitempty"`
	// MinimumBalance is the overdue balance from which on there is a fee, a decimal in
	// the account's currency.
	MinimumBalance string `json:"minimumBalance,omitempty"`
	// Label is the text of the fee on an invoice.
	Label string `json:"label,omitempty"`
}

// Custom is an attribute of the provider's own. Its key is "custom." and its name.
type Custom struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// customKey is the key of a custom attribute.
func customKey(name string) string { return "custom." + name }

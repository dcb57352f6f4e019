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

// Attributes are the settings of one layer. A nil pointer, an empty string and an
// empty list are unset and inherit, and are not encoded. The same shape is the
// account's JSON column, the layer of an AccountProfile and the layer of a Tenant.
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

package integration

// The statuses of an invoice.
const (
	InvoiceOpen = "Open"
	InvoicePaid = "Paid"
	InvoiceVoid = "Void"
)

// Invoice is one invoice of an account. Dates are YYYY-MM-DD, money is a decimal string
// with at most four decimals.
type Invoice struct {
	ID               string        `json:"id,omitempty" maxLength:"64" doc:"The key of the provider's system."`
	AccountID        string        `json:"accountId" maxLength:"64" doc:"The account that it belongs to, for good."`
	Number           string        `json:"number" maxLength:"64" doc:"The number that people know it by."`
	IssuedOn         string        `json:"issuedOn" format:"date" doc:"The day on which it was issued."`
	DueOn            string        `json:"dueOn,omitempty" format:"date" doc:"The day by which it is to be paid. Left out: by the trading terms of the account, and it stays when the terms change, as long as issuedOn stays."`
	DueSource        string        `json:"dueSource,omitempty" readOnly:"true" doc:"What decided dueOn: Invoice, or whose trading terms: Account, AccountProfile, Tenant or BuiltIn."`
	DueSourceName    string        `json:"dueSourceName,omitempty" readOnly:"true" doc:"The name of what decided dueOn."`
	Currency         string        `json:"currency,omitempty" format:"currency" doc:"The ISO 4217 code of its amounts. Left out: it keeps its own, a new one gets the account's."`
	Total            string        `json:"total" format:"decimal" doc:"Its amount, taxes included. A credit note is negative."`
	TotalWithoutTax  string        `json:"totalWithoutTax,omitempty" format:"decimal" doc:"Its amount without taxes."`
	Balance          string        `json:"balance,omitempty" format:"decimal" doc:"What is still to be paid of it. Left out: total while it is Open, else 0. Payments do not change it, the provider's system does."`
	Status           string        `json:"status" enum:"Open,Paid,Void" doc:"Its status."`
	PaymentReference string        `json:"paymentReference,omitempty" maxLength:"140" doc:"What to name in a bank transfer."`
	PayURL           string        `json:"payURL,omitempty" format:"uri" maxLength:"2048" pattern:"^https://[A-Za-z0-9.:_\\[\\]-]+([/?#][!-~]*)?$" patternDescription:"an address in ASCII that begins with https://" doc:"Where it can be paid online."`
	PaidOn           string        `json:"paidOn,omitempty" format:"date" doc:"The day on which it was paid. Left out: the day on which Foyer learned that nothing is left to pay of it, if it was to be paid before."`
	Lines            []InvoiceLine `json:"lines,omitempty" maxItems:"1000" doc:"What it consists of, in order."`
	DocumentName     string        `json:"documentName,omitempty" readOnly:"true" doc:"The file name of the PDF at /invoices/{id}/document. Missing: there is none."`
	Meta
}

// InvoiceLine is one line of an invoice. Whether its amount includes taxes is as the
// provider prints it: amounts of lines are shown, and nothing is computed of them.
type InvoiceLine struct {
	Description string `json:"description" maxLength:"500" doc:"What it is."`
	Quantity    string `json:"quantity,omitempty" format:"decimal" doc:"How many or how much. Left out: 1."`
	Amount      string `json:"amount" format:"decimal" doc:"The amount of the line."`
}

package integration

// The statuses of a payment.
const (
	PaymentReceived = "Received"
	PaymentFailed   = "Failed"
)

// Payment is one payment of an account, or an attempt that failed. It changes the
// balance of no invoice: the provider's system is the master of balances, and sends the
// invoice too.
type Payment struct {
	ID        string           `json:"id,omitempty" maxLength:"64" doc:"The key of the provider's system."`
	AccountID string           `json:"accountId" maxLength:"64" doc:"The account that it belongs to, for good."`
	Status    string           `json:"status" enum:"Received,Failed" doc:"Failed: it was refused or returned."`
	Amount    string           `json:"amount" format:"decimal" doc:"How much it is, more than 0."`
	Currency  string           `json:"currency,omitempty" format:"currency" doc:"The ISO 4217 code of its amounts. Left out: it keeps its own, a new one gets the account's."`
	PaidOn    string           `json:"paidOn" format:"date" doc:"The day of the payment or of the attempt."`
	Method    string           `json:"method,omitempty" maxLength:"100" doc:"How it was made, in words for the customer, as Card ending in 4242."`
	Reference string           `json:"reference,omitempty" maxLength:"140" doc:"What was named in it."`
	Reason    string           `json:"reason,omitempty" maxLength:"500" doc:"Why it failed, in words for the customer. A failed payment has one, a received one has none."`
	RetryOn   string           `json:"retryOn,omitempty" format:"date" doc:"The day on which a failed payment is tried again. Left out: it is not."`
	Invoices  []PaymentInvoice `json:"invoices,omitempty" maxItems:"1000" doc:"The invoices that it is for, each once. Their amounts are at most that of the payment."`
	Meta
}

// PaymentInvoice is how much of a payment is for an invoice.
type PaymentInvoice struct {
	ID     string `json:"id" maxLength:"64" doc:"The id of an invoice of the account."`
	Amount string `json:"amount" format:"decimal" doc:"How much of the payment is for it, more than 0."`
}

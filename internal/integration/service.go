package integration

// Service is what an account has of the provider: a line, a tariff, an option.
type Service struct {
	ID            string `json:"id,omitempty" maxLength:"64" doc:"The key of the provider's system."`
	AccountID     string `json:"accountId" maxLength:"64" doc:"The account that it belongs to, for good."`
	Name          string `json:"name" maxLength:"200" doc:"The name that people know it by."`
	Description   string `json:"description,omitempty" maxLength:"2000" lines:"true" doc:"What it is, in words for the customer."`
	Number        string `json:"number,omitempty" maxLength:"64" doc:"The number or identifier of the line, if it has one."`
	Status        string `json:"status" enum:"Pending,Active,Suspended,Cancelled" doc:"Cancelled: it ends, or has ended, on endsOn."`
	SiteID        string `json:"siteId,omitempty" maxLength:"64" doc:"The site of the account where it is."`
	StartsOn      string `json:"startsOn" format:"date" doc:"The first day on which it can be used."`
	EndsOn        string `json:"endsOn,omitempty" format:"date" doc:"The last day on which it can be used. A cancelled service has one."`
	CancelReason  string `json:"cancelReason,omitempty" maxLength:"500" doc:"Why it was cancelled, in words for the customer. Only of a cancelled service."`
	Price         string `json:"price,omitempty" format:"decimal" doc:"What it costs each time that it is billed, taxes included."`
	Currency      string `json:"currency,omitempty" format:"currency" doc:"The ISO 4217 code of price. Left out: it keeps its own, a new price gets the account's."`
	BillingMonths int64  `json:"billingMonths,omitempty" minimum:"1" maximum:"120" doc:"How many months a bill of it is for: 1 is monthly, 12 yearly. Left out: once, or not said."`
	Meta
}

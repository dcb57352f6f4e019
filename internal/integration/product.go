package integration

// Product is what customers can order in the portal. It belongs to no account.
type Product struct {
	ID            string `json:"id,omitempty" maxLength:"64" doc:"The key of the provider's system."`
	Name          string `json:"name" maxLength:"200" doc:"The name that people know it by."`
	Description   string `json:"description,omitempty" maxLength:"2000" lines:"true" doc:"What it is, in words for the customer."`
	Price         string `json:"price" format:"decimal" pattern:"^[0-9]{1,14}(\\.[0-9]{1,4})?$" patternDescription:"a decimal string of 0 or more, with at most 14 digits before and 4 after the point" doc:"What one of it costs each time that it is billed, taxes included, with no more decimals than its currency has."`
	Currency      string `json:"currency,omitempty" format:"currency" doc:"The ISO 4217 code of price. Left out: it keeps its own, a new one gets the Tenant's. It is offered to accounts with this currency."`
	BillingMonths int64  `json:"billingMonths,omitempty" minimum:"1" maximum:"120" doc:"How many months a bill of it is for: 1 is monthly, 12 yearly. Left out: it is paid once."`
	State         string `json:"state,omitempty" enum:"Offered,Withdrawn" doc:"Withdrawn: it is not ordered any more, and orders that have it stay. Left out it stays as it is; a new product is Offered."`
	Meta
}

package integration

import "time"

// Order is what was ordered for an account.
type Order struct {
	ID        string      `json:"id,omitempty" maxLength:"64" doc:"The key of the provider's system."`
	AccountID string      `json:"accountId" maxLength:"64" doc:"The account that it belongs to, for good."`
	Number    string      `json:"number" maxLength:"64" doc:"The number that people know it by."`
	Status    string      `json:"status" enum:"Placed,InProgress,Completed,Cancelled" doc:"How far it is."`
	PlacedAt  time.Time   `json:"placedAt" doc:"When it was placed."`
	PlacedBy  string      `json:"placedBy,omitempty" maxLength:"200" doc:"The name of the person who placed it."`
	Total     string      `json:"total" format:"decimal" doc:"Its amount, taxes included."`
	Currency  string      `json:"currency,omitempty" format:"currency" doc:"The ISO 4217 code of its amounts. Left out: it keeps its own, a new one gets the account's."`
	Items     []OrderItem `json:"items,omitempty" maxItems:"1000" doc:"What was ordered."`
	Comment   string      `json:"comment,omitempty" readOnly:"true" doc:"What the person wrote with an order of the portal."`
	Meta
}

// OrderItem is one thing that was ordered.
type OrderItem struct {
	Description   string `json:"description" maxLength:"500" doc:"What it is."`
	Quantity      int64  `json:"quantity" minimum:"1" maximum:"1000000" doc:"How many."`
	Amount        string `json:"amount" format:"decimal" doc:"The amount of all of them, taxes included."`
	ProductID     string `json:"productId,omitempty" maxLength:"64" doc:"The product that it is, if it was ordered in the portal. The product may be gone by now."`
	BillingMonths int64  `json:"billingMonths,omitempty" minimum:"1" maximum:"120" doc:"How many months a bill of it is for: 1 is monthly, 12 yearly. Left out: it is paid once."`
}

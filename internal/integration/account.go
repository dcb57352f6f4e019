package integration

import "github.com/foyerhq/foyer/internal/settings"

// Account is a customer of the tenant: the billed party.
type Account struct {
	ID               string                 `json:"id,omitempty" maxLength:"64" doc:"The key of the provider's system."`
	Name             string                 `json:"name" maxLength:"200" doc:"The name of the customer."`
	Status           settings.AccountStatus `json:"status,omitempty" enum:"Prospect,Active,Suspended,Closed" doc:"Left out it stays as it is; a new account is Active then. An account is never deleted: Closed is its end."`
	StatusReason     string                 `json:"statusReason,omitempty" maxLength:"500" doc:"Why it has this status, in words for the customer. A PATCH of the status alone clears it."`
	AccountProfile   string                 `json:"accountProfile,omitempty" maxLength:"253" doc:"The name of the AccountProfile that it is treated by. Left out: the tenant's default."`
	MyAccountProfile string                 `json:"myAccountProfile,omitempty" maxLength:"253" doc:"The name of the MyAccountProfile that it is pinned to. Left out: the one that its customer groups, its AccountProfile or the tenant bring."`
	Groups           []string               `json:"groups,omitempty" maxItems:"64" maxLength:"64" uniqueItems:"true" doc:"The customer groups that it is in. They must exist."`
	Attributes       settings.Attributes    `json:"attributes,omitzero" doc:"Its own settings. What is left out or null is inherited from its AccountProfile, the Tenant or the built-in values."`
	Address          string                 `json:"address,omitempty" maxLength:"500" lines:"true" doc:"Its postal address. Address, telephone number and tax number can be changed by its people too, in the portal: follow /changes, and leave none of them out of a PUT."`
	Phone            string                 `json:"phone,omitempty" maxLength:"40" doc:"Its telephone number, as +447700900142 or as people write it."`
	TaxID            string                 `json:"taxId,omitempty" maxLength:"40" doc:"Its number for taxes, as an ABN or a VAT number."`
	StartsOn         string                 `json:"startsOn,omitempty" format:"date" doc:"The day from which it is a customer. Left out it stays as it is; a new account begins today."`
	Meta
}

// MaxGroups is how many customer groups an account can be in.
const MaxGroups = 64

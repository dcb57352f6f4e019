package integration

// Number is a telephone number of an account, or another identifier that calls come in on.
type Number struct {
	ID                  string           `json:"id,omitempty" maxLength:"64" doc:"The key of the provider's system."`
	AccountID           string           `json:"accountId" maxLength:"64" doc:"The account that it belongs to, for good."`
	Number              string           `json:"number" maxLength:"64" doc:"As calls name it, best as +61299990000 (E.164). No two numbers of the tenant are the same."`
	Description         Optional[string] `json:"description,omitzero" maxLength:"200" doc:"The customer's own description. Left out it stays as it is, whatever else is written, in a PUT too; null clears it."`
	ProviderDescription string           `json:"providerDescription,omitempty" maxLength:"200" doc:"The provider's description."`
	SiteID              string           `json:"siteId,omitempty" maxLength:"64" doc:"The site of the account where it rings."`
	CampaignID          string           `json:"campaignId,omitempty" maxLength:"64" doc:"The campaign of the account that it is used for."`
	Meta
}

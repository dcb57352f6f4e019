package integration

// AccountSettings is everything that applies to one account, and why.
type AccountSettings struct {
	AccountID        string           `json:"accountId" doc:"The account."`
	Status           string           `json:"status" doc:"Its status."`
	AccountProfile   AppliedProfile   `json:"accountProfile" doc:"The AccountProfile that it is treated by."`
	MyAccountProfile *AppliedProfile  `json:"myAccountProfile" doc:"The MyAccountProfile that its people have; null: the account has no portal."`
	HasPortal        bool             `json:"hasPortal" doc:"Whether people of the account can sign in."`
	Attributes       []AppliedSetting `json:"attributes" nullable:"false" doc:"Every attribute, also those that nothing sets, and every custom attribute that a layer sets."`
	Features         []AppliedFeature `json:"features" nullable:"false" doc:"Every feature."`
	SettingsDigest   string           `json:"settingsDigest" doc:"The settings document that this is by."`
}

// AppliedProfile is a profile that applies to an account.
type AppliedProfile struct {
	Name        string `json:"name" doc:"Its name."`
	DisplayName string `json:"displayName,omitempty" doc:"Its name for people."`
	Source      string `json:"source" enum:"Account,Customer,CustomerGroup,AccountProfile,Tenant,BuiltIn" doc:"Why it applies: assigned to the account, because it names the customer or one of its groups, by the AccountProfile, as the tenant's default, or because there is none."`
	SourceName  string `json:"sourceName,omitempty" doc:"The name of the source."`
	Unknown     string `json:"unknown,omitempty" doc:"The name that the account has but that no live profile has."`
}

// AppliedSetting is the value of an attribute and the layer that decided it.
type AppliedSetting struct {
	Key        string `json:"key" doc:"The attribute, as tradingTermsDays, lateFee.amount or custom.tier."`
	Value      string `json:"value" doc:"The value as text; empty if it is Unset."`
	Source     string `json:"source" enum:"Account,AccountProfile,Tenant,BuiltIn,Unset" doc:"The layer that decided. Unset: none has a value."`
	SourceName string `json:"sourceName,omitempty" doc:"The account or the object that has the value."`
}

// AppliedFeature says whether the account's owner has a feature, and if not, why.
type AppliedFeature struct {
	Feature    string `json:"feature" doc:"The feature, as ViewInvoices."`
	Decision   string `json:"decision" enum:"Allowed,NotInProfile,NotInStatus" doc:"Whether the account's owner has it."`
	Source     string `json:"source" doc:"What decided: MyAccountProfile."`
	SourceName string `json:"sourceName,omitempty" doc:"The MyAccountProfile that decided."`
}

// SettingsUsage says of every attribute how many accounts set it themselves, and from
// where the others have it.
type SettingsUsage struct {
	Accounts       int64            `json:"accounts" doc:"All accounts of the tenant."`
	Attributes     []AttributeUsage `json:"attributes" nullable:"false" doc:"Every attribute, and every custom attribute that a layer sets."`
	SettingsDigest string           `json:"settingsDigest" doc:"The settings document that this is by."`
}

// AttributeUsage is the usage of one attribute.
type AttributeUsage struct {
	Key       string           `json:"key" doc:"The attribute, as tradingTermsDays, lateFee.amount or custom.tier."`
	Override  int64            `json:"override" doc:"How many accounts set it themselves."`
	Inherit   int64            `json:"inherit" doc:"How many do not."`
	Inherited []InheritedUsage `json:"inherited" nullable:"false" doc:"Of those that do not: from where they have it."`
}

// InheritedUsage counts the accounts that have an attribute from one place.
type InheritedUsage struct {
	Source     string `json:"source" enum:"AccountProfile,Tenant,BuiltIn,Unset" doc:"The layer that has the value. Unset: none."`
	SourceName string `json:"sourceName,omitempty" doc:"The AccountProfile or the Tenant."`
	Value      string `json:"value,omitempty" doc:"The value as text."`
	Accounts   int64  `json:"accounts" doc:"How many accounts have it from there."`
}

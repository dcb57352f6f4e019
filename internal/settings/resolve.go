package settings

import (
	"slices"
	"strings"
)

// Source names the layer that decided a value.
type Source string

// The layers, from the strongest to the weakest, and what is none.
const (
	SourceAccount        Source = "Account"
	SourceAccountProfile Source = "AccountProfile"
	SourceTenant         Source = "Tenant"
	SourceBuiltIn        Source = "BuiltIn"
	SourceUnset          Source = "Unset" // no layer sets the attribute, and it has no built-in value
)

// Layer is one source of attributes. Name is the object's or account's name; the
// built-in layer has none.
type Layer struct {
	Source     Source
	Name       string
	Attributes Attributes
}

// Value is a resolved value and where it came from. It is zero where the source is
// SourceUnset.
type Value[T any] struct {
	Value      T
	Source     Source
	SourceName string
}

// Resolved holds the effective value of every attribute.
type Resolved struct {
	TradingTermsDays      Value[int32]
	InvoiceTemplate       Value[string]
	Currency              Value[string]
	Locale                Value[string]
	TimeZone              Value[string]
	PortalAccess          Value[Access]
	MaxSubAccounts        Value[int32] // SourceUnset: no limit
	EmailNotifications    Value[Access]
	SMSNotifications      Value[SMSPermission]
	Reminders             Value[Access]
	ReminderMinimumAmount Value[string]     // SourceUnset: any amount
	QuietHours            Value[QuietHours] // SourceUnset: none
	RequireVerifiedEmail  Value[Access]
	RemindersPausedUntil  Value[string]
	Disputed              Value[Dispute]
	Consent               ResolvedConsent
	CreditLimit           Value[string]
	BillingDay            Value[int32]
	InvoiceDelivery       Value[InvoiceDelivery]
	LateFee               ResolvedLateFee
	Custom                []ResolvedCustom // sorted by name
}

// ResolvedConsent holds the effective value of every field of Consent.
type ResolvedConsent struct {
	SMS Value[ConsentAnswer]
}

// ResolvedLateFee holds the effective value of every field of LateFee.
type ResolvedLateFee struct {
	Type           Value[LateFeeType]
	Amount         Value[string]
	DaysAfterDue   Value[int32]
	MinimumBalance Value[string]
	Label          Value[string]
}

// ResolvedCustom is a custom attribute that a layer sets.
type ResolvedCustom struct {
	Name string
	Value[string]
}

// Resolve returns every attribute with its source. Layers come strongest first;
// the built-in layer is implied and never listed. It allocates only for custom
// attributes.
func Resolve(layers ...Layer) Resolved {
	return Resolved{
		TradingTermsDays:      number(layers, func(a *Attributes) *int32 { return a.TradingTermsDays }).or(builtInTradingTermsDays),
		InvoiceTemplate:       text(layers, func(a *Attributes) string { return a.InvoiceTemplate }).or(builtInInvoiceTemplate),
		Currency:              text(layers, func(a *Attributes) string { return a.Currency }).or(builtInCurrency),
		Locale:                text(layers, func(a *Attributes) string { return a.Locale }).or(builtInLocale),
		TimeZone:              text(layers, func(a *Attributes) string { return a.TimeZone }).or(builtInTimeZone),
		PortalAccess:          text(layers, func(a *Attributes) Access { return a.PortalAccess }).or(builtInPortalAccess),
		MaxSubAccounts:        number(layers, func(a *Attributes) *int32 { return a.MaxSubAccounts }),
		EmailNotifications:    text(layers, func(a *Attributes) Access { return a.EmailNotifications }).or(builtInEmailNotifications),
		SMSNotifications:      text(layers, func(a *Attributes) SMSPermission { return a.SMSNotifications }).or(builtInSMSNotifications),
		Reminders:             text(layers, func(a *Attributes) Access { return a.Reminders }).or(builtInReminders),
		ReminderMinimumAmount: text(layers, func(a *Attributes) string { return a.ReminderMinimumAmount }),
		QuietHours:            quietHours(layers),
		RequireVerifiedEmail:  text(layers, func(a *Attributes) Access { return a.RequireVerifiedEmail }).or(builtInRequireVerifiedEmail),
		RemindersPausedUntil:  text(layers, func(a *Attributes) string { return a.RemindersPausedUntil }),
		Disputed:              text(layers, func(a *Attributes) Dispute { return a.Disputed }),
		Consent:               ResolvedConsent{SMS: text(layers, func(a *Attributes) ConsentAnswer { return a.Consent.SMS })},
		CreditLimit:           text(layers, func(a *Attributes) string { return a.CreditLimit }),
		BillingDay:            number(layers, func(a *Attributes) *int32 { return a.BillingDay }),
		InvoiceDelivery:       text(layers, func(a *Attributes) InvoiceDelivery { return a.InvoiceDelivery }).or(builtInInvoiceDelivery),
		LateFee: ResolvedLateFee{
			Type:           text(layers, func(a *Attributes) LateFeeType { return a.LateFee.Type }).or(builtInLateFeeType),
			Amount:         text(layers, func(a *Attributes) string { return a.LateFee.Amount }),
			DaysAfterDue:   number(layers, func(a *Attributes) *int32 { return a.LateFee.DaysAfterDue }),
			MinimumBalance: text(layers, func(a *Attributes) string { return a.LateFee.MinimumBalance }),
			Label:          text(layers, func(a *Attributes) string { return a.LateFee.Label }),
		},
		Custom: resolveCustom(layers),
	}
}

func text[T ~string](layers []Layer, get func(*Attributes) T) Value[T] {
	for i := range layers {
		if v := get(&layers[i].Attributes); v != "" {
			return Value[T]{v, layers[i].Source, layers[i].Name}
		}
	}
	return Value[T]{Source: SourceUnset}
}

func number(layers []Layer, get func(*Attributes) *int32) Value[int32] {
	for i := range layers {
		if v := get(&layers[i].Attributes); v != nil {
			return Value[int32]{*v, layers[i].Source, layers[i].Name}
		}
	}
	return Value[int32]{Source: SourceUnset}
}

func quietHours(layers []Layer) Value[QuietHours] {
	for i := range layers {
		if v := layers[i].Attributes.QuietHours; v != (QuietHours{}) {
			return Value[QuietHours]{v, layers[i].Source, layers[i].Name}
		}
	}
	return Value[QuietHours]{Source: SourceUnset}
}

// or is the built-in value where no layer sets one.
func (v Value[T]) or(builtIn T) Value[T] {
	if v.Source != SourceUnset {
		return v
	}
	return Value[T]{Value: builtIn, Source: SourceBuiltIn}
}

// resolveCustom merges name by name: of those of one name the first counts.
func resolveCustom(layers []Layer) []ResolvedCustom {
	count := 0
	for i := range layers {
		count += len(layers[i].Attributes.Custom)
	}
	if count == 0 {
		return nil
	}
	all := make([]ResolvedCustom, 0, count)
	for i := range layers {
		for _, own := range layers[i].Attributes.Custom {
			all = append(all, ResolvedCustom{own.Name, Value[string]{own.Value, layers[i].Source, layers[i].Name}})
		}
	}
	slices.SortStableFunc(all, func(a, b ResolvedCustom) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(all, func(a, b ResolvedCustom) bool { return a.Name == b.Name })
}

// Setting is one resolved attribute in text form, for pages and answers. Value is
// empty where Source is SourceUnset, and only there.
type Setting struct {
	Key        string
	Title      string
	Value      string
	Source     Source
	SourceName string
	Use        Use
}

// List returns every attribute in registry order, and at its end every custom
// attribute that a layer sets, by name.
func (r Resolved) List() []Setting {
	list := make([]Setting, 0, len(declarations)+len(r.Custom))
	for _, d := range declarations {
		if d.resolved == nil {
			continue
		}
		v := d.resolved(&r)
		list = append(list, Setting{d.Key, d.Title, v.Value, v.Source, v.SourceName, d.Use})
	}
	for _, own := range r.Custom {
		list = append(list, Setting{customKey(own.Name), own.Name, own.Value.Value, own.Source, own.SourceName, Published})
	}
	return list
}

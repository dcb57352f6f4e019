package settings

import "strconv"

// Source names the layer that decided a value.
type Source string

// The layers, from the strongest to the weakest.
const (
	SourceAccount        Source = "Account"
	SourceAccountProfile Source = "AccountProfile"
	SourceTenant         Source = "Tenant"
	SourceBuiltIn        Source = "BuiltIn"
)

// Layer is one source of attributes. Name is the object's or account's name; the
// built-in layer has none.
type Layer struct {
	Source     Source
	Name       string
	Attributes Attributes
}

// Value is a resolved value and where it came from.
type Value[T any] struct {
	Value      T
	Source     Source
	SourceName string
}

// Resolved holds the effective value of every attribute.
type Resolved struct {
	TradingTermsDays Value[int32]
	Currency         Value[string]
	Locale           Value[string]
	TimeZone         Value[string]
	PortalAccess     Value[Access]
}

// Resolve returns every attribute with its source. Layers come strongest first;
// the built-in layer is implied and never listed. It allocates nothing.
func Resolve(layers ...Layer) Resolved {
	return Resolved{
		TradingTermsDays: resolveOne(layers, builtInTradingTermsDays, func(a *Attributes) (int32, bool) {
			if a.TradingTermsDays == nil {
				return 0, false
			}
			return *a.TradingTermsDays, true
		}),
		Currency:     resolveOne(layers, builtInCurrency, func(a *Attributes) (string, bool) { return a.Currency, a.Currency != "" }),
		Locale:       resolveOne(layers, builtInLocale, func(a *Attributes) (string, bool) { return a.Locale, a.Locale != "" }),
		TimeZone:     resolveOne(layers, builtInTimeZone, func(a *Attributes) (string, bool) { return a.TimeZone, a.TimeZone != "" }),
		PortalAccess: resolveOne(layers, builtInPortalAccess, func(a *Attributes) (Access, bool) { return a.PortalAccess, a.PortalAccess != "" }),
	}
}

func resolveOne[T any](layers []Layer, builtIn T, get func(*Attributes) (T, bool)) Value[T] {
	for i := range layers {
		if v, set := get(&layers[i].Attributes); set {
			return Value[T]{v, layers[i].Source, layers[i].Name}
		}
	}
	return Value[T]{Value: builtIn, Source: SourceBuiltIn}
}

// Setting is one resolved attribute in text form, for pages and answers.
type Setting struct {
	Key        string
	Title      string
	Value      string
	Source     Source
	SourceName string
}

// List returns every attribute in registry order.
func (r Resolved) List() []Setting {
	texts := map[string]Value[string]{
		"tradingTermsDays": {strconv.Itoa(int(r.TradingTermsDays.Value)), r.TradingTermsDays.Source, r.TradingTermsDays.SourceName},
		"currency":         r.Currency,
		"locale":           r.Locale,
		"timeZone":         r.TimeZone,
		"portalAccess":     {string(r.PortalAccess.Value), r.PortalAccess.Source, r.PortalAccess.SourceName},
	}
	list := make([]Setting, 0, len(texts))
	for _, a := range AttributeRegistry() {
		v := texts[a.Key]
		list = append(list, Setting{a.Key, a.Title, v.Value, v.Source, v.SourceName})
	}
	return list
}

package backoffice

import (
	"context"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

type usageOutput struct {
	Body integration.SettingsUsage
}

func (a *api) settingsUsage(ctx context.Context, _ *struct{}) (*usageOutput, error) {
	live, err := a.live()
	if err != nil {
		return nil, err
	}
	uses, err := a.Store.AttributeUse(ctx)
	if err != nil {
		return nil, err
	}
	return &usageOutput{countUse(live, uses)}, nil
}

// profileUse is what the accounts that name one account profile set themselves, and what
// applies to those of them that set nothing.
type profileUse struct {
	accounts int64
	override map[string]int64 // by attribute
	inherit  map[string]settings.Setting
}

// countUse sums by attribute: no account is looked at, because all that name one profile
// inherit the same.
func countUse(live *config.Live, uses []store.AttributeUse) integration.SettingsUsage {
	answer := integration.SettingsUsage{SettingsDigest: live.Digest}
	profiles := map[string]*profileUse{}
	var order []string // of the attributes: the registry's, then custom ones
	for _, s := range settings.Resolve().List() {
		order = append(order, s.Key)
	}
	custom := map[string]bool{}
	for key := range inheritance(live, "") {
		custom[key] = isCustom(key)
	}
	for _, use := range uses {
		p := profiles[use.AccountProfile]
		if p == nil {
			p = &profileUse{override: map[string]int64{}, inherit: inheritance(live, use.AccountProfile)}
			profiles[use.AccountProfile] = p
			for key := range p.inherit {
				custom[key] = custom[key] || isCustom(key)
			}
		}
		if use.Attribute == "" {
			p.accounts = use.Accounts
			answer.Accounts += use.Accounts
			continue
		}
		p.override[use.Attribute] = use.Accounts
		custom[use.Attribute] = isCustom(use.Attribute)
	}
	var names []string
	for key, is := range custom {
		if is {
			names = append(names, key)
		}
	}
	slices.Sort(names)
	for _, key := range append(order, names...) {
		answer.Attributes = append(answer.Attributes, attributeUse(key, profiles))
	}
	return answer
}

func isCustom(key string) bool { return strings.HasPrefix(key, "custom.") }

// inheritance is what applies to an account of a profile that sets nothing itself.
func inheritance(live *config.Live, profile string) map[string]settings.Setting {
	byKey := map[string]settings.Setting{}
	for _, s := range live.For(config.Account{AccountProfile: profile}).Attributes.List() {
		byKey[s.Key] = s
	}
	return byKey
}

func attributeUse(key string, profiles map[string]*profileUse) integration.AttributeUsage {
	use := integration.AttributeUsage{Key: key, Inherited: []integration.InheritedUsage{}}
	from := map[settings.Setting]int64{}
	for _, p := range profiles {
		use.Override += p.override[key]
		inherit := p.accounts - p.override[key]
		if inherit == 0 {
			continue
		}
		use.Inherit += inherit
		s, applies := p.inherit[key]
		if !applies { // a custom attribute that only accounts, or other profiles, set
			s.Source = settings.SourceUnset
		}
		from[settings.Setting{Source: s.Source, SourceName: s.SourceName, Value: s.Value}] += inherit
	}
	for s, accounts := range from {
		use.Inherited = append(use.Inherited, integration.InheritedUsage{
			Source: string(s.Source), SourceName: s.SourceName, Value: s.Value, Accounts: accounts,
		})
	}
	slices.SortFunc(use.Inherited, func(x, y integration.InheritedUsage) int {
		return strings.Compare(x.Source+"\n"+x.SourceName, y.Source+"\n"+y.SourceName)
	})
	return use
}

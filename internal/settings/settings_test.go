package settings_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/settings"
)

func days(n int32) *int32 { return &n }

func TestValidate(t *testing.T) {
	tests := map[string]struct {
		attributes settings.Attributes
		want       []string // field and a part of the message; none: allowed
	}{
		"nothing set":     {settings.Attributes{}, nil},
		"everything set":  {settings.Attributes{TradingTermsDays: days(365), Currency: "EUR", Locale: "en-AU", TimeZone: "Australia/Sydney", PortalAccess: settings.Disabled}, nil},
		"zero days":       {settings.Attributes{TradingTermsDays: days(0)}, nil},
		"negative days":   {settings.Attributes{TradingTermsDays: days(-1)}, []string{"tradingTermsDays: -1 is out of range, allowed is a whole number from 0 to 365"}},
		"too many days":   {settings.Attributes{TradingTermsDays: days(366)}, []string{"tradingTermsDays: 366 is out of range"}},
		"no currency":     {settings.Attributes{Currency: "ABC"}, []string{`currency: "ABC" is not a currency, allowed is an ISO 4217 code`}},
		"small currency":  {settings.Attributes{Currency: "eur"}, []string{`currency: "eur"`}},
		"long currency":   {settings.Attributes{Currency: "EURO"}, []string{`currency: "EURO"`}},
		"language only":   {settings.Attributes{Locale: "de"}, nil},
		"script":          {settings.Attributes{Locale: "zh-Hant-TW"}, nil},
		"no language":     {settings.Attributes{Locale: "xx-yy-zz"}, []string{`locale: "xx-yy-zz" is not a language tag, allowed is a BCP 47 tag`}},
		"capitals":        {settings.Attributes{Locale: "EN"}, []string{`locale: "EN"`}},
		"underscore":      {settings.Attributes{Locale: "en_AU"}, []string{`locale: "en_AU"`}},
		"UTC":             {settings.Attributes{TimeZone: "UTC"}, nil},
		"no zone":         {settings.Attributes{TimeZone: "Mars/Olympus"}, []string{`timeZone: "Mars/Olympus" is not a time zone, allowed is an IANA name`}},
		"machine's zone":  {settings.Attributes{TimeZone: "Local"}, []string{`timeZone: "Local"`}},
		"a path":          {settings.Attributes{TimeZone: "../../etc/passwd"}, []string{`timeZone: "../../etc/passwd"`}},
		"no access":       {settings.Attributes{PortalAccess: "Maybe"}, []string{`portalAccess: "Maybe" is not allowed, allowed is Enabled or Disabled`}},
		"everything once": {settings.Attributes{TradingTermsDays: days(-1), Currency: "1", Locale: "1", TimeZone: "1", PortalAccess: "1"}, []string{"tradingTermsDays", "currency", "locale", "timeZone", "portalAccess"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			problems := test.attributes.Validate()
			if len(problems) != len(test.want) {
				t.Fatalf("problems %v, want %q", problems, test.want)
			}
			for i, want := range test.want {
				if got := problems[i].Error(); !strings.HasPrefix(got, want) {
					t.Errorf("problem %q, want %q", got, want)
				}
			}
		})
	}
}

// An attribute is declared in one place: what the registry lists, the type, the
// resolution and the text form all have.
func TestRegistryIsComplete(t *testing.T) {
	var registry, fields, listed []string
	for _, a := range settings.AttributeRegistry() {
		registry = append(registry, a.Key)
		if a.Title == "" || a.Allowed == "" || !strings.HasSuffix(a.Description, ".") {
			t.Errorf("%s is not declared in full: %+v", a.Key, a)
		}
	}
	for field := range reflect.TypeFor[settings.Attributes]().Fields() {
		key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		fields = append(fields, key)
	}
	for i, s := range settings.Resolve().List() {
		listed = append(listed, s.Key)
		if a := settings.AttributeRegistry()[i]; s.Value != a.BuiltIn || s.Source != settings.SourceBuiltIn || s.SourceName != "" || s.Title != a.Title {
			t.Errorf("built-in %+v, want %+v", s, a)
		}
	}
	if diff := cmp.Diff(registry, fields); diff != "" {
		t.Errorf("registry and type:\n%s", diff)
	}
	if diff := cmp.Diff(registry, listed); diff != "" {
		t.Errorf("registry and resolution:\n%s", diff)
	}
}

func TestBuiltInValuesAreAllowed(t *testing.T) {
	for _, s := range settings.Resolve().List() {
		raw := fmt.Sprintf("{%q: %q}", s.Key, s.Value)
		if s.Key == "tradingTermsDays" {
			raw = fmt.Sprintf("{%q: %s}", s.Key, s.Value)
		}
		var a settings.Attributes
		if err := json.Unmarshal([]byte(raw), &a); err != nil {
			t.Fatal(err)
		}
		if a == (settings.Attributes{}) || len(a.Validate()) > 0 {
			t.Errorf("%s: %+v, problems %v", raw, a, a.Validate())
		}
	}
}

// For each attribute and each set of layers that set it, the strongest layer decides.
func TestTheStrongestLayerDecides(t *testing.T) {
	sources := []settings.Source{settings.SourceAccount, settings.SourceAccountProfile, settings.SourceTenant}
	values := []settings.Attributes{
		{TradingTermsDays: days(0), Currency: "AUD", Locale: "en-AU", TimeZone: "Australia/Sydney", PortalAccess: settings.Disabled},
		{TradingTermsDays: days(21), Currency: "USD", Locale: "en-US", TimeZone: "America/New_York", PortalAccess: settings.Enabled},
		{TradingTermsDays: days(30), Currency: "GBP", Locale: "en-GB", TimeZone: "Europe/London", PortalAccess: settings.Disabled},
	}
	own := map[string][]string{
		"tradingTermsDays": {"0", "21", "30"}, "currency": {"AUD", "USD", "GBP"}, "locale": {"en-AU", "en-US", "en-GB"},
		"timeZone": {"Australia/Sydney", "America/New_York", "Europe/London"}, "portalAccess": {"Disabled", "Enabled", "Disabled"},
	}
	for set := range 8 {
		var layers []settings.Layer
		strongest := -1
		for i, source := range sources {
			layer := settings.Layer{Source: source, Name: strings.ToLower(string(source))}
			if set&(1<<i) != 0 {
				layer.Attributes = values[i]
				if strongest < 0 {
					strongest = i
				}
			}
			layers = append(layers, layer)
		}
		for i, got := range settings.Resolve(layers...).List() {
			want := settings.Setting{Key: got.Key, Title: got.Title, Value: settings.AttributeRegistry()[i].BuiltIn, Source: settings.SourceBuiltIn}
			if strongest >= 0 {
				want.Value, want.Source, want.SourceName = own[got.Key][strongest], sources[strongest], layers[strongest].Name
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("set %03b:\n%s", set, diff)
			}
		}
	}
}

func TestAttributesInheritOneByOne(t *testing.T) {
	got := settings.Resolve(
		settings.Layer{Source: settings.SourceAccount, Name: "10042", Attributes: settings.Attributes{Locale: "fr"}},
		settings.Layer{Source: settings.SourceAccountProfile, Name: "business", Attributes: settings.Attributes{TradingTermsDays: days(0)}},
		settings.Layer{Source: settings.SourceTenant, Name: "acme", Attributes: settings.Attributes{TradingTermsDays: days(30), Locale: "de", Currency: "CHF"}},
	)
	want := settings.Resolved{
		TradingTermsDays: settings.Value[int32]{Value: 0, Source: settings.SourceAccountProfile, SourceName: "business"},
		Currency:         settings.Value[string]{Value: "CHF", Source: settings.SourceTenant, SourceName: "acme"},
		Locale:           settings.Value[string]{Value: "fr", Source: settings.SourceAccount, SourceName: "10042"},
		TimeZone:         settings.Value[string]{Value: "UTC", Source: settings.SourceBuiltIn},
		PortalAccess:     settings.Value[settings.Access]{Value: settings.Enabled, Source: settings.SourceBuiltIn},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestResolveAllocatesNothing(t *testing.T) {
	layers := []settings.Layer{{Source: settings.SourceAccount, Attributes: settings.Attributes{Locale: "fr", TradingTermsDays: days(3)}}, {Source: settings.SourceTenant}}
	if n := testing.AllocsPerRun(100, func() { settings.Resolve(layers...) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestZone(t *testing.T) {
	for range 2 { // the second time from memory
		zone, known := settings.Zone("Australia/Sydney")
		if !known || zone.String() != "Australia/Sydney" {
			t.Errorf("zone %v, %v", zone, known)
		}
		for _, name := range []string{"", "Local", "Mars/Olympus", "/etc/localtime"} {
			if zone, known := settings.Zone(name); known {
				t.Errorf("%q is the zone %v", name, zone)
			}
		}
	}
	if zone, known := settings.Zone("UTC"); !known || time.Unix(0, 0).In(zone).Hour() != 0 {
		t.Errorf("zone %v, %v", zone, known)
	}
}

func TestFeatureRegistryIsComplete(t *testing.T) {
	paths := map[string]bool{}
	for _, info := range settings.FeatureRegistry() {
		if info.Feature == "" || info.Field == "" || info.Title == "" || !strings.HasSuffix(info.Description, ".") || !strings.HasPrefix(info.Path, "/") || len(info.Statuses) == 0 {
			t.Errorf("%s is not declared in full: %+v", info.Feature, info)
		}
		if paths[info.Path] {
			t.Errorf("%s has the page of another one", info.Feature)
		}
		paths[info.Path] = true
		for _, status := range info.Statuses {
			if !slices.Contains(settings.AccountStatuses(), status) {
				t.Errorf("%s is open in %q, which is no status", info.Feature, status)
			}
		}
		if found, known := settings.LookupFeature(info.Feature); !known || found.Path != info.Path {
			t.Errorf("looked up %+v", found)
		}
	}
	if _, known := settings.LookupFeature("DoMagic"); known {
		t.Error("DoMagic is a feature")
	}
}

func TestPermit(t *testing.T) {
	both := []settings.Feature{settings.ViewInvoices, settings.ViewActivity}
	tests := map[string]struct {
		feature settings.Feature
		profile []settings.Feature
		person  settings.Person
		want    settings.Decision
	}{
		"owner has what the profile has":           {settings.ViewInvoices, both, settings.Person{Owner: true, Status: settings.Active}, settings.Allowed},
		"granted":                                  {settings.ViewInvoices, both, settings.Person{Grants: both[:1], Status: settings.Active}, settings.Allowed},
		"not granted":                              {settings.ViewActivity, both, settings.Person{Grants: both[:1], Status: settings.Active}, settings.NotGranted},
		"granted but not in the profile":           {settings.ViewActivity, both[:1], settings.Person{Grants: both, Status: settings.Active}, settings.NotInProfile},
		"owner without it in the profile":          {settings.ViewActivity, both[:1], settings.Person{Owner: true, Status: settings.Active}, settings.NotInProfile},
		"neither: the profile is asked first":      {settings.ViewActivity, nil, settings.Person{Status: settings.Closed}, settings.NotInProfile},
		"unknown, whatever the profile says":       {"DoMagic", []settings.Feature{"DoMagic"}, settings.Person{Owner: true, Status: settings.Active}, settings.NotInProfile},
		"suspended accounts see invoices":          {settings.ViewInvoices, both, settings.Person{Owner: true, Status: settings.Suspended}, settings.Allowed},
		"closed accounts see invoices":             {settings.ViewInvoices, both, settings.Person{Owner: true, Status: settings.Closed}, settings.Allowed},
		"prospects do not":                         {settings.ViewInvoices, both, settings.Person{Owner: true, Status: settings.Prospect}, settings.NotInStatus},
		"activity only while active":               {settings.ViewActivity, both, settings.Person{Owner: true, Status: settings.Suspended}, settings.NotInStatus},
		"the grant is asked before the status":     {settings.ViewActivity, both, settings.Person{Status: settings.Closed}, settings.NotGranted},
		"an unheard-of status opens nothing":       {settings.ViewInvoices, both, settings.Person{Owner: true, Status: "Frozen"}, settings.NotInStatus},
		"no status, as before the account is read": {settings.ViewInvoices, both, settings.Person{Owner: true}, settings.NotInStatus},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := settings.Permit(test.feature, test.profile, test.person); got != test.want {
				t.Errorf("decided %s, want %s", got, test.want)
			}
		})
	}
}

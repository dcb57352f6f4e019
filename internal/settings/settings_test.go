package settings_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/settings"
)

func days(n int32) *int32 { return &n }

// judged is a layer and what is wrong with it: field and beginning of the message of
// each problem; none: it is allowed.
type judged struct {
	attributes settings.Attributes
	want       []string
}

func TestValidate(t *testing.T) {
	tests := map[string]judged{
		"nothing set":     {settings.Attributes{}, nil},
		"everything set":  {everything(), nil},
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
		"no sub-account":  {settings.Attributes{MaxSubAccounts: days(0)}, nil},
		"a thousand":      {settings.Attributes{MaxSubAccounts: days(1000)}, nil},
		"a thousand more": {settings.Attributes{MaxSubAccounts: days(1001)}, []string{"maxSubAccounts: 1001 is out of range, allowed is a whole number from 0 to 1000"}},
		"less than none":  {settings.Attributes{MaxSubAccounts: days(-1)}, []string{"maxSubAccounts: -1"}},
		"own template":    {settings.Attributes{InvoiceTemplate: "acme-2"}, nil},
		"longest name":    {settings.Attributes{InvoiceTemplate: strings.Repeat("a", 63)}, nil},
		"a longer one":    {settings.Attributes{InvoiceTemplate: strings.Repeat("a", 64)}, []string{`invoiceTemplate: "aaaa`}},
		"no name at all":  {settings.Attributes{InvoiceTemplate: "Acme 2"}, []string{`invoiceTemplate: "Acme 2" is not allowed, allowed are 1 to 63 lower case letters, digits and '-'`}},
		"everything once": {settings.Attributes{TradingTermsDays: days(-1), InvoiceTemplate: "_", Currency: "1", Locale: "1", TimeZone: "1", PortalAccess: "1", MaxSubAccounts: days(-1)}, []string{"tradingTermsDays", "invoiceTemplate", "currency", "locale", "timeZone", "portalAccess", "maxSubAccounts"}},
	}
	maps.Copy(tests, notifyingValues())
	maps.Copy(tests, publishedValues())
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

// notifyingValues are judged values of the attributes that decide who is sent what, and when.
func notifyingValues() map[string]judged {
	quiet := func(start, end string) settings.Attributes {
		return settings.Attributes{QuietHours: settings.QuietHours{Start: start, End: end}}
	}
	until := func(date string) settings.Attributes { return settings.Attributes{RemindersPausedUntil: date} }
	const noTime = ` is not a time of day, allowed is 00:00 to 23:59; start and end go together`
	return map[string]judged{
		"nothing is sent":         {settings.Attributes{EmailNotifications: settings.Disabled, SMSNotifications: settings.SMSDisabled, Reminders: settings.Disabled}, nil},
		"mails perhaps":           {settings.Attributes{EmailNotifications: "WithConsent"}, []string{`emailNotifications: "WithConsent" is not allowed, allowed is Enabled or Disabled`}},
		"texts perhaps":           {settings.Attributes{SMSNotifications: "Perhaps"}, []string{`smsNotifications: "Perhaps" is not allowed, allowed is Enabled, Disabled or WithConsent`}},
		"reminders perhaps":       {settings.Attributes{Reminders: "Perhaps"}, []string{`reminders: "Perhaps" is not allowed`}},
		"reminders of less":       {settings.Attributes{ReminderMinimumAmount: "-1"}, []string{`reminderMinimumAmount: "-1" is not an amount`}},
		"unverified addresses":    {settings.Attributes{RequireVerifiedEmail: "No"}, []string{`requireVerifiedEmail: "No" is not allowed`}},
		"a quiet night":           {quiet("22:00", "07:00"), nil},
		"a quiet noon":            {quiet("12:00", "13:30"), nil},
		"a quiet minute":          {quiet("23:59", "00:00"), nil},
		"never quiet":             {quiet("00:00", "00:00"), nil},
		"quiet for ever":          {quiet("22:00", ""), []string{`quietHours.end: ""` + noTime}},
		"quiet since ever":        {quiet("", "07:00"), []string{`quietHours.start: ""` + noTime}},
		"an hour too many":        {quiet("24:00", "07:00"), []string{`quietHours.start: "24:00"` + noTime}},
		"a minute too many":       {quiet("22:00", "07:60"), []string{`quietHours.end: "07:60"` + noTime}},
		"an hour of one digit":    {quiet("22:00", "7:00"), []string{`quietHours.end: "7:00"` + noTime}},
		"a line end after it":     {quiet("22:00", "07:00\n"), []string{`quietHours.end: "07:00\n"` + noTime}},
		"a leap day":              {until("2028-02-29"), nil},
		"no leap day":             {until("2027-02-29"), []string{`remindersPausedUntil: "2027-02-29" is not a date, allowed is one such as 2026-12-31`}},
		"a moment":                {until("2026-12-31T00:00:00Z"), []string{`remindersPausedUntil: "2026-12-31T00:00:00Z"`}},
		"a date of other lands":   {until("31.12.2026"), []string{`remindersPausedUntil: "31.12.2026"`}},
		"not disputed":            {settings.Attributes{Disputed: "No"}, []string{`disputed: "No" is not allowed, allowed is Yes; leave it out if nothing is disputed`}},
		"consent":                 {settings.Attributes{Consent: settings.Consent{SMS: settings.ConsentWithheld}}, nil},
		"consent that is unclear": {settings.Attributes{Consent: settings.Consent{SMS: "Yes"}}, []string{`consent.sms: "Yes" is not allowed, allowed is Granted or Withheld`}},
	}
}

// publishedValues are judged values of the attributes that the provider's systems use.
func publishedValues() map[string]judged {
	fee := func(fee settings.LateFee) settings.Attributes { return settings.Attributes{LateFee: fee} }
	own := func(nameAndValue ...string) settings.Attributes {
		var a settings.Attributes
		for pair := range slices.Chunk(nameAndValue, 2) {
			a.Custom = append(a.Custom, settings.Custom{Name: pair[0], Value: pair[1]})
		}
		return a
	}
	limit := func(amount string) settings.Attributes { return settings.Attributes{CreditLimit: amount} }
	many := settings.Attributes{}
	for i := range 33 {
		many.Custom = append(many.Custom, settings.Custom{Name: fmt.Sprint(i), Value: "x"})
	}
	most := settings.Attributes{Custom: many.Custom[:32]}
	const wrongLine = ` is not allowed, allowed is one line of 1 to 256 characters without a space at its ends`
	return map[string]judged{
		"no credit":             {limit("0"), nil},
		"the largest credit":    {limit("99999999999999.9999"), nil},
		"too much credit":       {limit("100000000000000"), []string{`creditLimit: "100000000000000" is not an amount, allowed is a decimal in quotes such as "1500.00", with at most 14 digits before and 4 after the point`}},
		"negative credit":       {limit("-1"), []string{`creditLimit: "-1"`}},
		"five decimals":         {limit("0.00001"), []string{`creditLimit: "0.00001"`}},
		"a comma":               {limit("12,5"), []string{`creditLimit: "12,5"`}},
		"no digit at the end":   {limit("12."), []string{`creditLimit: "12."`}},
		"an exponent":           {limit("1e3"), []string{`creditLimit: "1e3"`}},
		"a line end":            {limit("12\n"), []string{`creditLimit: "12\n"`}},
		"the first day":         {settings.Attributes{BillingDay: days(1)}, nil},
		"the last day":          {settings.Attributes{BillingDay: days(28)}, nil},
		"no day":                {settings.Attributes{BillingDay: days(0)}, []string{"billingDay: 0 is out of range, allowed is a whole number from 1 to 28"}},
		"not in February":       {settings.Attributes{BillingDay: days(29)}, []string{"billingDay: 29"}},
		"by post":               {settings.Attributes{InvoiceDelivery: settings.ByPost}, nil},
		"by pigeon":             {settings.Attributes{InvoiceDelivery: "Pigeon"}, []string{`invoiceDelivery: "Pigeon" is not allowed, allowed is Email, Post, EmailAndPost or None`}},
		"a flat fee":            {fee(settings.LateFee{Type: settings.FlatLateFee, Amount: "12.50", DaysAfterDue: days(0), MinimumBalance: "20", Label: "Ümlaut & fee"}), nil},
		"everything of the fee": {fee(settings.LateFee{Type: "Some", Amount: "x", DaysAfterDue: days(366), MinimumBalance: "-1", Label: " "}), []string{`lateFee.type: "Some" is not allowed, allowed is None, Flat or Percent`, `lateFee.amount: "x"`, "lateFee.daysAfterDue: 366 is out of range, allowed is a whole number from 0 to 365", `lateFee.minimumBalance: "-1"`, `lateFee.label: " " is not allowed, allowed is one line of 1 to 80 characters`}},
		"the longest label":     {fee(settings.LateFee{Label: strings.Repeat("ü", 80)}), nil},
		"a longer label":        {fee(settings.LateFee{Label: strings.Repeat("ü", 81)}), []string{"lateFee.label: "}},
		"a label of two lines":  {fee(settings.LateFee{Label: "a\nb"}), []string{`lateFee.label: "a\nb"`}},
		"the longest custom":    {own(strings.Repeat("a", 63), strings.Repeat("ü", 256)), nil},
		"a longer value":        {own("a", strings.Repeat("ü", 257)), []string{"custom[0].value: "}},
		"a longer name":         {own(strings.Repeat("a", 64), "x"), []string{`custom[0].name: "aaaa`}},
		"a name in capitals":    {own("CRM", "x"), []string{`custom[0].name: "CRM" is not allowed, allowed are 1 to 63 lower case letters, digits and '-'`}},
		"a dotted name":         {own("a.b", "x"), []string{`custom[0].name: "a.b"`}},
		"no name":               {own("", "x"), []string{`custom[0].name: ""`}},
		"no value":              {own("a", ""), []string{`custom[0].value: ""` + wrongLine}},
		"a tab":                 {own("a", "x\ty"), []string{`custom[0].value: "x\ty"` + wrongLine}},
		"a zero byte":           {own("a", "x\x00y"), []string{`custom[0].value: "x\x00y"`}},
		"a space at the end":    {own("a", "x "), []string{`custom[0].value: "x "`}},
		"a wide space at front": {own("a", "\u3000x"), []string{"custom[0].value: "}},
		"one of two wrong":      {own("a", "x", "b", " "), []string{`custom[1].value: " "`}},
		"nothing right":         {own("A", ""), []string{"custom[0].name: ", "custom[0].value: "}},
		"twice":                 {own("a", "x", "b", "x", "a", "y"), []string{`custom[2]: "a" is there twice`}},
		"as many as there may":  {most, nil},
		"one too many":          {many, []string{"custom: 33 are too many, allowed are 32"}},
	}
}

// everything is a layer that sets every attribute.
func everything() settings.Attributes {
	return settings.Attributes{
		TradingTermsDays: days(365), InvoiceTemplate: "acme", MaxSubAccounts: days(5), Currency: "EUR", Locale: "en-AU", TimeZone: "Australia/Sydney", PortalAccess: settings.Disabled,
		EmailNotifications: settings.Disabled, SMSNotifications: settings.SMSWithConsent, Reminders: settings.Disabled, ReminderMinimumAmount: "10.00",
		QuietHours: settings.QuietHours{Start: "22:00", End: "07:00"}, RequireVerifiedEmail: settings.Enabled,
		RemindersPausedUntil: "2026-12-31", Disputed: settings.Disputed, Consent: settings.Consent{SMS: settings.ConsentGranted},
		CreditLimit: "5000.00", BillingDay: days(15), InvoiceDelivery: settings.ByEmailAndPost,
		LateFee: settings.LateFee{Type: settings.PercentLateFee, Amount: "2.5", DaysAfterDue: days(0), MinimumBalance: "20.00", Label: "Late payment"},
		Custom:  []settings.Custom{{Name: "segment", Value: "retail"}, {Name: "crm-id", Value: "0042"}},
	}
}

// An attribute is declared in one place: what the registry lists, the type, the
// resolution and the text form all have.
func TestRegistryIsComplete(t *testing.T) {
	var registry, withoutCustom, listed []string
	for _, a := range settings.AttributeRegistry() {
		registry = append(registry, a.Key)
		if a.Title == "" || a.Allowed == "" || !strings.HasSuffix(a.Description, ".") || a.Use != settings.Enforced && a.Use != settings.Published {
			t.Errorf("%s is not declared in full: %+v", a.Key, a)
		}
	}
	for i, s := range settings.Resolve().List() {
		listed = append(listed, s.Key)
		a := settings.AttributeRegistry()[i]
		want := settings.Setting{Key: a.Key, Title: a.Title, Value: a.BuiltIn, Source: settings.SourceBuiltIn, Use: a.Use}
		if a.BuiltIn == "" {
			want.Source = settings.SourceUnset
		}
		if diff := cmp.Diff(want, s); diff != "" {
			t.Errorf("what applies where no layer sets anything:\n%s", diff)
		}
	}
	if diff := cmp.Diff(registry, jsonKeys(reflect.TypeFor[settings.Attributes](), "")); diff != "" {
		t.Errorf("registry and type:\n%s", diff)
	}
	withoutCustom = slices.DeleteFunc(slices.Clone(registry), func(key string) bool { return key == "custom" })
	if diff := cmp.Diff(withoutCustom, listed); diff != "" {
		t.Errorf("registry and resolution:\n%s", diff)
	}
	slices.Sort(withoutCustom)
	keys := slices.DeleteFunc(everything().Keys(), func(key string) bool { return strings.HasPrefix(key, "custom.") })
	if diff := cmp.Diff(withoutCustom, keys); diff != "" {
		t.Errorf("registry and the keys of a layer that sets everything:\n%s", diff)
	}
}

// jsonKeys lists the keys of a struct's fields, dotted for those of a struct inside.
func jsonKeys(of reflect.Type, prefix string) []string {
	var keys []string
	for field := range of.Fields() {
		key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Type.Kind() == reflect.Struct && key != "quietHours" { // which is one value
			keys = append(keys, jsonKeys(field.Type, key+".")...)
			continue
		}
		keys = append(keys, prefix+key)
	}
	return keys
}

func TestBuiltInValuesAreAllowed(t *testing.T) {
	for _, s := range settings.Resolve().List() {
		if s.Source == settings.SourceUnset {
			continue
		}
		a := decode(t, encodeKey(s.Key, s.Value))
		if got := a.Keys(); !slices.Equal(got, []string{s.Key}) || len(a.Validate()) > 0 {
			t.Errorf("%s: %+v, problems %v", s.Key, a, a.Validate())
		}
	}
}

// encodeKey is a layer as JSON that sets one key.
func encodeKey(key, value string) string {
	text := fmt.Sprintf("%q", value)
	if slices.Contains([]string{"tradingTermsDays", "maxSubAccounts", "billingDay", "lateFee.daysAfterDue"}, key) {
		text = value
	}
	object, name, nested := strings.Cut(key, ".")
	switch {
	case key == "quietHours":
		start, end, _ := strings.Cut(value, "-")
		return fmt.Sprintf(`{"quietHours": {"start": %q, "end": %q}}`, start, end)
	case object == "custom":
		return fmt.Sprintf(`{"custom": [{"name": %q, "value": %s}]}`, name, text)
	case nested:
		return fmt.Sprintf("{%q: {%q: %s}}", object, name, text)
	}
	return fmt.Sprintf("{%q: %s}", key, text)
}

func decode(t *testing.T, text string) settings.Attributes {
	t.Helper()
	var a settings.Attributes
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return a
}

// For each attribute and each set of layers that set it, the strongest layer decides.
func TestTheStrongestLayerDecides(t *testing.T) {
	sources := []settings.Source{settings.SourceAccount, settings.SourceAccountProfile, settings.SourceTenant}
	values := []settings.Attributes{everything(), {
		TradingTermsDays: days(0), InvoiceTemplate: "business", MaxSubAccounts: days(0), Currency: "USD", Locale: "en-US", TimeZone: "America/New_York", PortalAccess: settings.Enabled,
		EmailNotifications: settings.Enabled, SMSNotifications: settings.SMSDisabled, Reminders: settings.Enabled, ReminderMinimumAmount: "0",
		QuietHours: settings.QuietHours{Start: "00:00", End: "23:59"}, RequireVerifiedEmail: settings.Disabled,
		RemindersPausedUntil: "2028-02-29", Disputed: settings.Disputed, Consent: settings.Consent{SMS: settings.ConsentWithheld},
		CreditLimit: "0", BillingDay: days(1), InvoiceDelivery: settings.NotDelivered,
		LateFee: settings.LateFee{Type: settings.NoLateFee, Amount: "0", DaysAfterDue: days(7), MinimumBalance: "0", Label: "Fee"},
	}, {
		TradingTermsDays: days(30), InvoiceTemplate: "standard", MaxSubAccounts: days(1000), Currency: "GBP", Locale: "en-GB", TimeZone: "Europe/London", PortalAccess: settings.Disabled,
		EmailNotifications: settings.Disabled, SMSNotifications: settings.SMSEnabled, Reminders: settings.Disabled, ReminderMinimumAmount: "5",
		QuietHours: settings.QuietHours{Start: "20:30", End: "20:29"}, RequireVerifiedEmail: settings.Enabled,
		RemindersPausedUntil: "2027-01-01", Disputed: settings.Disputed, Consent: settings.Consent{SMS: settings.ConsentGranted},
		CreditLimit: "10", BillingDay: days(28), InvoiceDelivery: settings.ByPost,
		LateFee: settings.LateFee{Type: settings.FlatLateFee, Amount: "10", DaysAfterDue: days(365), MinimumBalance: "1", Label: "Late"},
	}}
	values[0].Custom = nil // which are in TestCustomInheritNameByName
	own := map[string][]string{
		"tradingTermsDays": {"365", "0", "30"}, "invoiceTemplate": {"acme", "business", "standard"}, "maxSubAccounts": {"5", "0", "1000"},
		"currency": {"EUR", "USD", "GBP"}, "locale": {"en-AU", "en-US", "en-GB"},
		"timeZone": {"Australia/Sydney", "America/New_York", "Europe/London"}, "portalAccess": {"Disabled", "Enabled", "Disabled"},
		"emailNotifications": {"Disabled", "Enabled", "Disabled"}, "smsNotifications": {"WithConsent", "Disabled", "Enabled"},
		"reminders": {"Disabled", "Enabled", "Disabled"}, "reminderMinimumAmount": {"10.00", "0", "5"},
		"quietHours": {"22:00-07:00", "00:00-23:59", "20:30-20:29"}, "requireVerifiedEmail": {"Enabled", "Disabled", "Enabled"},
		"remindersPausedUntil": {"2026-12-31", "2028-02-29", "2027-01-01"}, "disputed": {"Yes", "Yes", "Yes"}, "consent.sms": {"Granted", "Withheld", "Granted"},
		"creditLimit": {"5000.00", "0", "10"}, "billingDay": {"15", "1", "28"}, "invoiceDelivery": {"EmailAndPost", "None", "Post"},
		"lateFee.type": {"Percent", "None", "Flat"}, "lateFee.amount": {"2.5", "0", "10"}, "lateFee.daysAfterDue": {"0", "7", "365"},
		"lateFee.minimumBalance": {"20.00", "0", "1"}, "lateFee.label": {"Late payment", "Fee", "Late"},
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
			want := settings.Resolve().List()[i]
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
		settings.Layer{Source: settings.SourceAccount, Name: "10042", Attributes: settings.Attributes{Locale: "fr", LateFee: settings.LateFee{DaysAfterDue: days(0)}}},
		settings.Layer{Source: settings.SourceAccountProfile, Name: "business", Attributes: settings.Attributes{TradingTermsDays: days(0), QuietHours: settings.QuietHours{Start: "21:00", End: "08:00"}, LateFee: settings.LateFee{Amount: "5", DaysAfterDue: days(7)}}},
		settings.Layer{Source: settings.SourceTenant, Name: "acme", Attributes: settings.Attributes{TradingTermsDays: days(30), Locale: "de", Currency: "CHF", QuietHours: settings.QuietHours{Start: "22:00", End: "07:00"}, LateFee: settings.LateFee{Type: settings.PercentLateFee, Amount: "2"}}},
	)
	want := settings.Resolved{
		TradingTermsDays:      settings.Value[int32]{Value: 0, Source: settings.SourceAccountProfile, SourceName: "business"},
		InvoiceTemplate:       settings.Value[string]{Value: "standard", Source: settings.SourceBuiltIn},
		Currency:              settings.Value[string]{Value: "CHF", Source: settings.SourceTenant, SourceName: "acme"},
		Locale:                settings.Value[string]{Value: "fr", Source: settings.SourceAccount, SourceName: "10042"},
		TimeZone:              settings.Value[string]{Value: "UTC", Source: settings.SourceBuiltIn},
		PortalAccess:          settings.Value[settings.Access]{Value: settings.Enabled, Source: settings.SourceBuiltIn},
		MaxSubAccounts:        settings.Value[int32]{Source: settings.SourceUnset},
		EmailNotifications:    settings.Value[settings.Access]{Value: settings.Enabled, Source: settings.SourceBuiltIn},
		SMSNotifications:      settings.Value[settings.SMSPermission]{Value: settings.SMSEnabled, Source: settings.SourceBuiltIn},
		Reminders:             settings.Value[settings.Access]{Value: settings.Enabled, Source: settings.SourceBuiltIn},
		ReminderMinimumAmount: settings.Value[string]{Source: settings.SourceUnset},
		QuietHours:            settings.Value[settings.QuietHours]{Value: settings.QuietHours{Start: "21:00", End: "08:00"}, Source: settings.SourceAccountProfile, SourceName: "business"},
		RequireVerifiedEmail:  settings.Value[settings.Access]{Value: settings.Disabled, Source: settings.SourceBuiltIn},
		RemindersPausedUntil:  settings.Value[string]{Source: settings.SourceUnset},
		Disputed:              settings.Value[settings.Dispute]{Source: settings.SourceUnset},
		Consent:               settings.ResolvedConsent{SMS: settings.Value[settings.ConsentAnswer]{Source: settings.SourceUnset}},
		CreditLimit:           settings.Value[string]{Source: settings.SourceUnset},
		BillingDay:            settings.Value[int32]{Source: settings.SourceUnset},
		InvoiceDelivery:       settings.Value[settings.InvoiceDelivery]{Value: settings.ByEmail, Source: settings.SourceBuiltIn},
		LateFee: settings.ResolvedLateFee{
			Type:           settings.Value[settings.LateFeeType]{Value: settings.PercentLateFee, Source: settings.SourceTenant, SourceName: "acme"},
			Amount:         settings.Value[string]{Value: "5", Source: settings.SourceAccountProfile, SourceName: "business"},
			DaysAfterDue:   settings.Value[int32]{Value: 0, Source: settings.SourceAccount, SourceName: "10042"},
			MinimumBalance: settings.Value[string]{Source: settings.SourceUnset},
			Label:          settings.Value[string]{Source: settings.SourceUnset},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCustomInheritNameByName(t *testing.T) {
	layer := func(source settings.Source, name string, custom ...settings.Custom) settings.Layer {
		return settings.Layer{Source: source, Name: name, Attributes: settings.Attributes{Custom: custom}}
	}
	layers := []settings.Layer{
		layer(settings.SourceAccount, "10042", settings.Custom{Name: "z", Value: "own"}, settings.Custom{Name: "segment", Value: "own"}),
		layer(settings.SourceAccountProfile, "business", settings.Custom{Name: "segment", Value: "b2b"}, settings.Custom{Name: "crm-id", Value: "7"}),
		layer(settings.SourceTenant, "acme", settings.Custom{Name: "crm-id", Value: "1"}, settings.Custom{Name: "segment", Value: "all"}, settings.Custom{Name: "a", Value: "x"}),
	}
	var got []settings.Setting
	for _, s := range settings.Resolve(layers...).List() {
		if strings.HasPrefix(s.Key, "custom.") {
			got = append(got, s)
		}
	}
	want := []settings.Setting{
		{Key: "custom.a", Title: "a", Value: "x", Source: settings.SourceTenant, SourceName: "acme", Use: settings.Published},
		{Key: "custom.crm-id", Title: "crm-id", Value: "7", Source: settings.SourceAccountProfile, SourceName: "business", Use: settings.Published},
		{Key: "custom.segment", Title: "segment", Value: "own", Source: settings.SourceAccount, SourceName: "10042", Use: settings.Published},
		{Key: "custom.z", Title: "z", Value: "own", Source: settings.SourceAccount, SourceName: "10042", Use: settings.Published},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if first := layers[0].Attributes.Custom[0].Name; first != "z" {
		t.Errorf("resolving sorted the layer itself: %q is first", first)
	}
}

func TestResolveAllocatesNothing(t *testing.T) {
	layers := []settings.Layer{{Source: settings.SourceAccount, Attributes: settings.Attributes{Locale: "fr", TradingTermsDays: days(3)}}, {Source: settings.SourceTenant}}
	if n := testing.AllocsPerRun(100, func() { settings.Resolve(layers...) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	layers[0].Attributes, layers[1].Attributes = everything(), everything()
	if n := testing.AllocsPerRun(100, func() { settings.Resolve(layers...) }); n != 1 {
		t.Errorf("%v allocations with custom attributes, want one for all of them", n)
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
	pages := map[string]bool{}
	for _, info := range settings.FeatureRegistry() {
		if info.Place != settings.OnPage && pages[info.Path] {
			t.Errorf("%s has the page of another one", info.Feature)
		}
		pages[info.Path] = pages[info.Path] || info.Place != settings.OnPage
	}
	for _, info := range settings.FeatureRegistry() {
		if info.Feature == "" || info.Field == "" || info.Title == "" || !strings.HasSuffix(info.Description, ".") || !strings.HasPrefix(info.Path, "/") || len(info.Statuses) == 0 {
			t.Errorf("%s is not declared in full: %+v", info.Feature, info)
		}
		switch info.Place {
		case settings.InNavigation, settings.AtCog:
		case settings.OnPage:
			if !pages[info.Path] {
				t.Errorf("%s is on the page %s, which no feature has", info.Feature, info.Path)
			}
		default:
			t.Errorf("%s is at %q, which is no place", info.Feature, info.Place)
		}
		for _, status := range info.Statuses {
			if !slices.Contains(settings.AccountStatuses(), status) {
				t.Errorf("%s is open in %q, which is no status", info.Feature, status)
			}
		}
		if found, known := settings.LookupFeature(info.Feature); !known || found.Title != info.Title {
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

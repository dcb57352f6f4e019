package v1alpha1_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/currency"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/settings"
)

// The API's types cannot import the registries of internal/settings: any client may link
// the API. These tests prove that both say the same.

// accountOnly are the attributes that only an account can have: the kinds have no fields
// for them, so that the API server refuses them.
var accountOnly = []string{"remindersPausedUntil", "disputed", "consent", "consent.sms"}

func ofAccountOnly(field string) bool {
	key, _, _ := strings.Cut(field, " ")
	return slices.Contains(accountOnly, key)
}

func TestAttributesAreThoseOfSettings(t *testing.T) {
	api, own := fieldsOf(reflect.TypeFor[v1alpha1.Attributes](), ""), fieldsOf(reflect.TypeFor[settings.Attributes](), "")
	all := len(own)
	own = slices.DeleteFunc(own, ofAccountOnly)
	if all-len(own) != len(accountOnly) {
		t.Errorf("settings.Attributes has not all of %q", accountOnly)
	}
	if diff := cmp.Diff(own, api); diff != "" {
		t.Errorf("v1alpha1.Attributes differs from settings.Attributes (-settings +api):\n%s", diff)
	}
	var keys []string
	for _, attribute := range settings.AttributeRegistry() {
		if !ofAccountOnly(attribute.Key) {
			keys = append(keys, attribute.Key)
		}
	}
	for _, where := range [][]string{{"tenants", "attributes"}, {"accountprofiles", "attributes"}} {
		properties := keysBelow(schemaOf(t, where[0], where[1:]...), "")
		if diff := cmp.Diff(slices.Sorted(slices.Values(keys)), properties); diff != "" {
			t.Errorf("the CRD of %s has other attributes than the registry (-registry +crd):\n%s", where[0], diff)
		}
	}
}

// fieldsOf lists the fields of a struct and of what is inside: JSON key, whether it is
// encoded when it is empty, and the kind of its value.
func fieldsOf(of reflect.Type, prefix string) []string {
	var fields []string
	for _, field := range reflect.VisibleFields(of) {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		value := field.Type
		if value.Kind() == reflect.Pointer || value.Kind() == reflect.Slice {
			value = value.Elem()
		}
		if value.Kind() == reflect.Struct {
			fields = append(fields, fmt.Sprint(prefix, name, " ", field.Type.Kind()))
			fields = append(fields, fieldsOf(value, prefix+name+".")...)
			continue
		}
		optional := options != "" || strings.HasPrefix(prefix, "custom.") // where both are required
		fields = append(fields, fmt.Sprint(prefix, name, " ", value.Kind(), " optional ", optional))
	}
	return fields
}

// keysBelow lists the keys of a schema, dotted for those of an object inside.
func keysBelow(schema apiextensionsv1.JSONSchemaProps, prefix string) []string {
	var keys []string
	for name, property := range schema.Properties {
		if property.Type == "object" && name != "quietHours" { // which is one value
			keys = append(keys, keysBelow(property, prefix+name+".")...)
			continue
		}
		keys = append(keys, prefix+name)
	}
	slices.Sort(keys)
	return keys
}

// TestAttributeBounds asks both sides about the same values: what the schema refuses
// must be wrong for settings too, and what settings accepts the schema must accept. Only
// settings knows which currencies, languages and zones exist.
func TestAttributeBounds(t *testing.T) {
	values := attributeValues(t)
	for _, info := range settings.AttributeRegistry() {
		if ofAccountOnly(info.Key) {
			continue
		}
		schema := schemaOf(t, "tenants", slices.Concat([]string{"attributes"}, strings.Split(info.Key, "."))...)
		tried := values[info.Key]
		if info.BuiltIn != "" {
			tried = append(tried, builtIn(info))
		}
		accepted := 0
		for _, value := range tried {
			bySettings := acceptedBySettings(t, info.Key, value)
			bySchema := acceptedBySchema(t, schema, value)
			onlySettingsKnows := info.Key == "currency" || info.Key == "locale" || info.Key == "timeZone"
			if bySettings && !bySchema || !bySettings && bySchema && !onlySettingsKnows {
				t.Errorf("%s: %v: accepted by settings: %t, by the CRD: %t", info.Key, value, bySettings, bySchema)
			}
			if bySettings {
				accepted++
			}
		}
		if accepted == 0 || accepted == len(tried) {
			t.Errorf("%s: of %d values that this test tries settings accepts %d: there must be some of both", info.Key, len(tried), accepted)
		}
	}
	for known := currency.Query(currency.Historical); known.Next(); {
		if code := known.Unit().String(); !acceptedBySchema(t, schemaOf(t, "tenants", "attributes", "currency"), code) {
			t.Errorf("currency %s exists and the CRD refuses it", code)
		}
	}
}

// attributeValues are the values that both sides are asked about.
func attributeValues(t *testing.T) map[string][]any {
	t.Helper()
	days := []any{-1, 0, 1, 14, 364, 365, 366, 100000}
	amounts := []any{"0", "5000", "0.5", "12.5000", "99999999999999.9999", "007", "-1", "+1", "1e3", "12.", ".5", "12,5", "0.00001", "100000000000000", " 1", "1\n", "٣"}
	lines := func(most int) []any {
		return []any{"a", "ü", "Late payment", "a  b", strings.Repeat("ü", most), strings.Repeat("a", most+1), strings.Repeat("ü", most+1),
			" ", " a", "a ", "\u00a0a", "a\u2028", "a\tb", "a\nb", "a\x00b", "a\u0085b", "a\u200bb"}
	}
	custom := []any{}
	for _, name := range []string{"a", "0", "crm-id", strings.Repeat("a", 63), strings.Repeat("a", 64), "-a", "a-", "A", "a.b", "a_b", "ü", "a\n"} {
		custom = append(custom, []any{map[string]any{"name": name, "value": "x"}})
	}
	for _, value := range append(lines(256), "") {
		custom = append(custom, []any{map[string]any{"name": "a", "value": value}})
	}
	many := []any{}
	for i := range 33 {
		many = append(many, map[string]any{"name": fmt.Sprint(i), "value": "x"})
	}
	return map[string][]any{
		"emailNotifications":     {"Enabled", "Disabled", "WithConsent", "enabled"},
		"smsNotifications":       {"Enabled", "Disabled", "WithConsent", "Perhaps"},
		"reminders":              {"Enabled", "Disabled", "Paused"},
		"reminderMinimumAmount":  amounts,
		"quietHours":             quietHours(),
		"requireVerifiedEmail":   {"Enabled", "Disabled", "Yes"},
		"tradingTermsDays":       days,
		"invoiceTemplate":        {"standard", "business", "acme-2", "0", strings.Repeat("a", 63), strings.Repeat("a", 64), "-a", "a-", "A", "a.b", "ü", "a\n"},
		"currency":               {"EUR", "AUD", "eur", "EU", "EURO", "E1R", "XXQ"},
		"locale":                 {"e", "de", "en-AU", "zh-Hant-TW", "de-CH-1996", "en_AU", "EN", "english-", "qqq"},
		"timeZone":               timeZones(t),
		"portalAccess":           {"Enabled", "Disabled", "enabled", "Open"},
		"maxSubAccounts":         {-1, 0, 1, 5, 999, 1000, 1001, 100000},
		"creditLimit":            amounts,
		"billingDay":             {-1, 0, 1, 2, 27, 28, 29, 31},
		"invoiceDelivery":        {"Email", "Post", "EmailAndPost", "None", "none", "DoNotSend"},
		"lateFee.type":           {"None", "Flat", "Percent", "flat", "Fixed"},
		"lateFee.amount":         amounts,
		"lateFee.daysAfterDue":   days,
		"lateFee.minimumBalance": amounts,
		"lateFee.label":          lines(80),
		"custom": append(custom, many, many[:32], []any{many[0], many[1], many[0]},
			[]any{map[string]any{"name": "a"}}, []any{map[string]any{"value": "a"}}),
	}
}

func quietHours() []any {
	var values []any
	for _, pair := range [][2]any{
		{"22:00", "07:00"}, {"00:00", "23:59"}, {"12:00", "12:00"}, {"24:00", "07:00"}, {"22:60", "07:00"}, {"22:00", "7:00"},
		{"22:00", "07:00\n"}, {"22.00", "07.00"}, {"", "07:00"}, {"22:00", nil}, {nil, "07:00"}, {"٢٢:00", "07:00"},
	} {
		value := map[string]any{}
		for i, name := range []string{"start", "end"} {
			if pair[i] != nil {
				value[name] = pair[i]
			}
		}
		values = append(values, value)
	}
	return values
}

func builtIn(info settings.Attribute) any {
	if info.Key == "tradingTermsDays" {
		return json.Number(info.BuiltIn)
	}
	return info.BuiltIn
}

// timeZones are the names of zones that exist, as far as this machine lists them, and
// some that do not.
func timeZones(t *testing.T) []any {
	t.Helper()
	zones := []any{"UTC", "GB", "Etc/GMT-14", "GMT+0", "EST5EDT", "America/Argentina/Buenos_Aires", "America/Port-au-Prince",
		"Australia/Sydney", "Europe/Berlin", "Europe/", "Mars/Olympus", "Z", "Local"}
	tables, err := os.ReadFile("/usr/share/zoneinfo/tzdata.zi")
	if err != nil {
		return zones // the list of this machine is a bonus
	}
	for line := range strings.Lines(string(tables)) {
		if words := strings.Fields(line); len(words) == 3 && words[0] == "L" { // a link: L TARGET NAME
			zones = append(zones, words[1], words[2])
		}
	}
	return zones
}

func acceptedBySettings(t *testing.T, key string, value any) bool {
	t.Helper()
	object := map[string]any{key: value}
	if outer, inner, nested := strings.Cut(key, "."); nested {
		object = map[string]any{outer: map[string]any{inner: value}}
	}
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	var attributes settings.Attributes
	if err := json.Unmarshal(text, &attributes); err != nil {
		t.Fatalf("%s does not fit into settings.Attributes: %v", text, err)
	}
	return len(attributes.Validate()) == 0
}

var matchesRule = regexp.MustCompile(`^self\.matches\(r?'(.*)'\)$`)

// acceptedBySchema checks a value against the keywords that the attributes use. An
// unknown kind of CEL rule fails the test: it must be taught then.
func acceptedBySchema(t *testing.T, schema apiextensionsv1.JSONSchemaProps, value any) bool {
	t.Helper()
	switch value := value.(type) {
	case map[string]any:
		return objectAcceptedBySchema(t, schema, value)
	case []any:
		return listAcceptedBySchema(t, schema, value)
	case string:
		return textAcceptedBySchema(t, schema, value)
	}
	number, err := strconv.ParseFloat(fmt.Sprint(value), 64)
	if err != nil {
		t.Fatal(err)
	}
	return schema.Type == "integer" && number >= *schema.Minimum && number <= *schema.Maximum
}

func objectAcceptedBySchema(t *testing.T, schema apiextensionsv1.JSONSchemaProps, object map[string]any) bool {
	t.Helper()
	for _, name := range schema.Required {
		if object[name] == nil {
			return false
		}
	}
	for name, value := range object {
		if !acceptedBySchema(t, schema.Properties[name], value) {
			return false
		}
	}
	for _, rule := range schema.XValidations {
		t.Fatalf("this test does not understand the rule %q", rule.Rule)
	}
	return true
}

func listAcceptedBySchema(t *testing.T, schema apiextensionsv1.JSONSchemaProps, list []any) bool {
	t.Helper()
	if *schema.XListType != "map" || int64(len(list)) < *schema.MinItems || int64(len(list)) > *schema.MaxItems {
		return false
	}
	seen := map[any]bool{}
	for _, element := range list {
		fields := element.(map[string]any)
		key := fields[schema.XListMapKeys[0]]
		if seen[key] || !objectAcceptedBySchema(t, *schema.Items.Schema, fields) {
			return false
		}
		seen[key] = true
	}
	return true
}

func textAcceptedBySchema(t *testing.T, schema apiextensionsv1.JSONSchemaProps, text string) bool {
	t.Helper()
	length := int64(utf8.RuneCountInString(text))
	if schema.MinLength != nil && length < *schema.MinLength || schema.MaxLength != nil && length > *schema.MaxLength {
		return false
	}
	for _, rule := range schema.XValidations {
		match := matchesRule.FindStringSubmatch(rule.Rule)
		if match == nil {
			t.Fatalf("this test does not understand the rule %q", rule.Rule)
		}
		if !regexp.MustCompile(match[1]).MatchString(text) {
			return false
		}
	}
	return len(schema.Enum) == 0 || slices.Contains(enumOf(t, schema), text)
}

// TestFlagsAreFeatures compares the enum of each list of features with the registry.
func TestFlagsAreFeatures(t *testing.T) {
	fields := map[string][]string{}
	for _, info := range settings.FeatureRegistry() {
		fields[info.Field] = append(fields[info.Field], string(info.Feature))
	}
	for field, features := range fields {
		list := schemaOf(t, "myaccountprofiles", field)
		if list.Items == nil {
			t.Errorf("the registry has features of field %s, and MyAccountProfile has no such list", field)
			continue
		}
		if diff := cmp.Diff(features, enumOf(t, *list.Items.Schema)); diff != "" {
			t.Errorf("%s: the enum differs from the registry (-registry +crd):\n%s", field, diff)
		}
	}
}

func TestAvailabilities(t *testing.T) {
	constants := []string{string(v1alpha1.AvailabilityHeadline), string(v1alpha1.AvailabilityStandard), string(v1alpha1.AvailabilityHistorical)}
	if diff := cmp.Diff(constants, enumOf(t, schemaOf(t, "myaccountprofiles", "availability"))); diff != "" {
		t.Errorf("the enum differs from the constants (-constants +crd):\n%s", diff)
	}
}

func enumOf(t *testing.T, schema apiextensionsv1.JSONSchemaProps) []string {
	t.Helper()
	values := make([]string, len(schema.Enum))
	for i, raw := range schema.Enum {
		if err := json.Unmarshal(raw.Raw, &values[i]); err != nil {
			t.Fatal(err)
		}
	}
	return values
}

// schemaOf returns the schema of a field below spec, from the generated CRD.
func schemaOf(t *testing.T, plural string, path ...string) apiextensionsv1.JSONSchemaProps {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "config", "crd", "bases", "foyer.dev_"+plural+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	crd := apiextensionsv1.CustomResourceDefinition{}
	if err := yaml.UnmarshalStrict(content, &crd); err != nil {
		t.Fatal(err)
	}
	schema := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
	for _, name := range path {
		schema = schema.Properties[name]
	}
	return schema
}

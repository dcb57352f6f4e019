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

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/currency"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/settings"
)

// The API's types cannot import the registries of internal/settings: any client may link
// the API. These tests prove that both say the same.

func TestAttributesAreThoseOfSettings(t *testing.T) {
	api, own := fieldsOf(v1alpha1.Attributes{}), fieldsOf(settings.Attributes{})
	if diff := cmp.Diff(own, api); diff != "" {
		t.Errorf("v1alpha1.Attributes differs from settings.Attributes (-settings +api):\n%s", diff)
	}
	var keys []string
	for _, attribute := range settings.AttributeRegistry() {
		keys = append(keys, attribute.Key)
	}
	for _, where := range [][]string{{"tenants", "attributes"}, {"accountprofiles", "attributes"}} {
		schema := schemaOf(t, where[0], where[1:]...)
		var properties []string
		for name := range schema.Properties {
			properties = append(properties, name)
		}
		slices.Sort(properties)
		if diff := cmp.Diff(slices.Sorted(slices.Values(keys)), properties); diff != "" {
			t.Errorf("the CRD of %s has other attributes than the registry (-registry +crd):\n%s", where[0], diff)
		}
	}
}

// fieldsOf lists the fields of a struct: JSON key and the kind of its type.
func fieldsOf(value any) []string {
	var fields []string
	for _, field := range reflect.VisibleFields(reflect.TypeOf(value)) {
		kind := field.Type.Kind().String()
		if field.Type.Kind() == reflect.Pointer {
			kind = "*" + field.Type.Elem().Kind().String()
		}
		fields = append(fields, field.Tag.Get("json")+" "+kind)
	}
	return fields
}

// TestAttributeBounds asks both sides about the same values: what the schema refuses
// must be wrong for settings too, and what settings accepts the schema must accept. Only
// settings knows which currencies, languages and zones exist.
func TestAttributeBounds(t *testing.T) {
	schema := schemaOf(t, "tenants", "attributes")
	values := map[string][]any{
		"tradingTermsDays": {-1, 0, 1, 14, 364, 365, 366, 100000},
		"currency":         {"EUR", "AUD", "eur", "EU", "EURO", "E1R", "XXQ"},
		"locale":           {"e", "de", "en-AU", "zh-Hant-TW", "de-CH-1996", "en_AU", "EN", "english-", "qqq"},
		"timeZone":         timeZones(t),
		"portalAccess":     {"Enabled", "Disabled", "enabled", "Open"},
	}
	for _, info := range settings.AttributeRegistry() {
		tried := append(values[info.Key], builtIn(info))
		for _, value := range tried {
			bySettings := acceptedBySettings(t, info.Key, value)
			bySchema := acceptedBySchema(t, schema.Properties[info.Key], value)
			onlySettingsKnows := info.Key == "currency" || info.Key == "locale" || info.Key == "timeZone"
			if bySettings && !bySchema || !bySettings && bySchema && !onlySettingsKnows {
				t.Errorf("%s: %v: accepted by settings: %t, by the CRD: %t", info.Key, value, bySettings, bySchema)
			}
		}
		if len(values[info.Key]) == 0 {
			t.Errorf("%s: this test tries no values of it", info.Key)
		}
	}
	for known := currency.Query(currency.Historical); known.Next(); {
		if code := known.Unit().String(); !acceptedBySchema(t, schema.Properties["currency"], code) {
			t.Errorf("currency %s exists and the CRD refuses it", code)
		}
	}
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
	text, err := json.Marshal(map[string]any{key: value})
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
	text, isText := value.(string)
	if !isText {
		number, err := strconv.ParseFloat(fmt.Sprint(value), 64)
		if err != nil {
			t.Fatal(err)
		}
		return schema.Type == "integer" && number >= *schema.Minimum && number <= *schema.Maximum
	}
	if schema.MinLength != nil && int64(len(text)) < *schema.MinLength || schema.MaxLength != nil && int64(len(text)) > *schema.MaxLength {
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

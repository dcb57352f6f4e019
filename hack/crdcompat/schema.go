package main

import (
	"maps"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

type schema = apiextensionsv1.JSONSchemaProps

// schema compares one field of two releases and everything below it. What is new below
// it hurts nobody, unless it is required of those who wrote the field before, or appears
// by itself in what they wrote.
func (c *comparison) schema(path string, before, now *schema) {
	c.same(path, ruleType, before.Type, now.Type)
	c.same(path, ruleType, before.XIntOrString, now.XIntOrString)
	c.same(path, ruleDefault, before.Default, now.Default)
	c.merging(path, before, now)
	c.bounds(path, before, now)
	c.validations(path, before.XValidations, now.XValidations)
	c.same(path, ruleComposition, composition(before), composition(now))
	if before.Nullable && !now.Nullable {
		c.add(path, ruleTightened, "null is no longer accepted")
	}
	if isTrue(before.XPreserveUnknownFields) && !isTrue(now.XPreserveUnknownFields) {
		c.add(path, ruleUnknown, "unknown fields were kept and are dropped now")
	}
	if !before.XEmbeddedResource && now.XEmbeddedResource {
		c.add(path, ruleTightened, "is to be a whole object of Kubernetes now")
	}
	c.below(path, before, now)
}

func (c *comparison) below(path string, before, now *schema) {
	for _, name := range now.Required {
		if !slices.Contains(before.Required, name) {
			c.add(path+"."+name, ruleRequired, "is required now")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before.Properties)) {
		was := before.Properties[name]
		if is, exists := now.Properties[name]; exists {
			c.schema(path+"."+name, &was, &is)
		} else {
			c.add(path+"."+name, ruleRemoved, "the field is gone")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(now.Properties)) {
		if _, existed := before.Properties[name]; !existed && now.Properties[name].Default != nil {
			c.add(path+"."+name, ruleDefault, "is new and has a default, %s, which objects get that do not write it", now.Properties[name].Default.Raw)
		}
	}
	if before.Items != nil && before.Items.Schema != nil {
		if now.Items == nil || now.Items.Schema == nil {
			c.add(path+"[]", ruleRemoved, "the schema of the list's items is gone")
		} else {
			c.schema(path+"[]", before.Items.Schema, now.Items.Schema)
		}
	}
	c.values(path+".*", before.AdditionalProperties, now.AdditionalProperties)
}

// values compares the values of a map.
func (c *comparison) values(path string, before, now *apiextensionsv1.JSONSchemaPropsOrBool) {
	switch {
	case before == nil, before.Schema == nil && !before.Allows:
	case now == nil, now.Schema == nil && !now.Allows:
		c.add(path, ruleUnknown, "keys that are not declared were accepted, and are not any more")
	case before.Schema != nil && now.Schema != nil:
		c.schema(path, before.Schema, now.Schema)
	case before.Schema == nil && now.Schema != nil:
		c.add(path, ruleTightened, "any value was accepted, and there is a schema now")
	}
}

// merging compares what server-side apply goes by: who owns which part of a list or map.
// A list without a type is atomic, and a map without one is granular.
func (c *comparison) merging(path string, before, now *schema) {
	if before.Type == "array" {
		c.same(path, ruleMerge, or(before.XListType, "atomic"), or(now.XListType, "atomic"))
		c.same(path, ruleMerge, before.XListMapKeys, now.XListMapKeys)
	}
	if before.Type == "object" {
		c.same(path, ruleMerge, or(before.XMapType, "granular"), or(now.XMapType, "granular"))
	}
}

func (c *comparison) bounds(path string, before, now *schema) {
	c.upper(path, "maxLength", before.MaxLength, now.MaxLength)
	c.upper(path, "maxItems", before.MaxItems, now.MaxItems)
	c.upper(path, "maxProperties", before.MaxProperties, now.MaxProperties)
	c.lower(path, "minLength", before.MinLength, now.MinLength)
	c.lower(path, "minItems", before.MinItems, now.MinItems)
	c.lower(path, "minProperties", leastProperties(before), now.MinProperties)
	if tighter(now.Maximum, before.Maximum, now.ExclusiveMaximum, before.ExclusiveMaximum, -1) {
		c.add(path, ruleTightened, "maximum was %s, is %s", limit(before.Maximum, before.ExclusiveMaximum), limit(now.Maximum, now.ExclusiveMaximum))
	}
	if tighter(now.Minimum, before.Minimum, now.ExclusiveMinimum, before.ExclusiveMinimum, 1) {
		c.add(path, ruleTightened, "minimum was %s, is %s", limit(before.Minimum, before.ExclusiveMinimum), limit(now.Minimum, now.ExclusiveMinimum))
	}
	if now.Pattern != "" && now.Pattern != before.Pattern {
		c.add(path, ruleTightened, "pattern was %q, is %q", before.Pattern, now.Pattern)
	}
	if now.Format != "" && now.Format != before.Format {
		c.add(path, ruleTightened, "format was %q, is %q", before.Format, now.Format)
	}
	if now.MultipleOf != nil && text(before.MultipleOf) != text(now.MultipleOf) {
		c.add(path, ruleTightened, "multipleOf was %s, is %s", text(before.MultipleOf), text(now.MultipleOf))
	}
	if now.UniqueItems && !before.UniqueItems {
		c.add(path, ruleTightened, "items must be unique now")
	}
	c.enum(path, before, now)
}

func (c *comparison) enum(path string, before, now *schema) {
	if len(now.Enum) == 0 {
		return
	}
	if len(before.Enum) == 0 {
		c.add(path, ruleTightened, "any value was accepted, and only %s is now", text(now.Enum))
		return
	}
	for _, was := range before.Enum {
		if !slices.ContainsFunc(now.Enum, func(is apiextensionsv1.JSON) bool { return string(is.Raw) == string(was.Raw) }) {
			c.add(path, ruleTightened, "%s is no longer accepted", was.Raw)
		}
	}
}

// validations compares rules of CEL by their text: nobody can say by a look whether a
// changed one accepts less. With optionalOldSelf the same text is asked of new objects too.
// Its message may change.
func (c *comparison) validations(path string, before, now apiextensionsv1.ValidationRules) {
	for _, rule := range now {
		same := func(r apiextensionsv1.ValidationRule) bool { return r.Rule == rule.Rule }
		at := slices.IndexFunc(before, same)
		switch {
		case at < 0:
			c.add(path, ruleValidation, "a rule is new or changed: %s", rule.Rule)
		case isTrue(before[at].OptionalOldSelf) != isTrue(rule.OptionalOldSelf):
			c.add(path, ruleValidation, "optionalOldSelf of a rule was %t, is %t: %s", isTrue(before[at].OptionalOldSelf), isTrue(rule.OptionalOldSelf), rule.Rule)
		}
	}
}

func (c *comparison) upper(path, name string, before, now *int64) {
	if now != nil && (before == nil || *now < *before) {
		c.add(path, ruleTightened, "%s was %s, is %d", name, text(before), *now)
	}
}

func (c *comparison) lower(path, name string, before, now *int64) {
	if now != nil && *now > 0 && (before == nil || *now > *before) {
		c.add(path, ruleTightened, "%s was %s, is %d", name, text(before), *now)
	}
}

// leastProperties is how many fields an object had at least, counting those that were
// required.
func leastProperties(s *schema) *int64 {
	least := int64(len(s.Required))
	if s.MinProperties != nil {
		least = max(least, *s.MinProperties)
	}
	return &least
}

// tighter says whether a bound lets fewer numbers through: sign 1 is a minimum, -1 a
// maximum.
func tighter(now, before *float64, nowExclusive, beforeExclusive bool, sign float64) bool {
	switch {
	case now == nil:
		return false
	case before == nil:
		return true
	case *now == *before:
		return nowExclusive && !beforeExclusive
	}
	return (*now-*before)*sign > 0
}

func limit(bound *float64, exclusive bool) string {
	if exclusive {
		return text(bound) + " (exclusive)"
	}
	return text(bound)
}

// composition is the part of a schema that is compared as a whole.
func composition(s *schema) any {
	if len(s.AllOf) == 0 && len(s.AnyOf) == 0 && len(s.OneOf) == 0 && s.Not == nil {
		return nil
	}
	return map[string]any{"allOf": s.AllOf, "anyOf": s.AnyOf, "oneOf": s.OneOf, "not": s.Not}
}

func or(value *string, fallback string) string {
	if value == nil {
		return fallback
	}
	return *value
}

func isTrue(value *bool) bool { return value != nil && *value }

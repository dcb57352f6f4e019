package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// The rules. Exceptions name them.
const (
	ruleKind        = "kind"         // a CRD or a version is gone, or named, scoped, served or stored otherwise
	ruleSelectable  = "selectable"   // a field is gone that lists can be asked for by
	ruleColumn      = "column"       // a column of kubectl get is gone, or shows another field
	ruleSubresource = "subresource"  // status or scale is gone
	ruleRemoved     = "removed"      // a field is gone: what users wrote there is dropped silently
	ruleType        = "type"         // a field has another type
	ruleRequired    = "required"     // a field that could be left out no longer can
	ruleDefault     = "default"      // what is not written means something else
	ruleMerge       = "merge"        // server-side apply merges a list or map otherwise
	ruleTightened   = "tightened"    // a bound, pattern, format or enum refuses what it took
	ruleValidation  = "validation"   // a CEL rule is new or changed, and may refuse what was taken
	ruleComposition = "composition"  // allOf, anyOf, oneOf or not is changed
	ruleUnknown     = "unknown-data" // unknown fields or values were kept, and are not any more
)

// finding is one change that can hurt somebody who upgrades.
type finding struct {
	crd, path, rule, message string
}

func (f finding) String() string {
	return fmt.Sprintf("%s %s (%s): %s", f.crd, f.path, f.rule, f.message)
}

// compareAll compares the CRDs of a release with those of now, by name.
func compareAll(before, now map[string]*apiextensionsv1.CustomResourceDefinition) []finding {
	var found []finding
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if now[name] == nil {
			found = append(found, finding{name, ".", ruleKind, "the CRD is gone"})
			continue
		}
		found = append(found, compareCRD(before[name], now[name])...)
	}
	return found
}

// compareCRD compares what users of one kind rely on.
func compareCRD(before, now *apiextensionsv1.CustomResourceDefinition) []finding {
	c := &comparison{crd: before.Name}
	c.same(".spec.group", ruleKind, before.Spec.Group, now.Spec.Group)
	c.same(".spec.scope", ruleKind, before.Spec.Scope, now.Spec.Scope)
	c.same(".spec.names.kind", ruleKind, before.Spec.Names.Kind, now.Spec.Names.Kind)
	c.same(".spec.names.plural", ruleKind, before.Spec.Names.Plural, now.Spec.Names.Plural)
	c.same(".spec.names.singular", ruleKind, before.Spec.Names.Singular, now.Spec.Names.Singular)
	c.keeps(".spec.names.shortNames", ruleKind, before.Spec.Names.ShortNames, now.Spec.Names.ShortNames)
	c.keeps(".spec.names.categories", ruleKind, before.Spec.Names.Categories, now.Spec.Names.Categories)
	for i := range before.Spec.Versions {
		c.version(&before.Spec.Versions[i], now.Spec.Versions)
	}
	return c.found
}

// comparison collects the findings of one CRD.
type comparison struct {
	crd   string
	found []finding
}

func (c *comparison) add(path, rule, format string, args ...any) {
	c.found = append(c.found, finding{c.crd, path, rule, fmt.Sprintf(format, args...)})
}

// same finds values that differ, by the way that they are written in JSON.
func (c *comparison) same(path, rule string, before, now any) {
	if b, n := text(before), text(now); b != n {
		c.add(path, rule, "was %s, is %s", b, n)
	}
}

// keeps finds what a set has lost.
func (c *comparison) keeps(path, rule string, before, now []string) {
	for _, value := range before {
		if !slices.Contains(now, value) {
			c.add(path, rule, "%q is gone", value)
		}
	}
}

func (c *comparison) version(before *apiextensionsv1.CustomResourceDefinitionVersion, versions []apiextensionsv1.CustomResourceDefinitionVersion) {
	at := slices.IndexFunc(versions, func(v apiextensionsv1.CustomResourceDefinitionVersion) bool { return v.Name == before.Name })
	if at < 0 {
		c.add(before.Name, ruleKind, "the version is gone: objects may be stored in it")
		return
	}
	now := &versions[at]
	if before.Served && !now.Served {
		c.add(before.Name, ruleKind, "the version is no longer served")
	}
	if before.Storage != now.Storage {
		c.add(before.Name, ruleKind, "stored was %t, is %t: who goes back a release reads what the other one stored", before.Storage, now.Storage)
	}
	if !before.Deprecated && now.Deprecated {
		c.add(before.Name, ruleKind, "the version is deprecated now: who uses it is warned")
	}
	c.subresources(before.Name, before.Subresources, now.Subresources)
	c.lists(before, now)
	if before.Schema == nil || before.Schema.OpenAPIV3Schema == nil {
		return
	}
	if now.Schema == nil || now.Schema.OpenAPIV3Schema == nil {
		c.add(before.Name, ruleRemoved, "the schema is gone")
		return
	}
	c.schema(before.Name, before.Schema.OpenAPIV3Schema, now.Schema.OpenAPIV3Schema)
}

func (c *comparison) subresources(version string, before, now *apiextensionsv1.CustomResourceSubresources) {
	if before == nil {
		return
	}
	if before.Status != nil && (now == nil || now.Status == nil) {
		c.add(version, ruleSubresource, "status is no longer a subresource")
	}
	if before.Scale != nil && (now == nil || text(before.Scale) != text(now.Scale)) {
		c.add(version, ruleSubresource, "scale is changed or gone")
	}
}

// lists compares what people and tools ask of a list, and see of it.
func (c *comparison) lists(before, now *apiextensionsv1.CustomResourceDefinitionVersion) {
	for _, field := range before.SelectableFields {
		if !slices.Contains(now.SelectableFields, field) {
			c.add(before.Name, ruleSelectable, "field selectors by %s are refused now", field.JSONPath)
		}
	}
	for _, was := range before.AdditionalPrinterColumns {
		at := slices.IndexFunc(now.AdditionalPrinterColumns, func(is apiextensionsv1.CustomResourceColumnDefinition) bool { return is.Name == was.Name })
		if at < 0 {
			c.add(before.Name, ruleColumn, "column %s is gone", was.Name)
		} else if path := now.AdditionalPrinterColumns[at].JSONPath; path != was.JSONPath {
			c.add(before.Name, ruleColumn, "column %s showed %s, shows %s", was.Name, was.JSONPath, path)
		}
	}
}

// text is a value as JSON; an absent one is "nothing".
func text(value any) string {
	written, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	if string(written) == "null" {
		return "nothing"
	}
	return string(written)
}

package compare

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/config"
)

// The changes of an object, as customers have it.
const (
	ObjectNew      = "New"
	ObjectChanged  = "Changed"
	ObjectDeleted  = "Deleted"
	ObjectRetired  = "Retired"  // deleted, and kept for those who name it
	ObjectRestored = "Restored" // there again for those who name it, after it was retired
)

// ObjectChange is an object of which customers have something else.
type ObjectChange struct {
	Kind   string        `json:"kind"`
	Name   string        `json:"name"`
	Change string        `json:"change"`
	Fields []FieldChange `json:"fields,omitempty"` // of Changed and Restored
}

// FieldChange is a field that is different. Texts of several lines are named by their digest.
type FieldChange struct {
	Path   string `json:"path"` // as in the documents: actions[first-mail].days
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// Plain are two documents as they are written.
type Plain struct{ Settings, Routing []byte } // nil: there is none

// Objects lists the objects of which customers have something else by other documents, by
// kind and name.
func Objects(before, after Plain) ([]ObjectChange, error) {
	was, err := before.entries()
	if err != nil {
		return nil, err
	}
	is, err := after.entries()
	if err != nil {
		return nil, err
	}
	keys := maps.Clone(was)
	maps.Copy(keys, is)
	var list []ObjectChange
	for _, key := range slices.SortedFunc(maps.Keys(keys), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		change := ObjectChange{Kind: key[0], Name: key[1]}
		b, wasThere := was[key]
		a, isThere := is[key]
		switch {
		case !wasThere:
			change.Change = ObjectNew
		case !isThere:
			change.Change = ObjectDeleted
		case a.state == config.Retired && b.state != config.Retired:
			change.Change = ObjectRetired
		case b.state == config.Retired && a.state != config.Retired:
			change.Change, change.Fields = ObjectRestored, fieldsOf("", b.content, a.content)
		default:
			change.Change = ObjectChanged
			if change.Fields = fieldsOf("", b.content, a.content); len(change.Fields) == 0 {
				continue
			}
		}
		list = append(list, change)
	}
	return list, nil
}

// Differ says whether customers may have anything else by other documents: all of them is
// looked at, but for which objects they were made of (uid and generation).
func Differ(before, after Plain) (bool, error) {
	was, err := before.bare()
	if err != nil {
		return true, err
	}
	is, err := after.bare()
	if err != nil {
		return true, err
	}
	return !bytes.Equal(was.Settings, is.Settings) || !bytes.Equal(was.Routing, is.Routing), nil
}

// bare are the documents without uid and generation of their objects.
func (p Plain) bare() (bare Plain, err error) {
	strip := func(lists ...[]config.Entry) {
		for _, list := range lists {
			for i := range list {
				list[i].UID, list[i].Generation = "", 0
			}
		}
	}
	if p.Settings != nil {
		doc, err := config.Parse(p.Settings)
		if err != nil {
			return bare, err
		}
		doc.Tenant.UID, doc.Tenant.Generation = "", 0
		strip(doc.AccountProfiles, doc.MyAccountProfiles)
		if bare.Settings, err = config.Encode(doc); err != nil {
			return bare, err
		}
	}
	if p.Routing != nil {
		doc, err := config.ParseRouting(p.Routing)
		if err != nil {
			return bare, err
		}
		strip(doc.Templates)
		if bare.Routing, err = config.EncodeRouting(doc); err != nil {
			return bare, err
		}
	}
	return bare, nil
}

// entry is what customers have of an object.
type entry struct {
	state   config.EntryState
	content any // decoded JSON
}

func (p Plain) entries() (map[[2]string]entry, error) {
	all := map[[2]string]entry{}
	add := func(kind string, list []config.Entry) error {
		for _, e := range list {
			decoder := json.NewDecoder(bytes.NewReader(e.Content))
			decoder.UseNumber()
			var content any
			if err := decoder.Decode(&content); err != nil {
				return fmt.Errorf("read %s %q: %w", kind, e.Name, err)
			}
			all[[2]string{kind, e.Name}] = entry{e.State, content}
		}
		return nil
	}
	if p.Settings != nil {
		doc, err := config.Parse(p.Settings)
		if err != nil {
			return nil, err
		}
		for kind, list := range map[string][]config.Entry{"Tenant": {doc.Tenant}, "AccountProfile": doc.AccountProfiles, "MyAccountProfile": doc.MyAccountProfiles} {
			if err := add(kind, list); err != nil {
				return nil, err
			}
		}
	}
	if p.Routing != nil {
		doc, err := config.ParseRouting(p.Routing)
		if err != nil {
			return nil, err
		}
		if err := add("EventTemplate", doc.Templates); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// fieldsOf lists the fields that differ.
func fieldsOf(path string, before, after any) []FieldChange {
	was, wasMap := mapOf(before)
	is, isMap := mapOf(after)
	if list, both := elementsOf(path, before, after); both {
		return list
	}
	if !wasMap && !isMap || before != nil && !wasMap || after != nil && !isMap {
		if b, a := textOf(before), textOf(after); b != a {
			return []FieldChange{{path, b, a}}
		}
		return nil
	}
	keys := map[string]bool{}
	for key := range was {
		keys[key] = true
	}
	for key := range is {
		keys[key] = true
	}
	var list []FieldChange
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		name := key
		if path != "" && !strings.HasPrefix(key, "[") {
			name = "." + key
		}
		list = append(list, fieldsOf(path+name, was[key], is[key])...)
	}
	return list
}

// elementsOf lists the elements that only one of two lists of texts has, as features[ViewInvoices];
// both is false if they are no such lists.
func elementsOf(path string, before, after any) (list []FieldChange, both bool) {
	was, wasTexts := textsOf(before)
	is, isTexts := textsOf(after)
	if !wasTexts || !isTexts || len(was)+len(is) == 0 {
		return nil, false
	}
	for _, text := range was {
		if !slices.Contains(is, text) {
			list = append(list, FieldChange{Path: path + "[" + text + "]", Before: text})
		}
	}
	for _, text := range is {
		if !slices.Contains(was, text) {
			list = append(list, FieldChange{Path: path + "[" + text + "]", After: text})
		}
	}
	return list, true
}

// textsOf is a list of texts; one that is not there is empty.
func textsOf(value any) (texts []string, ok bool) {
	list, isList := value.([]any)
	if !isList {
		return nil, value == nil
	}
	for _, element := range list {
		text, isText := element.(string)
		if !isText {
			return nil, false
		}
		texts = append(texts, text)
	}
	return texts, true
}

// mapOf are the fields of an object, or the elements of a list of objects by their names.
func mapOf(value any) (map[string]any, bool) {
	switch v := value.(type) {
	case map[string]any:
		return v, true
	case []any:
		named := map[string]any{}
		for _, element := range v {
			object, _ := element.(map[string]any)
			name, _ := object["name"].(string)
			if locale, _ := object["locale"].(string); name == "" {
				name = locale
			}
			if name == "" {
				return nil, false
			}
			named["["+name+"]"] = element
		}
		return named, len(v) > 0
	}
	return nil, false
}

// longest is how long a value is told as it is.
const longest = 80

// textOf is a value for people.
func textOf(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		if len(v) > longest || strings.Contains(v, "\n") {
			return fmt.Sprintf("%d bytes, %s", len(v), short(config.Digest([]byte(v))))
		}
		return short(v)
	case []any:
		var parts []string
		for _, element := range v {
			parts = append(parts, textOf(element))
		}
		return strings.Join(parts, ", ")
	}
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // it was decoded from JSON
	}
	return string(text)
}

// short shortens the digest that names a text.
func short(text string) string {
	const prefix, digits = "sha256:", 12
	if strings.HasPrefix(text, prefix) && len(text) > len(prefix)+digits {
		return text[:len(prefix)+digits]
	}
	return text
}

package apply

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Drift is what somebody else has made of an object. It holds no value of any field.
type Drift struct {
	APIVersion, Kind, Name string
	// Fields are those that differ, as spec.template.spec.containers[portal].image; none: there
	// is no such object, not yet or not any more.
	Fields []string
	// Version is that of the object that was looked at.
	Version string
	// Managers are who the API server says has written the fields; nil: they are unknown.
	Managers func() []string
}

// Keeper is told of drift.
type Keeper interface {
	// Seen is told of each object of an owner that is there.
	Seen(owner client.Object, kind, name string)
	// Removed is told that the operator has deleted an object.
	Removed(owner client.Object, kind, name string)
	// Heal is told of a drift, and says whether it is to be healed now, and what is to be
	// called when that was done; nil: nothing.
	Heal(owner client.Object, drift Drift) (healed func(), now bool)
}

func (g *Gateway) seen(owner client.Object, want *rendered) {
	if g.keeper != nil {
		g.keeper.Seen(owner, want.GetKind(), want.GetName())
	}
}

// heal asks the keeper whether a drift is to be healed.
func (g *Gateway) heal(owner client.Object, drift Drift) verdict {
	if g.keeper == nil {
		return verdict{send: true}
	}
	healed, now := g.keeper.Heal(owner, drift)
	return verdict{send: now, result: Contested, healed: healed}
}

// missing says of an object that is not there whether it is to be made now.
func (g *Gateway) missing(owner client.Object, want *rendered) verdict {
	return g.heal(owner, Drift{APIVersion: want.GetAPIVersion(), Kind: want.GetKind(), Name: want.GetName()})
}

// drifted says of an object that somebody has changed whether it is to be healed.
func (g *Gateway) drifted(ctx context.Context, owner, live client.Object, want *rendered, fields []field) verdict {
	if want.GetKind() == "Secret" { // another value of a key is the operator's own wish
		fields = slices.DeleteFunc(fields, func(f field) bool { return f[0].name == "data" && !keyIsMissing(live, f) })
	}
	if len(fields) == 0 {
		return verdict{send: true}
	}
	slices.SortFunc(fields, func(a, b field) int { return strings.Compare(a.String(), b.String()) })
	drift := Drift{
		APIVersion: want.GetAPIVersion(), Kind: want.GetKind(), Name: want.GetName(), Version: live.GetResourceVersion(),
		Managers: func() []string { return g.managers(ctx, want, fields) },
	}
	for _, f := range fields {
		drift.Fields = append(drift.Fields, f.String())
	}
	return g.heal(owner, drift)
}

// keyIsMissing says whether a Secret lacks the key that a field is about.
func keyIsMissing(live client.Object, f field) bool {
	encoded, err := json.Marshal(live)
	if err != nil || len(f) < 2 {
		return true
	}
	var secret struct {
		Data map[string]json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(encoded, &secret); err != nil {
		return true
	}
	return secret.Data[f[1].name] == nil
}

// field is the path of a field. Entries of lists are told apart by a key.
type field []step

type step struct {
	name string // of a field, or of the key of an entry
	key  any    // the value of the key; nil: it is no entry
}

func (f field) String() string {
	var text strings.Builder
	for i, s := range f {
		switch {
		case s.key != nil:
			fmt.Fprintf(&text, "[%v]", s.key)
		case strings.ContainsAny(s.name, "./"):
			fmt.Fprintf(&text, "[%s]", s.name)
		case i > 0:
			text.WriteString("." + s.name)
		default:
			text.WriteString(s.name)
		}
	}
	return text.String()
}

// narrow names, of a value that is not as wanted, the parts that are not.
func narrow(at field, have, want any) []field {
	switch want := want.(type) {
	case map[string]any:
		values, ok := have.(map[string]any)
		if !ok || slices.Contains(selectors, at[len(at)-1].name) {
			return []field{at}
		}
		var fields []field
		for _, key := range slices.Sorted(maps.Keys(want)) {
			if !holds(key, values[key], want[key], false) {
				fields = append(fields, narrow(at.with(step{name: key}), values[key], want[key])...)
			}
		}
		return fields
	case []any:
		return narrowList(at, have, want)
	}
	return []field{at}
}

func narrowList(at field, have any, want []any) []field {
	entries, ok := have.([]any)
	if !ok || slices.Contains(atomicLists, at[len(at)-1].name) {
		return []field{at}
	}
	var fields []field
	for _, value := range want {
		key, keyed := entryKey(value)
		if !keyed {
			return []field{at}
		}
		id := value.(map[string]any)[key]
		if there := find(entries, key, id); !contains(there, value, false) {
			fields = append(fields, narrow(at.with(step{name: key, key: id}), there, value)...)
		}
	}
	return fields
}

func (f field) with(s step) field { return append(slices.Clone(f), s) }

// managers are the writers, besides the operator, of the fields: as the API server keeps it,
// or else the last one who wrote the object.
func (g *Gateway) managers(ctx context.Context, want *rendered, fields []field) []string {
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(want.GroupVersionKind())
	if err := g.live.Get(ctx, client.ObjectKey{Namespace: want.GetNamespace(), Name: want.GetName()}, object); err != nil {
		return nil // then nobody is named
	}
	var owners []string
	var last metav1.ManagedFieldsEntry
	for _, entry := range object.ManagedFields {
		if entry.Manager == string(FieldOwner) || entry.Subresource == "status" || entry.FieldsV1 == nil {
			continue
		}
		if last.Manager == "" || last.Time.Before(entry.Time) {
			last = entry
		}
		var owned map[string]any
		if err := json.Unmarshal(entry.FieldsV1.GetRawBytes(), &owned); err != nil {
			continue
		}
		if slices.ContainsFunc(fields, func(f field) bool { return f.in(owned) }) && !slices.Contains(owners, entry.Manager) {
			owners = append(owners, entry.Manager)
		}
	}
	if len(owners) == 0 && last.Manager != "" {
		return []string{last.Manager}
	}
	slices.Sort(owners)
	return owners
}

// in says whether a set of fields, as in metadata.managedFields, has this one or a part of it.
func (f field) in(owned map[string]any) bool {
	for _, s := range f {
		next, ok := s.of(owned)
		if !ok {
			return false
		}
		owned = next
	}
	return true
}

func (s step) of(owned map[string]any) (map[string]any, bool) {
	if s.key == nil {
		next, ok := owned["f:"+s.name].(map[string]any)
		return next, ok
	}
	for name, value := range owned {
		id, isEntry := strings.CutPrefix(name, "k:")
		var keys map[string]any
		if !isEntry || json.Unmarshal([]byte(id), &keys) != nil {
			continue
		}
		if same(keys[s.name], s.key) {
			next, ok := value.(map[string]any)
			return next, ok
		}
	}
	return nil, false
}

// same compares keys of entries, of which numbers are kept in several forms.
func same(a, b any) bool {
	return reflect.DeepEqual(a, b) || a != nil && fmt.Sprint(a) == fmt.Sprint(b)
}

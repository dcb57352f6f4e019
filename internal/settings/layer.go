package settings

import (
	"maps"
	"slices"
)

// texts returns the value of every key that the layer sets.
func (a Attributes) texts() map[string]string {
	texts := map[string]string{}
	for _, d := range declarations {
		if d.ofLayer == nil {
			continue
		}
		if text := d.ofLayer(&a); text != "" {
			texts[d.Key] = text
		}
	}
	for _, own := range a.Custom {
		texts[customKey(own.Name)] = own.Value
	}
	return texts
}

// Keys lists the keys that the layer sets, sorted: "creditLimit", "custom.segment",
// "lateFee.amount".
func (a Attributes) Keys() []string { return slices.Sorted(maps.Keys(a.texts())) }

// Change is one key of a layer that has another value than before.
type Change struct {
	Key      string
	Old, New string
	HadOld   bool // else it was not set
	HasNew   bool // else it is no longer set, and inherits
}

// Diff lists what differs between two states of one layer, sorted by key.
func Diff(before, after Attributes) []Change {
	was, is := before.texts(), after.texts()
	either := maps.Clone(was)
	maps.Copy(either, is)
	var changes []Change
	for _, key := range slices.Sorted(maps.Keys(either)) {
		change := Change{Key: key}
		change.Old, change.HadOld = was[key]
		change.New, change.HasNew = is[key]
		if change.HadOld != change.HasNew || change.Old != change.New {
			changes = append(changes, change)
		}
	}
	return changes
}

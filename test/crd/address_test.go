package crd

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// address is where a value is in an object: names of fields and numbers of elements.
type address []any

// String is the form that the API server's messages use, as spec.actions[0].email.
func (a address) String() string {
	var text strings.Builder
	for _, step := range a {
		if number, isNumber := step.(int); isNumber {
			fmt.Fprintf(&text, "[%d]", number)
			continue
		}
		if text.Len() > 0 {
			text.WriteByte('.')
		}
		fmt.Fprint(&text, step)
	}
	return text.String()
}

// path is the address without numbers: the field in the schema.
func (a address) path() []string {
	path := make([]string, len(a))
	for i, step := range a {
		path[i] = "items"
		if name, isName := step.(string); isName {
			path[i] = name
		}
	}
	return path
}

func (a address) then(step any) address { return append(slices.Clone(a), step) }

// isBelow says whether the address is that of a field of the path, or inside of one.
func (a address) isBelow(path []string) bool {
	own := a.path()
	return len(own) >= len(path) && slices.Equal(own[:len(path)], path)
}

// find returns the addresses of a path in an object. The last step may be missing there.
func find(value any, path []string) []address {
	if len(path) == 0 {
		return []address{nil}
	}
	var found []address
	add := func(step, child any) {
		for _, rest := range find(child, path[1:]) {
			found = append(found, append(address{step}, rest...))
		}
	}
	switch parent := value.(type) {
	case map[string]any:
		if child, exists := parent[path[0]]; exists || len(path) == 1 {
			add(path[0], child)
		}
	case []any:
		for i, child := range parent {
			if path[0] == "items" {
				add(i, child)
			}
		}
	}
	return found
}

// get returns the value at an address.
func get(value any, at address) (any, bool) {
	for _, step := range at {
		switch parent := value.(type) {
		case map[string]any:
			name, isName := step.(string)
			child, exists := parent[name]
			if !isName || !exists {
				return nil, false
			}
			value = child
		case []any:
			number, isNumber := step.(int)
			if !isNumber || number >= len(parent) {
				return nil, false
			}
			value = parent[number]
		default:
			return nil, false
		}
	}
	return value, true
}

// put replaces the value at an address whose parent exists; absent removes a field.
func put(root any, at address, value any, absent bool) {
	parent, _ := get(root, at[:len(at)-1])
	switch container := parent.(type) {
	case map[string]any:
		name, _ := at[len(at)-1].(string)
		if delete(container, name); !absent {
			container[name] = value
		}
	case []any:
		number, _ := at[len(at)-1].(int)
		container[number] = value
	}
}

// differences returns the addresses at which two values differ, as deep as can be.
func differences(a, b any, at address) []address {
	mapA, isMapA := a.(map[string]any)
	mapB, isMapB := b.(map[string]any)
	listA, isListA := a.([]any)
	listB, isListB := b.([]any)
	var found []address
	switch {
	case isMapA && isMapB:
		names := maps.Clone(mapA)
		maps.Copy(names, mapB)
		for _, name := range slices.Sorted(maps.Keys(names)) {
			found = append(found, differences(mapA[name], mapB[name], at.then(name))...)
		}
	case isListA && isListB && len(listA) == len(listB):
		for i := range listA {
			found = append(found, differences(listA[i], listB[i], at.then(i))...)
		}
	case !reflect.DeepEqual(a, b):
		found = append(found, at)
	}
	return found
}

// everything calls visit for every value of an object, itself included.
func everything(value any, at address, visit func(at address, value any)) {
	visit(at, value)
	switch parent := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(parent)) {
			everything(parent[name], at.then(name), visit)
		}
	case []any:
		for i, child := range parent {
			everything(child, at.then(i), visit)
		}
	}
}

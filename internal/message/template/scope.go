package template

import (
	"maps"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/catalog"
)

// ref is a place of the payload as a template reaches it.
type ref struct {
	scope int    // 0: from the payload; else from the element of that range
	path  string // from there, as "invoice.number"
	shown string // the whole path for people, as ".overdue.invoices.number"
	field catalog.Field
	// optional are the parts of the path that may be missing, itself among them.
	optional []fact
}

// fact is that an optional field is there.
type fact struct {
	scope int
	path  string
}

// known is a list of facts, the newest first. Branches share the tails.
type known struct {
	fact fact
	more *known
}

func (k *known) has(f fact) bool {
	for ; k != nil; k = k.more {
		if k.fact == f {
			return true
		}
	}
	return false
}

func (k *known) with(facts []fact) *known {
	for _, f := range facts {
		if !k.has(f) {
			k = &known{f, k}
		}
	}
	return k
}

// place is where in a template something stands.
type place struct {
	dot, root ref
	scope     int // of the innermost range
	known     *known
	depth     int
	rounds    cost // how often its ranges go around, at most
}

func (p place) knowing(facts []fact) place {
	p.known = p.known.with(facts)
	return p
}

// mayMiss says whether the field, or an object that it is in, may be missing at a place.
func (r ref) mayMiss(at place) bool {
	return slices.ContainsFunc(r.optional, func(f fact) bool { return !at.known.has(f) })
}

// child is a field of an object.
func (r ref) child(field catalog.Field) ref {
	c := ref{scope: r.scope, path: strings.TrimPrefix(r.path+"."+field.Name, "."), shown: r.shown + "." + field.Name, field: field, optional: r.optional}
	if field.Optional {
		c.optional = append(slices.Clip(r.optional), fact{c.scope, c.path})
	}
	return c
}

// name is how the place is called in messages.
func (r ref) name() string {
	if r.shown == "" {
		return "the payload"
	}
	return r.shown
}

// uses are the fields that every filled in text contains. By the rule, a field is among
// them that is printed as it is
//
//	outside of any if, with and range, or
//	in every branch of an if or with that has an {{else}}, or
//	in a with of an object that is always there.
//
// One that is printed by a function, or as the default of another one, is not.
type uses map[string]bool

func (u uses) add(other uses) uses {
	if len(u) == 0 {
		return other
	}
	maps.Copy(u, other)
	return u
}

// both keeps what is in each of them.
func (u uses) both(other uses) uses {
	maps.DeleteFunc(u, func(path string, _ bool) bool { return !other[path] })
	return u
}

package catalog

import (
	"maps"
	"slices"
	"sync"

	"github.com/foyerhq/foyer/internal/settings"
)

// Catalog is the event types that one tenant knows. It is immutable, and the events in
// it are shared: nobody changes what they hold.
type Catalog struct {
	events map[string]Event
}

// BuiltIn returns the event types that every tenant knows.
func BuiltIn() *Catalog { return shared() }

var shared = sync.OnceValue(func() *Catalog {
	c := &Catalog{events: map[string]Event{}}
	for _, e := range builtIn() {
		c.events[e.Name] = e.withSample()
	}
	return c
})

// New adds a tenant's own event types to the built-in ones. What cannot be used is left
// out and told, with the field of the Tenant that has it, as spec.events[0].fields[1].sample.
func New(own []Own) (*Catalog, []settings.Problem) {
	if len(own) == 0 {
		return BuiltIn(), nil
	}
	c := &Catalog{events: maps.Clone(BuiltIn().events)}
	return c, c.add(own)
}

// Lookup finds an event type by its name.
func (c *Catalog) Lookup(name string) (Event, bool) {
	e, ok := c.events[name]
	return e, ok
}

// Names lists the event types, sorted.
func (c *Catalog) Names() []string { return slices.Sorted(maps.Keys(c.events)) }

// ConditionFields are the objects that a condition can ask for: the common ones and
// those of the event.
func (e Event) ConditionFields() []Field {
	account := oneAccount
	if e.ManyAccounts {
		account = manyAccounts
	}
	return slices.Concat([]Field{tenant, account, eventObject(e.Name)}, e.Fields)
}

// TemplateFields are the objects that a template can use: those of a condition, and the
// recipient.
func (e Event) TemplateFields() []Field { return append(e.ConditionFields(), recipient) }

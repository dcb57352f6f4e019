package compare

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"sync"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/catalog/suite"
	"github.com/foyerhq/foyer/internal/config"
)

// profileEvent names the messages of an event for accounts that move between two profiles.
type profileEvent struct{ before, after, event string }

// bothOrders are what tells of an event on both sides, without what is the same.
type bothOrders struct{ before, after []MessageOrder }

// events lists what changes of the messages of events, of the accounts that were counted.
func (c *Comparison) events() []EventChange {
	var list []EventChange
	if c.Same() {
		return nil
	}
	for pair, accounts := range c.buckets.pairs {
		for _, event := range c.eventTypes {
			both := c.orders(profileEvent{pair[0], pair[1], event})
			if accounts == 0 || len(both.before)+len(both.after) == 0 {
				continue
			}
			change := EventChange{Event: event, AccountProfile: pair[1], Accounts: accounts, Before: both.before, After: both.after}
			if pair[0] != pair[1] {
				change.Was = pair[0]
			}
			list = append(list, change)
		}
	}
	return list
}

// eventTypesOf are those of either side.
func eventTypesOf(sides ...*config.Live) []string {
	var names []string
	for _, live := range sides {
		known, _ := catalog.New(live.Tenant.Events) // those that cannot be used are left out
		names = append(names, known.Names()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// orders are what differs of the messages of an event.
func (c *Comparison) orders(of profileEvent) *bothOrders {
	if both, known := c.actions[of]; known {
		return both
	}
	was, is := c.before.orders(of.before, of.event), c.after.orders(of.after, of.event)
	both := &bothOrders{without(was, is), without(is, was)}
	c.actions[of] = both
	return both
}

// without leaves out those that others have as well.
func without(list, others []MessageOrder) []MessageOrder {
	kept := []MessageOrder{}
	for _, o := range list {
		same := func(other MessageOrder) bool {
			return o.Source == other.Source && o.Template == other.Template && o.Action == other.Action && o.Digest == other.Digest && slices.Equal(o.Days, other.Days)
		}
		if !slices.ContainsFunc(others, same) {
			kept = append(kept, o)
		}
	}
	return kept
}

// MessagesMayChange says whether an account of a treatment may be told something else of an
// event, or in another way.
func (c *Comparison) MessagesMayChange(t *Treated, event string) bool {
	both := c.orders(profileEvent{t.Before, t.After, event})
	return c.texts || t.Changes() || len(both.before)+len(both.after) > 0
}

// MessagesChange says whether any account may be told something else of an event; "": of any
// event. It is known when the buckets were counted.
func (c *Comparison) MessagesChange(event string) bool {
	if c.texts {
		return true
	}
	if profiles, ids := c.Affected(); len(profiles)+len(ids) > 0 {
		return true
	}
	for pair := range c.buckets.pairs {
		for _, name := range c.eventTypes {
			if event != "" && event != name {
				continue
			}
			if both := c.orders(profileEvent{pair[0], pair[1], name}); len(both.before)+len(both.after) > 0 {
				return true
			}
		}
	}
	return false
}

// orders are what tells of an event to accounts of a profile. Any template of their own
// replaces the standard message, whatever of it fires.
func (d Documents) orders(profile, event string) []MessageOrder {
	var list []MessageOrder
	replaced := false
	if d.Routing != nil {
		for _, name := range slices.Sorted(maps.Keys(d.Routing.Templates)) {
			t := d.Routing.Templates[name]
			if t.Event != event || !slices.Contains(t.AccountProfiles, profile) {
				continue
			}
			replaced = true
			for _, a := range t.Actions {
				if o, fires := orderOf(name, t, a, d.Routing.Routing.Withheld, profile); fires {
					list = append(list, o)
				}
			}
		}
	}
	if replaced || !suite.Has(event) || !d.Live.HasStandard(profile, event) {
		return list
	}
	return []MessageOrder{{Source: "Standard", Action: "standard", Channel: "Email", Days: standardDays()[event],
		Digest: digestOf(suite.Version, d.Live.Tenant.Branding.AccentColor)}}
}

// standardDays are the days of the standard messages of dated events.
var standardDays = sync.OnceValue(func() map[string][]int32 {
	days := map[string][]int32{}
	for _, event := range suite.Events() {
		message, _ := suite.For(event, "")
		days[event] = message.Days
	}
	return days
})

func orderOf(name string, t config.EventTemplate, a config.Action, withheld []config.Withheld, profile string) (o MessageOrder, fires bool) {
	if a.State != "" {
		return o, false
	}
	days := daysOf(a)
	dated := len(days) > 0
	for _, w := range withheld {
		if w.Template != name || w.Action != a.Name || w.AccountProfile != profile {
			continue
		}
		if len(w.Days) == 0 {
			return o, false
		}
		days = slices.DeleteFunc(days, func(day int32) bool { return slices.Contains(w.Days, day) })
	}
	if dated && len(days) == 0 {
		return o, false
	}
	content := a
	content.Name, content.Days, content.RepeatEveryDays, content.MaxRepeats = "", nil, 0, 0 // told beside
	return MessageOrder{Source: "EventTemplate", Template: name, Action: a.Name, Channel: a.Type, Days: days, Digest: digestOf(t.When, t.Schedule, content)}, true
}

// daysOf are the days of an action with its repeats, sorted.
func daysOf(a config.Action) []int32 {
	days := slices.Clone(a.Days)
	if len(days) > 0 && a.RepeatEveryDays > 0 {
		last := slices.Max(days)
		for range a.MaxRepeats {
			last += a.RepeatEveryDays
			days = append(days, last)
		}
	}
	slices.Sort(days)
	return slices.Compact(days)
}

// digestOf is short: it is for comparing, and for people to see that something differs.
func digestOf(parts ...any) string {
	text, err := json.Marshal(parts)
	if err != nil {
		panic(err) // documents are made to be encoded
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}

// tenantTexts is what messages tell of the tenant itself.
func tenantTexts(l *config.Live) string {
	return digestOf(l.Name, l.Tenant.DisplayName, l.Tenant.Hostname, l.Tenant.Branding, l.Tenant.Email.From, l.Tenant.Email.ReplyTo, l.Tenant.Events)
}

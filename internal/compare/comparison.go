package compare

import (
	"slices"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

// Documents are a settings and a routing document that belong together.
type Documents struct {
	Live    *config.Live
	Routing *config.LiveRouting // nil: there is none, so there are the standard messages alone
}

// Digests name both documents.
func (d Documents) Digests() [2]string {
	if d.Routing == nil {
		return [2]string{d.Live.Digest}
	}
	return [2]string{d.Live.Digest, d.Routing.Digest}
}

// Options say how much is told.
type Options struct {
	Samples int // ids of each change; 0: none
	// Each is told every account, person and notification that changes; nil: nobody is.
	Each func(Line)
	// Buckets were counted for the same documents before; nil: they are counted anew.
	Buckets *Buckets
}

// Line is one account, person or notification that changes, for those who want all of them.
type Line struct {
	Kind           string        `json:"kind" enum:"Account,Person,Upcoming,Waiting" doc:"What it is."`
	AccountID      string        `json:"accountId,omitempty" doc:"The account."`
	ContactID      string        `json:"contactId,omitempty" doc:"The contact."`
	NotificationID string        `json:"notificationId,omitempty" doc:"Of Waiting: the notification."`
	EventType      string        `json:"eventType,omitempty" doc:"Of notifications: the event type."`
	Channel        string        `json:"channel,omitempty" doc:"Of notifications: the way they go."`
	Invoice        string        `json:"invoice,omitempty" doc:"Of Upcoming: the id of the invoice."`
	Change         string        `json:"change,omitempty" doc:"Of Upcoming: Appears, Disappears, Moves or Rewords."`
	Reason         string        `json:"reason,omitempty" doc:"Of notifications: why they are suppressed."`
	Before         string        `json:"before,omitempty" doc:"Of Upcoming: the date now. Of Waiting: what becomes of it now."`
	After          string        `json:"after,omitempty" doc:"Of Upcoming: the date then. Of Waiting: what would become of it."`
	Changes        []ValueChange `json:"changes,omitempty" doc:"Of Account: what changes."`
	Gained         []string      `json:"gained,omitempty" doc:"Of Person: the features gained."`
	Lost           []string      `json:"lost,omitempty" doc:"Of Person: the features lost."`
}

// ValueChange is one value of an account that changes.
type ValueChange struct {
	Key    string  `json:"key" doc:"What changes, as in the counts."`
	Before Decided `json:"before" doc:"What it has now."`
	After  Decided `json:"after" doc:"What it would have."`
}

// Comparison counts what changes between two pairs of documents. It is for one caller at a
// time.
type Comparison struct {
	before, after Documents
	options       Options
	customers     []string // that MyAccountProfiles of either side name
	texts         bool     // what every message tells of the tenant changes
	eventTypes    []string
	actions       map[profileEvent]*bothOrders

	known    map[string]*Treated // accounts that resolve alike
	counts   map[accountKey]*AccountChange
	features map[[2]string]*FeatureChange
	messages map[messageKey]*MessageChange
	waiting  map[[5]string]*WaitingChange

	buckets    *Buckets
	profiles   map[bothProfiles]bool // whether accounts that have these may change
	difference Difference
}

// New compares two pairs of documents.
func New(before, after Documents, options Options) *Comparison {
	c := &Comparison{
		before: before, after: after, options: options, actions: map[profileEvent]*bothOrders{},
		known: map[string]*Treated{}, counts: map[accountKey]*AccountChange{}, features: map[[2]string]*FeatureChange{},
		messages: map[messageKey]*MessageChange{}, waiting: map[[5]string]*WaitingChange{},
		buckets: options.Buckets, profiles: map[bothProfiles]bool{},
	}
	if c.buckets == nil {
		c.buckets = &Buckets{pairs: map[[2]string]int64{}, affected: map[string]bool{}, named: map[string]int64{}, pinned: map[string]int64{}}
	}
	c.customers = slices.Compact(slices.Sorted(slices.Values(append(before.Live.NamedCustomers(), after.Live.NamedCustomers()...))))
	c.eventTypes = eventTypesOf(before.Live, after.Live)
	c.texts = tenantTexts(before.Live) != tenantTexts(after.Live)
	if was, is := before.Live.Delivery().Mode, after.Live.Delivery().Mode; was != is {
		c.difference.Delivery = &DeliveryChange{string(was), string(is)}
	}
	return c
}

// Same says that both sides are the same documents, so that nothing has to be asked.
func (c *Comparison) Same() bool { return c.before.Digests() == c.after.Digests() }

// retired are the profiles that are deleted by the change.
func (c *Comparison) retired() []RetiredProfile {
	var list []RetiredProfile
	add := func(kind string, was, is []string, accounts map[string]int64) {
		for _, name := range is {
			if !slices.Contains(was, name) {
				list = append(list, RetiredProfile{kind, name, accounts[name]})
			}
		}
	}
	add("AccountProfile", c.before.Live.RetiredAccountProfiles(), c.after.Live.RetiredAccountProfiles(), c.buckets.named)
	add("MyAccountProfile", c.before.Live.RetiredMyAccountProfiles(), c.after.Live.RetiredMyAccountProfiles(), c.buckets.pinned)
	return list
}

// Difference is what was found. Where the messages of events come from, and what is orphaned,
// is told where the buckets are known.
func (c *Comparison) Difference() Difference {
	d := c.difference
	d.Accounts.Total = c.buckets.total
	for _, one := range c.counts {
		if one.Accounts == 0 {
			continue // it was resolved, and not counted
		}
		d.Accounts.Changes = append(d.Accounts.Changes, *one)
	}
	for _, one := range c.features {
		d.People.Features = append(d.People.Features, *one)
	}
	for _, one := range c.messages {
		d.Upcoming = append(d.Upcoming, *one)
	}
	for _, one := range c.waiting {
		d.Waiting = append(d.Waiting, *one)
	}
	if len(c.buckets.pairs) > 0 {
		d.Events, d.Retired = c.events(), c.retired()
	}
	d.Sort()
	return d
}

func (c *Comparison) tell(l Line) {
	if c.options.Each != nil {
		c.options.Each(l)
	}
}

// featurePlace is where the registry has a feature.
func featurePlace(name string) int {
	return slices.IndexFunc(settings.FeatureRegistry(), func(info settings.FeatureInfo) bool { return string(info.Feature) == name })
}

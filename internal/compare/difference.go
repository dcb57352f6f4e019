package compare

import (
	"cmp"
	"slices"
	"strings"
)

// Difference is what changes for customers. Every list has each change once.
type Difference struct {
	Delivery *DeliveryChange  `json:"delivery,omitempty" doc:"What becomes of notifications before and after, if that changes."`
	Accounts ChangedAccounts  `json:"accounts" doc:"What accounts have: profiles, attributes, whether their people can sign in."`
	People   ChangedPeople    `json:"people" doc:"What people with a sign-in may do in the portal."`
	Events   []EventChange    `json:"events" nullable:"false" doc:"Where the messages of events come from, and what they are, for accounts that there are."`
	Retired  []RetiredProfile `json:"retired" nullable:"false" doc:"Profiles that would be deleted and stay for the accounts that name them."`
	Upcoming []MessageChange  `json:"upcoming" nullable:"false" doc:"The reminders of unpaid invoices of the coming days that change."`
	Waiting  []WaitingChange  `json:"waiting" nullable:"false" doc:"Notifications that wait already, of which something else becomes."`
}

// DeliveryChange is another delivery mode.
type DeliveryChange struct {
	Before string `json:"before" enum:"Hold,Redirect,Live" doc:"The mode now."`
	After  string `json:"after" enum:"Hold,Redirect,Live" doc:"The mode then."`
}

// ChangedAccounts are the accounts for which something changes.
type ChangedAccounts struct {
	Total   int64           `json:"total" doc:"How many accounts the tenant has."`
	Changed int64           `json:"changed" doc:"For how many of them something changes."`
	Changes []AccountChange `json:"changes" nullable:"false" doc:"What changes, each with the number of accounts."`
}

// AccountChange is one value of accounts that changes.
type AccountChange struct {
	Key      string   `json:"key" doc:"What changes: accountProfile, myAccountProfile, portal (Open or Closed), an attribute such as tradingTermsDays, or a feature such as feature.ViewInvoices with the decision for the owner."`
	Before   Decided  `json:"before" doc:"What they have now."`
	After    Decided  `json:"after" doc:"What they would have."`
	Accounts int64    `json:"accounts" doc:"How many accounts."`
	Sample   []string `json:"sample" nullable:"false" doc:"Some of their ids."`
}

// Decided is a value and what decided it.
type Decided struct {
	Value      string `json:"value" doc:"The value as text; empty: none."`
	Source     string `json:"source" doc:"The layer that decided it, as in the settings of an account."`
	SourceName string `json:"sourceName,omitempty" doc:"The name of the object that decided it."`
}

// ChangedPeople are the people for whom something changes.
type ChangedPeople struct {
	Gaining  int64           `json:"gaining" doc:"How many people gain a feature."`
	Losing   int64           `json:"losing" doc:"How many people lose a feature."`
	Features []FeatureChange `json:"features" nullable:"false" doc:"Which features, each with the number of people."`
}

// The changes of a feature.
const (
	Gained = "Gained"
	Lost   = "Lost"
)

// FeatureChange is a feature that people gain or lose.
type FeatureChange struct {
	Feature     string   `json:"feature" doc:"The feature, as ViewInvoices."`
	Change      string   `json:"change" enum:"Gained,Lost" doc:"Whether they gain or lose it."`
	Owners      int64    `json:"owners" doc:"How many owners of accounts."`
	SubAccounts int64    `json:"subAccounts" doc:"How many others."`
	Sample      []Person `json:"sample" nullable:"false" doc:"Some of them."`
}

// Person names a contact of an account.
type Person struct {
	AccountID string `json:"accountId" doc:"The account."`
	ContactID string `json:"contactId" doc:"The contact."`
}

// EventChange is what changes of the messages of one event for the accounts of a profile.
type EventChange struct {
	Event          string         `json:"event" doc:"The event type."`
	AccountProfile string         `json:"accountProfile" doc:"The AccountProfile that treats the accounts then."`
	Was            string         `json:"was,omitempty" doc:"The AccountProfile that treats them now, if that is another."`
	Accounts       int64          `json:"accounts" doc:"How many accounts."`
	Before         []MessageOrder `json:"before" nullable:"false" doc:"What ends or changes; with nothing after it, nobody is told any more."`
	After          []MessageOrder `json:"after" nullable:"false" doc:"What begins or is changed to."`
}

// MessageOrder is one action that tells somebody of an event.
type MessageOrder struct {
	Source   string  `json:"source" enum:"EventTemplate,Standard" doc:"Where it comes from: an EventTemplate, or the standard suite."`
	Template string  `json:"template,omitempty" doc:"The EventTemplate."`
	Action   string  `json:"action" doc:"The action."`
	Channel  string  `json:"channel" enum:"Email,SMS,Webhook,Banner,Log" doc:"The way it goes."`
	Days     []int32 `json:"days,omitempty" doc:"Of a dated event: its days, with their repeats."`
	Digest   string  `json:"digest" doc:"Changes with its texts, recipients, condition and time of day."`
}

// RetiredProfile is a profile that is deleted and stays for those who name it.
type RetiredProfile struct {
	Kind     string `json:"kind" enum:"AccountProfile,MyAccountProfile" doc:"Its kind."`
	Name     string `json:"name" doc:"Its name."`
	Accounts int64  `json:"accounts" doc:"How many accounts name it themselves. 0: it goes as soon as every replica knows."`
}

// What becomes of a reminder of the coming days.
const (
	Appears    = "Appears"
	Disappears = "Disappears"
	Moves      = "Moves"
	Rewords    = "Rewords"
)

// MessageChange is what becomes of upcoming notifications that change alike.
type MessageChange struct {
	Change    string          `json:"change" enum:"Appears,Disappears,Moves,Rewords" doc:"Whether they are new, end, come at another time, or say something else."`
	EventType string          `json:"eventType" doc:"The event type."`
	Channel   string          `json:"channel" enum:"Email,SMS,Webhook,Banner,Log" doc:"The way they go."`
	Before    *MessageWay     `json:"before,omitempty" doc:"What they come from now."`
	After     *MessageWay     `json:"after,omitempty" doc:"What they would come from."`
	Reason    string          `json:"reason,omitempty" doc:"Why they are not sent any more, or were not until now, if an action has them suppressed."`
	Messages  int64           `json:"messages" doc:"How many notifications."`
	Accounts  int64           `json:"accounts" doc:"To how many accounts."`
	Sample    []MessageSample `json:"sample" nullable:"false" doc:"Some of them."`
}

// MessageWay is what an upcoming notification comes from.
type MessageWay struct {
	Source      string `json:"source" enum:"EventTemplate,Standard" doc:"Where the action comes from."`
	Template    string `json:"template,omitempty" doc:"The EventTemplate."`
	Action      string `json:"action" doc:"The action."`
	DaysOverdue int32  `json:"daysOverdue" doc:"The day of the action, counted from the due date."`
}

// MessageSample is an upcoming notification that changes.
type MessageSample struct {
	AccountID string `json:"accountId" doc:"The account."`
	ContactID string `json:"contactId,omitempty" doc:"The contact."`
	Invoice   string `json:"invoice,omitempty" doc:"The id of the invoice."`
	Before    string `json:"before,omitempty" format:"date" doc:"The date now."`
	After     string `json:"after,omitempty" format:"date" doc:"The date then."`
}

// What becomes of a notification that waits.
const (
	Sent       = "Sent"
	Held       = "Held"
	Redirected = "Redirected"
	Suppressed = "Suppressed"
)

// WaitingChange is what becomes of notifications that wait and change alike.
type WaitingChange struct {
	Before    string          `json:"before" enum:"Sent,Held,Redirected,Suppressed" doc:"What becomes of them by the documents in force."`
	After     string          `json:"after" enum:"Sent,Held,Redirected,Suppressed" doc:"What would become of them."`
	Reason    string          `json:"reason,omitempty" doc:"Why they would be Suppressed, or are: docs/integration-api.md lists the reasons."`
	EventType string          `json:"eventType" doc:"Their event type."`
	Channel   string          `json:"channel" enum:"Email,SMS,Webhook,Banner,Log" doc:"The way they go."`
	Messages  int64           `json:"messages" doc:"How many there are."`
	Sample    []WaitingSample `json:"sample" nullable:"false" doc:"Some of them."`
}

// WaitingSample is a notification that waits.
type WaitingSample struct {
	NotificationID string `json:"notificationId" doc:"Its id."`
	AccountID      string `json:"accountId,omitempty" doc:"The account."`
}

// Empty says that nothing changes for anybody. That a profile is deleted that no account names
// does not.
func (d Difference) Empty() bool {
	orphaned := slices.ContainsFunc(d.Retired, func(r RetiredProfile) bool { return r.Accounts > 0 })
	return !orphaned && d.Delivery == nil && len(d.Accounts.Changes) == 0 && len(d.People.Features) == 0 && len(d.Events) == 0 &&
		len(d.Upcoming) == 0 && len(d.Waiting) == 0
}

// MostSamples bounds the samples of each change.
const MostSamples = 100

// Add adds the difference of other customers. Their samples are kept as far as there are
// less than so many.
func (d *Difference) Add(more Difference, samples int) {
	d.Delivery = cmp.Or(d.Delivery, more.Delivery)
	d.Accounts.Total = max(d.Accounts.Total, more.Accounts.Total)
	d.Accounts.Changed += more.Accounts.Changed
	d.Accounts.Changes = added(d.Accounts.Changes, more.Accounts.Changes, AccountChange.key, func(into *AccountChange, c AccountChange) {
		into.Accounts += c.Accounts
		into.Sample = sampled(into.Sample, c.Sample, samples)
	})
	d.People.Gaining += more.People.Gaining
	d.People.Losing += more.People.Losing
	d.People.Features = added(d.People.Features, more.People.Features, FeatureChange.key, func(into *FeatureChange, c FeatureChange) {
		into.Owners += c.Owners
		into.SubAccounts += c.SubAccounts
		into.Sample = sampled(into.Sample, c.Sample, samples)
	})
	d.Events = append(d.Events, more.Events...)
	d.Retired = append(d.Retired, more.Retired...)
	d.Upcoming = added(d.Upcoming, more.Upcoming, MessageChange.key, func(into *MessageChange, c MessageChange) {
		into.Messages += c.Messages
		into.Accounts += c.Accounts
		into.Sample = sampled(into.Sample, c.Sample, samples)
	})
	d.Waiting = added(d.Waiting, more.Waiting, WaitingChange.key, func(into *WaitingChange, c WaitingChange) {
		into.Messages += c.Messages
		into.Sample = sampled(into.Sample, c.Sample, samples)
	})
}

// added puts changes to those that are the same.
func added[C any, K comparable](list, more []C, key func(C) K, add func(into *C, c C)) []C {
	place := make(map[K]int, len(list))
	for i := range list {
		place[key(list[i])] = i
	}
	for _, c := range more {
		if i, known := place[key(c)]; known {
			add(&list[i], c)
			continue
		}
		place[key(c)] = len(list)
		list = append(list, c)
	}
	return list
}

func sampled[S any](list, more []S, most int) []S {
	return append(list, more[:min(len(more), max(0, most-len(list)))]...)
}

type accountKey struct {
	key           string
	before, after Decided
}

func (c AccountChange) key() accountKey { return accountKey{c.Key, c.Before, c.After} }

func (c FeatureChange) key() [2]string { return [2]string{c.Feature, c.Change} }

type messageKey struct {
	change, event, channel, reason string
	before, after                  MessageWay
}

func (c MessageChange) key() messageKey {
	k := messageKey{change: c.Change, event: c.EventType, channel: c.Channel, reason: c.Reason}
	if c.Before != nil {
		k.before = *c.Before
	}
	if c.After != nil {
		k.after = *c.After
	}
	return k
}

func (c WaitingChange) key() [5]string {
	return [5]string{c.Before, c.After, c.Reason, c.EventType, c.Channel}
}

// The keys of what is no attribute, which come first.
const (
	keyAccountProfile   = "accountProfile"
	keyMyAccountProfile = "myAccountProfile"
	keyPortal           = "portal"
	prefixFeature       = "feature." // and its name: what the account's owner would have of it
)

// Sort puts what is alike beside each other, in the same order each time, and makes the lists
// that are nil empty.
func (d *Difference) Sort() {
	first := map[string]int{keyAccountProfile: -3, keyMyAccountProfile: -2, keyPortal: -1}
	d.Accounts.Changes = sorted(d.Accounts.Changes, func(a, b AccountChange) int {
		return cmp.Or(cmp.Compare(first[a.Key], first[b.Key]), strings.Compare(a.Key, b.Key), a.Before.compare(b.Before), a.After.compare(b.After))
	})
	d.People.Features = sorted(d.People.Features, func(a, b FeatureChange) int {
		return cmp.Or(strings.Compare(a.Change, b.Change), cmp.Compare(featurePlace(a.Feature), featurePlace(b.Feature)))
	})
	d.Events = sorted(d.Events, func(a, b EventChange) int {
		return cmp.Or(strings.Compare(a.Event, b.Event), strings.Compare(a.AccountProfile, b.AccountProfile), strings.Compare(a.Was, b.Was))
	})
	d.Retired = sorted(d.Retired, func(a, b RetiredProfile) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name))
	})
	d.Upcoming = sorted(d.Upcoming, func(a, b MessageChange) int { return a.key().compare(b.key()) })
	d.Waiting = sorted(d.Waiting, func(a, b WaitingChange) int {
		x, y := a.key(), b.key()
		return slices.Compare(x[:], y[:])
	})
}

func sorted[C any](list []C, compare func(a, b C) int) []C {
	if list == nil {
		return []C{}
	}
	slices.SortStableFunc(list, compare)
	return list
}

func (d Decided) compare(other Decided) int {
	return cmp.Or(strings.Compare(d.Value, other.Value), strings.Compare(d.Source, other.Source), strings.Compare(d.SourceName, other.SourceName))
}

func (k messageKey) compare(other messageKey) int {
	return cmp.Or(strings.Compare(k.event, other.event), strings.Compare(k.change, other.change), strings.Compare(k.channel, other.channel),
		k.before.compare(other.before), k.after.compare(other.after), strings.Compare(k.reason, other.reason))
}

func (w MessageWay) compare(other MessageWay) int {
	return cmp.Or(cmp.Compare(w.DaysOverdue, other.DaysOverdue), strings.Compare(w.Source, other.Source), strings.Compare(w.Template, other.Template), strings.Compare(w.Action, other.Action))
}

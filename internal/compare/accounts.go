package compare

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

// Account is what decides over an account.
type Account struct {
	ID               string
	Status           settings.AccountStatus
	AccountProfile   string // as stored; empty: none
	MyAccountProfile string
	Groups           []string // sorted
	Attributes       []byte   // its own, as JSON; nil: none
}

// Treated is how accounts that resolve alike are treated on both sides.
type Treated struct {
	// Before and After are the names of the account profile that treats them.
	Before, After string

	changes       []*AccountChange
	was, is       []settings.Feature // of the portal; nil: it is closed, or there is none
	status        settings.AccountStatus
	owner         gains // what changes for the owner
	peopleChanged bool
}

// Changes says whether anything changes for the accounts.
func (t *Treated) Changes() bool { return len(t.changes) > 0 }

// PeopleChange says whether something may change of what people of the accounts may do.
func (t *Treated) PeopleChange() bool { return t.peopleChanged }

// gains are the features that a person gains and loses.
type gains struct{ gained, lost []settings.Feature }

// mostKnown bounds the memory of accounts that were resolved: most resolve like others, and
// where they do not, each is resolved.
const mostKnown = 20_000

// Treat resolves an account on both sides, and counts nothing.
func (c *Comparison) Treat(a *Account) (*Treated, error) {
	key := strings.Join(append([]string{string(a.Status), a.AccountProfile, a.MyAccountProfile, string(a.Attributes)}, a.Groups...), "\x00")
	if _, named := slices.BinarySearch(c.customers, a.ID); named {
		key += "\x01" + a.ID
	}
	if t, known := c.known[key]; known {
		return t, nil
	}
	t, err := c.resolve(a)
	if err != nil {
		return nil, err
	}
	if len(c.known) >= mostKnown {
		clear(c.known)
	}
	c.known[key] = t
	return t, nil
}

func (c *Comparison) resolve(a *Account) (*Treated, error) {
	account := config.Account{ID: a.ID, AccountProfile: a.AccountProfile, MyAccountProfile: a.MyAccountProfile, Groups: a.Groups}
	if len(a.Attributes) > 0 {
		if err := json.Unmarshal(a.Attributes, &account.Attributes); err != nil {
			return nil, fmt.Errorf("read the attributes of an account: %w", err)
		}
	}
	was, is := c.before.Live.For(account), c.after.Live.For(account)
	t := &Treated{Before: was.AccountProfile.Name, After: is.AccountProfile.Name, status: a.Status}
	changes := changesOf(&was, &is)
	if was.HasPortal() || is.HasPortal() {
		changes = append(changes, featureChanges(&was, &is, a.Status)...)
	}
	for _, change := range changes {
		t.changes = append(t.changes, c.count(change))
	}
	if was.HasPortal() {
		t.was = was.Features
	}
	if is.HasPortal() {
		t.is = is.Features
	}
	t.peopleChanged = !slices.Equal(t.was, t.is)
	t.owner = t.gainsOf(settings.Person{Owner: true, Status: a.Status})
	return t, nil
}

// count is where a change is counted.
func (c *Comparison) count(change ValueChange) *AccountChange {
	key := accountKey{change.Key, change.Before, change.After}
	if c.counts[key] == nil {
		c.counts[key] = &AccountChange{Key: change.Key, Before: change.Before, After: change.After, Sample: []string{}}
	}
	return c.counts[key]
}

// Account counts what changes for an account. Who gets a Treated whose people change hands
// over the account's people.
func (c *Comparison) Account(a *Account) (*Treated, error) {
	t, err := c.Treat(a)
	if err != nil || !t.Changes() {
		return t, err
	}
	c.difference.Accounts.Changed++
	line := Line{Kind: "Account", AccountID: a.ID}
	for _, change := range t.changes {
		change.Accounts++
		if len(change.Sample) < c.options.Samples {
			change.Sample = append(change.Sample, a.ID)
		}
		if c.options.Each != nil {
			line.Changes = append(line.Changes, ValueChange{change.Key, change.Before, change.After})
		}
	}
	c.tell(line)
	return t, nil
}

// changesOf lists what customers see differently.
func changesOf(was, is *config.Effective) []ValueChange {
	var changes []ValueChange
	add := func(key string, before, after Decided) {
		if before.Value != after.Value {
			changes = append(changes, ValueChange{key, before, after})
		}
	}
	add(keyAccountProfile, profileOf(was.AccountProfile), profileOf(is.AccountProfile))
	add(keyMyAccountProfile, profileOf(was.MyAccountProfile), profileOf(is.MyAccountProfile))
	add(keyPortal, portalOf(was), portalOf(is))
	before, after := was.Attributes.List(), is.Attributes.List()
	for i, j := 0, 0; i < len(before) || j < len(after); {
		// Both are in the order of the registry, and custom ones, which one side may not have,
		// come at the end by name.
		switch {
		case j == len(after) || i < len(before) && isCustomBefore(before[i], after[j]):
			add(before[i].Key, decided(before[i]), Decided{Source: string(settings.SourceUnset)})
			i++
		case i == len(before) || isCustomBefore(after[j], before[i]):
			add(after[j].Key, Decided{Source: string(settings.SourceUnset)}, decided(after[j]))
			j++
		default:
			add(before[i].Key, decided(before[i]), decided(after[j]))
			i, j = i+1, j+1
		}
	}
	return changes
}

// featureChanges lists the features of an account in a status that are decided otherwise: its
// people may have some of those that it is Allowed.
func featureChanges(was, is *config.Effective, status settings.AccountStatus) []ValueChange {
	var changes []ValueChange
	owner := settings.Person{Owner: true, Status: status}
	for _, info := range settings.FeatureRegistry() {
		before, after := settings.Permit(info.Feature, was.Features, owner), settings.Permit(info.Feature, is.Features, owner)
		if before != after {
			changes = append(changes, ValueChange{prefixFeature + string(info.Feature),
				Decided{string(before), "MyAccountProfile", was.MyAccountProfile.Name}, Decided{string(after), "MyAccountProfile", is.MyAccountProfile.Name}})
		}
	}
	return changes
}

func isCustomBefore(a, b settings.Setting) bool {
	const custom = "custom."
	return strings.HasPrefix(a.Key, custom) && strings.HasPrefix(b.Key, custom) && a.Key < b.Key
}

func decided(s settings.Setting) Decided { return Decided{s.Value, string(s.Source), s.SourceName} }

// profileOf names no account: what decides is the same for all that have it.
func profileOf(p config.Profile) Decided { return Decided{Value: p.Name, Source: string(p.Source)} }

func portalOf(e *config.Effective) Decided {
	access := e.Attributes.PortalAccess
	switch {
	case e.HasPortal():
		return Decided{Value: "Open", Source: string(e.MyAccountProfile.Source), SourceName: e.MyAccountProfile.Name}
	case e.MyAccountProfile.Name == "":
		return Decided{Value: "Closed", Source: string(e.MyAccountProfile.Source)}
	}
	return Decided{Value: "Closed", Source: string(access.Source), SourceName: access.SourceName}
}

// gainsOf says which features a person gains and loses.
func (t *Treated) gainsOf(p settings.Person) gains {
	var g gains
	for _, info := range settings.FeatureRegistry() {
		was := settings.Permit(info.Feature, t.was, p) == settings.Allowed
		is := settings.Permit(info.Feature, t.is, p) == settings.Allowed
		switch {
		case is && !was:
			g.gained = append(g.gained, info.Feature)
		case was && !is:
			g.lost = append(g.lost, info.Feature)
		}
	}
	return g
}

// Contact is a person with a sign-in.
type Contact struct {
	Person
	Owner  bool
	Grants []settings.Feature
}

// Person counts what changes for a person of an account. t is what Account gave.
func (c *Comparison) Person(t *Treated, p *Contact) {
	if !t.PeopleChange() {
		return
	}
	g := t.owner
	if !p.Owner {
		g = t.gainsOf(settings.Person{Grants: p.Grants, Status: t.status})
	}
	if len(g.gained) > 0 {
		c.difference.People.Gaining++
	}
	if len(g.lost) > 0 {
		c.difference.People.Losing++
	}
	if len(g.gained)+len(g.lost) == 0 {
		return
	}
	line := Line{Kind: "Person", AccountID: p.AccountID, ContactID: p.ContactID}
	for _, f := range g.gained {
		c.countFeature(f, Gained, p)
		line.Gained = append(line.Gained, string(f))
	}
	for _, f := range g.lost {
		c.countFeature(f, Lost, p)
		line.Lost = append(line.Lost, string(f))
	}
	c.tell(line)
}

func (c *Comparison) countFeature(f settings.Feature, change string, p *Contact) {
	key := [2]string{string(f), change}
	one := c.features[key]
	if one == nil {
		one = &FeatureChange{Feature: string(f), Change: change, Sample: []Person{}}
		c.features[key] = one
	}
	if p.Owner {
		one.Owners++
	} else {
		one.SubAccounts++
	}
	if len(one.Sample) < c.options.Samples {
		one.Sample = append(one.Sample, p.Person)
	}
}

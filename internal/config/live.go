package config

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/settings"
)

// BuiltInProfile is the name under which the built-in default account profile is
// shown when the tenant names none, or one that was never live.
const BuiltInProfile = "default"

// Live is a loaded document, ready to answer. It is immutable and safe for
// concurrent use.
type Live struct {
	Digest     string
	Name       string // of the Tenant
	Generation int64  // of the Tenant
	Tenant     Tenant

	accountProfiles   map[string]accountProfile
	myAccountProfiles map[string]myAccountProfile
	byCustomer        map[string]string // account id -> MyAccountProfile
	groupProfiles     []string          // profiles for groups, Headline first, then by name
	byGroup           map[string]int    // customer group -> the first of groupProfiles for it
}

type accountProfile struct {
	AccountProfile
	state EntryState
}

type myAccountProfile struct {
	MyAccountProfile
	state EntryState
}

// Load parses a document and checks that it can be run. The error names the entry
// and what is wrong.
//
// It does not ask whether a currency, locale or time zone exists: whoever wrote the
// document has, and a replica of another release that knew fewer of them would stop
// following its tenant's configuration over one value. Each use of such a value has
// an answer for an unknown one.
func Load(document []byte) (*Live, error) {
	l, _, err := Open(document)
	return l, err
}

// Open is [Load] for those who carry the entries on as well.
func Open(document []byte) (*Live, Settings, error) {
	doc, err := Parse(document)
	if err != nil {
		return nil, Settings{}, err
	}
	l, err := load(doc, Digest(document))
	if err != nil {
		return nil, Settings{}, err
	}
	return l, doc, nil
}

func load(doc Settings, digest string) (*Live, error) {
	l := &Live{
		Digest:            digest,
		Name:              doc.Tenant.Name,
		Generation:        doc.Tenant.Generation,
		accountProfiles:   make(map[string]accountProfile, len(doc.AccountProfiles)),
		myAccountProfiles: make(map[string]myAccountProfile, len(doc.MyAccountProfiles)),
		byCustomer:        map[string]string{},
	}
	if err := l.loadTenant(doc.Tenant); err != nil {
		return nil, err
	}
	if err := l.loadAccountProfiles(doc.AccountProfiles); err != nil {
		return nil, err
	}
	if err := l.loadMyAccountProfiles(doc.MyAccountProfiles); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *Live) loadTenant(e Entry) error {
	if err := decode("Tenant", e, &l.Tenant); err != nil {
		return err
	}
	if l.Tenant.Session.IdleSeconds <= 0 || l.Tenant.Session.MaxSeconds <= 0 {
		return fmt.Errorf("settings document, Tenant %q: session.idleSeconds and session.maxSeconds must be positive", e.Name)
	}
	return nil
}

func (l *Live) loadAccountProfiles(entries []Entry) error {
	for _, e := range entries {
		p := accountProfile{state: e.State}
		if err := decode("AccountProfile", e, &p.AccountProfile); err != nil {
			return err
		}
		if _, twice := l.accountProfiles[e.Name]; twice {
			return fmt.Errorf("settings document: AccountProfile %q is there twice", e.Name)
		}
		l.accountProfiles[e.Name] = p
	}
	return nil
}

func (l *Live) loadMyAccountProfiles(entries []Entry) error {
	for _, e := range entries {
		p := myAccountProfile{state: e.State}
		if err := decode("MyAccountProfile", e, &p.MyAccountProfile); err != nil {
			return err
		}
		if _, twice := l.myAccountProfiles[e.Name]; twice {
			return fmt.Errorf("settings document: MyAccountProfile %q is there twice", e.Name)
		}
		l.myAccountProfiles[e.Name] = p
		// Rights that came by customer or group end with the object.
		if e.State == Retired {
			continue
		}
		if holder := l.byCustomer[p.Customer]; holder != "" {
			return fmt.Errorf("settings document: MyAccountProfiles %q and %q both name customer %q", holder, e.Name, p.Customer)
		}
		if p.Customer != "" {
			l.byCustomer[p.Customer] = e.Name
		}
		if len(p.CustomerGroups) > 0 {
			l.groupProfiles = append(l.groupProfiles, e.Name)
		}
	}
	l.orderGroups()
	return nil
}

func (l *Live) orderGroups() {
	slices.SortFunc(l.groupProfiles, l.compareOffered)
	l.byGroup = map[string]int{}
	for place, name := range l.groupProfiles {
		for _, group := range l.myAccountProfiles[name].CustomerGroups {
			if _, taken := l.byGroup[group]; !taken {
				l.byGroup[group] = place
			}
		}
	}
}

// compareOffered puts Headline before the others, then sorts by name.
func (l *Live) compareOffered(a, b string) int {
	headA := l.myAccountProfiles[a].Availability == Headline
	headB := l.myAccountProfiles[b].Availability == Headline
	switch {
	case headA && !headB:
		return -1
	case headB && !headA:
		return 1
	}
	return strings.Compare(a, b)
}

func decode(kind string, e Entry, into any) error {
	if e.Name == "" {
		return fmt.Errorf("settings document: an entry of kind %s has no name", kind)
	}
	if err := json.Unmarshal(e.Content, into); err != nil {
		return fmt.Errorf("settings document, %s %q: %w", kind, e.Name, err)
	}
	return nil
}

// Location returns the time zone of a resolved attribute. Every zone of a loaded
// document exists, and so does every one that an account was stored with, unless a
// newer release knew more zones: then UTC.
func Location(name string) *time.Location {
	if zone, known := settings.Zone(name); known {
		return zone
	}
	return time.UTC
}

// The defaults of credentials, in seconds: a week to create a sign-in, ten minutes to
// reset a password (ASVS 5.0, 6.5.5).
const (
	DefaultCreateLinkSeconds = 604_800
	DefaultResetLinkSeconds  = 600
)

// Credentials says how people get and prove their sign-in, with a default for what the
// document does not say.
func (l *Live) Credentials() Credentials {
	c := l.Tenant.Credentials
	c.CreateLinkSeconds = cmp.Or(c.CreateLinkSeconds, DefaultCreateLinkSeconds)
	c.ResetLinkSeconds = cmp.Or(c.ResetLinkSeconds, DefaultResetLinkSeconds)
	c.Usernames = cmp.Or(c.Usernames, UsernamesFree)
	c.SecondFactor = cmp.Or(c.SecondFactor, SecondFactorOptional)
	c.CreateMail = cmp.Or(c.CreateMail, CreateMailOnRequest)
	return c
}

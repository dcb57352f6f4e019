package plan

import (
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/catalog"
)

// Plan decides what an event that happened at a moment makes known to whom. a is nil where
// the event is about no account, or about more than one.
func (r *Rules) Plan(e Event, a *Account, now time.Time) []Notification {
	event, known := r.catalog.Lookup(e.Type)
	if !known || event.Anchor != "" {
		return nil
	}
	t := r.treatFor(&e, a)
	var all []Notification
	var payload map[string]any
	for _, f := range r.match(e.Type, t.profile).firings {
		if f.when != nil {
			if payload == nil {
				payload = r.payload(&event, &e, t)
			}
			if holds, err := f.when.Holds(payload); err != nil || !holds {
				continue
			}
		}
		all = append(all, t.happened(f, &e, now)...)
	}
	return withoutRepeats(all)
}

// treatFor is treat, and without an account what applies to an event about a profile.
func (r *Rules) treatFor(e *Event, a *Account) *treated {
	t := r.treat(a)
	if a == nil {
		t.profile = profileOf(e)
	}
	return t
}

// profileOf is the account profile that an event without an account is about; empty: none.
func profileOf(e *Event) string {
	settings, _ := e.Data["settings"].(map[string]any)
	if kind, _ := settings["kind"].(string); kind != "AccountProfile" {
		return ""
	}
	name, _ := settings["name"].(string)
	return name
}

// happened makes the notifications of an action for an event.
func (t *treated) happened(f *firing, e *Event, now time.Time) []Notification {
	due := e.At
	if due.After(now) { // by the clock of who sent it
		due = now
	}
	base := t.notification(f, e, due)
	if f.carriesLink() && !e.Link.works(now) {
		base.Suppressed = Over
	}
	all := t.addressed(f, base)
	for i := range all {
		all[i].Occurrences = []Occurrence{{e.Type, e.About, e.occurrence(), f.spec.Type, all[i].Address}}
	}
	return all
}

// occurrence is what an event is recorded by.
func (e *Event) occurrence() string { return e.Source + "/" + e.ID }

// carriesLink says whether the messages of an action hold the secret link of its event.
func (f *firing) carriesLink() bool {
	return f.event.RequiredLink != "" && (f.spec.Email != nil || f.spec.SMS != nil)
}

// works says whether a link still does.
func (l *Link) works(now time.Time) bool { return l != nil && !l.Over && now.Before(l.ExpiresAt) }

// notification is what the notifications of an action have in common.
func (t *treated) notification(f *firing, e *Event, due time.Time) Notification {
	return Notification{
		Event: *e, Source: f.source, Template: f.template, Action: f.spec.Name, Channel: f.spec.Type,
		Category: string(f.event.Category), Security: f.event.Category == catalog.Security,
		Locale: t.attrs.Locale.Value, DueAt: due,
	}
}

// addressed makes one notification for each recipient of an action. One that is suppressed
// already is one for all of them.
func (t *treated) addressed(f *firing, base Notification) []Notification {
	switch {
	case f.spec.Webhook != nil:
		base.Address = f.url()
		return []Notification{base}
	case t.account.ID == "" && f.namesNobody():
		return nil // there is no account whose people it could be for
	case f.spec.Email == nil && f.spec.SMS == nil || base.Suppressed != "":
		return []Notification{base}
	}
	recipients := withoutAuthor(&base.Event, t.recipients(f, &base.Event))
	all := make([]Notification, 0, len(recipients))
	have := make(map[string]bool, len(recipients))
	first := -1
	for _, r := range recipients {
		n := base
		n.Channel, n.ContactID, n.Address, n.LinkPlace, n.Suppressed = r.channel, r.contactID(), r.address, r.place, r.refused
		if n.Suppressed == "" {
			have[r.key()] = true
			if first < 0 {
				first = len(all)
			}
		}
		all = append(all, n)
	}
	if first >= 0 && f.spec.Email != nil {
		all[first].CC = t.copies(f, &base.Event, f.spec.Email.CC, have)
		all[first].BCC = t.copies(f, &base.Event, f.spec.Email.BCC, have)
	}
	return all
}

// namesNobody says whether an action is for people of the account alone.
func (f *firing) namesNobody() bool {
	if f.spec.Email == nil && f.spec.SMS == nil {
		return true
	}
	for _, name := range f.to() {
		if strings.ContainsAny(name, "@+") {
			return false
		}
	}
	return true
}

// withoutRepeats suppresses what would record the same as one before it.
func withoutRepeats(all []Notification) []Notification {
	seen := make(map[Occurrence]bool, len(all))
	for i := range all {
		n := &all[i]
		kept := n.Occurrences[:0:0]
		for _, o := range n.Occurrences {
			if !seen[o] {
				seen[o] = true
				kept = append(kept, o)
			}
		}
		if len(kept) == 0 && n.Suppressed == "" {
			n.Suppressed = Duplicate
		}
		n.Occurrences = kept
	}
	return all
}

package plan

import (
	"math/big"
	"slices"
	"time"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

// treated is an account and what applies to it.
type treated struct {
	rules   *Rules
	account *Account
	profile string
	portal  bool // the account has one
	attrs   *settings.Resolved
	zone    *time.Location
}

// treat resolves everything for an account. nil stands for none, as that of an event about
// a profile.
func (r *Rules) treat(a *Account) *treated {
	if a == nil {
		a = &Account{}
	}
	effective := a.Effective
	if effective == nil {
		resolved := r.live.For(a.Account)
		effective = &resolved
	}
	return &treated{
		rules: r, account: a, profile: effective.AccountProfile.Name, portal: effective.HasPortal(), attrs: &effective.Attributes,
		zone: config.Location(effective.Attributes.TimeZone.Value),
	}
}

// refuses says why a person of the account is not told about an event by a channel,
// whatever the address is; empty: they are. Nothing but a consent that is needed keeps what
// is about their sign-in from them.
func (t *treated) refuses(event *catalog.Event, c *Contact, channel string) Reason {
	always := event.Category == catalog.Security
	switch {
	case !always && t.switchedOff(channel):
		return Disabled
	case !always && !event.Critical && slices.Contains(c.OptedOut, string(event.Category)):
		return OptedOut
	case channel == typeSMS && t.lacksConsent():
		return NoConsent
	case channel == typeEmail && !always && !c.Verified && t.attrs.RequireVerifiedEmail.Value == settings.Enabled:
		return Unverified
	}
	return ""
}

func (t *treated) switchedOff(channel string) bool {
	switch channel {
	case typeEmail:
		return t.attrs.EmailNotifications.Value == settings.Disabled
	case typeSMS:
		return t.attrs.SMSNotifications.Value == settings.SMSDisabled
	}
	return false
}

// lacksConsent: a consent that was withheld counts also where none is asked for.
func (t *treated) lacksConsent() bool {
	switch t.attrs.Consent.SMS.Value {
	case settings.ConsentGranted:
		return false
	case settings.ConsentWithheld:
		return true
	}
	return t.attrs.SMSNotifications.Value == settings.SMSWithConsent
}

// remindersOff says why an account is not reminded of anything today.
func (t *treated) remindersOff(now time.Time) Reason {
	switch {
	case t.attrs.Reminders.Value == settings.Disabled:
		return Disabled
	case t.paused(now):
		return Paused
	case t.attrs.Disputed.Value == settings.Disputed:
		return Disputed
	}
	return ""
}

// paused: through the day until which reminders are.
func (t *treated) paused(now time.Time) bool {
	until, err := time.Parse(time.DateOnly, t.attrs.RemindersPausedUntil.Value)
	return err == nil && !dateOf(now, t.zone).After(until)
}

// belowMinimum says whether what is owed is less than the account is reminded of: of the
// invoices that are told of, or for a reminder about all of them what is overdue. The minimum
// is in the account's currency, amounts in others are not compared with it.
func (t *treated) belowMinimum(f *firing, currency string, owed *big.Rat) bool {
	if t.attrs.ReminderMinimumAmount.Source == settings.SourceUnset || currency != t.attrs.Currency.Value {
		return false
	}
	if f.combines() {
		if overdue := decimal(t.account.Owed[currency].OverdueBalance); overdue.Cmp(owed) > 0 {
			owed = overdue
		}
	}
	return owed.Cmp(decimal(t.attrs.ReminderMinimumAmount.Value)) < 0
}

// combines says whether one message is about all invoices of an account.
func (f *firing) combines() bool { return f.spec.Combine == combineAccount }

// decimal reads a decimal string; what is none is 0.
func decimal(text string) *big.Rat {
	number, ok := new(big.Rat).SetString(text)
	if !ok {
		return new(big.Rat)
	}
	return number
}

// quietUntil says until when a message waits; zero: it does not.
func (t *treated) quietUntil(n *Notification, now time.Time) time.Time {
	toPerson := (n.Channel == typeEmail || n.Channel == typeSMS) && n.ContactID != ""
	if n.Security || !toPerson {
		return time.Time{}
	}
	hours := t.attrs.QuietHours.Value
	until, _ := quiet(hours.Start, hours.End, now, t.zone)
	return until
}

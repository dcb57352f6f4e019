package compile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

// How long a session lasts where the Tenant does not say.
const (
	defaultIdleSeconds = 3600
	defaultMaxSeconds  = 43200
)

func renderTenant(t *v1alpha1.Tenant) config.Tenant {
	s := t.Spec
	return config.Tenant{
		Namespace:   t.Namespace,
		DisplayName: s.DisplayName,
		Hostname:    s.Portal.Hostname,
		APIHostname: s.Backoffice.API.Hostname,
		Branding: config.Branding{
			AccentColor:  s.Portal.Branding.AccentColor,
			SupportEmail: s.Portal.Branding.SupportEmail,
			SupportPhone: s.Portal.Branding.SupportPhone,
			TermsURL:     s.Portal.Branding.TermsURL,
			PrivacyURL:   s.Portal.Branding.PrivacyURL,
		},
		Attributes:              renderAttributes(s.Attributes),
		DefaultAccountProfile:   s.DefaultAccountProfileRef.Name,
		DefaultMyAccountProfile: s.DefaultMyAccountProfileRef.Name,
		OrphanedProfiles:        config.OrphanedProfiles(s.OrphanedProfiles),
		Session:                 renderSession(s.Credentials),
		Credentials: config.Credentials{
			CreateLinkSeconds: s.Credentials.CreateLinkSeconds,
			ResetLinkSeconds:  s.Credentials.ResetLinkSeconds,
			Usernames:         config.Usernames(s.Credentials.Usernames),
			SecondFactor:      config.SecondFactor(s.Credentials.SecondFactor),
			CreateMail:        config.CreateMail(s.Credentials.CreateMail),
		},
		InvoiceTemplates: renderInvoiceTemplates(t),
		Events:           sortedEvents(renderEvents(t)),
		EventTypes:       set(plain(s.Backoffice.EventTypes)),
		Delivery:         renderDelivery(s.Delivery),
		Email:            renderEmail(s.Email),
		SMS:              config.SMSChannel{Type: config.SMSType(s.SMS.Type), From: s.SMS.From, URL: s.SMS.URL},
		Webhooks:         renderWebhooks(s.Webhooks),
	}
}

// renderSession fills in what is not set. A bound that is set moves the other's
// default where the two would contradict each other.
func renderSession(c v1alpha1.CredentialsSpec) config.Session {
	session := config.Session{IdleSeconds: defaultIdleSeconds, MaxSeconds: defaultMaxSeconds}
	switch idle, longest := c.SessionIdleSeconds, c.SessionMaxSeconds; {
	case idle != nil && longest != nil:
		session = config.Session{IdleSeconds: *idle, MaxSeconds: *longest}
	case idle != nil:
		session = config.Session{IdleSeconds: *idle, MaxSeconds: max(defaultMaxSeconds, *idle)}
	case longest != nil:
		session = config.Session{IdleSeconds: min(defaultIdleSeconds, *longest), MaxSeconds: *longest}
	}
	return session
}

func renderAccountProfile(p *v1alpha1.AccountProfile) config.AccountProfile {
	return config.AccountProfile{
		DisplayName:      p.Spec.DisplayName,
		Description:      p.Spec.Description,
		Attributes:       renderAttributes(p.Spec.Attributes),
		MyAccountProfile: p.Spec.MyAccountProfileRef.Name,
		StandardEvents: config.StandardEvents{
			Mode:     unless(config.StandardEventsMode(p.Spec.StandardEvents.Mode), config.StandardEventsInherit),
			Disabled: set(p.Spec.StandardEvents.Disabled),
		},
	}
}

// renderMyAccountProfile sorts the lists that are sets, so that their order in the
// object changes nothing.
func renderMyAccountProfile(p *v1alpha1.MyAccountProfile) config.MyAccountProfile {
	content := config.MyAccountProfile{
		DisplayName:    p.Spec.DisplayName,
		Description:    p.Spec.Description,
		Availability:   config.Availability(p.Spec.Availability),
		Customer:       p.Spec.Customer,
		CustomerGroups: slices.Compact(slices.Sorted(slices.Values(p.Spec.CustomerGroups))),
	}
	for _, flag := range p.Spec.MyAccountFlags {
		content.Features = append(content.Features, settings.Feature(flag))
	}
	slices.Sort(content.Features)
	content.Features = slices.Compact(content.Features)
	return content
}

func renderAttributes(a v1alpha1.Attributes) settings.Attributes {
	rendered := settings.Attributes{
		TradingTermsDays:      a.TradingTermsDays,
		InvoiceTemplate:       a.InvoiceTemplate,
		Currency:              a.Currency,
		Locale:                a.Locale,
		TimeZone:              a.TimeZone,
		PortalAccess:          settings.Access(a.PortalAccess),
		MaxSubAccounts:        a.MaxSubAccounts,
		EmailNotifications:    settings.Access(a.EmailNotifications),
		SMSNotifications:      settings.SMSPermission(a.SMSNotifications),
		Reminders:             settings.Access(a.Reminders),
		ReminderMinimumAmount: a.ReminderMinimumAmount,
		QuietHours:            settings.QuietHours{Start: a.QuietHours.Start, End: a.QuietHours.End},
		RequireVerifiedEmail:  settings.Access(a.RequireVerifiedEmail),
		CreditLimit:           a.CreditLimit,
		InvoiceDelivery:       settings.InvoiceDelivery(a.InvoiceDelivery),
		LateFee: settings.LateFee{
			Type:           settings.LateFeeType(a.LateFee.Type),
			Amount:         a.LateFee.Amount,
			DaysAfterDue:   a.LateFee.DaysAfterDue,
			MinimumBalance: a.LateFee.MinimumBalance,
			Label:          a.LateFee.Label,
		},
	}
	if a.BillingDay != 0 {
		rendered.BillingDay = &a.BillingDay
	}
	for _, own := range a.Custom {
		rendered.Custom = append(rendered.Custom, settings.Custom{Name: own.Name, Value: own.Value})
	}
	return rendered
}

// entry renders an accepted object. Where this very generation is live, fields that
// a newer release derived from it are kept.
func (o *object[C]) entry() (config.Entry, error) {
	raw, err := json.Marshal(o.content)
	if err != nil {
		return config.Entry{}, fmt.Errorf("render %s %q: %w", o.kind, o.name, err)
	}
	entry := config.Entry{Name: o.name, UID: o.uid, Generation: o.generation, Content: raw}
	if !o.sameGeneration() {
		return entry, nil
	}
	entry.Extra = o.live.Extra
	entry.Content, err = carryUnknown(o.live, raw)
	if err != nil {
		return config.Entry{}, fmt.Errorf("carry %s %q forward: %w", o.kind, o.name, err)
	}
	return entry, nil
}

// carryUnknown adds to rendered what the live entry has beside the fields that this
// release knows.
func carryUnknown[C any](live *liveEntry[C], rendered json.RawMessage) (json.RawMessage, error) {
	known, err := json.Marshal(live.content)
	if err != nil {
		return nil, err
	}
	var trees [3]any
	for i, raw := range []json.RawMessage{live.Content, known, rendered} {
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.UseNumber()
		if err := decoder.Decode(&trees[i]); err != nil {
			return nil, err
		}
	}
	return json.Marshal(mergeUnknown(trees[0], trees[1], trees[2]))
}

// mergeUnknown walks three versions of one content: as it is live, what this release
// understands of that, and what it renders now.
func mergeUnknown(live, known, rendered any) any {
	if list, isList := rendered.([]any); isList {
		mergeList(live, known, list)
		return list
	}
	from, isObject := live.(map[string]any)
	into, mergeable := rendered.(map[string]any)
	if !isObject || !mergeable {
		return rendered
	}
	understood, _ := known.(map[string]any)
	for key, value := range from {
		inner, isKnown := understood[key]
		now, isRendered := into[key]
		switch {
		case isRendered:
			into[key] = mergeUnknown(value, inner, now)
		case !isKnown && !spelledOtherwise(key, understood) && !spelledOtherwise(key, into):
			into[key] = value
		}
	}
	return into
}

// mergeList merges the elements of a list that have a name or a locale in common.
func mergeList(live, known any, rendered []any) {
	from, understood := byIdentity(live), byIdentity(known)
	for _, element := range rendered {
		if id := identityOf(element); id != "" && from[id] != nil {
			mergeUnknown(from[id], understood[id], element) // an object is merged in place
		}
	}
}

func byIdentity(list any) map[string]any {
	elements, _ := list.([]any)
	found := map[string]any{}
	for _, element := range elements {
		if id := identityOf(element); id != "" {
			found[id] = element
		}
	}
	return found
}

// identityOf is what tells the elements of a list apart, as the API declares it; empty:
// they are plain values.
func identityOf(element any) string {
	fields, _ := element.(map[string]any)
	for _, key := range []string{"name", "locale"} {
		if id, isText := fields[key].(string); isText && id != "" {
			return key + " " + id
		}
	}
	return ""
}

// spelledOtherwise finds a known name in other capitals. The decoder takes both for
// the same field, so only the proper one may be carried on.
func spelledOtherwise(key string, fields map[string]any) bool {
	for name := range fields {
		if strings.EqualFold(name, key) {
			return true
		}
	}
	return false
}

package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

// The checks below look at one content by itself. They find what the schema cannot
// know, and repeat its rules where an object that was stored under another schema
// would mean something else than it says.

func tenantProblems(t config.Tenant) []settings.Problem {
	problems := attributeProblems(t.Attributes)
	refuse := func(field, message string) {
		problems = append(problems, settings.Problem{Field: field, Message: message})
	}
	if t.Hostname == "" {
		refuse(portalHostname, "a portal needs a host name such as my.example.com")
	} else if t.APIHostname == t.Hostname {
		refuse(apiHostname, fmt.Sprintf("%q is the portal's: the integration API needs a host name of its own", t.Hostname))
	}
	if t.Session.IdleSeconds <= 0 {
		refuse("spec.credentials.sessionIdleSeconds", "allowed is a whole number from 300 to 86400")
	}
	if t.Session.MaxSeconds <= 0 {
		refuse("spec.credentials.sessionMaxSeconds", "allowed is a whole number from 900 to 604800")
	}
	if t.Session.IdleSeconds > t.Session.MaxSeconds {
		refuse("spec.credentials.sessionIdleSeconds", fmt.Sprintf("%d is longer than sessionMaxSeconds, which is %d", t.Session.IdleSeconds, t.Session.MaxSeconds))
	}
	problems = append(problems, credentialsProblems(t.Credentials)...)
	problems = append(problems, deliveryProblems(t)...)
	if name := t.Attributes.InvoiceTemplate; name != "" && !hasInvoiceTemplate(&t, name) {
		refuse(invoiceTemplateField, noInvoiceTemplate(&t, name))
	}
	if o := t.OrphanedProfiles; o != "" && o != config.Keep && o != config.UseDefault {
		refuse("spec.orphanedProfiles", fmt.Sprintf("%q is not allowed, allowed is Keep or UseDefault", o))
	}
	return problems
}

func credentialsProblems(c config.Credentials) []settings.Problem {
	var problems []settings.Problem
	refuse := func(field, format string, args ...any) {
		problems = append(problems, settings.Problem{Field: "spec.credentials." + field, Message: fmt.Sprintf(format, args...)})
	}
	if s := c.CreateLinkSeconds; s != 0 && (s < 3600 || s > 2_592_000) {
		refuse("createLinkSeconds", "%d is out of range, allowed is a whole number from 3600 to 2592000", s)
	}
	if s := c.ResetLinkSeconds; s != 0 && (s < 300 || s > 3600) {
		refuse("resetLinkSeconds", "%d is out of range, allowed is a whole number from 300 to 3600", s)
	}
	switch c.Usernames {
	case "", config.UsernamesFree, config.UsernamesEmail, config.UsernamesAccountID:
	default:
		refuse("usernames", "%q is not allowed, allowed is Free, Email or AccountID", c.Usernames)
	}
	switch c.SecondFactor {
	case "", config.SecondFactorOff, config.SecondFactorOptional, config.SecondFactorRequired:
	default:
		refuse("secondFactor", "%q is not allowed, allowed is Off, Optional or Required", c.SecondFactor)
	}
	switch c.CreateMail {
	case "", config.CreateMailAutomatic, config.CreateMailOnRequest:
	default:
		refuse("createMail", "%q is not allowed, allowed is Automatic or OnRequest", c.CreateMail)
	}
	return problems
}

func accountProfileProblems(p config.AccountProfile) []settings.Problem {
	return append(attributeProblems(p.Attributes), standardEventsProblems(p.StandardEvents)...)
}

func myAccountProfileProblems(p config.MyAccountProfile) []settings.Problem {
	var problems []settings.Problem
	refuse := func(field, message string) {
		problems = append(problems, settings.Problem{Field: field, Message: message})
	}
	if p.Customer != "" && len(p.CustomerGroups) > 0 {
		refuse("spec.customer", "customer and customerGroups exclude each other: a profile is for one customer, or for groups, or is assigned by name")
	}
	switch p.Availability {
	case "", config.Headline, config.Standard:
	case config.Historical:
		if p.Customer != "" || len(p.CustomerGroups) > 0 {
			refuse("spec.availability", "Historical keeps a profile for accounts that are pinned to it: remove customer and customerGroups")
		}
	default:
		refuse("spec.availability", fmt.Sprintf("%q is not allowed, allowed is Headline, Standard or Historical", p.Availability))
	}
	for _, feature := range p.Features {
		if _, known := settings.LookupFeature(feature); !known {
			refuse("spec.myAccountFlags", fmt.Sprintf("%q is not known to this release, allowed is %s", feature, flagNames()))
		}
	}
	return problems
}

func flagNames() string {
	var names []string
	for _, info := range settings.FeatureRegistry() {
		if info.Field == "myAccountFlags" {
			names = append(names, string(info.Feature))
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func attributeProblems(a settings.Attributes) []settings.Problem {
	problems := a.Validate()
	for i := range problems {
		problems[i].Field = "spec.attributes." + problems[i].Field
	}
	return problems
}

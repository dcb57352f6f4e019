package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/foyerhq/foyer/internal/catalog"
)

// state is a payload to look at: the sample of the event with some fields changed.
type state struct {
	name   string
	fields map[string]any // by path; nil takes the field away
	bare   bool           // without anything that may be missing
}

// everyEvent are the states that every message is seen in.
var everyEvent = []state{
	{name: "sample"},
	{name: "bare", bare: true},
	{name: "no-portal", fields: map[string]any{"recipient.hasPortal": false}},
	{name: "long", fields: map[string]any{
		"tenant.name":             "The Very Long Established Telephone, Fibre and Broadcasting Company of Lower Saxony",
		"account.name":            "Donaudampfschifffahrtsgesellschaftskapitänswitwen-Versicherungsanstalt <b>GmbH</b> & Co. KG",
		"recipient.firstName":     "Maximiliane-Wilhelmine",
		"recipient.lastName":      "von und zu Hohenlohe-Waldenburg-Schillingsfürst",
		"tenant.supportEmail":     "customer-care-for-business-customers@telephone-and-broadcasting.example",
		"tenant.portalURL":        "https://myaccount.telephone-and-broadcasting-of-lower-saxony.example",
		"invoice.number":          "2026-11-INVOICE-000000000000000000000000000001001-A",
		"ticket.text":             "First line.\nSecond line <script>alert(1)</script>.\n\nhttps://a-long-address.example/without/any/place/to/break/it/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"credential.username":     "a.username.that.has.eighty.characters.and.no.place.where.it.could.be.broken.okay",
		"service.name":            "Fibre 1000 Business Premium with fixed addresses and four hours of repair time",
		"request.subject":         "Please move the router that stands in the meeting room to the server room of the third floor",
		"invitation.invitedBy":    "Robin Alexandra Featherstonehaugh-Cholmondeley",
		"contact.email":           nil,
		"payment.reason":          "The bank of the holder of the card has refused the payment because the limit of the card was reached.",
		"access.reason":           "The contract of your company with us has ended, and with it the access of all of its people.",
		"order.number":            "ORD-2026-11-21-00000000000000007003",
		"invoice.payURL":          nil,
		"verification.email":      "maximiliane-wilhelmine.von.und.zu.hohenlohe@donaudampfschifffahrtsgesellschaft.example",
		"origin.browser":          "Samsung Internet on Android",
		"origin.ip":               "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
		"change.reason":           "The overdue invoices were paid, and the bank has confirmed that the money has arrived.",
		"invoice.totalWithoutTax": nil,
	}},
}

// ownStates are those that only one event has.
var ownStates = map[string][]state{
	"account.statusChanged": {
		{name: "suspended", fields: map[string]any{"change.oldStatus": "Active", "change.newStatus": "Suspended", "change.reason": "Invoice INV-1001 was not paid."}},
		{name: "closed", fields: map[string]any{"change.oldStatus": "Active", "change.newStatus": "Closed"}},
	},
	"invoice.issued": {
		{name: "credit", fields: map[string]any{"invoice.total": "-20.00", "invoice.balance": "-20.00", "invoice.totalWithoutTax": nil, "overdue.count": json.Number("0")}},
		{name: "nothing-overdue", fields: map[string]any{"overdue.count": json.Number("0")}},
	},
	"ticket.opened":  {{name: "no-page", fields: map[string]any{"ticket.url": nil}}},
	"ticket.replied": {{name: "no-page", fields: map[string]any{"ticket.url": nil}}},
	"ticket.closed":  {{name: "no-page", fields: map[string]any{"ticket.url": nil}}},
	"invoice.unpaid": {
		{name: "before", fields: map[string]any{"invoice.daysOverdue": json.Number("-5"), "overdue.count": json.Number("0"), "overdue.invoices": []any{}}},
		{name: "today", fields: map[string]any{"invoice.daysOverdue": json.Number("0")}},
		{name: "week", fields: map[string]any{"invoice.daysOverdue": json.Number("7")}},
		{name: "fortnight", fields: map[string]any{"invoice.daysOverdue": json.Number("14"), "invoice.balance": "60.00"}},
	},
	"invoice.paid":         {{name: "nothing-open", fields: map[string]any{"open.count": json.Number("0")}}},
	"payment.received":     {{name: "nothing-open", fields: map[string]any{"open.count": json.Number("0")}}},
	"payment.failed":       {{name: "no-retry", fields: map[string]any{"payment.retryOn": nil}}},
	"request.updated":      {{name: "same-status", fields: map[string]any{"update.oldStatus": nil}}},
	"portal.newSignIn":     {{name: "nothing-known", fields: map[string]any{"origin.ip": nil, "origin.browser": nil}}},
	"portal.passwordReset": {{name: "staff", fields: map[string]any{"origin.by": "Staff"}}},
	"portal.credentialsChanged": {
		{name: "username", fields: map[string]any{"credential.changed": "Username"}},
		{name: "username-deleted", fields: map[string]any{"credential.changed": "Username", "credential.username": nil, "origin.by": "Staff"}},
		{name: "email", fields: map[string]any{"credential.changed": "Email", "origin.by": "Contact"}},
		{name: "second-factor", fields: map[string]any{"credential.changed": "SecondFactor"}},
	},
}

func statesOf(event string) []state {
	return append(everyEvent[:len(everyEvent):len(everyEvent)], ownStates[event]...)
}

// payload is the sample of an event in the state.
func (s state) payload(event catalog.Event) (map[string]any, error) {
	decoder := json.NewDecoder(strings.NewReader(string(event.Sample)))
	decoder.UseNumber()
	var payload map[string]any
	if err := decoder.Decode(&payload); err != nil {
		return nil, fmt.Errorf("read the sample: %w", err)
	}
	if s.bare {
		takeOptional(event.TemplateFields(), payload)
	}
	for path, value := range s.fields {
		set(payload, path, value)
	}
	return payload, nil
}

func takeOptional(fields []catalog.Field, payload map[string]any) {
	for _, f := range fields {
		inner, isObject := payload[f.Name].(map[string]any)
		switch {
		case f.Optional:
			delete(payload, f.Name)
		case isObject:
			takeOptional(f.Fields, inner)
		}
	}
}

// set changes a field that the payload has; one that it has not is of another event.
func set(payload map[string]any, path string, value any) {
	first, rest, deeper := strings.Cut(path, ".")
	was, has := payload[first]
	inner, isObject := was.(map[string]any)
	switch {
	case !has:
	case deeper && isObject:
		set(inner, rest, value)
	case value == nil:
		delete(payload, first)
	default:
		payload[first] = value
	}
}

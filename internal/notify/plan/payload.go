package plan

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/locale"
)

// portalPaths are where the portal shows the objects of events. It has no page of others, as
// of tickets.
var portalPaths = map[string]string{"invoice": "/invoices/", "order": "/orders/", "request": "/requests/"}

// tenantObject is the object tenant of each payload.
func tenantObject(live *config.Live) map[string]any {
	tenant := map[string]any{
		"name":      cmp.Or(live.Tenant.DisplayName, live.Name),
		"portalURL": (&url.URL{Scheme: "https", Host: live.Tenant.Hostname}).String(),
	}
	setText(tenant, "supportEmail", live.Tenant.Branding.SupportEmail)
	setText(tenant, "supportPhone", live.Tenant.Branding.SupportPhone)
	return tenant
}

// setText sets an optional text that is there.
func setText(object map[string]any, name, text string) {
	if text != "" {
		object[name] = text
	}
}

// page is the address of an object in the portal.
func (r *Rules) page(object, id string) string {
	return r.tenant["portalURL"].(string) + portalPaths[object] + url.PathEscape(id)
}

// payload is what conditions and texts are given of an event, but for its links and the
// recipient.
func (r *Rules) payload(event *catalog.Event, e *Event, t *treated) map[string]any {
	payload := fitted(event.Fields, e.Data)
	for name := range portalPaths {
		object, _ := payload[name].(map[string]any)
		if id, _ := object["id"].(string); id != "" && object["url"] == nil {
			object["url"] = r.page(name, id)
		}
	}
	if overdue, _ := payload["overdue"].(map[string]any); overdue != nil {
		invoices, _ := overdue["invoices"].([]any)
		for _, one := range invoices {
			if invoice, _ := one.(map[string]any); invoice["url"] == nil {
				id, _ := invoice["id"].(string)
				invoice["url"] = r.page("invoice", id)
			}
		}
	}
	return r.common(payload, e, e.ID, t)
}

// common adds the objects that every event has.
func (r *Rules) common(payload map[string]any, e *Event, id string, t *treated) map[string]any {
	payload["tenant"] = r.tenant
	payload["event"] = map[string]any{"id": id, "type": e.Type, "time": e.At.UTC().Format(time.RFC3339Nano)}
	account := map[string]any{}
	setText(account, "id", t.account.ID)
	setText(account, "profile", t.profile)
	if t.account.ID != "" {
		account["name"], account["status"] = shortened(t.account.Name), string(t.account.Status)
	}
	payload["account"] = account
	return payload
}

// unpaidPayload is that of a day of an invoice.
func (r *Rules) unpaidPayload(e *Event, t *treated, v *Invoice, day int32) map[string]any {
	today := dateOf(e.At, t.zone)
	owed := t.account.Owed[v.Currency]
	overdue := make([]any, 0, len(owed.Overdue))
	for i := range owed.Overdue {
		one := &owed.Overdue[i]
		overdue = append(overdue, map[string]any{
			"id": one.ID, "number": shortened(one.Number), "dueOn": one.DueOn.Format(time.DateOnly), "daysOverdue": days(one.DueOn, today),
			"balance": locale.Amount(one.Currency, one.Balance), "currency": one.Currency, "url": r.page("invoice", one.ID),
		})
	}
	invoice := map[string]any{
		"id": v.ID, "number": shortened(v.Number), "status": "Open", "issuedOn": v.IssuedOn.Format(time.DateOnly), "dueOn": v.DueOn.Format(time.DateOnly),
		"currency": v.Currency, "total": locale.Amount(v.Currency, v.Total), "balance": locale.Amount(v.Currency, v.Balance),
		"url": r.page("invoice", v.ID), "daysOverdue": days(v.DueOn, today), "disputed": t.attrs.Disputed.Value != "",
	}
	if v.TotalWithoutTax != "" {
		invoice["totalWithoutTax"] = locale.Amount(v.Currency, v.TotalWithoutTax)
	}
	setText(invoice, "paymentReference", shortened(v.PaymentReference))
	if catalog.URL.Fits(v.PayURL) {
		invoice["payURL"] = v.PayURL
	}
	return r.common(map[string]any{
		"invoice": invoice,
		"open":    map[string]any{"count": count(owed.OpenCount), "balance": amount(v.Currency, owed.OpenBalance), "currency": v.Currency},
		"overdue": map[string]any{"count": count(owed.OverdueCount), "balance": amount(v.Currency, owed.OverdueBalance), "currency": v.Currency, "invoices": overdue},
	}, e, unpaid+"/"+v.ID+"/"+slotName(day, v.DueOn), t)
}

func days(from, to time.Time) json.Number { return count(int(daysBetween(from, to))) }

func count(n int) json.Number { return json.Number(strconv.Itoa(n)) }

// amount is a sum; nothing is a sum of 0.
func amount(currency, sum string) string { return locale.Amount(currency, cmp.Or(sum, "0")) }

// recipientObject is whom a message goes to.
func (t *treated) recipientObject(n *Notification) map[string]any {
	// Banners are read in the portal.
	object := map[string]any{"hasPortal": t.portal && n.Channel == typeBanner}
	if c := t.account.contact(n.ContactID); c != nil {
		setText(object, "firstName", c.FirstName)
		setText(object, "lastName", c.LastName)
		object["hasPortal"] = t.portal && c.SignsIn
	}
	if strings.Contains(n.Address, "@") {
		object["email"] = n.Address
	}
	return object
}

// fitted copies of data what the event has fields for: a newer release may write more. What
// is optional and not of its type is left out, and texts and lists are cut to what a payload
// holds, so that one of them keeps nobody from being told.
func fitted(fields []catalog.Field, data map[string]any) map[string]any {
	object := make(map[string]any, len(fields)+3)
	for _, f := range fields {
		value, there := data[f.Name]
		if !there {
			continue
		}
		if value = fit(f, value); value != nil {
			object[f.Name] = value
		}
	}
	return object
}

func fit(f catalog.Field, value any) any {
	switch typed := value.(type) {
	case map[string]any:
		if f.Type == catalog.Object {
			return fitted(f.Fields, typed)
		}
	case []any:
		if f.Type != catalog.List {
			break
		}
		list := make([]any, 0, min(len(typed), catalog.MaxList))
		for _, element := range typed[:min(len(typed), catalog.MaxList)] {
			if object, is := element.(map[string]any); is {
				list = append(list, fitted(f.Fields, object))
			}
		}
		return list
	case string:
		if f.Type == catalog.Text {
			value = shortened(typed)
		}
	}
	if f.Optional && !f.Type.Fits(value) {
		return nil
	}
	return value
}

// shortened cuts a text to what a payload holds.
func shortened(text string) string { return cutTo(text, catalog.MaxText) }

func cutTo(text string, longest int) string {
	if len(text) <= longest && utf8.ValidString(text) && !strings.Contains(text, "\x00") {
		return text
	}
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "")
	if utf8.RuneCountInString(text) <= longest {
		return text
	}
	return string([]rune(text)[:longest-1]) + "…"
}

// withTexts is a payload whose texts are at most so long, so that what must be in a message
// has room.
func withTexts(fields []catalog.Field, payload map[string]any, longest int) map[string]any {
	short := maps.Clone(payload)
	for _, f := range fields {
		switch typed := payload[f.Name].(type) {
		case map[string]any:
			short[f.Name] = withTexts(f.Fields, typed, longest)
		case []any:
			list := make([]any, len(typed))
			for i, element := range typed {
				list[i] = element
				if object, is := element.(map[string]any); is {
					list[i] = withTexts(f.Fields, object, longest)
				}
			}
			short[f.Name] = list
		case string:
			if f.Type == catalog.Text && len(f.Values) == 0 && f.Name != "currency" {
				short[f.Name] = cutTo(typed, longest)
			}
		}
	}
	return short
}

// CloudEvent is an event as systems are given it: CloudEvents 1.0 in JSON, whose data is
// the payload without the links that let somebody in. Its subject is the account.
func (r *Rules) CloudEvent(e Event, a *Account) ([]byte, error) {
	event, known := r.catalog.Lookup(e.Type)
	if !known {
		return nil, fmt.Errorf("there is no event %q any more", e.Type)
	}
	return cloudEvent(&e, e.ID, withoutLinks(event.Fields, r.payload(&event, &e, r.treatFor(&e, a))))
}

func cloudEvent(e *Event, id string, payload map[string]any) ([]byte, error) {
	envelope := map[string]any{
		"specversion": "1.0", "id": id, "source": cmp.Or(e.Source, sourceFoyer), "type": e.Type, "time": e.At.UTC().Format(time.RFC3339Nano),
		"datacontenttype": "application/json", "data": payload,
	}
	setText(envelope, "subject", e.AccountID)
	return json.Marshal(envelope)
}

// sourceFoyer is the source of what Foyer itself saw happen.
const sourceFoyer = "foyer"

// withoutLinks takes the links out of a payload, of which objects alone have some.
func withoutLinks(fields []catalog.Field, payload map[string]any) map[string]any {
	for _, f := range fields {
		if object, is := payload[f.Name].(map[string]any); is {
			for _, inner := range f.Fields {
				if inner.Type == catalog.Link {
					delete(object, inner.Name)
				}
			}
		}
	}
	return payload
}

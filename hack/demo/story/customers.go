package story

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/foyerhq/foyer/hack/demo/people"
	"github.com/foyerhq/foyer/internal/integration"
)

// customer is an account with one contact.
type customer struct {
	id, name, profile string
	first, last       string
	email, phone      string
	terms             terms
}

// terms are what an account profile decides about an account.
type terms struct{ days, layout string }

var (
	residential = customer{"story-home", "Lou Marsh", "residential", "Lou", "Marsh", "lou.marsh@story.example", "+61491570157", terms{"14", "standard"}}
	business    = customer{"story-shop", "Marsh & Daughters", "business", "Maya", "Marsh", "accounts@story.example", "+61491570156", terms{"21", "business"}}
	customers   = []customer{residential, business}
)

func (t *telling) put(ctx context.Context, c customer) error {
	if err := t.write(ctx, "accounts/"+c.id, integration.Account{Name: c.name, Status: "Active", AccountProfile: c.profile}); err != nil {
		return err
	}
	return t.write(ctx, "contacts/"+c.id+"-owner", integration.Contact{
		AccountID: c.id, FirstName: c.first, LastName: c.last, Email: c.email, Phone: c.phone, Roles: []string{"Primary", "Billing"}, Owner: true, Access: "Active",
	})
}

// write makes one PUT, which tells nobody: the story is about what falls due.
func (t *telling) write(ctx context.Context, path string, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	_, err = people.Ask(ctx, t.API, http.MethodPut, path+"?notify=none", map[string]string{"Content-Type": "application/json"}, body)
	return err
}

func (t *telling) read(ctx context.Context, path string, into any) error {
	text, err := people.Ask(ctx, t.API, http.MethodGet, path, nil, nil)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("answer of the API to %s: %w", path, err)
	}
	return nil
}

// terms asks what applies to a customer.
func (t *telling) terms(ctx context.Context, c customer) (terms, error) {
	var settings struct {
		Attributes []struct{ Key, Value string } `json:"attributes"`
	}
	if err := t.read(ctx, "accounts/"+c.id+"/settings", &settings); err != nil {
		return terms{}, err
	}
	var found terms
	for _, a := range settings.Attributes {
		switch a.Key {
		case "tradingTermsDays":
			found.days = a.Value
		case "invoiceTemplate":
			found.layout = a.Value
		}
	}
	return found, nil
}

// issue issues an invoice on the day that has it fall due on another one, and sees that it does.
func (t *telling) issue(ctx context.Context, c customer, number string, due time.Time) error {
	if err := t.write(ctx, "invoices/"+number, t.invoice(c, number, due)); err != nil {
		return err
	}
	var stored integration.Invoice
	if err := t.read(ctx, "invoices/"+number, &stored); err != nil {
		return err
	}
	t.Say("  %s to the %s customer, issued on %s, is due on %s", number, c.profile, stored.IssuedOn, stored.DueOn)
	if want := due.Format(time.DateOnly); stored.DueOn != want || stored.DueSource != "AccountProfile" {
		return fmt.Errorf("invoice %s is due on %s by the terms of %s, expected %s by those of the account profile", number, stored.DueOn, stored.DueSource, want)
	}
	return nil
}

func (t *telling) invoice(c customer, number string, due time.Time) integration.Invoice {
	days := map[string]int{"14": 14, "21": 21}[c.terms.days]
	return integration.Invoice{AccountID: c.id, Number: number, IssuedOn: due.AddDate(0, 0, -days).Format(time.DateOnly), Total: "249.00", Status: integration.InvoiceOpen}
}

// pay pays an invoice, as the provider's billing system tells it.
func (t *telling) pay(ctx context.Context, c customer, number string, due time.Time) error {
	invoice := t.invoice(c, number, due)
	invoice.Status, invoice.Balance = integration.InvoicePaid, "0"
	return t.write(ctx, "invoices/"+number, invoice)
}

// quietSince says whether the dispatcher has looked at all unpaid invoices since a moment of
// its clock, and nothing is under way to the people of this story.
func (t *telling) quietSince(ctx context.Context, moment time.Time) (bool, error) {
	since := t.due.AddDate(0, 0, -1) // by the dispatcher's clock
	summary, err := t.API.NotificationSummary(ctx, since)
	if err != nil {
		return false, fmt.Errorf("how delivery is going: %w", err)
	}
	if summary.SweptAt.Before(moment) {
		return false, nil
	}
	for _, c := range customers {
		page, err := t.API.Notifications(ctx, integration.NotificationQuery{AccountID: c.id, Since: since, Limit: 200})
		if err != nil {
			return false, fmt.Errorf("notifications of %s: %w", c.name, err)
		}
		for _, n := range page.Items {
			if slices.Contains([]string{"Planned", "Retry", "Leased"}, n.State) {
				return false, nil
			}
		}
	}
	return true, nil
}

// settle pays what is open, of this time and of one that was broken off.
func (t *telling) settle(ctx context.Context) error {
	for _, c := range customers {
		var page struct {
			Items []integration.Invoice `json:"items"`
		}
		query := url.Values{"accountId": {c.id}, "limit": {"1000"}}
		if err := t.read(ctx, "invoices?"+query.Encode(), &page); err != nil {
			return err
		}
		for _, i := range page.Items {
			if i.Status != integration.InvoiceOpen {
				continue
			}
			body := integration.Invoice{AccountID: i.AccountID, Number: i.Number, IssuedOn: i.IssuedOn, DueOn: i.DueOn, Total: i.Total, Balance: "0", Status: integration.InvoicePaid}
			if err := t.write(ctx, "invoices/"+i.ID, body); err != nil {
				return err
			}
		}
	}
	return nil
}

package backoffice

import (
	"time"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/store"
)

func (a *api) services() resource[integration.Service, store.Service] {
	return resource[integration.Service, store.Service]{
		path: "services", one: "Service", many: "Services",
		description: "Services are what an account has of the provider. One that becomes Active emits service.activated, one that becomes Cancelled service.cancelled.",
		show:        showService, adapt: adaptService,
		version: func(s *store.Service) int64 { return s.Version },
		key:     func(s *integration.Service) *string { return &s.ID },
		account: func(s integration.Service) string { return s.AccountID },
		rowOf:   serviceRow,
		get:     a.Store.Service, list: a.Store.Services, put: (*store.Writer).PutServices, remove: (*store.Writer).DeleteService,
	}
}

func showService(s *store.Service) integration.Service {
	return integration.Service{
		ID: s.ID, AccountID: s.AccountID, Name: s.Name, Description: s.Description, Number: s.Number, Status: s.Status, SiteID: s.SiteID,
		StartsOn: s.StartsOn.Format(time.DateOnly), EndsOn: dayText(s.EndsOn), CancelReason: s.CancelReason,
		Price: locale.Amount(s.Currency, optionalText(s.Price)), Currency: s.Currency, BillingMonths: s.BillingMonths, Meta: meta(s.Row),
	}
}

// adaptService: why a service was cancelled, and its last day then, go with the status,
// and the currency goes with the price.
func adaptService(before *integration.Service, patch map[string]any) {
	if status, changes := patch["status"]; changes && before.Status == store.ServiceCancelled && status != before.Status {
		before.CancelReason, before.EndsOn = "", ""
	}
	if price, changes := patch["price"]; changes && price == nil {
		before.Currency = ""
	}
}

func serviceRow(of holder, s integration.Service, old *store.Service) (store.Service, *store.Refusal) {
	row := store.Service{
		Row: store.Row{AccountID: s.AccountID}, Name: s.Name, Description: s.Description, Number: s.Number, Status: s.Status, SiteID: s.SiteID,
		StartsOn: day(s.StartsOn), EndsOn: optionalDay(s.EndsOn), CancelReason: s.CancelReason,
		Price: optional(s.Price), Currency: s.Currency, BillingMonths: s.BillingMonths,
	}
	if row.Price != nil {
		before := ""
		if old != nil {
			before = old.Currency
		}
		row.Currency = of.currency(s.Currency, before)
	}
	return row, checkService(row)
}

func checkService(s store.Service) *store.Refusal {
	cancelled := s.Status == store.ServiceCancelled
	switch {
	case cancelled && s.EndsOn == nil:
		return refuse("endsOn", "is missing, a cancelled service has a last day")
	case s.EndsOn != nil && s.EndsOn.Before(s.StartsOn):
		return refuse("endsOn", "%s is before startsOn %s", dayText(s.EndsOn), s.StartsOn.Format(time.DateOnly))
	case !cancelled && s.CancelReason != "":
		return refuse("cancelReason", "is there, but only a cancelled service has one")
	case s.Price == nil && s.Currency != "":
		return refuse("currency", "is there without a price")
	}
	return nil
}

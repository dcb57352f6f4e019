package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// The statuses of a service.
const (
	ServicePending   = "Pending"
	ServiceActive    = "Active"
	ServiceSuspended = "Suspended"
	ServiceCancelled = "Cancelled" // it ends, or has ended, on EndsOn
)

// Service is what an account has of the provider.
type Service struct {
	Row
	Name          string     `db:"name" json:"name"`
	Description   string     `db:"description" json:"description"`
	Number        string     `db:"number" json:"number"`
	Status        string     `db:"status" json:"status"`
	SiteID        string     `db:"site_id" json:"site_id"` // empty: at none
	StartsOn      time.Time  `db:"starts_on" json:"starts_on"`
	EndsOn        *time.Time `db:"ends_on" json:"ends_on"`
	CancelReason  string     `db:"cancel_reason" json:"cancel_reason"`
	Price         *string    `db:"price" json:"price"`
	Currency      string     `db:"currency" json:"currency"` // of the price
	BillingMonths int64      `db:"billing_months" json:"billing_months"`
}

var services = &kind[Service, *Service]{
	name:  "service",
	table: "service",
	sel: `t.id, t.account_id, t.version, t.created_at, t.updated_at, t.name, t.description, t.number, t.status, coalesce(t.site_id, '') AS site_id,
t.starts_on, t.ends_on, t.cancel_reason, trim_scale(t.price)::text AS price, t.currency, t.billing_months`,
	insert: []string{"name", "description", "number", "status", "site_id", "starts_on", "ends_on", "cancel_reason", "price", "currency", "billing_months"},
	values: func(s *Service) []any {
		return []any{s.Name, s.Description, s.Number, s.Status, nullable(s.SiteID), s.StartsOn, s.EndsOn, s.CancelReason, s.Price, s.Currency, s.BillingMonths}
	},
	update: `
UPDATE service t SET name = i.name, description = i.description, number = i.number, status = i.status, site_id = nullif(i.site_id, ''),
    starts_on = i.starts_on, ends_on = i.ends_on, cancel_reason = i.cancel_reason, price = i.price, currency = i.currency,
    billing_months = i.billing_months, version = i.version, updated_at = i.updated_at
FROM json_populate_recordset(NULL::service, $1) i WHERE t.id = i.id`,
	same: func(before, after *Service) bool {
		return before.Name == after.Name && before.Description == after.Description && before.Number == after.Number &&
			before.Status == after.Status && before.SiteID == after.SiteID && before.StartsOn.Equal(after.StartsOn) &&
			sameDay(before.EndsOn, after.EndsOn) && before.CancelReason == after.CancelReason && samePointer(before.Price, after.Price) &&
			before.Currency == after.Currency && before.BillingMonths == after.BillingMonths
	},
	references: func(s *Service) []reference { return []reference{{"siteId", sites.table, s.SiteID}} },
}

// Service returns a service by id, or ErrNotFound.
func (s *Store) Service(ctx context.Context, id string) (Service, error) {
	return one(ctx, s, services, id)
}

// Services returns a page of services.
func (s *Store) Services(ctx context.Context, list List) ([]Service, *Place, error) {
	return page(ctx, s, services, list)
}

// PutServices creates and changes services. Their sites must be of the same account.
func (w *Writer) PutServices(ctx context.Context, items []Item[Service]) ([]Written[Service], error) {
	written, changes, err := putAll(ctx, w, services, items, func(_, next *Service) { next.Price = optionalAmount(next.Price) })
	if err != nil {
		return nil, err
	}
	return written, w.announceServices(ctx, changes)
}

// DeleteService deletes a service.
func (w *Writer) DeleteService(ctx context.Context, id string, ifVersion int64) (Result, error) {
	return remove(ctx, w, services, id, ifVersion)
}

// ServiceAtSite is a service with the name of its site; empty: it is at none.
type ServiceAtSite struct {
	Service
	Site string `db:"site"`
}

// ServicePage is a page of the services that a person can reach.
type ServicePage struct {
	Services []ServiceAtSite
	Next     *NameCursor    // nil: this is the last page
	Counts   map[string]int // of all pages, by status, whatever status the page has
}

// What is cancelled comes last.
const serviceKey = `CASE WHEN t.status = 'Cancelled' THEN '1' ELSE '0' END || t.name`

var servicesOfSQL = `
SELECT ` + services.sel + `, coalesce(s.name, '') AS site, ` + serviceKey + ` AS key
FROM service t LEFT JOIN site s ON s.account_id = t.account_id AND s.id = t.site_id
WHERE ` + reachSQL + ` AND ($3 = '' OR t.status = $3) AND (` + serviceKey + `, t.id) > ($4, $5)
ORDER BY key, t.id LIMIT $6`

const countServicesSQL = `SELECT t.status, count(*)::int FROM service t WHERE ` + reachSQL + ` GROUP BY t.status`

// ServicesOf returns a page of the services that a person can reach, of a status unless
// that is empty, in the order of their names, those that are cancelled last.
func (s *Store) ServicesOf(ctx context.Context, reach Reach, status string, after NameCursor, limit int) (ServicePage, error) {
	if badText(after.Name) || badText(after.ID) || badText(status) {
		return ServicePage{}, nil // no service can have such a name
	}
	var page ServicePage
	batch := &pgx.Batch{}
	batch.Queue(servicesOfSQL, append(reach.arguments(), status, after.Name, after.ID, limit+1)...).Query(func(rows pgx.Rows) error {
		return page.read(rows, limit)
	})
	batch.Queue(countServicesSQL, reach.arguments()...).Query(page.count)
	if err := s.db.SendBatch(ctx, batch).Close(); err != nil {
		return ServicePage{}, fail("read services", err)
	}
	return page, nil
}

func (p *ServicePage) read(rows pgx.Rows, limit int) error {
	type keyed struct {
		ServiceAtSite
		Key string `db:"key"`
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[keyed])
	if err != nil {
		return err
	}
	if len(found) > limit {
		found = found[:limit]
		p.Next = &NameCursor{Name: found[limit-1].Key, ID: found[limit-1].ID}
	}
	for _, k := range found {
		p.Services = append(p.Services, k.ServiceAtSite)
	}
	return nil
}

func (p *ServicePage) count(rows pgx.Rows) error {
	p.Counts = map[string]int{}
	var status string
	var n int
	_, err := pgx.ForEachRow(rows, []any{&status, &n}, func() error {
		p.Counts[status] = n
		return nil
	})
	return err
}

// announceServices tells of services that became active, and of those that were
// cancelled. A new one that is cancelled already tells nothing.
func (w *Writer) announceServices(ctx context.Context, changes []rowChange[Service]) error {
	if w.origin.Quiet {
		return nil
	}
	events := map[*Service]string{}
	var told []*Service
	var ids []string
	for _, c := range changes {
		switch {
		case c.before != nil && c.before.Status == c.after.Status:
			continue
		case c.after.Status == ServiceActive:
			events[c.after] = "service.activated"
		case c.after.Status == ServiceCancelled && c.before != nil:
			events[c.after] = "service.cancelled"
		default:
			continue
		}
		told, ids = append(told, c.after), append(ids, c.after.SiteID)
	}
	names, err := w.siteNames(ctx, ids)
	if err != nil {
		return err
	}
	for _, s := range told {
		if err := w.emit(events[s], s.AccountID, s.ID, map[string]any{"service": s.data(names[s.SiteID])}); err != nil {
			return err
		}
	}
	return nil
}

// data is the service in its events.
func (s *Service) data(site string) map[string]any {
	data := map[string]any{"id": s.ID, "name": s.Name, "startsOn": s.StartsOn.Format(time.DateOnly)}
	setText(data, "number", s.Number)
	setText(data, "site", site)
	if s.Status == ServiceCancelled {
		setDay(data, "endsOn", s.EndsOn)
		setText(data, "reason", s.CancelReason)
	}
	return data
}

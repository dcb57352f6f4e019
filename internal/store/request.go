package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// The statuses of a service request.
const (
	RequestNew        = "New"
	RequestScheduled  = "Scheduled"
	RequestInProgress = "InProgress"
	RequestCompleted  = "Completed"
	RequestDeclined   = "Declined"
)

// Request is a service request of an account.
type Request struct {
	Row
	Number      string     `db:"number" json:"number"`
	Subject     string     `db:"subject" json:"subject"`
	Text        string     `db:"text" json:"text"`
	Status      string     `db:"status" json:"status"`
	SiteID      string     `db:"site_id" json:"site_id"` // empty: for none
	OpenedBy    string     `db:"opened_by" json:"opened_by"`
	OpenedAt    time.Time  `db:"opened_at" json:"opened_at"`
	ScheduledOn *time.Time `db:"scheduled_on" json:"scheduled_on"`
	Comment     string     `db:"comment" json:"comment"` // what was said last
	// ContactID is the contact who sent it from the portal, and so the Initiator of all its
	// events; empty: nobody did. It stays as it was first written.
	ContactID string `db:"contact_id" json:"contact_id"`

	// Author is who writes it and Staff whether that is the provider's staff, as
	// customers are told in its events. Neither is kept.
	Author string `db:"-" json:"-"`
	Staff  bool   `db:"-" json:"-"`
}

var requests = &kind[Request, *Request]{
	name:  "request",
	table: "service_request",
	sel: `t.id, t.account_id, t.version, t.created_at, t.updated_at, t.number, t.subject, t.text, t.status, coalesce(t.site_id, '') AS site_id,
t.opened_by, t.opened_at, t.scheduled_on, t.comment, t.contact_id`,
	insert: []string{"number", "subject", "text", "status", "site_id", "opened_by", "opened_at", "scheduled_on", "comment", "contact_id"},
	values: func(r *Request) []any {
		return []any{r.Number, r.Subject, r.Text, r.Status, nullable(r.SiteID), r.OpenedBy, r.OpenedAt, r.ScheduledOn, r.Comment, r.ContactID}
	},
	update: `
UPDATE service_request t SET number = i.number, subject = i.subject, text = i.text, status = i.status, site_id = nullif(i.site_id, ''),
    opened_by = i.opened_by, opened_at = i.opened_at, scheduled_on = i.scheduled_on, comment = i.comment, version = i.version, updated_at = i.updated_at
FROM json_populate_recordset(NULL::service_request, $1) i WHERE t.id = i.id`,
	same: func(before, after *Request) bool {
		return before.Number == after.Number && before.Subject == after.Subject && before.Text == after.Text && before.SiteID == after.SiteID &&
			before.OpenedBy == after.OpenedBy && before.OpenedAt.Equal(after.OpenedAt) && before.Status == after.Status &&
			sameDay(before.ScheduledOn, after.ScheduledOn) && before.Comment == after.Comment
	},
	references: func(r *Request) []reference { return []reference{{"siteId", sites.table, r.SiteID}} },
}

// news says whether a request has what its people want to know of.
func news(before, after *Request) bool {
	said := before.Comment != after.Comment && after.Comment != ""
	return said || before.Status != after.Status || !sameDay(before.ScheduledOn, after.ScheduledOn)
}

// Done says whether nothing more comes of the request.
func (r *Request) Done() bool { return r.Status == RequestCompleted || r.Status == RequestDeclined }

// Request returns a service request by id, or ErrNotFound.
func (s *Store) Request(ctx context.Context, id string) (Request, error) {
	return one(ctx, s, requests, id)
}

// Requests returns a page of service requests.
func (s *Store) Requests(ctx context.Context, list List) ([]Request, *Place, error) {
	return page(ctx, s, requests, list)
}

// PutRequests creates and changes service requests. Their sites must be of the same account.
func (w *Writer) PutRequests(ctx context.Context, items []Item[Request]) ([]Written[Request], error) {
	written, changes, err := putAll(ctx, w, requests, items, func(old, next *Request) {
		next.OpenedAt, next.ContactID = tidyTime(next.OpenedAt), w.origin.ContactID
		if old != nil {
			next.ContactID = old.ContactID
		}
	})
	if err != nil {
		return nil, err
	}
	return written, w.announceRequests(ctx, changes)
}

// DeleteRequest deletes a service request.
func (w *Writer) DeleteRequest(ctx context.Context, id string, ifVersion int64) (Result, error) {
	return remove(ctx, w, requests, id, ifVersion)
}

// RequestAtSite is a service request with the name of its site; empty: it is for none.
type RequestAtSite struct {
	Request
	Site string `db:"site"`
}

var requestAtSiteSQL = `
SELECT ` + requests.sel + `, coalesce(s.name, '') AS site
FROM service_request t LEFT JOIN site s ON s.account_id = t.account_id AND s.id = t.site_id
WHERE ` + reachSQL

var requestsOfSQL = requestAtSiteSQL + ` AND (t.opened_at, t.id) < ($3, $4) ORDER BY t.opened_at DESC, t.id DESC LIMIT $5`

// RequestsOf returns a page of the service requests that a person can reach, newest first,
// and where to go on; nil: it is the last page.
func (s *Store) RequestsOf(ctx context.Context, reach Reach, after Newest, limit int) ([]RequestAtSite, *Newest, error) {
	if badText(after.ID) {
		return nil, nil, nil // no service request can have such an id
	}
	found, err := s.requestsAtSites(ctx, requestsOfSQL, append(reach.arguments(), after.from(), after.ID, limit+1)...)
	if err != nil || len(found) <= limit {
		return found, nil, err
	}
	last := found[limit-1]
	return found[:limit], &Newest{At: last.OpenedAt, ID: last.ID}, nil
}

// RequestOf returns a service request that a person can reach by id, or ErrNotFound.
func (s *Store) RequestOf(ctx context.Context, reach Reach, id string) (RequestAtSite, error) {
	if badText(id) {
		return RequestAtSite{}, fail("read request", ErrNotFound)
	}
	found, err := s.requestsAtSites(ctx, requestAtSiteSQL+` AND t.id = $3`, append(reach.arguments(), id)...)
	if err == nil && len(found) == 0 {
		err = fail("read request", ErrNotFound)
	}
	if err != nil {
		return RequestAtSite{}, err
	}
	return found[0], nil
}

func (s *Store) requestsAtSites(ctx context.Context, sql string, args ...any) ([]RequestAtSite, error) {
	rows, err := s.db.Query(ctx, sql, args...)
	if err != nil {
		return nil, fail("read service requests", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[RequestAtSite])
	if err != nil {
		return nil, fail("read service requests", err)
	}
	return found, nil
}

// RequestNumber makes the number of a service request that comes without one.
func (w *Writer) RequestNumber(ctx context.Context) (string, error) {
	return w.number(ctx, `SELECT 'R-' || nextval('request_number')`)
}

// announceRequests tells of new service requests, and of what is new about others. A new
// one that is done already tells nothing.
func (w *Writer) announceRequests(ctx context.Context, changes []rowChange[Request]) error {
	if w.origin.Quiet {
		return nil
	}
	var told []rowChange[Request]
	var ids []string
	for _, c := range changes {
		if c.before == nil && !c.after.Done() || c.before != nil && news(c.before, c.after) {
			told, ids = append(told, c), append(ids, c.after.SiteID)
		}
	}
	names, err := w.siteNames(ctx, ids)
	if err != nil {
		return err
	}
	for _, c := range told {
		name, data := "request.created", map[string]any{"request": c.after.data(names[c.after.SiteID])}
		if c.before != nil {
			name, data["update"] = "request.updated", updateOf(c)
		}
		if err := w.emit(name, c.after.AccountID, c.after.ID, data); err != nil {
			return err
		}
		w.events[len(w.events)-1].ContactID = c.after.ContactID
	}
	return nil
}

// data is the service request in its events.
func (r *Request) data(site string) map[string]any {
	data := map[string]any{
		"id": r.ID, "number": r.Number, "subject": r.Subject, "status": r.Status, "openedBy": r.OpenedBy, "openedAt": r.OpenedAt,
	}
	setText(data, "site", site)
	setDay(data, "scheduledOn", r.ScheduledOn)
	return data
}

// updateOf is what is new about a service request.
func updateOf(c rowChange[Request]) map[string]any {
	update := map[string]any{"author": c.after.Author, "byStaff": c.after.Staff}
	if c.before.Status != c.after.Status {
		update["oldStatus"] = c.before.Status
	}
	if c.before.Comment != c.after.Comment {
		setText(update, "comment", c.after.Comment)
	}
	return update
}

package store

import (
	"context"
	"time"
)

// DueAccounts returns a page of the accounts that have unpaid invoices with one of these
// due dates, as [Store.Sweep] gives them to the planner, to look at. With an id it is that
// account alone. next is where the page after begins; "": this was the last.
func (s *Store) DueAccounts(ctx context.Context, eventType string, dates []time.Time, accountID, after string, limit int) (list []DueAccount, next string, err error) {
	ids := []string{accountID}
	if accountID == "" {
		if ids, err = dueIDs(ctx, s.db, dates, after, limit); err != nil {
			return nil, "", fail("look for unpaid invoices", err)
		}
	}
	if len(ids) == limit {
		next = ids[limit-1]
	}
	list, err = dueAccounts(ctx, s.db, storable(ids), dates, eventType)
	if err != nil {
		return nil, "", fail("read unpaid invoices", err)
	}
	return list, next, nil
}

// RoutingInForce returns the routing document that dispatchers run: what one of them has
// acknowledged last, or else the newest, and then running is false. ErrNotFound: there is
// none. With the digest that is known already its text is left out.
func (s *Store) RoutingInForce(ctx context.Context, known string) (digest, text string, running bool, err error) {
	err = s.db.QueryRow(ctx, `
SELECT d.digest, CASE WHEN d.digest = $1 THEN '' ELSE d.body END, r.at IS NOT NULL FROM document d
LEFT JOIN LATERAL (SELECT max(updated_at) AS at FROM replica WHERE component = 'dispatcher' AND routing_digest = d.digest) r ON true
WHERE d.kind = 'routing' ORDER BY r.at DESC NULLS LAST, d.created_at DESC, d.digest LIMIT 1`, known).Scan(&digest, &text, &running)
	if err != nil {
		return "", "", false, fail("read the routing document", err)
	}
	return digest, text, running, nil
}

package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// OldestUnpaid returns the invoice of an account of which something is left to pay and which
// fell or falls due first, or ErrNotFound.
func (s *Store) OldestUnpaid(ctx context.Context, accountID string) (v NotifiedInvoice, err error) {
	rows, err := s.db.Query(ctx, `SELECT `+notifiedInvoiceColumns+`
FROM invoice i WHERE i.account_id = $1 AND i.status = 'Open' AND i.balance > 0 ORDER BY i.due_on, i.id LIMIT 1`, accountID)
	if err == nil {
		v, err = pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (v NotifiedInvoice, err error) {
			return v, row.Scan(v.targets()...)
		})
	}
	if err != nil {
		return NotifiedInvoice{}, fail("read the oldest unpaid invoice", err)
	}
	return v, nil
}

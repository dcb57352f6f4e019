package store

import (
	"context"
	"fmt"
	"time"
)

// SentLink is the newest link for the sign-in of a contact, and when it was sent.
type SentLink struct {
	Link
	SentAt time.Time
}

// Whole is the state of all the secrets of a link together: it is open as long as one of
// them is.
func (l Link) Whole(now time.Time) LinkState {
	states := map[LinkState]bool{}
	for address := range l.Addresses {
		states[l.State(address, now)] = true
	}
	for _, state := range []LinkState{LinkOpen, LinkSpent, LinkExpired, LinkUsed} {
		if states[state] {
			return state
		}
	}
	return LinkVoided
}

const newestLinkSQL = `SELECT l.created_at, ` + linkColumns + ` FROM ` + linkTables + `
WHERE l.contact_id = $1 AND l.purpose <> 'VerifyEmail' ORDER BY l.created_at DESC, l.voided_at DESC NULLS FIRST LIMIT 1`

// NewestLink returns the newest link for the sign-in of a contact. ErrNotFound: none was
// sent.
func (s *Store) NewestLink(ctx context.Context, contactID string) (SentLink, error) {
	const doing = "read the newest link of a contact"
	var l SentLink
	if badText(contactID) {
		return SentLink{}, fail(doing, ErrNotFound)
	}
	err := s.db.QueryRow(ctx, newestLinkSQL, contactID).Scan(append([]any{&l.SentAt}, l.targets()...)...)
	if err != nil {
		return SentLink{}, fail(doing, err)
	}
	return l, nil
}

// OwnersOf returns the contacts that are the owners of accounts, by account.
func (w *Writer) OwnersOf(ctx context.Context, accounts []string) (map[string]string, error) {
	owners, err := pairs(ctx, w.tx, `SELECT account_id, id FROM contact WHERE owner AND account_id = ANY($1)`, storable(accounts))
	if err != nil {
		return nil, fmt.Errorf("look up owners: %w", err)
	}
	return owners, nil
}

// Now is when what is written happens.
func (w *Writer) Now() time.Time { return w.origin.Now }

// Quiet says whether what is written emits no events.
func (w *Writer) Quiet() bool { return w.origin.Quiet }

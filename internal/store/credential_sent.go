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

// What strangers can have sent: after a few links in a day one an hour, so that nobody's
// mailbox is flooded, and nobody is kept from getting one.
const (
	linkPause     = 5 * time.Minute
	longLinkPause = time.Hour
	linksADay     = 3
)

// A link that was used, or whose button was pressed, is no reason to wait: strangers
// cannot do that.
const sentLatelySQL = `
SELECT count(*), max(created_at) FILTER (WHERE spent_at IS NULL AND voided_at IS NULL AND completed_at IS NULL)
FROM credential_link WHERE (contact_id = $1 OR user_id = nullif($2, '')::uuid) AND purpose = ANY($3) AND created_at > $4`

// SentLately says whether a contact was sent a link so lately that somebody who is not
// signed in can have no other sent.
func (w *Writer) SentLately(ctx context.Context, c Credentials, purpose LinkPurpose) (bool, error) {
	var sent int
	var newest *time.Time // of those that nobody used
	err := w.tx.QueryRow(ctx, sentLatelySQL, c.ContactID, c.UserID, purpose.alike(), w.origin.Now.AddDate(0, 0, -1)).Scan(&sent, &newest)
	if err != nil {
		return false, fmt.Errorf("look for links that were sent: %w", err)
	}
	pause := linkPause
	if sent >= linksADay {
		pause = longLinkPause
	}
	return newest != nil && newest.After(w.origin.Now.Add(-pause)), nil
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

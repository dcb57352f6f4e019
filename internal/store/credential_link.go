package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// LinkPurpose says what a link is for. It is for that alone.
type LinkPurpose string

// The purposes of links.
const (
	LinkCreate      LinkPurpose = "Create"      // choose username and password
	LinkReset       LinkPurpose = "Reset"       // choose a new password
	LinkInvite      LinkPurpose = "Invite"      // accept an invitation to an account
	LinkVerifyEmail LinkPurpose = "VerifyEmail" // confirm an address
)

// linkEvents are the events by which links are sent. The subject of such an event is the
// id of the link; whoever sends the mail makes the address of the link from it.
var linkEvents = map[LinkPurpose]string{
	LinkCreate: "portal.credentialCreate", LinkReset: "portal.passwordReset",
	LinkInvite: "contact.invited", LinkVerifyEmail: "contact.verifyEmail",
}

// NewLink is a link to be sent. Addresses are whom it goes to, each with a secret of its
// own. Data is the payload of its event, without the address of the link.
type NewLink struct {
	Purpose   LinkPurpose
	AccountID string
	ContactID string
	UserID    string // of a reset; empty: none yet
	Addresses []string
	InvitedBy string
	ExpiresAt time.Time
	Data      map[string]any
}

// voidLinksSQL: a newer link of a purpose voids those before it. Create and Invite are one:
// both end in a sign-in of the contact.
const voidLinksSQL = `
UPDATE credential_link SET voided_at = $1
WHERE (contact_id = $2 OR user_id = nullif($3, '')::uuid) AND purpose = ANY($4) AND voided_at IS NULL AND completed_at IS NULL`

const insertLinkSQL = `
INSERT INTO credential_link (id, purpose, account_id, contact_id, user_id, addresses, invited_by, created_at, expires_at)
VALUES ($1, $2, $3, $4, nullif($5, '')::uuid, $6, $7, $8, $9)`

// IssueLink makes a link and the event by which it is sent, and returns its id. Links of
// the same purpose that were sent before it stop working. It is written whatever the
// origin says of events: a link that nobody is sent is of no use.
func (w *Writer) IssueLink(ctx context.Context, n NewLink) (string, error) {
	id, purposes := newID(), []string{string(n.Purpose)}
	if n.Purpose == LinkCreate || n.Purpose == LinkInvite {
		purposes = []string{string(LinkCreate), string(LinkInvite)}
	}
	batch := &pgx.Batch{}
	batch.Queue(voidLinksSQL, w.origin.Now, n.ContactID, n.UserID, purposes)
	batch.Queue(insertLinkSQL, id, string(n.Purpose), n.AccountID, n.ContactID, n.UserID, n.Addresses, cleanText(n.InvitedBy), w.origin.Now, n.ExpiresAt)
	if err := w.tx.SendBatch(ctx, batch).Close(); err != nil {
		return "", fmt.Errorf("make link: %w", err)
	}
	return id, w.emitAlways(linkEvents[n.Purpose], n.AccountID, id, n.Data)
}

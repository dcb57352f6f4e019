package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
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

// SendsLink says whether events of a type send a link, whose id is their subject.
func SendsLink(eventType string) bool {
	for _, sends := range linkEvents {
		if sends == eventType {
			return true
		}
	}
	return false
}

// alike are the purposes of links that end in the same.
func (p LinkPurpose) alike() []string {
	if p == LinkCreate || p == LinkInvite {
		return []string{string(LinkCreate), string(LinkInvite)}
	}
	return []string{string(p)}
}

// NewLink is a link to be sent. Addresses are whom it goes to, each with a secret of its
// own. Data is the payload of its event, without the address of the link.
type NewLink struct {
	Purpose   LinkPurpose
	AccountID string
	ContactID string
	UserID    string // empty: none yet
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
// origin says of events: a link that nobody is sent is of no use. What a stranger asks for
// stops nothing: they could keep a person from ever using a link.
func (w *Writer) IssueLink(ctx context.Context, n NewLink) (string, error) {
	id := newID()
	batch := &pgx.Batch{}
	if !w.origin.Stranger {
		batch.Queue(voidLinksSQL, w.origin.Now, n.ContactID, n.UserID, n.Purpose.alike())
	}
	batch.Queue(insertLinkSQL, id, string(n.Purpose), n.AccountID, n.ContactID, n.UserID, n.Addresses, cleanText(n.InvitedBy), w.origin.Now, n.ExpiresAt)
	if err := w.tx.SendBatch(ctx, batch).Close(); err != nil {
		return "", fmt.Errorf("make link: %w", err)
	}
	return id, w.emitAlways(linkEvents[n.Purpose], n.AccountID, id, n.Data)
}

// VoidLinks makes all links of a contact, and of its user, stop working that were not
// completed.
func (w *Writer) VoidLinks(ctx context.Context, contactID, userID string) error {
	all := []string{string(LinkCreate), string(LinkReset), string(LinkInvite), string(LinkVerifyEmail)}
	if _, err := w.tx.Exec(ctx, voidLinksSQL, w.origin.Now, contactID, userID, all); err != nil {
		return fmt.Errorf("void links: %w", err)
	}
	return nil
}

// Link is a link that was sent, and its contact as it is now.
type Link struct {
	ID        string
	Purpose   LinkPurpose
	ForUser   string // the user when the link was made; empty: there was none
	Addresses []string
	InvitedBy string
	ExpiresAt time.Time
	VoidedAt  *time.Time
	Spent     []int16 // numbers of addresses
	Completed bool
	Credentials
}

// LinkState says what has become of a link.
type LinkState string

// The states of a link.
const (
	LinkOpen    LinkState = "Open"
	LinkSpent   LinkState = "Spent"   // its button was pressed once
	LinkUsed    LinkState = "Used"    // what it was for is done
	LinkVoided  LinkState = "Voided"  // a newer one was sent, or it is not wanted any more
	LinkExpired LinkState = "Expired" // its time is over
)

// State is that of the secret for one of the addresses.
func (l Link) State(address int, now time.Time) LinkState {
	switch {
	case l.Completed:
		return LinkUsed
	case l.VoidedAt != nil || !l.meant(address):
		return LinkVoided
	case slices.Contains(l.Spent, int16(address)): //nolint:gosec // a link has at most 20 addresses
		return LinkSpent
	case !now.Before(l.ExpiresAt):
		return LinkExpired
	}
	return LinkOpen
}

// meant says whether the link is still for whoever it was sent to: the contact has access,
// its user is the one that it was made for, and mails still go to the address. An address
// that is to be confirmed is the business of the contact.
func (l Link) meant(address int) bool {
	if address < 0 || address >= len(l.Addresses) || l.Access != AccessActive {
		return false
	}
	if l.Purpose == LinkVerifyEmail {
		return true
	}
	reset := l.Purpose == LinkReset
	sameUser := l.ForUser == l.UserID || !reset && l.ForUser == ""
	return sameUser && l.HasPassword == reset && slices.ContainsFunc(l.Credentials.Addresses(l.Purpose), func(now string) bool {
		return sameText(now, l.Addresses[address])
	})
}

const linkColumns = `l.id::text, l.purpose, coalesce(l.user_id::text, ''), l.addresses, l.invited_by, l.expires_at, l.voided_at,
l.spent_addresses, l.completed_at IS NOT NULL, ` + credentialsColumns

const linkTables = `credential_link l JOIN contact c ON c.id = l.contact_id JOIN account a ON a.id = c.account_id LEFT JOIN app_user u ON u.id = c.user_id`

func (l *Link) targets() []any {
	return append([]any{&l.ID, &l.Purpose, &l.ForUser, &l.Addresses, &l.InvitedBy, &l.ExpiresAt, &l.VoidedAt, &l.Spent, &l.Completed}, l.Credentials.targets()...)
}

// Link returns a link by id. It must have been found by its secret. ErrNotFound: there is
// none of this purpose.
func (s *Store) Link(ctx context.Context, id string, purpose LinkPurpose) (Link, error) {
	return readLink(ctx, s.db, id, purpose)
}

func readLink(ctx context.Context, db querier, id string, purpose LinkPurpose) (Link, error) {
	var l Link
	err := db.QueryRow(ctx, `SELECT `+linkColumns+` FROM `+linkTables+` WHERE l.id = $1::uuid AND l.purpose = $2`, id, string(purpose)).Scan(l.targets()...)
	if err != nil {
		return Link{}, fail("read link", err)
	}
	return l, nil
}

// ErrLinkOver says that a link does not work any more; [Link.State] says why.
var ErrLinkOver = errors.New("the link does not work any more")

const spendLinkSQL = `
UPDATE credential_link SET spent_at = $1, spent_addresses = spent_addresses || $3::smallint
WHERE id = $2::uuid AND voided_at IS NULL AND completed_at IS NULL AND expires_at > $1 AND $3::smallint <> ALL(spent_addresses)`

// SpendLink spends the secret of a link for one of its addresses: of several that do so at
// the same moment one goes on. ErrLinkOver: it was spent, voided, expired or completed, or
// is not meant for that address any more. ErrNotFound: there is none of this purpose.
func (w *Writer) SpendLink(ctx context.Context, id string, purpose LinkPurpose, address int) (Link, error) {
	l, err := readLink(ctx, w.tx, id, purpose)
	if err != nil {
		return Link{}, err
	}
	if err := w.hold(ctx, contacts.table, []string{l.ContactID}); err != nil {
		return Link{}, err
	}
	tag, err := w.tx.Exec(ctx, spendLinkSQL, w.origin.Now, id, address)
	if err != nil {
		return Link{}, fmt.Errorf("spend link: %w", err)
	}
	if l, err = readLink(ctx, w.tx, id, purpose); err != nil {
		return Link{}, err
	}
	if tag.RowsAffected() == 0 || !l.meant(address) {
		return l, ErrLinkOver
	}
	return l, nil
}

// CompleteLink says that what a link was for is done: no secret of it works any more.
// ErrLinkOver: it was done already, or a newer link voided it.
func (w *Writer) CompleteLink(ctx context.Context, id string) error {
	tag, err := w.tx.Exec(ctx, `
UPDATE credential_link SET completed_at = $1 WHERE id = $2::uuid AND voided_at IS NULL AND completed_at IS NULL`, w.origin.Now, id)
	if err != nil {
		return fmt.Errorf("complete link: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return ErrLinkOver
	}
	return nil
}

package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

const writeUsersSQL = `
WITH item AS (
    SELECT * FROM json_to_recordset($1::json) AS x(id uuid, username text, email text, verified boolean, password_hash text)
), updated AS (
    UPDATE app_user u SET
        username = i.username, email = i.email,
        email_verified_at = CASE WHEN NOT i.verified THEN NULL
                                 WHEN lower(u.email) = lower(i.email) THEN coalesce(u.email_verified_at, $2) ELSE $2 END,
        password_hash = coalesce(u.password_hash, nullif(i.password_hash, '')),
        version = u.version + 1, updated_at = $2
    FROM item i WHERE u.id = i.id
    RETURNING u.id
)
INSERT INTO app_user (id, username, email, email_verified_at, password_hash, created_at, updated_at)
SELECT i.id, i.username, i.email, CASE WHEN i.verified THEN $2 END, nullif(i.password_hash, ''), $2, $2
FROM item i WHERE NOT EXISTS (SELECT FROM app_user u WHERE u.id = i.id)
ORDER BY lower(i.username)`

// prepare writes what has to be there before the contacts are: their users, the place of
// an owner, which the database gives to one at any time, and the end of sessions.
func (p *contactPlan) prepare(ctx context.Context) error {
	var users []*knownUser
	for _, u := range p.users {
		if u.touched {
			users = append(users, u)
		}
	}
	if len(users) > 0 {
		slices.SortFunc(users, func(a, b *knownUser) int { return cmp.Compare(a.ID, b.ID) })
		body, err := json.Marshal(users)
		if err != nil {
			return err
		}
		if _, err := p.tx.Exec(ctx, writeUsersSQL, string(body), p.origin.Now); err != nil {
			return fmt.Errorf("write users: %w", err)
		}
	}
	if len(p.demoted) > 0 {
		if _, err := p.tx.Exec(ctx, `UPDATE contact SET owner = false WHERE id = ANY($1)`, p.demoted); err != nil {
			return fmt.Errorf("take ownership back: %w", err)
		}
	}
	if len(p.signedOut) > 0 {
		if _, err := p.tx.Exec(ctx, `DELETE FROM session WHERE contact_id = ANY($1)`, p.signedOut); err != nil {
			return fmt.Errorf("end sessions: %w", err)
		}
	}
	if len(p.voided) > 0 {
		if _, err := p.tx.Exec(ctx, voidContactLinksSQL, p.origin.Now, p.voided); err != nil {
			return fmt.Errorf("void links: %w", err)
		}
	}
	if len(p.moved) > 0 {
		if _, err := p.tx.Exec(ctx, voidVerifyLinksSQL, p.origin.Now, p.moved); err != nil {
			return fmt.Errorf("void links that confirm an address: %w", err)
		}
	}
	return nil
}

// What was sent while a contact had access, or to the address that it had, is not for
// whoever has it later.
const voidContactLinksSQL = `
UPDATE credential_link SET voided_at = $1 WHERE contact_id = ANY($2) AND voided_at IS NULL AND completed_at IS NULL`

// finish deletes users that no contact has any more, and brings to the feed the other
// contacts of a user that is another now.
func (p *contactPlan) finish(ctx context.Context, w *Writer) error {
	if err := deleteUsers(ctx, w, p.left); err != nil {
		return err
	}
	var users, written []string
	for id, u := range p.users {
		if u.touched && len(p.holders[id]) > 1 {
			users = append(users, id)
		}
	}
	if len(users) == 0 {
		return nil
	}
	p.accepted(func(_ int, c *Contact) { written = append(written, c.ID) })
	return touch(ctx, w, contacts.name, touchContactsSQL, users, written)
}

const touchContactsSQL = `
UPDATE contact SET version = version + 1, updated_at = $1 WHERE user_id = ANY($2::uuid[]) AND id <> ALL($3)
RETURNING id, account_id, version`

// deleteUsers deletes those of the users that no contact has.
func deleteUsers(ctx context.Context, w *Writer, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := w.tx.Exec(ctx, `
DELETE FROM app_user u WHERE u.id = ANY($1::uuid[]) AND NOT EXISTS (SELECT FROM contact c WHERE c.user_id = u.id)`, ids)
	if err != nil {
		return fmt.Errorf("delete users without a contact: %w", err)
	}
	return nil
}

// touch runs a statement that changes rows of a kind for the sake of others, and adds
// them to the change feed. Its first argument is the time; it returns id, account and
// version.
func touch(ctx context.Context, w *Writer, kind, sql string, args ...any) error {
	rows, err := w.tx.Query(ctx, sql, append([]any{w.origin.Now}, args...)...)
	if err != nil {
		return fmt.Errorf("update %s: %w", kind, err)
	}
	var id, account string
	var version int64
	_, err = pgx.ForEachRow(rows, []any{&id, &account, &version}, func() error {
		w.changed(kind, id, account, Upsert, version)
		return nil
	})
	if err != nil {
		return fmt.Errorf("update %s: %w", kind, err)
	}
	return nil
}

const touchTicketsSQL = `
UPDATE ticket SET contact_id = NULL, version = version + 1, updated_at = $1 WHERE account_id = $2 AND contact_id = $3
RETURNING id, account_id, version`

const leaveRequestsSQL = `UPDATE service_request SET contact_id = '' WHERE account_id = $1 AND contact_id = $2`

// WasDeleted says whether an account had a contact with an id before. What is in the audit
// of that one is not of another person.
func (w *Writer) WasDeleted(ctx context.Context, accountID, contactID string) (deleted bool, err error) {
	err = w.tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM audit WHERE account_id = $1 AND action = 'contact.deleted' AND detail->>'id' = $2)`,
		accountID, contactID).Scan(&deleted)
	if err != nil {
		err = fmt.Errorf("look for a contact that was deleted: %w", err)
	}
	return deleted, err
}

// DeleteContact deletes a contact, and with it its sessions and the messages that were sent
// to it, and its user unless that is another contact too. The owner is refused while the account has others.
func (w *Writer) DeleteContact(ctx context.Context, id string, ifVersion int64) (Result, error) {
	if badText(id) {
		return Result{}, fail("delete contact", ErrNotFound)
	}
	var c struct {
		AccountID, UserID string
		Version           int64
		Owner, Others     bool
	}
	err := w.tx.QueryRow(ctx, `
SELECT c.account_id, coalesce(c.user_id::text, ''), c.version, c.owner,
       EXISTS (SELECT FROM contact o WHERE o.account_id = c.account_id AND o.id <> c.id)
FROM contact c WHERE c.id = $1 FOR UPDATE OF c`, id).Scan(&c.AccountID, &c.UserID, &c.Version, &c.Owner, &c.Others)
	switch {
	case err != nil:
		return Result{}, fail("read contact", err)
	case ifVersion != 0 && ifVersion != c.Version:
		return remove(ctx, w, contacts, id, ifVersion) // it says so
	case c.Owner && c.Others:
		return Result{Outcome: Refused, Message: fmt.Sprintf(
			"contact %q is the owner of account %q, which has other contacts: hand over first, write this one with owner false and then another one with owner true", id, c.AccountID)}, nil
	}
	if err := w.deleteMessages(ctx, c.AccountID, id); err != nil {
		return Result{}, fmt.Errorf("delete the messages of a contact: %w", err)
	}
	if err := touch(ctx, w, tickets.name, touchTicketsSQL, c.AccountID, id); err != nil {
		return Result{}, err
	}
	if _, err := w.tx.Exec(ctx, leaveRequestsSQL, c.AccountID, id); err != nil {
		return Result{}, fmt.Errorf("take a contact out of service requests: %w", err)
	}
	result, err := remove(ctx, w, contacts, id, ifVersion)
	if err != nil || result.Outcome != Deleted || c.UserID == "" {
		return result, err
	}
	return result, deleteUsers(ctx, w, []string{c.UserID})
}

// What waits for a contact that is deleted is cancelled, and forgets whom it was for. What
// is with a worker goes out, and nobody hears of it.
const (
	// In the order in which workers finish what they had.
	lockMessagesSQL   = `SELECT FROM notification WHERE account_id = $1 AND contact_id = $2 ORDER BY id FOR UPDATE`
	cancelMessagesSQL = `
UPDATE notification SET state = 'Cancelled', reason = 'contactDeleted', address = '', cc = '{}', bcc = '{}', updated_at = $3
WHERE account_id = $1 AND contact_id = $2 AND state IN ('Planned', 'Held', 'Retry', 'Uncertain')`
	deleteAttemptsSQL = `
DELETE FROM notification_attempt WHERE notification_id = ANY (ARRAY(SELECT id FROM notification WHERE account_id = $1 AND contact_id = $2))`
	deleteMessagesSQL = `DELETE FROM notification WHERE account_id = $1 AND contact_id = $2 AND state <> 'Cancelled'`
)

// deleteMessages deletes what was sent to a contact, and cancels what is not sent yet.
func (w *Writer) deleteMessages(ctx context.Context, accountID, contactID string) error {
	batch := &pgx.Batch{}
	batch.Queue(lockMessagesSQL, accountID, contactID)
	batch.Queue(cancelMessagesSQL, accountID, contactID, w.origin.Now)
	batch.Queue(deleteAttemptsSQL, accountID, contactID)
	batch.Queue(deleteMessagesSQL, accountID, contactID)
	return w.tx.SendBatch(ctx, batch).Close()
}

// newID returns a random UUID (version 4).
func newID() string {
	id := pgtype.UUID{Valid: true}
	rand.Read(id.Bytes[:]) // it never fails: the process ends instead
	id.Bytes[6] = id.Bytes[6]&0x0f | 0x40
	id.Bytes[8] = id.Bytes[8]&0x3f | 0x80
	return id.String()
}

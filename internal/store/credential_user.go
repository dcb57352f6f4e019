package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const storePasswordSQL = `
UPDATE app_user SET password_hash = $2, version = version + 1, updated_at = $3 WHERE id = $1::uuid`

func (w *Writer) storePassword(ctx context.Context, userID, hash string) error {
	tag, err := w.tx.Exec(ctx, storePasswordSQL, userID, hash, w.origin.Now)
	if err == nil && tag.RowsAffected() == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fail("store password", err)
	}
	return nil
}

func (w *Writer) verifyUserEmail(ctx context.Context, userID string) error {
	_, err := w.tx.Exec(ctx, `UPDATE app_user SET email_verified_at = $2, version = version + 1, updated_at = $2 WHERE id = $1::uuid`, userID, w.origin.Now)
	if err != nil {
		return fmt.Errorf("note that an address is verified: %w", err)
	}
	return nil
}

// NewPassword is a password that a person who is signed in chose. Session and Device are
// those in use; KeepOthers leaves the other sessions open. Other devices are forgotten in
// any case.
type NewPassword struct {
	ContactID  string
	UserID     string
	Hash       string
	Session    string
	Device     []byte
	KeepOthers bool
}

// SetPassword gives the user of a contact another password. Links that were sent stop
// working, and addresses that wait to be confirmed are dropped. ErrNotFound: the contact is not the user's any more.
func (w *Writer) SetPassword(ctx context.Context, n NewPassword) error {
	c, err := w.Credentials(ctx, n.ContactID)
	if err != nil {
		return err
	}
	if c.UserID != n.UserID {
		return fail("change password", ErrNotFound)
	}
	if err := w.storePassword(ctx, c.UserID, n.Hash); err != nil {
		return err
	}
	if err := w.forget(ctx, c); err != nil {
		return err
	}
	if n.KeepOthers {
		_, err = w.tx.Exec(ctx, `DELETE FROM device WHERE user_id = $1::uuid AND secret_hash IS DISTINCT FROM $2`, c.UserID, n.Device)
	} else {
		err = w.endSessions(ctx, c.UserID, n.Session, n.Device)
	}
	if err != nil {
		return fmt.Errorf("forget devices: %w", err)
	}
	w.Audit(c.Account.ID, ActionPasswordChanged, nil)
	return w.credentialsChanged(c, c.Username, "Password")
}

// RenameUser gives the user of a contact, in all its accounts, another username: it is the
// person's own wish. ErrTaken: it is another's. ErrNotFound: the contact is not the user's
// any more.
func (w *Writer) RenameUser(ctx context.Context, contactID, userID, username string) error {
	c, err := w.Credentials(ctx, contactID)
	if err != nil {
		return err
	}
	if c.UserID != userID {
		return fail("rename user", ErrNotFound)
	}
	before, err := w.contactRow(ctx, contactID)
	if err != nil {
		return err
	}
	tag, err := w.tx.Exec(ctx, `
UPDATE app_user u SET username = $2, version = version + 1, updated_at = $3
WHERE id = $1::uuid AND NOT EXISTS (SELECT FROM app_user o WHERE lower(o.username) = lower($2) AND o.id <> u.id)`, c.UserID, username, w.origin.Now)
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.Code == "23505" || err == nil && tag.RowsAffected() == 0 {
		return ErrTaken
	}
	if err != nil {
		return fmt.Errorf("rename user: %w", err)
	}
	if err := touch(ctx, w, contacts.name, touchContactsSQL, []string{c.UserID}, []string{}); err != nil {
		return err
	}
	after, err := w.contactRow(ctx, contactID)
	if err != nil {
		return err
	}
	w.Audit(c.Account.ID, ActionUsernameChanged, nil)
	if err := announceContact(ctx, w, before, after); err != nil {
		return err
	}
	return w.credentialsChanged(c, username, "Username")
}

// DeleteUsername takes the sign-in from a contact: its sessions end, and so does the user,
// unless that is a contact of other accounts, where all stays as it is. Links that were
// sent stop working. A contact without a user is ErrNotFound.
func (w *Writer) DeleteUsername(ctx context.Context, contactID string) error {
	c, err := w.Credentials(ctx, contactID)
	if err != nil {
		return err
	}
	if c.UserID == "" {
		return fail("delete username", ErrNotFound)
	}
	ofUser := c.UserID
	if c.Accounts > 1 {
		ofUser = "" // what was sent for the other accounts is theirs
	}
	if err := w.VoidLinks(ctx, contactID, ofUser); err != nil {
		return err
	}
	if _, err := w.putContact(ctx, contactID, func(c Contact) Contact { c.User = nil; return c }); err != nil {
		return err
	}
	w.Audit(c.Account.ID, ActionUsernameDeleted, nil)
	if c.Accounts > 1 {
		access := map[string]any{"username": c.Username}
		return w.emit("portal.accessRevoked", c.Account.ID, c.ContactID, map[string]any{"access": access, "origin": w.originData(c.UserID)})
	}
	return w.credentialsChanged(c, "", "Username")
}

// contactRow is a contact as the transaction sees it.
func (w *Writer) contactRow(ctx context.Context, id string) (*Contact, error) {
	rows, err := w.tx.Query(ctx, `SELECT `+contacts.sel+` FROM contact t WHERE t.id = $1`, id)
	if err != nil {
		return nil, fail("read contact", err)
	}
	c, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[Contact])
	if err != nil {
		return nil, fail("read contact", err)
	}
	return c, nil
}

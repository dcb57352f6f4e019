package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// The actions of credentials in the audit.
const (
	ActionSignInCreated   = "signInCreated"
	ActionPasswordReset   = "passwordReset"
	ActionPasswordChanged = "passwordChanged"
	ActionUsernameChanged = "usernameChanged"
	ActionUsernameDeleted = "usernameDeleted"
	ActionInvitedAccepted = "invitationAccepted"
	ActionMailSent        = "signInMailSent"
	DetailPurpose         = "purpose" // of the link that was sent
)

// ErrTaken says that a username is another's.
var ErrTaken = errors.New("the username is taken")

// setUpState is what a set-up keeps besides its link.
type setUpState struct {
	Address int `json:"address"`
}

// SetUp is a set-up that is open in a browser.
type SetUp struct {
	Link
	Address string // that the link was sent to, which its holder has shown to read
}

// BeginSetUp opens a set-up for the browser that has a secret, after its link was spent.
func (w *Writer) BeginSetUp(ctx context.Context, secretHash []byte, linkID string, address int) error {
	state, err := json.Marshal(setUpState{address})
	if err != nil {
		return err
	}
	_, err = w.tx.Exec(ctx, `
INSERT INTO ceremony (secret_hash, kind, link_id, state, created_at, expires_at) VALUES ($1, $2, $3::uuid, $4, $5, $6)`,
		secretHash, string(CeremonySetUp), linkID, state, w.origin.Now, w.origin.Now.Add(SetUpLifetime))
	if err != nil {
		return fmt.Errorf("open a set-up: %w", err)
	}
	return nil
}

// SetUp returns the set-up of a browser. ErrNotFound: there is none, or its time is over.
// ErrLinkOver: what it was for is done, or another link took its place.
func (s *Store) SetUp(ctx context.Context, c Ceremony) (SetUp, error) {
	return readSetUp(ctx, s.db, c.LinkID, c.State)
}

const setUpSQL = `SELECT ` + linkColumns + ` FROM ` + linkTables + ` WHERE l.id = $1::uuid`

func readSetUp(ctx context.Context, db querier, linkID string, state json.RawMessage) (SetUp, error) {
	var s SetUp
	var kept setUpState
	if err := json.Unmarshal(state, &kept); err != nil {
		return SetUp{}, fmt.Errorf("state of a set-up: %w", err)
	}
	if err := db.QueryRow(ctx, setUpSQL, linkID).Scan(s.targets()...); err != nil {
		return SetUp{}, fail("read set-up", err)
	}
	if s.Completed || s.VoidedAt != nil || !s.meant(kept.Address) {
		return s, ErrLinkOver
	}
	s.Address = s.Addresses[kept.Address]
	return s, nil
}

// takeSetUp ends a set-up and completes its link. Everything is as before if the
// transaction is not committed.
func (w *Writer) takeSetUp(ctx context.Context, secretHash []byte) (SetUp, error) {
	var contactID, linkID string
	var state json.RawMessage
	err := w.tx.QueryRow(ctx, `
SELECT l.id::text, l.contact_id, c.state FROM ceremony c JOIN credential_link l ON l.id = c.link_id
WHERE c.secret_hash = $1 AND c.kind = $2 AND c.expires_at > $3`, secretHash, string(CeremonySetUp), w.origin.Now).Scan(&linkID, &contactID, &state)
	if err != nil {
		return SetUp{}, fail("read set-up", err)
	}
	if err := w.hold(ctx, contacts.table, []string{contactID}); err != nil {
		return SetUp{}, err
	}
	s, err := readSetUp(ctx, w.tx, linkID, state)
	if err != nil {
		return SetUp{}, err
	}
	if err := w.CompleteLink(ctx, linkID); err != nil {
		return SetUp{}, err
	}
	if _, err := w.tx.Exec(ctx, `DELETE FROM ceremony WHERE link_id = $1::uuid`, linkID); err != nil {
		return SetUp{}, fmt.Errorf("end set-ups: %w", err)
	}
	return s, nil
}

// Chosen is what a person chose in a set-up.
type Chosen struct {
	Username     string // of a reset it does not count
	PasswordHash string
}

// CompleteSetUp gives the contact of a set-up its sign-in, or resets the password of its
// user. ErrTaken: the username is another's; the set-up stays open. ErrNotFound,
// ErrLinkOver: as of [Store.SetUp].
func (w *Writer) CompleteSetUp(ctx context.Context, secretHash []byte, chosen Chosen) (SetUp, error) {
	s, err := w.takeSetUp(ctx, secretHash)
	if err != nil {
		return SetUp{}, err
	}
	w.origin.Actor = s.Name()
	if s.Purpose == LinkReset {
		return s, w.resetPassword(ctx, s, chosen.PasswordHash)
	}
	s.Username, err = w.createSignIn(ctx, s, chosen)
	return s, err
}

func (w *Writer) resetPassword(ctx context.Context, s SetUp, hash string) error {
	w.origin.UserID = s.UserID
	if err := w.storePassword(ctx, s.UserID, hash); err != nil {
		return err
	}
	if sameText(s.Address, s.UserEmail) && !s.EmailVerified {
		if err := w.verifyUserEmail(ctx, s.UserID); err != nil {
			return err
		}
	}
	if err := w.forget(ctx, s.Credentials); err != nil {
		return err
	}
	if err := w.endSessions(ctx, s.UserID, "", nil); err != nil {
		return err
	}
	w.Audit(s.Account.ID, ActionPasswordReset, nil)
	return w.credentialsChanged(s.Credentials, s.Username, "Password")
}

// createSignIn makes the user of a contact that has none, or gives the one that has a
// username its password. It returns the username: one contact alone does not change that
// of a user of several accounts.
func (w *Writer) createSignIn(ctx context.Context, s SetUp, chosen Chosen) (string, error) {
	user := ContactUser{Username: chosen.Username, Email: s.Address, EmailVerified: true, PasswordHash: chosen.PasswordHash}
	if s.Accounts > 1 {
		user.Username, user.Email = s.Username, s.UserEmail
	}
	w.origin.UserID = s.UserID
	if s.UserID == "" {
		id, err := w.insertUser(ctx, user)
		if err != nil {
			return "", err
		}
		w.origin.UserID = id
	}
	row, err := w.putContact(ctx, s.ContactID, func(c Contact) Contact {
		c.User = &user
		return c
	})
	if err != nil {
		return "", err
	}
	if row.User == nil || row.User.PasswordHash != chosen.PasswordHash {
		return "", errRaced // it got another password meanwhile
	}
	w.Audit(s.Account.ID, ActionSignInCreated, nil)
	return user.Username, w.credentialsChanged(s.Credentials, user.Username, "Password")
}

// insertUser makes a user without a password, whose name nobody else has.
func (w *Writer) insertUser(ctx context.Context, u ContactUser) (string, error) {
	id := newID()
	tag, err := w.tx.Exec(ctx, `
INSERT INTO app_user (id, username, email, email_verified_at, created_at, updated_at) VALUES ($1, $2, $3, $4, $4, $4)
ON CONFLICT (lower(username)) DO NOTHING`, id, u.Username, u.Email, w.origin.Now)
	if err != nil {
		return "", fmt.Errorf("make user: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return "", ErrTaken
	}
	return id, nil
}

// putContact changes one contact. A username that is another's is ErrTaken, any other
// refusal an error that says what it is.
func (w *Writer) putContact(ctx context.Context, id string, change func(Contact) Contact) (Contact, error) {
	var user *string
	var username string
	written, err := w.PutContacts(ctx, []Item[Contact]{{ID: id, Decide: func(old *Contact) (Contact, *Refusal) {
		if old == nil {
			return Contact{}, refusal("id", "there is no contact %q", id)
		}
		next := change(*old)
		user = old.UserID
		if next.User != nil {
			username = next.User.Username
		}
		return next, nil
	}}})
	if err != nil {
		return Contact{}, err
	}
	one := written[0]
	if one.Outcome != Refused {
		return one.Row, nil
	}
	if one.Field == "user.username" {
		taken, err := w.otherUserNamed(ctx, user, username)
		if err != nil {
			return Contact{}, err
		}
		if taken {
			return Contact{}, ErrTaken
		}
	}
	return Contact{}, fmt.Errorf("contact %q: %s %s", id, one.Field, one.Message)
}

// AcceptInvitation makes a user who has signed in the user of the contact that a set-up is
// for. ErrTaken: the user is another contact of the account already.
func (w *Writer) AcceptInvitation(ctx context.Context, secretHash []byte, userID string) (SetUp, error) {
	s, err := w.takeSetUp(ctx, secretHash)
	if err != nil {
		return SetUp{}, err
	}
	if s.Purpose == LinkReset || s.UserID != "" {
		return s, ErrLinkOver
	}
	var user ContactUser
	var member bool
	err = w.tx.QueryRow(ctx, `
SELECT username, email, email_verified_at IS NOT NULL, EXISTS (SELECT FROM contact c WHERE c.user_id = u.id AND c.account_id = $2)
FROM app_user u WHERE id = $1::uuid AND password_hash IS NOT NULL FOR NO KEY UPDATE`, userID, s.Account.ID).
		Scan(&user.Username, &user.Email, &user.EmailVerified, &member)
	if err != nil {
		return s, fail("read user", err)
	}
	if member {
		return s, ErrTaken
	}
	user.HasPassword = true
	w.origin.UserID = userID
	joined := *contacts
	_, err = put(ctx, w, &joined, []Item[Contact]{{ID: s.ContactID, Decide: func(old *Contact) (Contact, *Refusal) {
		next := *old
		next.UserID, next.User = &userID, &user
		return next, nil
	}}})
	if err != nil {
		return s, err
	}
	s.Username = user.Username
	w.Audit(s.Account.ID, ActionInvitedAccepted, nil)
	return s, nil
}

// credentialsChanged tells the person that something about their sign-in is another now.
func (w *Writer) credentialsChanged(c Credentials, username, changed string) error {
	credential := map[string]any{"changed": changed}
	setText(credential, "username", username)
	user := c.UserID
	if user == "" {
		user = w.origin.UserID
	}
	return w.emit("portal.credentialsChanged", c.Account.ID, c.ContactID, map[string]any{"credential": credential, "origin": w.originData(user)})
}

// endSessions ends the sessions of a user but one, and forgets the devices but one.
func (w *Writer) endSessions(ctx context.Context, userID, keptSession string, keptDevice []byte) error {
	batch := &pgx.Batch{}
	batch.Queue(`DELETE FROM session WHERE user_id = $1::uuid AND id IS DISTINCT FROM nullif($2, '')::uuid`, userID, keptSession)
	batch.Queue(`DELETE FROM device WHERE user_id = $1::uuid AND secret_hash IS DISTINCT FROM $2`, userID, keptDevice)
	batch.Queue(`DELETE FROM ceremony WHERE user_id = $1::uuid`, userID)
	if err := w.tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("end sessions and forget devices: %w", err)
	}
	return nil
}

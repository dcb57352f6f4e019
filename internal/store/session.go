package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/foyerhq/foyer/internal/settings"
)

// The actions of sessions in the audit.
const (
	ActionSignedIn      = "signedIn"
	ActionSignedOut     = "signedOut"
	ActionSessionEnded  = "session.ended"  // from the list of sessions
	ActionSessionsEnded = "sessions.ended" // all others of the person
	ActionConfirmed     = "confirmed"      // the person proved again who they are
)

// NewSession is a session that starts. Actor is the name that the activity page shows.
type NewSession struct {
	SecretHash []byte
	UserID     string
	ContactID  string
	AccountID  string
	Actor      string
	IP         string
	UserAgent  string
	Browser    string // as people say it, for the message about a new browser
	// SecondFactor says whether the person proved who they are by more than a password.
	SecondFactor bool
	// PasswordHash is the one that the person's password fitted; empty: they came in without.
	PasswordHash string
	// Device is the hash of the secret that the browser keeps when the person signs out;
	// nil: it keeps none. KnownDevice says that the user signed in with it before.
	Device      []byte
	KnownDevice bool
	Now         time.Time
	ExpiresAt   time.Time
}

// The session is only made for a contact that has access and belongs to this user and
// account, and whose password is still the one that was checked: that row is held, so that
// a change of the password comes before, or ends this session too. The user's expired
// sessions go at the same time, so that none pile up.
const startSessionSQL = `
WITH who AS (
    SELECT c.user_id, c.id, c.account_id FROM contact c JOIN app_user u ON u.id = c.user_id
    WHERE c.id = $3 AND c.user_id = $2::uuid AND c.account_id = $4 AND c.access = 'Active' AND ($11 = '' OR u.password_hash = $11)
    FOR SHARE OF u
), expired AS (
    DELETE FROM session WHERE user_id = $2::uuid AND expires_at <= $8
), started AS (
    INSERT INTO session (secret_hash, user_id, contact_id, created_at, last_seen_at, authenticated_at, expires_at, ip, user_agent, second_factor)
    SELECT $1, user_id, id, $8, $8, $8, $9, $6, $7, $10 FROM who
)
INSERT INTO audit (account_id, user_id, actor, action, ip, at)
SELECT account_id, user_id, $5, '` + ActionSignedIn + `', $6, $8 FROM who`

// StartSession stores a session, the audit entry of the sign-in and the device, all or
// none. From a device that the user had not used before it is told to them, unless it is
// their first. A contact that may not sign in, or whose password is another by now, is
// ErrNotFound.
func (s *Store) StartSession(ctx context.Context, n NewSession) error {
	if n.KnownDevice || n.Device == nil {
		return s.startKnown(ctx, n)
	}
	origin := Origin{Actor: cleanText(n.Actor), UserID: n.UserID, IP: cleanText(n.IP), Browser: cleanText(n.Browser), Now: n.Now}
	return s.Write(ctx, origin, func(ctx context.Context, w *Writer) error { return w.startOnNewDevice(ctx, n) })
}

func (n NewSession) arguments() []any {
	return []any{n.SecretHash, n.UserID, n.ContactID, n.AccountID,
		cleanText(n.Actor), cleanText(n.IP), cleanText(n.UserAgent), n.Now, n.ExpiresAt, n.SecondFactor, n.PasswordHash}
}

func (s *Store) startKnown(ctx context.Context, n NewSession) error {
	batch, started := &pgx.Batch{}, int64(0)
	batch.Queue(startSessionSQL, n.arguments()...).Exec(func(tag pgconn.CommandTag) error {
		started = tag.RowsAffected()
		return nil
	})
	if n.Device != nil {
		batch.Queue(rememberDeviceSQL, n.Device, n.UserID, n.Now, n.Now.Add(-DeviceLifetime))
	}
	err := s.db.SendBatch(ctx, batch).Close()
	if err == nil && started == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fail("start session", err)
	}
	return nil
}

func (w *Writer) startOnNewDevice(ctx context.Context, n NewSession) error {
	if err := w.onOne(ctx, "start session", startSessionSQL, n.arguments()...); err != nil {
		return err
	}
	var username string
	var others bool
	err := w.tx.QueryRow(ctx, `
SELECT username, EXISTS (SELECT FROM device WHERE user_id = app_user.id) FROM app_user WHERE id = $1::uuid`, n.UserID).Scan(&username, &others)
	if err != nil {
		return fmt.Errorf("look for other devices: %w", err)
	}
	if _, err := w.tx.Exec(ctx, rememberDeviceSQL, n.Device, n.UserID, n.Now, n.Now.Add(-DeviceLifetime)); err != nil {
		return fmt.Errorf("remember device: %w", err)
	}
	if !others {
		return nil
	}
	return w.emit("portal.newSignIn", n.AccountID, n.ContactID, map[string]any{
		"credential": map[string]any{"username": username}, "origin": w.originData(n.UserID),
	})
}

// SessionView is everything that a request of a signed-in person needs.
type SessionView struct {
	UserID     string
	Username   string
	ContactID  string
	FirstName  string
	LastName   string
	Email      string
	Owner      bool
	Grants     []settings.Feature
	Sites      []string // that the grants are limited to; empty: all, as of every owner
	CreatedAt  time.Time
	LastSeenAt time.Time
	ExpiresAt  time.Time
	Account    AccountView

	SessionID       string    // not its secret
	AuthenticatedAt time.Time // when the person proved last who they are
	SecondFactor    bool
	HasFactor       bool // the user has a second factor, whether or not this session proved it
	Accounts        int  // that the user is a contact of, with access
	Banners         []ShownBanner
}

const sessionSQL = `
SELECT u.id::text, u.username, c.id, c.first_name, c.last_name, c.email, c.owner, c.grants,
       CASE WHEN c.owner THEN '{}' ELSE c.sites END, s.id::text, s.authenticated_at, s.second_factor,
       EXISTS (SELECT FROM totp WHERE user_id = s.user_id) OR EXISTS (SELECT FROM passkey WHERE user_id = s.user_id),
       (SELECT count(*) FROM contact o WHERE o.user_id = s.user_id AND o.access = 'Active'),
       (` + bannersSQL + `),
       s.created_at, s.last_seen_at, s.expires_at, ` + accountColumns + `
FROM session s
JOIN app_user u ON u.id = s.user_id
JOIN contact c ON c.id = s.contact_id AND c.user_id = s.user_id
JOIN account a ON a.id = c.account_id
WHERE s.secret_hash = $1 AND s.expires_at > $2 AND s.last_seen_at > $3 AND c.access = 'Active'`

// Session returns the session with this secret in one round trip. ErrNotFound: there
// is none, it expired, was idle for longer than allowed, or the contact lost access.
func (s *Store) Session(ctx context.Context, secretHash []byte, now time.Time, idle time.Duration) (SessionView, error) {
	var v SessionView
	targets := append([]any{&v.UserID, &v.Username, &v.ContactID, &v.FirstName, &v.LastName, &v.Email, &v.Owner, &v.Grants,
		&v.Sites, &v.SessionID, &v.AuthenticatedAt, &v.SecondFactor, &v.HasFactor, &v.Accounts, &v.Banners, &v.CreatedAt, &v.LastSeenAt, &v.ExpiresAt}, v.Account.targets()...)
	err := s.db.QueryRow(ctx, sessionSQL, secretHash, now, now.Add(-idle)).Scan(targets...)
	if err != nil {
		return SessionView{}, fail("read session", err)
	}
	return v, nil
}

// TouchSession records that the session was used. It writes each time it is called:
// callers look at LastSeenAt first and call it once in a while.
func (s *Store) TouchSession(ctx context.Context, secretHash []byte, now time.Time) error {
	_, err := s.db.Exec(ctx, `UPDATE session SET last_seen_at = $2 WHERE secret_hash = $1 AND last_seen_at < $2`, secretHash, now)
	if err != nil {
		return fail("touch session", err)
	}
	return nil
}

// SignOut says from where and when a person ends their session.
type SignOut struct {
	IP  string
	Now time.Time
}

// EndSession removes a session and writes the audit entry of the sign-out, both or
// neither. To end a session that is gone is no error.
func (s *Store) EndSession(ctx context.Context, secretHash []byte, by SignOut) error {
	_, err := s.db.Exec(ctx, `
WITH ended AS (
    DELETE FROM session WHERE secret_hash = $1 RETURNING user_id, contact_id
)
INSERT INTO audit (account_id, user_id, actor, action, ip, at)
SELECT c.account_id, e.user_id, coalesce(nullif(trim(c.first_name || ' ' || c.last_name), ''), u.username),
       '`+ActionSignedOut+`', $2, $3
FROM ended e JOIN contact c ON c.id = e.contact_id JOIN app_user u ON u.id = e.user_id`, secretHash, cleanText(by.IP), by.Now)
	if err != nil {
		return fail("end session", err)
	}
	return nil
}

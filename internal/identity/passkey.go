package identity

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"github.com/foyerhq/foyer/internal/store"
)

// ErrPasskey says that what a browser sent is no passkey that counts here and now. The
// cause is for the log.
var ErrPasskey = errors.New("passkey refused")

// Passkeys makes and checks the passkeys of one portal. A passkey belongs to the portal's
// hostname, so it is nothing to another tenant; its holder has to be verified by the
// device each time; and the device knows whose it is, so nobody types a username.
type Passkeys struct{ lib *webauthn.WebAuthn }

// NewPasskeys returns those of the portal with a hostname. host is as the browser named
// the site: only its port is taken.
func NewPasskeys(hostname, name, host string) (*Passkeys, error) {
	origins := []string{"https://" + hostname}
	if _, port, err := net.SplitHostPort(host); err == nil {
		origins = append(origins, "https://"+net.JoinHostPort(hostname, port))
	}
	lib, err := webauthn.New(&webauthn.Config{
		RPID: hostname, RPDisplayName: name, RPOrigins: origins,
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationRequired,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("passkeys of %s: %w", hostname, err)
	}
	return &Passkeys{lib}, nil
}

// PasskeyCeremony is what a browser is asked for: Options are those of
// navigator.credentials, as JSON, and Session is what the answer has to fit to. Neither
// is a secret. An answer fits once: whoever keeps the ceremony ends it.
type PasskeyCeremony struct {
	Options json.RawMessage      `json:"options"`
	Session webauthn.SessionData `json:"session"`
}

// PasskeyUser is whose passkeys are meant.
type PasskeyUser struct {
	ID       string
	Username string
	Name     string
	Passkeys []store.Passkey
}

// passkeyUser is a PasskeyUser as the library wants it.
type passkeyUser struct {
	PasskeyUser
	handle      []byte
	credentials []webauthn.Credential
}

func (u passkeyUser) WebAuthnID() []byte                         { return u.handle }
func (u passkeyUser) WebAuthnName() string                       { return u.Username }
func (u passkeyUser) WebAuthnDisplayName() string                { return u.Name }
func (u passkeyUser) WebAuthnCredentials() []webauthn.Credential { return u.credentials }

func newPasskeyUser(u PasskeyUser) (passkeyUser, error) {
	id, err := uuid.Parse(u.ID)
	if err != nil {
		return passkeyUser{}, fmt.Errorf("id of a user: %w", err)
	}
	user := passkeyUser{PasskeyUser: u, handle: id[:]}
	for _, p := range u.Passkeys {
		var credential webauthn.Credential
		if err := json.Unmarshal(p.Credential, &credential); err != nil {
			return passkeyUser{}, fmt.Errorf("stored passkey: %w", err)
		}
		user.credentials = append(user.credentials, credential)
	}
	return user, nil
}

// New asks a browser to make a passkey for a user, on a device that has none of theirs.
func (p *Passkeys) New(of PasskeyUser) (*PasskeyCeremony, error) {
	user, err := newPasskeyUser(of)
	if err != nil {
		return nil, err
	}
	creation, session, err := p.lib.BeginRegistration(user,
		webauthn.WithExclusions(webauthn.Credentials(user.credentials).CredentialDescriptors()))
	if err != nil {
		return nil, fmt.Errorf("begin a passkey: %w", err)
	}
	return newPasskeyCeremony(creation.Response, session)
}

// Made checks the answer to New and returns the passkey to store, without a name.
func (p *Passkeys) Made(of PasskeyUser, c *PasskeyCeremony, answer string) (store.Passkey, error) {
	user, err := newPasskeyUser(of)
	if err != nil {
		return store.Passkey{}, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
	if err != nil {
		return store.Passkey{}, refusedPasskey(err)
	}
	credential, err := p.lib.CreateCredential(user, c.Session, parsed)
	if err != nil {
		return store.Passkey{}, refusedPasskey(err)
	}
	return storedPasskey(credential)
}

// Ask asks a browser for a passkey: of a user, or, if of is nil, of whomever it is.
func (p *Passkeys) Ask(of *PasskeyUser) (*PasskeyCeremony, error) {
	var assertion *protocol.CredentialAssertion
	var session *webauthn.SessionData
	var err error
	if of == nil {
		assertion, session, err = p.lib.BeginDiscoverableLogin()
	} else {
		var user passkeyUser
		if user, err = newPasskeyUser(*of); err != nil {
			return nil, err
		}
		assertion, session, err = p.lib.BeginLogin(user)
	}
	if err != nil {
		return nil, fmt.Errorf("ask for a passkey: %w", err)
	}
	return newPasskeyCeremony(assertion.Response, session)
}

// Assertion is a browser's answer to Ask that is readable, and not yet checked.
type Assertion struct {
	ID     []byte // of the passkey
	parsed *protocol.ParsedCredentialAssertionData
}

// ReadAssertion reads the answer to Ask.
func ReadAssertion(answer string) (*Assertion, error) {
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return nil, refusedPasskey(err)
	}
	return &Assertion{ID: parsed.RawID, parsed: parsed}, nil
}

// Check checks the answer to Ask with the passkeys of the user whose it says to be, and
// returns the passkey as it has to be stored now. A passkey whose counter did not go on
// may exist twice: it is marked Copied, and must not let anybody in.
func (p *Passkeys) Check(of PasskeyUser, c *PasskeyCeremony, a *Assertion) (store.Passkey, error) {
	user, err := newPasskeyUser(of)
	if err != nil {
		return store.Passkey{}, err
	}
	var credential *webauthn.Credential
	if len(c.Session.UserID) == 0 {
		handler := func(_, handle []byte) (webauthn.User, error) {
			if !bytes.Equal(handle, user.handle) {
				return nil, errors.New("it belongs to another user")
			}
			return user, nil
		}
		_, credential, err = p.lib.ValidatePasskeyLogin(handler, c.Session, a.parsed)
	} else {
		credential, err = p.lib.ValidateLogin(user, c.Session, a.parsed)
	}
	if err != nil {
		return store.Passkey{}, refusedPasskey(err)
	}
	return storedPasskey(credential)
}

func newPasskeyCeremony(options any, session *webauthn.SessionData) (*PasskeyCeremony, error) {
	text, err := json.Marshal(options)
	if err != nil {
		return nil, fmt.Errorf("options of a passkey: %w", err)
	}
	return &PasskeyCeremony{Options: text, Session: *session}, nil
}

func storedPasskey(c *webauthn.Credential) (store.Passkey, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return store.Passkey{}, fmt.Errorf("write passkey: %w", err)
	}
	return store.Passkey{ID: c.ID, Credential: text, Copied: c.Authenticator.CloneWarning}, nil
}

// refusedPasskey keeps what the library says for the log: its own text says little.
func refusedPasskey(err error) error {
	var detailed *protocol.Error
	if errors.As(err, &detailed) {
		return fmt.Errorf("%w: %s: %s", ErrPasskey, detailed.Details, detailed.DevInfo)
	}
	return fmt.Errorf("%w: %w", ErrPasskey, err)
}

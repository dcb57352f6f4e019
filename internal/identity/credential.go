package identity

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/store"
)

// CredentialState is how far a contact's sign-in is set up.
type CredentialState string

// The states of a sign-in.
const (
	CredentialNone   CredentialState = "None"   // no username
	CredentialNamed  CredentialState = "Named"  // a username, no password yet
	CredentialActive CredentialState = "Active" // username and password
)

// CredentialsOf is the state of a contact's sign-in.
func CredentialsOf(c store.Credentials) CredentialState {
	switch {
	case c.UserID == "":
		return CredentialNone
	case !c.HasPassword:
		return CredentialNamed
	}
	return CredentialActive
}

// CredentialAction is what can be done about a sign-in.
type CredentialAction string

// The actions of a sign-in. To set a username is none: it can be done at any time.
const (
	SendCreate     CredentialAction = "SendCreateMail"
	SendInvite     CredentialAction = "SendInvitation" // a create mail that says who invites
	SendReset      CredentialAction = "SendResetMail"
	RemoveUsername CredentialAction = "DeleteUsername" // of a user of several accounts it unlinks this contact
)

const (
	onlyCreate = "has no password yet, so only the mail to create a sign-in can be sent"
	onlyReset  = "has username and password already, so only the mail to reset the password can be sent"
	noUsername = "has no username that could be deleted"
)

// credentialActions is the whole state machine: each action of each state, with why it is
// refused; "" is allowed.
var credentialActions = map[CredentialState]map[CredentialAction]string{
	CredentialNone:   {SendCreate: "", SendInvite: "", SendReset: onlyCreate, RemoveUsername: noUsername},
	CredentialNamed:  {SendCreate: "", SendInvite: "", SendReset: onlyCreate, RemoveUsername: ""},
	CredentialActive: {SendCreate: onlyReset, SendInvite: onlyReset, SendReset: "", RemoveUsername: ""},
}

// PermitCredential says why an action is refused in a state, after "the contact"; "": it
// is not.
func PermitCredential(state CredentialState, action CredentialAction) string {
	return credentialActions[state][action]
}

// Sent is a mail that will be sent.
type Sent struct {
	LinkID    string
	Addresses []string
	ExpiresAt time.Time
}

// SendCreateMail sends a contact the mail to create its sign-in, or says why not. It is
// the one way to do that: for a new account, when staff ask for it, and when somebody who
// has no password yet has "forgotten" it.
func SendCreateMail(ctx context.Context, w *store.Writer, live *config.Live, contactID string, now time.Time) (Sent, *store.Refusal, error) {
	return sendLink(ctx, w, live, contactID, mail{SendCreate, store.LinkCreate, "", now})
}

// SendResetMail sends the mail to choose a new password, or says why not.
func SendResetMail(ctx context.Context, w *store.Writer, live *config.Live, contactID string, now time.Time) (Sent, *store.Refusal, error) {
	return sendLink(ctx, w, live, contactID, mail{SendReset, store.LinkReset, "", now})
}

// SendInvitation invites a contact to the portal, again if it was before, or says why not.
// invitedBy is the name of the person who invites, "" for the provider.
func SendInvitation(ctx context.Context, w *store.Writer, live *config.Live, contactID, invitedBy string, now time.Time) (Sent, *store.Refusal, error) {
	return sendLink(ctx, w, live, contactID, mail{SendInvite, store.LinkInvite, invitedBy, now})
}

// mail is what is to be sent.
type mail struct {
	action    CredentialAction
	purpose   store.LinkPurpose
	invitedBy string
	now       time.Time
}

func sendLink(ctx context.Context, w *store.Writer, live *config.Live, contactID string, m mail) (Sent, *store.Refusal, error) {
	c, err := w.Credentials(ctx, contactID)
	if err != nil {
		return Sent{}, nil, err
	}
	if refused := refuseMail(c, live.For(c.Account.Account).HasPortal(), m); refused != nil {
		return Sent{}, refused, nil
	}
	lifetime := live.Credentials().CreateLinkSeconds
	if m.purpose == store.LinkReset {
		lifetime = live.Credentials().ResetLinkSeconds
	}
	sent := Sent{Addresses: c.Addresses(m.purpose), ExpiresAt: m.now.Add(time.Duration(lifetime) * time.Second)}
	sent.LinkID, err = w.SendLink(ctx, c, m.purpose, m.invitedBy, sent.ExpiresAt)
	return sent, nil, err
}

// refuseMail says why a mail is not sent.
func refuseMail(c store.Credentials, hasPortal bool, m mail) *store.Refusal {
	switch reason := PermitCredential(CredentialsOf(c), m.action); {
	case reason != "":
		return &store.Refusal{Field: "user", Message: reason}
	case c.Access != store.AccessActive:
		return &store.Refusal{Field: "access", Message: "is Disabled: enable the contact first"}
	case !hasPortal:
		return &store.Refusal{Field: "accountId", Message: "is an account that has no portal"}
	case len(c.Addresses(m.purpose)) > 0:
		return nil
	case c.Accounts > 1 || !c.Owner && m.purpose == store.LinkReset:
		return &store.Refusal{Field: "user.email", Message: "is not verified, and only the user's own verified address gets this mail"}
	}
	return &store.Refusal{Field: "email", Message: "is missing: there is no address to send the mail to"}
}

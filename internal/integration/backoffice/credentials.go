package backoffice

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

// sendMail is how package identity sends one of the two mails.
type sendMail func(context.Context, *store.Writer, *config.Live, string, time.Time) (identity.Sent, *store.Refusal, error)

// registerCredentials adds the sign-in of a contact as staff see it, and the two mails, of
// which one may be sent at any time.
func (a *api) registerCredentials() {
	tag := a.tag("Contacts", contactsDescription)
	handle(a, "contacts:read", huma.Operation{
		OperationID: "getContactCredentials", Method: http.MethodGet, Path: "/api/v1/contacts/{id}/credentials", Tags: []string{tag},
		Summary:     "Read how far the sign-in of a contact is",
		Description: "Whether there is a username and a password, which mail may be sent, and what became of the newest link.",
	}, a.contactCredentials)
	post := func(id, path, summary, description string, purpose store.LinkPurpose, send sendMail) {
		handle(a, "contacts:write", huma.Operation{
			OperationID: id, Method: http.MethodPost, Path: "/api/v1/contacts/{id}/" + path, DefaultStatus: http.StatusOK,
			Summary: summary, Description: description + " A link that was sent before stops working. The event is emitted whatever notify says of others.",
			Tags: []string{tag}, Errors: []int{http.StatusConflict},
		}, func(ctx context.Context, in *mailInput) (*mailOutput, error) {
			return a.sendMail(ctx, in, purpose, send)
		})
	}
	post("sendCreateMail", "create-mail", "Send the mail to create a sign-in",
		"To a contact without a password, with portal access. The owner's goes to all primary addresses of the account. In any other state 409 says what to do.",
		store.LinkCreate, identity.SendCreateMail)
	post("sendResetMail", "reset-mail", "Send the mail to reset a password",
		"To a contact with username and password. In any other state 409 says what to do. The password of now goes on working until another one is chosen.",
		store.LinkReset, identity.SendResetMail)
	a.registerCreateMails()
}

type credentialsInput struct {
	ID string `path:"id" maxLength:"64" doc:"The contact."`
}

type credentialsOutput struct {
	Body integration.ContactCredentials
}

func (a *api) contactCredentials(ctx context.Context, in *credentialsInput) (*credentialsOutput, error) {
	known, err := a.Store.Credentials(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &credentialsOutput{showCredentials(known)}
	newest, err := a.Store.NewestLink(ctx, in.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return out, nil
	case err != nil:
		return nil, err
	}
	out.Body.Link = &integration.SentLink{
		Purpose: string(newest.Purpose), Addresses: len(newest.Addresses), SentAt: newest.SentAt.UTC(), ExpiresAt: newest.ExpiresAt.UTC(),
		State: string(newest.Whole(a.now())),
	}
	return out, nil
}

// showCredentials says which mail may be sent.
func showCredentials(c store.Credentials) integration.ContactCredentials {
	state := identity.CredentialsOf(c)
	shown := integration.ContactCredentials{State: string(state), Username: c.Username, Mail: string(store.LinkReset)}
	if identity.PermitCredential(state, identity.SendCreate) == "" {
		shown.Mail = string(store.LinkCreate)
	}
	return shown
}

type mailInput struct {
	ID string `path:"id" minLength:"1" maxLength:"64" doc:"The contact."`
	KeyInput
}

type mailOutput struct {
	Replayed string `header:"Idempotency-Replayed" doc:"true: this is what was answered when the request took effect."`
	Body     reply[integration.ContactCredentials]
}

func (a *api) sendMail(ctx context.Context, in *mailInput, purpose store.LinkPurpose, send sendMail) (*mailOutput, error) {
	live, err := a.live()
	if err != nil {
		return nil, err
	}
	request := WriteInput{ID: in.ID, ChangeInput: ChangeInput{KeyInput: in.KeyInput}}.request("POST contacts "+string(purpose), nil, false)
	answer, replayed, err := a.write(ctx, request, func(ctx context.Context, w *store.Writer) (store.Answer, error) {
		sent, refused, err := send(ctx, w, live, in.ID, w.Now())
		if err != nil {
			return store.Answer{}, err
		}
		if refused != nil {
			p := problem(http.StatusConflict, refusedMail(refused, purpose))
			p.Errors = []integration.FieldProblem{{Field: refused.Field, Message: refused.Message}}
			return store.Answer{}, p
		}
		known, err := w.Credentials(ctx, in.ID)
		if err != nil {
			return store.Answer{}, err
		}
		shown := showCredentials(known)
		shown.Link = &integration.SentLink{
			Purpose: string(purpose), Addresses: len(sent.Addresses), SentAt: w.Now().UTC(), ExpiresAt: sent.ExpiresAt.UTC(), State: string(store.LinkOpen),
		}
		text, err := json.Marshal(shown)
		return store.Answer{Status: http.StatusOK, Body: text}, err
	})
	if err != nil {
		return nil, err
	}
	return &mailOutput{Replayed: replayed, Body: reply[integration.ContactCredentials]{answer.Body}}, nil
}

// refusedMail says why a mail is not sent, and what to do.
func refusedMail(refused *store.Refusal, purpose store.LinkPurpose) string {
	other := "POST its reset-mail"
	if purpose == store.LinkReset {
		other = "POST its create-mail"
	}
	advice := map[string]string{
		"user":       other,
		"accountId":  "give the account a MyAccountProfile, or set its portalAccess to Enabled",
		"email":      "write the contact with an email first",
		"user.email": "let the person confirm it, or write user.emailVerified true if you know that it is theirs",
	}
	said := "the contact " + refused.Message
	if refused.Field != "user" {
		said = refused.Field + " " + refused.Message
	}
	if do := advice[refused.Field]; do != "" {
		said += ": " + do
	}
	return said
}

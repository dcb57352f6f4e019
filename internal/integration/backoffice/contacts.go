package backoffice

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

const contactsDescription = "Contacts are the people of an account: whom messages go to, and who may do what in the portal. " +
	"A contact whose access is taken away, or that is deleted, is signed out at once. The owner of an account is deleted last: to hand over, " +
	"write the owner with owner false and then another contact with owner true, or both in one import. " +
	"With createMail Automatic in the Tenant's credentials, who becomes the owner of an account without one, or gets their first email as the owner, " +
	"is sent the mail to create a sign-in, of older accounts too, unless it is written with notify none."

func (a *api) contacts() resource[integration.Contact, store.Contact] {
	return resource[integration.Contact, store.Contact]{
		path: "contacts", one: "Contact", many: "Contacts", description: contactsDescription,
		show: a.showContact, adapt: dropVerification,
		version: func(c *store.Contact) int64 { return c.Version },
		key:     func(c *integration.Contact) *string { return &c.ID },
		row:     contactRow,
		get:     a.Store.Contact, remove: (*store.Writer).DeleteContact,
		put: func(w *store.Writer, ctx context.Context, items []store.Item[store.Contact]) ([]store.Written[store.Contact], error) {
			return a.putContacts(ctx, w, items)
		},
		keptWhile: "it is the owner and the account has other contacts",
	}
}

// registerContacts adds the collection, and the sign-in of one as what can be deleted
// alone.
func (a *api) registerContacts() {
	r := a.contacts()
	register(a, r)
	handle(a, "contacts:read", huma.Operation{
		OperationID: "listContacts", Method: http.MethodGet, Path: "/api/v1/contacts", Summary: "List contacts", Tags: []string{a.tag(r.many, r.description)},
		Description: r.listDescription() + " By email or username it finds people, whatever the case of letters.",
	}, a.listContacts)
	r.path = "contacts/user"
	r.remove = func(w *store.Writer, ctx context.Context, id string, ifVersion int64) (store.Result, error) {
		return takeUser(ctx, w, id, ifVersion)
	}
	handle(a, "contacts:write", huma.Operation{
		OperationID: "deleteContactUser", Method: http.MethodDelete, Path: "/api/v1/contacts/{id}/user",
		Summary: "Take the sign-in of a contact away", Tags: []string{a.tag(r.many, r.description)},
		Description: "The contact stays and is signed out, and links that were sent to it stop working. Its user is deleted unless it is another contact too, and the username is free again: only the mail to create a sign-in can be sent then.",
	}, func(ctx context.Context, in *deleteInput) (*deleteOutput, error) { return deleteOne(ctx, a, r, *in) })
}

// ContactsInput filters contacts.
type ContactsInput struct {
	ListInput
	Email    string `query:"email" maxLength:"254" doc:"Only contacts with this email. Not together with updatedSince."`
	Username string `query:"username" maxLength:"254" doc:"Only the contacts that this user signs in as. Not together with updatedSince."`
}

func (a *api) listContacts(ctx context.Context, in *ContactsInput) (*listOutput[integration.Contact], error) {
	r, filter := a.contacts(), store.ContactFilter{Email: in.Email, Username: in.Username}
	r.list = a.Store.Contacts
	if filter != (store.ContactFilter{}) {
		if !in.UpdatedSince.IsZero() {
			return nil, invalid([]integration.FieldProblem{{Field: "updatedSince", Message: "goes not together with email or username"}})
		}
		r.path = filters(r.path, in.Email, in.Username)
		r.list = func(ctx context.Context, list store.List) ([]store.Contact, *store.Place, error) {
			return a.Store.FindContacts(ctx, filter, list)
		}
	}
	return r.page(ctx, &in.ListInput)
}

func (a *api) showContact(c *store.Contact) integration.Contact {
	shown := integration.Contact{
		ID: c.ID, AccountID: c.AccountID, FirstName: c.FirstName, LastName: c.LastName, Email: c.Email, Phone: c.Phone,
		Roles: c.Roles, Owner: c.Owner, Grants: c.Grants, Sites: c.Sites, OptedOut: c.OptedOut, Access: c.Access,
		PendingEmail: c.PendingEmail, PortalAccess: c.PortalAccess(a.now()), Meta: meta(c.Row),
	}
	if c.User != nil {
		shown.User = &integration.User{Username: c.User.Username, Email: c.User.Email, EmailVerified: c.User.EmailVerified}
	}
	return shown
}

// dropVerification: a patch that changes the email of a user does not keep that it was
// verified, unless it says so.
func dropVerification(before *integration.Contact, patch map[string]any) {
	user, _ := patch["user"].(map[string]any)
	_, changes := user["email"]
	if _, said := user["emailVerified"]; changes && !said && before.User != nil {
		before.User.EmailVerified = false
	}
}

func contactRow(_ *config.Live, c integration.Contact, old *store.Contact) (store.Contact, *store.Refusal) {
	row := store.Contact{
		Row: store.Row{AccountID: c.AccountID}, FirstName: c.FirstName, LastName: c.LastName, Email: c.Email, Phone: c.Phone,
		Roles: c.Roles, Owner: c.Owner, Grants: settings.ExpandPresets(c.Grants), Sites: c.Sites, OptedOut: c.OptedOut, Access: c.Access,
	}
	if old != nil {
		row.PendingEmail = old.PendingEmail
	}
	if old != nil && c.OptedOut == nil {
		row.OptedOut = old.OptedOut
	}
	if c.User == nil {
		if old != nil {
			row.User = old.User
		}
		return row, nil
	}
	row.User = &store.ContactUser{Username: c.User.Username, Email: c.User.Email, EmailVerified: c.User.EmailVerified, PasswordHash: c.User.PasswordHash}
	return row, checkPasswordHash(c.User.PasswordHash)
}

// checkPasswordHash refuses what cannot be checked at a sign-in, or not at the cost of
// other hashes. No hash is fine.
func checkPasswordHash(phc string) *store.Refusal {
	if phc == "" {
		return nil
	}
	hash, err := identity.ParseHash(phc)
	if err != nil {
		// The parser's error may quote the hash: it stays here.
		return &store.Refusal{Field: "user.passwordHash", Message: "is not an argon2id hash in PHC form within the bounds of this server, allowed is $argon2id$v=19$m=19456,t=2,p=1$<salt>$<key>"}
	}
	if err := hash.Params.CheckImport(); err != nil {
		return &store.Refusal{Field: "user.passwordHash", Message: err.Error()}
	}
	return nil
}

// takeUser takes the sign-in of a contact away. A contact without one is not found.
func takeUser(ctx context.Context, w *store.Writer, id string, ifVersion int64) (store.Result, error) {
	c, err := w.Credentials(ctx, id)
	if err != nil {
		return store.Result{}, err
	}
	if identity.PermitCredential(identity.CredentialsOf(c), identity.RemoveUsername) != "" {
		return store.Result{}, store.ErrNotFound
	}
	held, err := w.PutContacts(ctx, []store.Item[store.Contact]{{ID: id, IfVersion: ifVersion, Decide: func(old *store.Contact) (store.Contact, *store.Refusal) {
		return *old, nil
	}}})
	switch {
	case err != nil:
		return store.Result{}, err
	case held[0].Outcome == store.Conflict:
		return held[0].Result, nil
	}
	return store.Result{Outcome: store.Updated}, w.DeleteUsername(ctx, id)
}

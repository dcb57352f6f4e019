package integration

import "github.com/foyerhq/foyer/internal/settings"

// The access of a contact.
const (
	AccessActive   = "Active"
	AccessDisabled = "Disabled"
)

// PortalNotInvited is the portal access of a contact that was never sent a link.
const PortalNotInvited = "NotInvited"

// Contact is a person of an account. Grants are what the person may do in the portal; the
// owner may do everything that the account may.
type Contact struct {
	ID           string             `json:"id,omitempty" maxLength:"64" doc:"The key of the provider's system."`
	AccountID    string             `json:"accountId" maxLength:"64" doc:"The account that it belongs to, for good."`
	FirstName    string             `json:"firstName,omitempty" maxLength:"100" doc:"The first name."`
	LastName     string             `json:"lastName,omitempty" maxLength:"100" doc:"The last name."`
	Email        string             `json:"email,omitempty" maxLength:"254" format:"email" doc:"The mail address that messages go to."`
	Phone        string             `json:"phone,omitempty" maxLength:"40" doc:"The telephone number, as +447700900142 or as people write it."`
	Roles        []string           `json:"roles,omitempty" enum:"Primary,Secondary,Billing,Technical" uniqueItems:"true" doc:"What the contact is for: who gets which messages."`
	Owner        bool               `json:"owner,omitempty" doc:"Whether it is the owner of the account. An account has at most one: another one becomes it when the first one steps back, before or in the same import."`
	Grants       []settings.Feature `json:"grants,omitempty" maxItems:"64" enum:"Owner,Billing,Technical,SiteContact,ReadOnly,ViewInvoices,DownloadInvoices,PayInvoices,ViewPayments,ViewServices,PlaceOrders,RequestService,EditProfile,ViewEmails,ViewActivity,ManageContacts" doc:"The features that the person is granted. Owner, Billing, Technical, SiteContact and ReadOnly stand for the features that belong to them, and are kept as those."`
	Sites        []string           `json:"sites,omitempty" maxItems:"500" maxLength:"64" uniqueItems:"true" doc:"The ids of the sites of the account that the grants are limited to. Missing: all of them."`
	OptedOut     []string           `json:"optedOut,omitempty" enum:"General,Invoice,Product,Support" uniqueItems:"true" doc:"The categories of messages that the person does not want; those of security always come. Left out they stay as the person chose; an empty list wants all."`
	Access       string             `json:"access" enum:"Active,Disabled" doc:"Whether the portal is open to the contact. Disabled ends its sessions."`
	User         *User              `json:"user,omitempty" doc:"The sign-in. Missing: it stays as it is."`
	PendingEmail string             `json:"pendingEmail,omitempty" readOnly:"true" doc:"The address that takes the place of email once its holder has confirmed it."`
	PortalAccess string             `json:"portalAccess,omitempty" readOnly:"true" enum:"NotInvited,Invited,Expired,Active,Disabled" doc:"How far the person is with the portal. Expired: the last link was not used in time, send another one. Some of it changes with time alone, the version does not."`
	Meta
}

// User is the sign-in of a contact. People of several accounts are contacts of each, with
// one user.
type User struct {
	Username      string `json:"username" pattern:"^[A-Za-z0-9_.@+-]{2,80}$" patternDescription:"2 to 80 of the characters A-Z a-z 0-9 _ . @ + -" doc:"The name to sign in with. One with @ must be the user's own verified email."`
	Email         string `json:"email,omitempty" maxLength:"254" format:"email" doc:"The user's own mail address."`
	EmailVerified bool   `json:"emailVerified,omitempty" doc:"Whether the address is known to be the user's own. It stays so while the address stays."`
	PasswordHash  string `json:"passwordHash,omitempty" maxLength:"512" writeOnly:"true" doc:"A first password as argon2id hash in PHC form. It never replaces a password, and is never answered."`
}

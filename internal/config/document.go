package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/settings"
)

// Format is the version of the document's structure. A writer stops at a version
// that it does not know.
const Format = 1

// File is the key of the settings document in its ConfigMap, and its file name in
// the mounted directory.
const File = "settings.json"

// MaxBytes is the largest document that is written: a ConfigMap holds 1 MiB with
// its metadata.
const MaxBytes = 1_000_000

// ErrUnknownFormat is in the error of a document whose format version this release
// does not know. Such a document is sound for the release that wrote it, so nobody
// may overwrite it.
var ErrUnknownFormat = errors.New("unknown format version")

// Settings is the settings document of one tenant. Lists are sorted by name.
type Settings struct {
	Format            int     `json:"format"`
	Tenant            Entry   `json:"tenant"`
	AccountProfiles   []Entry `json:"accountProfiles,omitempty"`
	MyAccountProfiles []Entry `json:"myAccountProfiles,omitempty"`

	// Extra holds the fields of a newer writer, which this release carries on unread.
	Extra map[string]json.RawMessage `json:"-"`
}

// EntryState is empty for an entry that can be assigned.
type EntryState string

// Retired marks the entry of a deleted profile that accounts still use by name. It
// cannot be newly assigned.
const Retired EntryState = "Retired"

// Entry is one object as customers have it.
type Entry struct {
	Name       string          `json:"name"`
	UID        string          `json:"uid"`
	Generation int64           `json:"generation"`
	State      EntryState      `json:"state,omitempty"`
	Content    json.RawMessage `json:"content"`

	// Extra holds the fields of a newer writer, which this release carries on unread.
	Extra map[string]json.RawMessage `json:"-"`
}

// Tenant is the content of the tenant's entry.
type Tenant struct {
	Namespace               string              `json:"namespace"`
	DisplayName             string              `json:"displayName"`
	Hostname                string              `json:"hostname"`
	APIHostname             string              `json:"apiHostname,omitempty"` // of the integration API; empty: it has none
	Branding                Branding            `json:"branding,omitzero"`
	Attributes              settings.Attributes `json:"attributes,omitzero"`
	DefaultAccountProfile   string              `json:"defaultAccountProfile,omitempty"`
	DefaultMyAccountProfile string              `json:"defaultMyAccountProfile,omitempty"`
	OrphanedProfiles        OrphanedProfiles    `json:"orphanedProfiles,omitempty"`
	Session                 Session             `json:"session"`
	Credentials             Credentials         `json:"credentials,omitzero"`
	InvoiceTemplates        []InvoiceTemplate   `json:"invoiceTemplates,omitempty"` // sorted by name
	Events                  []catalog.Own       `json:"events,omitempty"`           // the tenant's own event types, sorted by name
	EventTypes              []string            `json:"eventTypes,omitempty"`       // see [Live.MaySign]; types, or all of an object as "custom.*"; sorted
	Delivery                Delivery            `json:"delivery,omitzero"`
	Email                   EmailChannel        `json:"email,omitzero"`
	SMS                     SMSChannel          `json:"sms,omitzero"`
	Webhooks                []TenantWebhook     `json:"webhooks,omitempty"` // sorted by name
}

// Branding is how a tenant's portal looks and whom it names. Every field may be empty.
type Branding struct {
	AccentColor  string `json:"accentColor,omitempty"` // "#rrggbb"
	SupportEmail string `json:"supportEmail,omitempty"`
	SupportPhone string `json:"supportPhone,omitempty"`
	TermsURL     string `json:"termsURL,omitempty"`   // https
	PrivacyURL   string `json:"privacyURL,omitempty"` // https
}

// Session bounds the sessions of the portal, in seconds.
type Session struct {
	IdleSeconds int64 `json:"idleSeconds"` // since the last request
	MaxSeconds  int64 `json:"maxSeconds"`  // since sign-in
}

// Credentials says how people get and prove their sign-in. A document of an older
// operator has none of it: ask [Live.Credentials], which has the defaults.
type Credentials struct {
	CreateLinkSeconds int64        `json:"createLinkSeconds,omitempty"` // of create links and invitations
	ResetLinkSeconds  int64        `json:"resetLinkSeconds,omitempty"`
	Usernames         Usernames    `json:"usernames,omitempty"`
	SecondFactor      SecondFactor `json:"secondFactor,omitempty"`
	CreateMail        CreateMail   `json:"createMail,omitempty"`
}

// Usernames says what people may choose as username.
type Usernames string

// The rules for usernames.
const (
	UsernamesFree      Usernames = "Free"      // whatever is not taken
	UsernamesEmail     Usernames = "Email"     // their own verified email
	UsernamesAccountID Usernames = "AccountID" // the owner has the id of the account, others their own verified email
)

// SecondFactor says whether people prove who they are by more than a password.
type SecondFactor string

// The rules for second factors.
const (
	SecondFactorOff      SecondFactor = "Off"      // nobody can add one; those that were added are not asked for
	SecondFactorOptional SecondFactor = "Optional" // asked of those who added one
	SecondFactorRequired SecondFactor = "Required" // everybody adds one at the next sign-in
)

// CreateMail says who is sent the mail to create a sign-in.
type CreateMail string

// When the create mail is sent.
const (
	CreateMailAutomatic CreateMail = "Automatic" // to who becomes the first owner of an account, or gets their first email as its owner
	CreateMailOnRequest CreateMail = "OnRequest" // when staff or a system asks for it
)

// InvoiceTemplate is an invoice template of the tenant's own.
type InvoiceTemplate struct {
	Name string `json:"name"`
	HTML string `json:"html"`
}

// OrphanedProfiles says what a retired profile means for the accounts that name it.
type OrphanedProfiles string

// The two answers; empty means Keep.
const (
	Keep       OrphanedProfiles = "Keep"       // they stay as they are
	UseDefault OrphanedProfiles = "UseDefault" // they are treated by the default profile
)

// AccountProfile is the content of an AccountProfile's entry.
type AccountProfile struct {
	DisplayName      string              `json:"displayName"`
	Description      string              `json:"description,omitempty"`
	Attributes       settings.Attributes `json:"attributes,omitzero"`
	MyAccountProfile string              `json:"myAccountProfile,omitempty"`
	StandardEvents   StandardEvents      `json:"standardEvents,omitzero"`
}

// Availability says how a MyAccountProfile is offered.
type Availability string

// The availabilities (SAFE's preset values).
const (
	Headline   Availability = "Headline"   // goes first where several match by group
	Standard   Availability = "Standard"   // the usual one; empty means this
	Historical Availability = "Historical" // stays with accounts pinned to it, cannot be newly assigned
)

// MyAccountProfile is the content of a MyAccountProfile's entry.
type MyAccountProfile struct {
	DisplayName    string             `json:"displayName"`
	Description    string             `json:"description,omitempty"`
	Availability   Availability       `json:"availability,omitempty"`
	Customer       string             `json:"customer,omitempty"`
	CustomerGroups []string           `json:"customerGroups,omitempty"`
	Features       []settings.Feature `json:"features,omitempty"`
}

// Encode returns the canonical JSON of a document: object keys sorted, indented by
// two spaces so that `kubectl get configmap` reads well.
func Encode(doc Settings) ([]byte, error) { return encode("settings", doc) }

func encode(kind string, doc any) ([]byte, error) {
	plain, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("encode %s document: %w", kind, err)
	}
	tree, err := decodeTree(plain)
	if err != nil {
		return nil, fmt.Errorf("encode %s document: %w", kind, err)
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(tree); err != nil { // maps are written with sorted keys
		return nil, fmt.Errorf("encode %s document: %w", kind, err)
	}
	return out.Bytes(), nil
}

// decodeTree reads JSON without knowing its shape. A large number must not pass
// through a float.
func decodeTree(raw []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var tree any
	err := decoder.Decode(&tree)
	return tree, err
}

// Digest names a document by its content: "sha256:" and 64 hexadecimal digits.
func Digest(document []byte) string {
	sum := sha256.Sum256(document)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Parse reads a document without looking into its contents. Unknown fields are
// kept in Extra; another format version is refused before anything else of the
// document is read.
func Parse(document []byte) (Settings, error) { return parse[Settings]("settings", Format, document) }

func parse[Document any](kind string, format int, document []byte) (Document, error) {
	var nothing, doc Document
	var head struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(document, &head); err != nil {
		return nothing, fmt.Errorf("%s document is not readable: %w", kind, err)
	}
	if head.Format != format {
		return nothing, fmt.Errorf("%s document has format %d, this release reads format %d: %w", kind, head.Format, format, ErrUnknownFormat)
	}
	if err := json.Unmarshal(document, &doc); err != nil {
		return nothing, fmt.Errorf("%s document is not readable: %w", kind, err)
	}
	return doc, nil
}

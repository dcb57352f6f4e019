package integration

import (
	"encoding/json"
	"reflect"

	"github.com/foyerhq/foyer/internal/settings"
)

// MaxLineBytes bounds one line of an import.
const MaxLineBytes = 64 << 10

// Kind is what an import brings.
type Kind string

// The kinds of import.
const (
	Groups   Kind = "groups"
	Accounts Kind = "accounts"
	Contacts Kind = "contacts"
	Invoices Kind = "invoices"
)

// Kinds lists every kind in the order in which they depend on each other.
func Kinds() []Kind { return []Kind{Groups, Accounts, Contacts, Invoices} }

// Optional is a field that can be left out, cleared by null, or set.
type Optional[T any] struct {
	Present bool
	Null    bool
	Value   T
}

// Of returns a field that is set.
func Of[T any](value T) Optional[T] { return Optional[T]{Present: true, Value: value} }

// Null returns a field that is cleared.
func Null[T any]() Optional[T] { return Optional[T]{Present: true, Null: true} }

// IsZero says whether the field is left out.
func (o Optional[T]) IsZero() bool { return !o.Present }

// MarshalJSON writes null for a cleared field.
func (o Optional[T]) MarshalJSON() ([]byte, error) {
	if !o.Present || o.Null {
		return []byte("null"), nil
	}
	return json.Marshal(o.Value)
}

func (o Optional[T]) inner() (reflect.Value, bool) {
	return reflect.ValueOf(o.Value), o.Present && !o.Null
}

func (Optional[T]) innerType() reflect.Type { return reflect.TypeFor[T]() }

// Group is a line of the import of customer groups.
type Group struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName,omitempty"`
}

// Account is a line of the import of accounts.
type Account struct {
	ID               string                           `json:"id"`
	Name             Optional[string]                 `json:"name,omitzero"`
	Status           Optional[settings.AccountStatus] `json:"status,omitzero"`
	AccountProfile   Optional[string]                 `json:"accountProfile,omitzero"`
	MyAccountProfile Optional[string]                 `json:"myAccountProfile,omitzero"`
	Groups           Optional[[]string]               `json:"groups,omitzero"`
	Attributes       Optional[settings.Attributes]    `json:"attributes,omitzero"`
}

// Refusal names a line that was not applied.
type Refusal struct {
	Line    int64  `json:"line"`
	ID      string `json:"id,omitempty"`
	Field   string `json:"field,omitempty"`
	Message string `json:"message"`
}

// Summary counts the lines of an import.
type Summary struct {
	Received  int64 `json:"received"`
	Created   int64 `json:"created"`
	Updated   int64 `json:"updated"`
	Unchanged int64 `json:"unchanged"`
	Refused   int64 `json:"refused"`
}

// Result is the last line of an answer. Problem is there when the import ended
// early: every line before Problem.ResumeFromLine was handled.
type Result struct {
	Summary Summary  `json:"summary"`
	Problem *Problem `json:"problem,omitempty"`
}

// Problem is an error of the API (RFC 9457).
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	// Errors names every field that is wrong.
	Errors         []FieldProblem `json:"errors,omitempty"`
	RequestID      string         `json:"requestId,omitempty"`
	ResumeFromLine int64          `json:"resumeFromLine,omitempty"`
}

func (p *Problem) Error() string {
	if p.Detail == "" {
		return p.Title
	}
	return p.Title + ": " + p.Detail
}

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is that of a problem, whatever was asked for.
func (*Problem) ContentType(string) string { return ProblemMediaType }

// AccountSettings is everything that applies to one account, and why.
type AccountSettings struct {
	AccountID        string           `json:"accountId"`
	Status           string           `json:"status"`
	AccountProfile   AppliedProfile   `json:"accountProfile"`
	MyAccountProfile *AppliedProfile  `json:"myAccountProfile"` // null: the account has no portal
	HasPortal        bool             `json:"hasPortal"`        // whether people of the account can sign in
	Attributes       []AppliedSetting `json:"attributes"`
	Features         []AppliedFeature `json:"features"`
	SettingsDigest   string           `json:"settingsDigest"`
}

// AppliedProfile is a profile that applies to an account. Unknown is the name that
// the account has but that no live profile has.
type AppliedProfile struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName,omitempty"`
	Source      string `json:"source"`
	SourceName  string `json:"sourceName,omitempty"`
	Unknown     string `json:"unknown,omitempty"`
}

// AppliedSetting is the value of an attribute and the layer that decided it.
type AppliedSetting struct {
	Key        string `json:"key"`
	Value      string `json:"value"`
	Source     string `json:"source"`
	SourceName string `json:"sourceName,omitempty"`
}

// AppliedFeature says whether the account's owner has a feature, and if not, why.
type AppliedFeature struct {
	Feature    string `json:"feature"`
	Decision   string `json:"decision"` // Allowed, NotInProfile, NotInStatus
	Source     string `json:"source"`
	SourceName string `json:"sourceName,omitempty"` // the MyAccountProfile that decided
}

// Version is the answer of /api/v1/version.
type Version struct {
	Version        string `json:"version"`
	Tenant         string `json:"tenant"`
	SettingsDigest string `json:"settingsDigest"`
}

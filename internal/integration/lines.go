package integration

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// MaxLineBytes bounds one line of an import.
const MaxLineBytes = 64 << 10

// Kind is what an import brings.
type Kind string

// The kinds of import.
const (
	Groups   Kind = "groups"
	Products Kind = "products"
	Accounts Kind = "accounts"
	Contacts Kind = "contacts"
	Invoices Kind = "invoices"
	Payments Kind = "payments"
	Calls    Kind = "calls"
)

// Kinds lists every kind in the order in which they depend on each other.
func Kinds() []Kind { return []Kind{Groups, Products, Accounts, Contacts, Invoices, Payments, Calls} }

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

func (Optional[T]) innerType() reflect.Type { return reflect.TypeFor[T]() }

// Refusal names a line that was not applied, and the first field that is wrong.
type Refusal struct {
	Line    int64  `json:"line" doc:"The number of the line, from 1."`
	ID      string `json:"id,omitempty" doc:"The id that the line has, if it could be read."`
	Field   string `json:"field,omitempty" doc:"The field, with dots for nested ones. Missing: the whole line."`
	Rule    string `json:"rule,omitempty" doc:"The rule that it breaks, as maxLength."`
	Message string `json:"message" doc:"What is wrong and what is allowed."`
	// More is what else is wrong with the line.
	More []FieldProblem `json:"more,omitempty" doc:"What else is wrong with the line."`
}

// String helps logs of callers; it holds no secret.
func (r Refusal) String() string {
	return fmt.Sprintf("line %d %s %s %s", r.Line, r.ID, r.Field, r.Message)
}

// Summary counts the lines of an import.
type Summary struct {
	Received  int64 `json:"received" doc:"How many lines were handled."`
	Created   int64 `json:"created"`
	Updated   int64 `json:"updated"`
	Unchanged int64 `json:"unchanged" doc:"Equal to what was there."`
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
	// RetryAfter is the header of that name, in seconds; 0: as usual for the status.
	RetryAfter int `json:"-"`
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

// Version is the answer of /api/v1/version.
type Version struct {
	Version        string `json:"version"`
	Tenant         string `json:"tenant"`
	SettingsDigest string `json:"settingsDigest"`
}

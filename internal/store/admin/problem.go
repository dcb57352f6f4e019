package admin

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/foyerhq/foyer/internal/store"
)

// The reasons of a Problem.
const (
	Unreachable     = "Unreachable"
	Unauthorized    = "Unauthorized"
	TooOld          = "TooOld"
	MissingRights   = "MissingRights"
	OwnedByAnother  = "OwnedByAnother"
	MigrationFailed = "MigrationFailed"
	ReadOnly        = "ReadOnly"
	DiskFull        = "DiskFull"
)

// Problem is an error that a person can act on. Message is plain words for a status
// and never holds a secret.
type Problem struct {
	Reason  string
	Message string
	Err     error // the cause; nil when the message says it all
}

func (p *Problem) Error() string {
	if p.Err == nil {
		return p.Message
	}
	return p.Message + ": " + p.Err.Error()
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Err }

func problem(reason, format string, args ...any) *Problem {
	return &Problem{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// redacted is an error without the secrets of a server in its text.
type redacted struct {
	text  string
	cause error
}

func (r redacted) Error() string { return r.text }
func (r redacted) Unwrap() error { return r.cause }

// explain turns an error into a Problem where it is one, and takes secrets out of its
// text.
func (s *Server) explain(doing string, err error) error {
	var known *Problem
	if err == nil || errors.As(err, &known) {
		return err
	}
	safe := redacted{s.scrub(err.Error()), err}
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		switch pgErr.Code {
		case "28P01", "28000":
			return &Problem{Unauthorized, fmt.Sprintf("the server at %s does not let role %q sign in: check user and password of its uri", s.host, s.user), safe}
		case "3D000":
			return &Problem{Unauthorized, fmt.Sprintf("the server at %s has no database %q", s.host, s.database), safe}
		case "42501":
			var connecting *pgconn.ConnectError
			if errors.As(err, &connecting) {
				return &Problem{MissingRights, fmt.Sprintf("role %q may not connect to database %q: run GRANT CONNECT ON DATABASE %s TO %s",
					s.user, s.database, name(s.database), name(s.user)), safe}
			}
			return &Problem{MissingRights, fmt.Sprintf("role %q may not %s: %s", s.user, doing, s.scrub(pgErr.Message)), safe}
		case "25006":
			s.pool.Reset() // a connection stays as it began: the next one finds out whether it is over
			return &Problem{ReadOnly, fmt.Sprintf("the server at %s answers, but takes no changes: database %q is read-only, as on a standby. "+
				"If it stays so, its uri has to name the primary", s.host, s.database), safe}
		case "53100":
			return &Problem{DiskFull, fmt.Sprintf("the server at %s answers, but has no space left to %s: %s", s.host, doing, s.scrub(pgErr.Message)), safe}
		}
	}
	if store.Unavailable(err) {
		return &Problem{Unreachable, fmt.Sprintf("the server at %s cannot be reached", s.host), safe}
	}
	return fmt.Errorf("store: %s: %w", doing, safe)
}

// scrub removes the passwords of the URIs from a text.
func (s *Server) scrub(text string) string {
	for _, secret := range s.secrets {
		text = strings.ReplaceAll(text, secret, "[redacted]")
	}
	return text
}

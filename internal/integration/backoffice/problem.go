package backoffice

import (
	"encoding/json"
	"io"
	"net/http"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/process"
)

// problem returns an error of the API; the title is that of the status.
func problem(status int, detail string) *integration.Problem {
	return &integration.Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail}
}

// invalid is the answer to a request with fields that are not allowed.
func invalid(errors []integration.FieldProblem) *integration.Problem {
	p := problem(http.StatusUnprocessableEntity, "the request has fields that are not allowed")
	p.Errors = errors
	return p
}

const detailUnavailable = "the database is not available at the moment, try again later"

// writeProblem answers with an error. Busy answers say when to come back.
func writeProblem(w http.ResponseWriter, r *http.Request, p *integration.Problem) {
	p.RequestID = process.RequestID(r.Context())
	w.Header().Set("Content-Type", integration.ProblemMediaType)
	if p.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	w.WriteHeader(p.Status)
	encode(w, p)
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	encode(w, value)
}

// encode writes one line of JSON. A client that has gone notices by itself.
func encode(w io.Writer, value any) {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value)
}

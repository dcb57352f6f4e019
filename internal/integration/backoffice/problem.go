package backoffice

import (
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strconv"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/process"
)

// problem returns an error of the API; the title is that of the status.
func problem(status int, detail string) *integration.Problem {
	return &integration.Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail}
}

// invalid is the answer to a request with fields that are not allowed.
func invalid(errors []integration.FieldProblem) *integration.Problem {
	p := problem(http.StatusUnprocessableEntity, detailInvalid)
	p.Errors = errors
	return p
}

const (
	detailInvalid  = "the request has fields that are not allowed"
	detailInternal = "the request failed, the log of the server says why under the request id"
)

// headerOf is what goes with a problem: when to come back, or how to authenticate.
func headerOf(p *integration.Problem) http.Header {
	header := http.Header{}
	switch p.Status {
	case http.StatusTooManyRequests:
		if p.RetryAfter > 0 { // else it is set already
			header.Set("Retry-After", strconv.Itoa(p.RetryAfter))
		}
	case http.StatusServiceUnavailable:
		header.Set("Retry-After", strconv.Itoa(cmp.Or(p.RetryAfter, 5)))
	case http.StatusUnauthorized:
		header.Set("WWW-Authenticate", challenge)
	}
	return header
}

const (
	detailUnavailable = "the database is not available at the moment, try again later"
	detailContended   = "others are changing the same rows, try again"
)

// In how many seconds to come back: when others have a row, and while a whole import runs.
const (
	contendedRetry = 1
	importRetry    = 5
	wholeRetry     = 30
)

// comeBack is the answer to a request that will do in a few seconds.
func comeBack(seconds int, detail string) *integration.Problem {
	p := problem(http.StatusServiceUnavailable, detail)
	p.RetryAfter = seconds
	return p
}

// takeTurns is the answer to a request for which there is no place while others run: nothing has
// failed, so it is no error of the server.
func takeTurns(seconds int, detail string) *integration.Problem {
	p := problem(http.StatusTooManyRequests, detail)
	p.RetryAfter = seconds
	return p
}

// writeProblem answers with an error.
func writeProblem(w http.ResponseWriter, r *http.Request, p *integration.Problem) {
	p.RequestID = process.RequestID(r.Context())
	w.Header().Set("Content-Type", integration.ProblemMediaType)
	maps.Copy(w.Header(), headerOf(p))
	w.WriteHeader(p.Status)
	encode(w, p)
}

// encode writes one line of JSON. A client that has gone notices by itself.
func encode(w io.Writer, value any) {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value)
}

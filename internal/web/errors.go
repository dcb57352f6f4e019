package web

import (
	"fmt"
	"net/http"
	"time"
)

// Problem is an error that knows what to tell a person. Title and Text are public; the
// cause is for the log only.
type Problem struct {
	Status     int
	Title      string
	Text       string
	RetryAfter time.Duration // 0: no such header
	Cause      error
}

func (p *Problem) Error() string {
	if p.Cause == nil {
		return fmt.Sprintf("%d %s", p.Status, p.Title)
	}
	return fmt.Sprintf("%d %s: %v", p.Status, p.Title, p.Cause)
}

// Unwrap gives the cause.
func (p *Problem) Unwrap() error { return p.Cause }

// NotFound is for what does not exist, and for what belongs to somebody else: the two
// must not be told apart.
func NotFound() *Problem {
	return &Problem{Status: http.StatusNotFound, Title: Text("This page does not exist"),
		Text: Text("The address may be mistyped, or what it showed is gone.")}
}

// BadRequest is for a form or an address that no page of ours makes.
func BadRequest(cause error) *Problem {
	return &Problem{Status: http.StatusBadRequest, Title: Text("We could not read that"),
		Text: Text("What was sent does not belong to a page of this portal. Please go back, load the page again and send it once more."), Cause: cause}
}

// CrossOrigin is for a form that another site sent in the person's name.
func CrossOrigin(cause error) *Problem {
	return &Problem{Status: http.StatusForbidden, Title: Text("That came from another site"),
		Text: Text("For your safety we only accept forms that were sent from this portal. Nothing was changed. If you sent it yourself, open the page here again and repeat it."), Cause: cause}
}

// Unavailable is for a database that cannot be reached now.
func Unavailable(cause error) *Problem {
	return &Problem{Status: http.StatusServiceUnavailable, Title: Text("We cannot reach your data just now"),
		Text:       Text("Nothing is lost and nothing was changed. Please try again in a minute."),
		RetryAfter: 30 * time.Second, Cause: cause}
}

// Busy is for more work at once than this replica takes.
func Busy(cause error) *Problem {
	return &Problem{Status: http.StatusServiceUnavailable, Title: Text("Many people are signing in just now"),
		Text: Text("Please try again in a few seconds."), RetryAfter: 5 * time.Second, Cause: cause}
}

// Internal is for everything that should not happen.
func Internal(cause error) *Problem {
	return &Problem{Status: http.StatusInternalServerError, Title: Text("Something went wrong on our side"),
		Text: Text("We have noted it. Please try again; if it happens again, tell us what you were doing."), Cause: cause}
}

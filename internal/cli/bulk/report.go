package bulk

import (
	"cmp"
	"regexp"
	"slices"

	"github.com/foyerhq/foyer/internal/integration"
)

// Bounds of what a report keeps, however many lines are refused.
const (
	maxReasons     = 200
	linesPerReason = 5
	firstRefusals  = 10
)

// Report is what became of the lines, over all runs of an import.
type Report struct {
	Summary integration.Summary   `json:"summary"`
	Reasons []Reason              `json:"reasons,omitempty"`
	Others  int64                 `json:"others,omitempty"` // refused for reasons past the bound
	First   []integration.Refusal `json:"first,omitempty"`  // the first that were refused
	Again   int64                 `json:"again,omitempty"`  // lines that were sent more than once
}

// Reason is why lines were refused: the same field and the same message, but for the
// values in it.
type Reason struct {
	Field   string  `json:"field,omitempty"`
	Message string  `json:"message"` // of the first line
	Differs bool    `json:"differs,omitempty"`
	Count   int64   `json:"count"`
	Lines   []int64 `json:"lines"` // the first of them
}

// values are what differs between messages that mean the same.
var values = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|[0-9]+`)

func form(message string) string { return values.ReplaceAllString(message, "?") }

// refuse adds a refused line, with each of its reasons. Counting it is up to the summary.
func (r *Report) refuse(refusal integration.Refusal) {
	if len(r.First) < firstRefusals {
		r.First = append(r.First, refusal)
	}
	r.reason(refusal.Line, refusal.Field, refusal.Message)
	for _, more := range refusal.More {
		r.reason(refusal.Line, more.Field, more.Message)
	}
}

func (r *Report) reason(line int64, field, message string) {
	i := slices.IndexFunc(r.Reasons, func(known Reason) bool {
		return known.Field == field && (known.Message == message || form(known.Message) == form(message))
	})
	switch {
	case i < 0 && len(r.Reasons) == maxReasons:
		r.Others++
		return
	case i < 0:
		i = len(r.Reasons)
		r.Reasons = append(r.Reasons, Reason{Field: field, Message: message})
	}
	reason := &r.Reasons[i]
	reason.Count++
	reason.Differs = reason.Differs || reason.Message != message
	if len(reason.Lines) < linesPerReason {
		reason.Lines = append(reason.Lines, line)
	}
}

// Frequent returns the reasons, the most frequent first.
func (r *Report) Frequent() []Reason {
	return slices.SortedStableFunc(slices.Values(r.Reasons), func(a, b Reason) int { return cmp.Compare(b.Count, a.Count) })
}

// count adds what a request did.
func (r *Report) count(s integration.Summary) {
	r.Summary.Received += s.Received
	r.Summary.Created += s.Created
	r.Summary.Updated += s.Updated
	r.Summary.Unchanged += s.Unchanged
	r.Summary.Refused += s.Refused
}

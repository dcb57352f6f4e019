// Package condition checks and evaluates the conditions of event templates, in CEL.
//
// A condition asks for the fields of its event, as invoice.balance >= 10.0, and says yes or
// no. It is checked against the types of the payload before it is live, so that it has an
// answer for every payload of its event:
//
//   - Money and decimals are decimal numbers, dates and times are moments (a date is its
//     midnight in UTC), links do not exist. Whole and decimal numbers are compared with
//     each other, but not calculated with: double(...) makes one of the other.
//   - A field that may be missing is read only where has() of it is known to be true: after
//     &&, after ||, of !has(), and in the branches of ? :. One that is always there is not
//     asked for.
//   - Objects have fields, lists have exists, all, exists_one and size, inside each other at
//     most twice. Nothing is taken out of a list, and no text or list is made.
//   - A field of which only some values exist is compared with those.
//   - Results that are too large are the largest, a whole number is divided by one that is
//     written out and not 0, and a pattern, a timestamp and a duration are written out.
//   - There is no now: what is decided is decided by the payload alone.
//
// The work of the longest evaluation is known when the condition is checked, and bounded.
package condition

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/message"
)

// Bounds of a condition.
const (
	maxSource   = 1024 // characters
	maxDepth    = 50   // of parentheses
	maxNesting  = 2    // of lists that are gone through
	maxProblems = 10   // that are told of one condition
	maxMessage  = 1000 // characters of one problem
	maxListed   = 20   // fields that exist, in one problem
)

// Condition is a checked condition. It is immutable and safe for concurrent use.
type Condition struct{ program cel.Program }

// Compile checks a condition against the payload of an event. One with problems is nil.
func Compile(source string, event catalog.Event) (*Condition, []message.Problem) {
	if length := utf8.RuneCountInString(source); length > maxSource {
		return nil, []message.Problem{{Message: fmt.Sprintf("it has %d characters, at most %d are allowed", length, maxSource)}}
	}
	if !utf8.ValidString(source) {
		return nil, []message.Problem{{Message: "it is not a text in UTF-8"}}
	}
	if strings.TrimSpace(source) == "" {
		return nil, []message.Problem{{Message: "it is empty: leave it out if every event is meant"}}
	}
	environment, err := environmentOf(event.ConditionFields())
	if err != nil {
		return nil, []message.Problem{{Message: err.Error()}}
	}
	checked, problems := environment.check(source)
	if len(problems) > 0 {
		return nil, bounded(problems)
	}
	program, err := environment.cel.Program(checked, cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, []message.Problem{{Message: "it cannot be evaluated: " + err.Error()}}
	}
	return &Condition{program}, nil
}

// Holds evaluates the condition on a payload, as JSON decoded into maps by the rules of
// package catalog. The error says what about the payload kept it from an answer.
func (c *Condition) Holds(payload map[string]any) (bool, error) {
	objects := activations.Get().(*activation)
	objects.payload = payload
	result, _, err := c.program.Eval(objects)
	objects.payload = nil
	activations.Put(objects)
	if err != nil {
		return false, fmt.Errorf("the condition has no answer: %w", err)
	}
	holds, ok := result.(types.Bool)
	if !ok {
		return false, errors.New("the condition has no answer")
	}
	return bool(holds), nil
}

// activation gives CEL the objects of a payload as they are. Fields are read when they are
// asked for, and one that asks in an object that is missing tells so.
type activation struct{ payload map[string]any }

var activations = sync.Pool{New: func() any { return new(activation) }}

// ResolveName implements cel.Activation.
func (a *activation) ResolveName(name string) (any, bool) { return a.payload[name], true }

// Parent implements cel.Activation.
func (*activation) Parent() cel.Activation { return nil }

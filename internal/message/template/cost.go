package template

import (
	"text/template/parse"

	"github.com/foyerhq/foyer/internal/catalog"
)

// cost is how much work filling a template in may be, for the longest lists and texts that
// a payload holds. One is about ten nanoseconds. It is known when a template is checked,
// so that filling it in needs neither a limit nor a deadline. What is printed needs no
// count: it ends with MaxRendered.
type cost uint64

const (
	step     cost = 60                  // a field, a call or a question
	longText cost = 4 * catalog.MaxText // a function that writes every character of a text anew
	maxCost  cost = 200_000_000         // about two seconds, for a payload that nobody sends
)

// spend counts work at a place, as often as its ranges go around.
func (c *checker) spend(pos parse.Pos, at place, work cost) {
	if c.cost > maxCost {
		return // told
	}
	if c.cost += work * at.rounds; c.cost > maxCost {
		c.problem(pos, "for the longest lists and texts this is too much work: put less inside of range, above all of upper and lower")
	}
}

// around is a place inside of one more range. More than enough rounds are not counted, so
// that the number does not overflow.
func (p place) around() place {
	p.rounds = min(p.rounds*catalog.MaxList, maxCost)
	return p
}

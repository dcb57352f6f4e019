package message

import "fmt"

// Problem is why a condition or a template cannot be used.
type Problem struct {
	Line, Column int    // from 1, columns in characters; 0: the whole text
	Message      string // what is wrong and what is allowed, lower case, without a full stop
}

// Error is the place and the message, as "line 2, column 7: there is no field .invoice.totl (there are: ...)".
func (p Problem) Error() string {
	if p.Line == 0 {
		return p.Message
	}
	return fmt.Sprintf("line %d, column %d: %s", p.Line, p.Column, p.Message)
}

package bulk

import (
	"fmt"
	"io"
	"time"
)

// begin is the first day of what the rows are about: calls and invoices are of the three
// months after it.
var begin = time.Now().UTC().Truncate(24*time.Hour).AddDate(0, -3, 0)

// accountID spreads consecutive numbers over the keys, as those of a real provider are.
func accountID(n int) string { return fmt.Sprintf("A%07d", n*7919%10_000_019) }

// group is a customer group, which every hundredth account is in.
const group = "gold"

func groupLine(b []byte, _ int) []byte {
	return append(b, `{"id":"`+group+`","displayName":"Gold"}`+"\n"...)
}

// The rows of a number are always the same, and every one is another.
func accountLine(b []byte, n int) []byte {
	profile, attributes := "residential", ""
	if n%5 == 0 {
		profile = "business"
	}
	if n%10 == 0 {
		attributes = `,"attributes":{"locale":"en-AU","tradingTermsDays":30}`
	}
	if n%100 == 0 {
		attributes += `,"groups":["` + group + `"]`
	}
	return fmt.Appendf(b, `{"id":"%s","name":"Customer number %d","status":"Active","accountProfile":"%s"%s}`+"\n", accountID(n), n, profile, attributes)
}

func invoiceLine(b []byte, n, accounts int) []byte {
	issued := begin.AddDate(0, 0, n%90)
	status := "Paid"
	if n%7 == 0 {
		status = "Open"
	}
	return fmt.Appendf(b, `{"id":"I%08d","accountId":"%s","number":"INV-%d","issuedOn":"%s","currency":"AUD","total":"%d.%02d","status":"%s"}`+"\n",
		n, accountID(n%accounts), n, issued.Format(time.DateOnly), n%500, n%100, status)
}

// call is what a line and a row of COPY are made of.
type call struct {
	id, account, number, other string
	started                    time.Time
	direction, outcome         string
	seconds                    int
}

// No two calls of an account are on one day, so there is a row of the roll-up for each
// call: what costs most.
func callOf(n, accounts int) call {
	of := n * 31 % accounts
	c := call{
		id: fmt.Sprintf("C%09d", n), account: accountID(of),
		started:   begin.AddDate(0, 0, n/accounts*9+of%9).Add(time.Duration(n*7%86_400) * time.Second),
		direction: "Outbound", outcome: "Answered", seconds: n % 3600,
		number: fmt.Sprintf("+6129%07d", of), other: fmt.Sprintf("+6138%07d", n%9_999_991),
	}
	if of%3 == 0 {
		c.direction = "Inbound"
	}
	if n%11 == 0 {
		c.outcome, c.seconds = "Missed", 0
	}
	return c
}

func callLine(b []byte, n, accounts int) []byte {
	c := callOf(n, accounts)
	return fmt.Appendf(b, `{"id":"%s","accountId":"%s","startedAt":"%s","direction":"%s","outcome":"%s","number":"%s","otherNumber":"%s","seconds":%d}`+"\n",
		c.id, c.account, c.started.Format(time.RFC3339), c.direction, c.outcome, c.number, c.other, c.seconds)
}

// lines is a reader of the lines from one number up to another.
type lines struct {
	next, end int
	line      func(b []byte, n int) []byte
	rest      []byte
	buffer    []byte
}

func newLines(from, to int, line func([]byte, int) []byte) *lines {
	return &lines{next: from, end: to, line: line}
}

func (l *lines) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		if l.next == l.end {
			return 0, io.EOF
		}
		l.buffer = l.buffer[:0]
		for len(l.buffer) < 64<<10 && l.next < l.end {
			l.buffer = l.line(l.buffer, l.next)
			l.next++
		}
		l.rest = l.buffer
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

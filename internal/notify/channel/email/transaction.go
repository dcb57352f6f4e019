package email

import (
	"context"
	"errors"
	"net/textproto"
	"strconv"
)

// transaction is how a mail is announced to the server, up to the moment at which it wants
// the text. A server that lets us (RFC 2920) gets all commands at once, which saves the
// way there and back for each.
type transaction struct {
	c     *connection
	lines []string
	said  int // how many of the lines went out
	heard int // how many of them were answered
}

// begin prepares the commands: sender, recipient, copies, and DATA.
func (c *connection) begin(l *letter) *transaction {
	sender := "MAIL FROM:" + path(l.from)
	if offered, _ := c.client.Extension("SIZE"); offered {
		sender += " SIZE=" + strconv.Itoa(l.size())
	}
	if l.utf8 {
		sender += " BODY=8BITMIME SMTPUTF8"
	}
	t := &transaction{c: c, lines: []string{sender, "RCPT TO:" + path(l.to)}}
	for _, to := range l.copies {
		t.lines = append(t.lines, "RCPT TO:"+path(to))
	}
	t.lines = append(t.lines, dataCommand)
	return t
}

const dataCommand = "DATA"

// next is the answer to the next command. The error is a *textproto.Error if there is one.
func (t *transaction) next(ctx context.Context) error {
	if err := t.c.wire.allow(ctx, commandPatience); err != nil {
		return err
	}
	if t.heard == t.said {
		if err := t.say(t.together()); err != nil {
			return err
		}
	}
	want := 2 // 2xx
	if t.lines[t.heard] == dataCommand {
		want = 354
	}
	t.heard++
	_, _, err := t.c.client.Text.ReadResponse(want)
	return err
}

// together is how many commands go out now. With copies, the text has to wait until it is
// known who is left: once the server wants it, nobody can be spared it.
func (t *transaction) together() int {
	offered, _ := t.c.client.Extension("PIPELINING")
	switch {
	case !offered || t.said > 0:
		return 1
	case len(t.lines) > 3:
		return len(t.lines) - 1
	default:
		return len(t.lines)
	}
}

func (t *transaction) say(n int) error {
	out := t.c.client.Text.W
	for _, line := range t.lines[t.said : t.said+n] {
		if _, err := out.WriteString(line + "\r\n"); err != nil {
			return err
		}
	}
	t.said += n
	return out.Flush()
}

// leave reads the answers that are still to come, and says whether the server waits for
// another command after them.
func (t *transaction) leave(ctx context.Context) bool {
	for t.heard < t.said {
		text := t.lines[t.heard] == dataCommand
		err := t.next(ctx)
		var answer *textproto.Error
		if text && err == nil || err != nil && (!errors.As(err, &answer) || answer.Code == closing) {
			return false
		}
	}
	return true
}

package email

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"github.com/foyerhq/foyer/internal/notify/channel"
	"github.com/foyerhq/foyer/internal/notify/channel/outbound"
)

const (
	// chunk is how much of a text is written before the server's time begins anew.
	chunk = 64 << 10
	// copyAttempts is how often a mail waits for a copy that the server does not take just
	// now. Then it goes without.
	copyAttempts = 3
)

// outcome is what became of a mail on a connection.
type outcome struct {
	result  channel.Result
	failure *channel.Error
	usable  bool // the connection can take another mail
	stale   bool // the connection had ended while nobody used it: another one may do
}

// deliver hands a mail over.
func (c *connection) deliver(ctx context.Context, l *letter) outcome {
	if failure := c.fits(l); failure != nil {
		return outcome{failure: failure, usable: true}
	}
	t := c.begin(l)
	if err := t.next(ctx); err != nil {
		o := c.senderRefused(err, l)
		if ctx.Err() != nil && !o.failure.Answered() {
			o.failure.Class = channel.Temporary // it was not the server that gave up
		}
		o.usable = o.usable && t.leave(ctx)
		return o
	}
	if err := t.next(ctx); err != nil {
		o := t.giveUp(ctx, err, "the server does not take the recipient")
		if c.notAllowed(err) {
			o.failure.Class = channel.Temporary
		}
		return o
	}
	refused, err := t.copies(ctx, l)
	if err != nil {
		return t.giveUp(ctx, err, "the server does not take a copy")
	}
	if err := t.next(ctx); err != nil {
		return t.giveUp(ctx, err, "the server does not take a text")
	}
	o := c.text(ctx, l)
	if o.failure == nil {
		o.result.Refused = append(l.refused, refused...)
	}
	return o
}

// fits says whether the server takes such mails at all.
func (c *connection) fits(l *letter) *channel.Error {
	if offered, _ := c.client.Extension("SMTPUTF8"); l.utf8 && !offered {
		return channel.Fail(channel.Permanent, channel.CodeMessage, "the server takes no addresses with letters other than a to z before the @")
	}
	_, limit := c.client.Extension("SIZE")
	if most, err := strconv.Atoi(limit); err == nil && most > 0 && l.size() > most {
		return channel.Fail(channel.Permanent, channel.CodeMessage, fmt.Sprintf("the mail has %d bytes, and the server takes at most %d", l.size(), most))
	}
	return nil
}

// senderRefused is what follows when the server does not begin a mail.
func (c *connection) senderRefused(err error, l *letter) outcome {
	var answer *textproto.Error
	if !errors.As(err, &answer) {
		failure := channel.Fail(channel.Broken, outbound.Code(err), "the connection was cut before the server took the sender: "+err.Error())
		return outcome{failure: failure, stale: c.mails > 0 && failure.Code == channel.CodeConnection}
	}
	class := classOf(answer)
	if class == channel.Permanent && answer.Code != tooBig && !l.utf8 { // else it is about this mail
		class = l.brokenIfOwn()
	}
	if answer.Code == closing {
		class = channel.Broken
	}
	failure := channel.Fail(class, code(answer), "the server does not take the sender: "+said(answer))
	return outcome{failure: failure, usable: answer.Code != closing, stale: answer.Code == closing && c.mails > 0}
}

// giveUp ends a mail that the server took a part of, so that the next can begin.
func (t *transaction) giveUp(ctx context.Context, err error, detail string) outcome {
	var answer *textproto.Error
	if !errors.As(err, &answer) {
		return outcome{failure: cut(err)}
	}
	failure := channel.Fail(classOf(answer), code(answer), detail+": "+said(answer))
	usable := answer.Code != closing && t.leave(ctx) && t.c.wire.allow(ctx, commandPatience) == nil && t.c.client.Reset() == nil
	return outcome{failure: failure, usable: usable}
}

// notAllowed says whether an answer may be about us rather than about the recipient: that a
// server refuses those who did not sign in is mended by signing in, and by then no mail
// should be lost. That one recipient is refused so must not stop the others' mails either.
func (c *connection) notAllowed(err error) bool {
	var answer *textproto.Error
	return errors.As(err, &answer) && c.way.username == "" && classOf(answer) == channel.Permanent && strings.Contains(code(answer), " 5.7.")
}

// copies are the answers for copies: it returns those that the server does not take. The
// error is that of a copy for which the mail waits, or of the connection.
func (t *transaction) copies(ctx context.Context, l *letter) (refused []string, err error) {
	for _, to := range l.copies {
		err := t.next(ctx)
		if err == nil {
			continue
		}
		var answer *textproto.Error
		if !errors.As(err, &answer) || classOf(answer) == channel.Temporary && l.attempt <= copyAttempts {
			return nil, err
		}
		refused = append(refused, channel.Clean(to.Address+": "+code(answer)+" "+said(answer), 500))
	}
	return refused, nil
}

// text sends headers and body. Before the last line nothing was accepted; after it nobody
// knows until the server has answered.
func (c *connection) text(ctx context.Context, l *letter) outcome {
	writer := c.client.Text.DotWriter()
	for _, text := range [][]byte{l.signature, l.text} {
		for part := range slices.Chunk(text, chunk) {
			err := c.wire.allow(ctx, commandPatience)
			if err == nil {
				_, err = writer.Write(part)
			}
			if err != nil {
				return outcome{failure: cut(err)}
			}
		}
	}
	if err := c.wire.allow(ctx, answerPatience); err != nil {
		return outcome{failure: cut(err)}
	}
	err := writer.Close()
	words := ""
	if err == nil {
		_, words, err = c.client.Text.ReadResponse(2)
	}
	return answered(words, err)
}

// answered is what follows from the answer to the text. The words of a server that took it
// are what staff find in its log.
func answered(words string, err error) outcome {
	var answer *textproto.Error
	switch {
	case err == nil:
		return outcome{result: channel.Result{ProviderID: channel.Clean(withoutStatus(words), 200)}, usable: true}
	case !errors.As(err, &answer):
		return outcome{failure: channel.Fail(channel.Uncertain, outbound.Code(err), "the connection was cut before the server had answered to the text: "+err.Error())}
	}
	class := channel.Temporary
	switch answer.Code / 100 {
	case 4:
	case 5:
		class = channel.Permanent
	default:
		return outcome{failure: channel.Fail(channel.Uncertain, channel.CodeAnswer, "the server answered to the text with "+answer.Error())}
	}
	failure := channel.Fail(class, code(answer), "the server does not take the mail: "+said(answer))
	return outcome{failure: failure, usable: answer.Code != closing}
}

package email

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail/smtp"

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
	c.client.SkipSMTPUTF8(!l.utf8)
	err := c.command(ctx, func() error { return c.client.Mail(path(l.from)) })
	if err != nil {
		return c.senderRefused(err, l)
	}
	err = c.command(ctx, func() error { return c.client.Rcpt(path(l.to)) })
	if err != nil {
		o := c.giveUp(ctx, err, "the server does not take the recipient")
		if c.notAllowed(err) {
			o.failure.Class = channel.Temporary
		}
		return o
	}
	refused, err := c.copies(ctx, l)
	if err != nil {
		return c.giveUp(ctx, err, "the server does not take a copy")
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

// command gives the server time for a command.
func (c *connection) command(ctx context.Context, run func() error) error {
	if err := c.wire.allow(ctx, commandPatience); err != nil {
		return err
	}
	return run()
}

// senderRefused is what follows when the server does not begin a mail.
func (c *connection) senderRefused(err error, l *letter) outcome {
	var answer *textproto.Error
	if !errors.As(err, &answer) {
		return outcome{failure: cut(err), stale: c.mails > 0 && outbound.Code(err) == channel.CodeConnection}
	}
	class := classOf(answer)
	if class == channel.Permanent {
		class = l.brokenIfOwn()
	}
	if answer.Code == closing {
		class = channel.Broken
	}
	failure := channel.Fail(class, code(answer), "the server does not take the sender: "+said(answer))
	return outcome{failure: failure, usable: answer.Code != closing, stale: answer.Code == closing && c.mails > 0}
}

// giveUp ends a mail that the server took a part of, so that the next can begin.
func (c *connection) giveUp(ctx context.Context, err error, detail string) outcome {
	var answer *textproto.Error
	if !errors.As(err, &answer) {
		return outcome{failure: cut(err)}
	}
	failure := channel.Fail(classOf(answer), code(answer), detail+": "+said(answer))
	return outcome{failure: failure, usable: answer.Code != closing && c.command(ctx, c.client.Reset) == nil}
}

// notAllowed says whether an answer may be about us rather than about the recipient: that a
// server refuses those who did not sign in is mended by signing in, and by then no mail
// should be lost. That one recipient is refused so must not stop the others' mails either.
func (c *connection) notAllowed(err error) bool {
	var answer *textproto.Error
	return errors.As(err, &answer) && c.way.username == "" && classOf(answer) == channel.Permanent && strings.Contains(code(answer), " 5.7.")
}

// copies names the recipients of copies and returns those that the server does not take.
// The error is that of a copy for which the mail waits, or of the connection.
func (c *connection) copies(ctx context.Context, l *letter) (refused []string, err error) {
	for _, to := range l.copies {
		err := c.command(ctx, func() error { return c.client.Rcpt(path(to)) })
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
	var writer io.WriteCloser
	err := c.command(ctx, func() (err error) {
		writer, err = c.client.Data()
		return err
	})
	if err != nil {
		return c.giveUp(ctx, err, "the server does not take a text")
	}
	for _, text := range [][]byte{l.signature, l.text} {
		for part := range slices.Chunk(text, chunk) {
			err := c.command(ctx, func() error {
				_, err := writer.Write(part)
				return err
			})
			if err != nil {
				return outcome{failure: cut(err)}
			}
		}
	}
	if err := c.wire.allow(ctx, answerPatience); err != nil {
		return outcome{failure: cut(err)}
	}
	return answered(writer)
}

// answered ends the text and reads what the server says of it.
func answered(writer io.WriteCloser) outcome {
	err := writer.Close()
	var answer *textproto.Error
	switch {
	case err == nil:
		words := ""
		if closer, ok := writer.(*smtp.DataCloser); ok {
			words = closer.ServerResponse()
		}
		return taken(words)
	case !errors.As(err, &answer):
		return outcome{failure: channel.Fail(channel.Uncertain, outbound.Code(err), "the connection was cut before the server had answered to the text: "+err.Error())}
	}
	class := channel.Temporary
	switch answer.Code / 100 {
	case 2:
		return taken(answer.Msg)
	case 4:
	case 5:
		class = channel.Permanent
	default:
		return outcome{failure: channel.Fail(channel.Uncertain, channel.CodeAnswer, "the server answered to the text with "+answer.Error())}
	}
	failure := channel.Fail(class, code(answer), "the server does not take the mail: "+said(answer))
	return outcome{failure: failure, usable: answer.Code != closing}
}

// taken is a mail that the server has. Its words are what staff find in its log.
func taken(words string) outcome {
	return outcome{result: channel.Result{ProviderID: channel.Clean(withoutStatus(words), 200)}, usable: true}
}

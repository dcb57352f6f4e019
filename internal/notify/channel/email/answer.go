package email

import (
	"fmt"
	"net/textproto"
	"regexp"

	"github.com/foyerhq/foyer/internal/notify/channel"
	"github.com/foyerhq/foyer/internal/notify/channel/outbound"
)

// closing is the answer of a server that ends the connection.
const closing = 421

// tooBig is the answer to a mail of a size that the server does not take.
const tooBig = 552

// enhanced is the status that many servers begin the lines of an answer with (RFC 2034).
var enhanced = regexp.MustCompile(`(?m)^[245]\.[0-9]{1,3}\.[0-9]{1,3}\s`)

// code is an answer's codes, as "550 5.1.1".
func code(answer *textproto.Error) string {
	status := enhanced.FindString(answer.Msg + " ")
	return fmt.Sprintf("%d %s", answer.Code, status)
}

// said is an answer's text.
func said(answer *textproto.Error) string { return withoutStatus(answer.Msg) }

func withoutStatus(text string) string { return enhanced.ReplaceAllString(text, "") }

// classOf is what an answer says of one mail.
func classOf(answer *textproto.Error) channel.Class {
	switch {
	case answer.Code == 503 || answer.Code >= 530 && answer.Code <= 538:
		return channel.Broken // the server wants to know first who we are
	case answer.Code/100 == 5:
		return channel.Permanent
	default:
		return channel.Temporary
	}
}

// cut is a connection that ended while the server had nothing to deliver yet.
func cut(err error) *channel.Error {
	return channel.Fail(channel.Temporary, outbound.Code(err), "the connection was cut before the mail was complete: "+err.Error())
}

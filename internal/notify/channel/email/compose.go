package email

import (
	"bytes"
	"cmp"
	"crypto"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/message/address"
	"github.com/foyerhq/foyer/internal/notify/channel"
)

// letter is a mail as it goes over the wire.
type letter struct {
	from    *mail.Address
	own     bool // the sender is the tenant's own, so what is wrong with it is so for everybody
	to      *mail.Address
	copies  []*mail.Address // CC and BCC, each once
	refused []string        // copies whose addresses are none
	utf8    bool            // an address has letters that only some servers take
	attempt int
	// hello is what we say to the server that our name is. That of a pod is nobody's
	// business, and some servers want one that they find in the DNS.
	hello string
	// signature comes before text: it is the first header.
	signature []byte
	text      []byte // headers and body
}

// compose makes a mail of a message, signed if there is a key.
func compose(m channel.Message, of config.EmailChannel, key crypto.Signer, now time.Time) (*letter, *channel.Error) {
	l := &letter{own: m.From == "" || m.From == of.From, attempt: m.Attempt}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if failure := l.sender(msg, m, of); failure != nil {
		return nil, failure
	}
	if err := errors.Join(l.recipients(msg, m), l.headers(msg, m, now), body(msg, m)); err != nil {
		return nil, channel.Fail(channel.Permanent, channel.CodeMessage, err.Error())
	}
	var text bytes.Buffer
	text.Grow(2*len(m.Text) + 2*len(m.HTML) + attached(m)*3/2 + 2048) // more is rarely needed
	if _, err := msg.WriteTo(&text); err != nil {
		return nil, channel.Fail(channel.Permanent, channel.CodeMessage, "the mail cannot be written: "+err.Error())
	}
	l.text = text.Bytes()
	if key == nil {
		return l, nil
	}
	if err := l.sign(of.DKIM, key, now); err != nil {
		return nil, channel.Fail(channel.Broken, channel.CodeSettings, err.Error())
	}
	return l, nil
}

// size is how many bytes go over the wire.
func (l *letter) size() int { return len(l.signature) + len(l.text) }

// sender sets from whom it is, and who gets the answers.
func (l *letter) sender(msg *gomail.Msg, m channel.Message, of config.EmailChannel) *channel.Error {
	if l.own && of.From == "" {
		return channel.Fail(channel.Broken, channel.CodeSettings, "the Tenant sends no mails: set spec.email.from")
	}
	var err error
	if l.from, err = address.Parse(cmp.Or(m.From, of.From)); err != nil {
		return channel.Fail(l.brokenIfOwn(), channel.CodeSettings, "the sender: "+err.Error())
	}
	if tenants, err := address.Parse(of.From); err == nil {
		l.own = l.from.Address == tenants.Address // whoever asks may have put it there
		l.hello = address.Host(tenants)
	}
	l.hello = cmp.Or(l.hello, address.Host(l.from))
	msg.FromMailAddress(l.from)
	if of.ReplyTo != "" {
		replyTo, err := address.Parse(of.ReplyTo)
		if err != nil {
			return channel.Fail(channel.Broken, channel.CodeSettings, "spec.email.replyTo: "+err.Error())
		}
		msg.ReplyToMailAddress(replyTo)
	}
	return nil
}

// brokenIfOwn is the class of what is wrong with the sender.
func (l *letter) brokenIfOwn() channel.Class {
	if l.own {
		return channel.Broken
	}
	return channel.Permanent
}

// recipients sets to whom it goes. Those of BCC are in the envelope only. A copy whose
// address is none keeps nobody else from the mail.
func (l *letter) recipients(msg *gomail.Msg, m channel.Message) error {
	var err error
	if l.to, err = address.Parse(m.To); err != nil {
		return err
	}
	msg.ToMailAddress(l.to)
	cc := l.parseCopies(m.CC)
	if len(cc) > 0 {
		msg.CcMailAddress(cc...)
	}
	l.utf8 = !isASCII(l.from.Address) || !isASCII(l.to.Address)
	known := map[string]bool{l.to.Address: true}
	for _, a := range append(cc, l.parseCopies(m.BCC)...) {
		if !known[a.Address] {
			known[a.Address] = true
			l.copies = append(l.copies, a)
			l.utf8 = l.utf8 || !isASCII(a.Address)
		}
	}
	return nil
}

func (l *letter) parseCopies(texts []string) []*mail.Address {
	var all []*mail.Address
	for _, text := range texts {
		a, err := address.Parse(text)
		if err != nil {
			l.refused = append(l.refused, channel.Clean(err.Error(), 500))
			continue
		}
		all = append(all, a)
	}
	return all
}

var (
	messageID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)
	language  = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`)
)

// headers sets what is neither an address nor a part of the body.
func (l *letter) headers(msg *gomail.Msg, m channel.Message, now time.Time) error {
	if !messageID.MatchString(m.ID) {
		return errors.New("the message has no id that can be a Message-ID")
	}
	subject, err := subject(m.Subject)
	if err != nil {
		return err
	}
	at := m.At
	if at.IsZero() {
		at = now
	}
	msg.SetMessageIDWithValue(m.ID + "@" + address.Host(l.from))
	msg.SetDateWithValue(at.UTC())
	msg.SetGenHeader(gomail.HeaderSubject, subject)
	// Nobody's absence is to be told to a machine, and no two machines are to talk.
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader(gomail.HeaderXAutoResponseSuppress, "OOF, AutoReply")
	if language.MatchString(m.Locale) {
		msg.SetGenHeader(gomail.HeaderContentLang, m.Locale)
	}
	switch m.Priority {
	case "High":
		priority(msg, "high", "urgent", "1")
	case "Low":
		priority(msg, "low", "non-urgent", "5")
	}
	if m.Unsubscribe != "" {
		return unsubscribe(msg, m.Unsubscribe)
	}
	return nil
}

func priority(msg *gomail.Msg, importance, priority, number string) {
	msg.SetGenHeader(gomail.HeaderImportance, importance) // Outlook, Gmail
	msg.SetGenHeader(gomail.HeaderPriority, priority)     // RFC 2156
	msg.SetGenHeader(gomail.HeaderXPriority, number)      // Thunderbird, Apple Mail
}

// unsubscribe lets mail programs show a button (RFC 8058).
func unsubscribe(msg *gomail.Msg, at string) error {
	parsed, err := url.Parse(at)
	if err != nil || parsed.Scheme != "https" || parsed.Host == "" || len(at) > 900 || !isASCII(at) {
		return errors.New("the address to unsubscribe at is no https:// address that fits into a header")
	}
	return msg.SetListUnsubscribeOneClick(at)
}

// subject is a text as one header.
func subject(text string) (string, error) {
	if strings.ContainsFunc(text, func(r rune) bool { return r != '\t' && (r < ' ' || r == 0x7f) }) || !utf8.ValidString(text) {
		return "", errors.New("the subject has a line break or another character that no subject has")
	}
	words := strings.Fields(text)
	text = strings.Join(words, " ")
	plain := isASCII(text) && !strings.Contains(text, "=?") // which begins an encoded word
	for _, word := range words {
		plain = plain && len(word) <= longWord
	}
	if !plain {
		text = encodedWords(text)
	}
	return text, nil
}

// body sets text, HTML and attachments.
func body(msg *gomail.Msg, m channel.Message) error {
	switch {
	case m.HTML == "":
		msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	case m.Text == "":
		msg.SetBodyString(gomail.TypeTextHTML, m.HTML)
	default:
		msg.SetBodyString(gomail.TypeTextPlain, m.Text)
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	for _, a := range m.Attachments {
		msg.AttachReadSeeker(fileName(a.Name), bytes.NewReader(a.Body))
	}
	if size := attached(m); size > channel.MaxAttachments {
		return fmt.Errorf("the attachments have %d bytes: %d is the most, send a link instead", size, channel.MaxAttachments)
	}
	for n, file := range msg.GetAttachments() {
		describe(file, m.Attachments[n].MediaType)
	}
	return nil
}

// attached is how many bytes the attachments have.
func attached(m channel.Message) int {
	size := 0
	for _, a := range m.Attachments {
		size += len(a.Body)
	}
	return size
}

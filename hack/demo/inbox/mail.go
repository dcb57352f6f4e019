package inbox

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"

	"github.com/foyerhq/foyer/internal/testenv/smtp"
)

// mostMail bounds a mail with its attachments, as large servers do.
const mostMail = 25 << 20

// ServeMail starts the mail server. The caller closes it.
func (b *Inbox) ServeMail(address string, certificate tls.Certificate) (*smtp.Server, error) {
	return smtp.Start(smtp.Options{
		Address: address, Security: smtp.StartTLS, Users: b.Passwords, MaxBytes: mostMail, Certificate: &certificate, OnMail: b.takeMail,
	})
}

func (b *Inbox) takeMail(came smtp.Mail) {
	m := Message{Kind: Mail, Tenant: came.User, From: came.From, To: came.To, Source: string(came.Text)}
	if err := m.read(came.Text); err != nil {
		m.Text = fmt.Sprintf("The inbox cannot read this mail: %v", err)
	}
	b.add(m) // one that was sent twice is two mails
}

var words = &mime.WordDecoder{}

// read fills in what a mail says.
func (m *Message) read(source []byte) error {
	parsed, err := mail.ReadMessage(bytes.NewReader(source))
	if err != nil {
		return err
	}
	decoded := func(field string) string {
		text, err := words.DecodeHeader(parsed.Header.Get(field))
		if err != nil {
			return parsed.Header.Get(field)
		}
		return text
	}
	m.Subject, m.From = decoded("Subject"), cmp.Or(decoded("From"), m.From)
	return m.part(parsed.Header, parsed.Body, 0)
}

// header is that of a mail, or of a part of one.
type header interface{ Get(field string) string }

// mostDepth bounds parts in parts.
const mostDepth = 8

func (m *Message) part(h header, body io.Reader, depth int) error {
	kind, params, err := mime.ParseMediaType(cmp.Or(h.Get("Content-Type"), "text/plain"))
	if err != nil {
		return err
	}
	if strings.HasPrefix(kind, "multipart/") && depth < mostDepth {
		return m.parts(multipart.NewReader(body, params["boundary"]), depth+1)
	}
	disposition, named, _ := mime.ParseMediaType(h.Get("Content-Disposition")) // without one it is shown
	content, err := io.ReadAll(decode(h.Get("Content-Transfer-Encoding"), body))
	text := strings.ReplaceAll(string(content), "\r\n", "\n")
	switch {
	case err != nil:
		return err
	case disposition == "attachment" || !strings.HasPrefix(kind, "text/"):
		m.Attachments = append(m.Attachments, cmp.Or(named["filename"], params["name"], kind))
	case kind == "text/html":
		m.HTML += text
	default:
		m.Text += text
	}
	return nil
}

func (m *Message) parts(reader *multipart.Reader, depth int) error {
	for {
		part, err := reader.NextRawPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := m.part(part.Header, part, depth); err != nil {
			return err
		}
	}
}

func decode(encoding string, body io.Reader) io.Reader {
	switch strings.ToLower(encoding) {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	}
	return body
}

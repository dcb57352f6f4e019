package notify

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/notify/channel"
	"github.com/foyerhq/foyer/internal/notify/channel/email"
	"github.com/foyerhq/foyer/internal/testenv/postfix"
	"github.com/foyerhq/foyer/internal/testenv/smtp"
)

// person and parsed are what mail.js writes.
type person struct {
	Name    string `json:"name"`
	Address string `json:"address"`
}

type attachment struct {
	FileName    string `json:"filename"`
	MediaType   string `json:"contentType"`
	Disposition string `json:"contentDisposition"`
	Size        int    `json:"size"`
	SHA256      string `json:"sha256"`
}

type parsed struct {
	From, To, CC, BCC, ReplyTo []person
	Subject, MessageID         string
	Date                       time.Time
	Priority, Language         string
	AutoSubmitted              string
	Unsubscribe                string
	UnsubscribePost            any
	Text, HTML                 string
	Headers                    []string
	Attachments                []attachment
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// sender is one that signs its mails; record is what verifies them.
func sender(t *testing.T, authority string, of config.SMTP) (s *email.Sender, record string) {
	t.Helper()
	dir := t.TempDir()
	secret(t, dir, "smtp/ca.crt", authority)
	secret(t, dir, "smtp/username", postfix.User)
	secret(t, dir, "smtp/password", postfix.Password)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	secret(t, dir, "dkim/key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	s = email.New(email.Options{
		Channel: func() config.EmailChannel {
			return config.EmailChannel{
				From: "Acme Télécom <billing@acme.example>", ReplyTo: "help@acme.example", SMTP: of,
				DKIM: config.DKIM{Domain: "acme.example", Selector: "foyer"},
			}
		},
		SecretsDir: dir, Guard: loopback, Now: time.Now,
	})
	t.Cleanup(func() { s.Close() })
	return s, "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)
}

// verify checks the signature of a mail with a library that did not make it.
func verify(t *testing.T, text []byte, record string) {
	t.Helper()
	found, err := dkim.VerifyWithOptions(bytes.NewReader(text), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
		if name != "foyer._domainkey.acme.example" {
			return nil, fmt.Errorf("no record of %s", name)
		}
		return []string{record}, nil
	}})
	if err != nil || len(found) != 1 || found[0].Err != nil || found[0].Domain != "acme.example" {
		t.Errorf("signatures %v, %v of\n%s", found, err, text)
	}
}

func message(id, to string) channel.Message {
	return channel.Message{
		ID: id, Attempt: 1, To: to, Subject: "Ihre Rechnung für März – zahlbar bis 31. März", Locale: "de-CH", At: noon,
		Text: "Grüezi Anna\n\n.\n..\nSie finden die Rechnung in der Beilage.\n" + strings.Repeat("Ein langer Satz. ", 200) + "\n",
		HTML: "<!doctype html><p>Grüezi Anna</p>\n<p>Sie finden die Rechnung in der Beilage.</p>\n",
	}
}

// A mail with everything, as a mail program reads it.
func TestMailsAreReadAsTheyWereMeant(t *testing.T) {
	server := smtp.New(t, smtp.Options{Security: smtp.TLS})
	s, record := sender(t, server.Authority(), config.SMTP{Host: server.Host(), Port: server.Port()})
	full := message("n-full", "Änna Müller <anna@bücher.example>")
	full.CC, full.BCC = []string{`"Muster, Bob" <bob@example.com>`}, []string{"archive@acme.example"}
	full.Priority, full.Unsubscribe = "High", "https://my.acme.example/unsubscribe/abc.def-_"
	full.Attachments = []channel.Attachment{
		{Name: "Rechnung März (Kopie) für Müller & Söhne AG – definitive Fassung.pdf", MediaType: "application/pdf", Body: bytes.Repeat([]byte("%PDF\x00\xff\r\n.\r\n"), 1000)},
		{Name: "calls.csv", MediaType: "text/csv", Body: []byte("a;b\r\n")},
	}
	plain := channel.Message{ID: "n-plain", Attempt: 1, To: "anna@example.com", Subject: "Hello", Text: "Hello\n", At: noon}
	for _, m := range []channel.Message{full, plain} {
		if _, err := s.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	mails := server.Wait(t, 2)
	var got parsed
	npm(t, "mail", mails[0].Text, &got)
	want := parsed{
		From: []person{{"Acme Télécom", "billing@acme.example"}}, To: []person{{"Änna Müller", "anna@xn--bcher-kva.example"}},
		CC: []person{{"Muster, Bob", "bob@example.com"}}, ReplyTo: []person{{"", "help@acme.example"}},
		Subject: full.Subject, MessageID: "<n-full@acme.example>", Date: noon, Priority: "high", Language: "de-CH", AutoSubmitted: "auto-generated",
		Unsubscribe: full.Unsubscribe, Text: full.Text, HTML: full.HTML,
	}
	for _, a := range full.Attachments {
		sum := sha256.Sum256(a.Body)
		want.Attachments = append(want.Attachments, attachment{a.Name, a.MediaType, "attachment", len(a.Body), hex.EncodeToString(sum[:])})
	}
	got.UnsubscribePost, got.Headers = nil, nil
	if got.To[0].Address == "anna@bücher.example" { // a parser may show the name that people know
		got.To[0].Address = want.To[0].Address
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +\n%s", diff)
	}
	verify(t, mails[0].Text, record)
	got = parsed{}
	npm(t, "mail", mails[1].Text, &got)
	headers := []string{"auto-submitted", "content-transfer-encoding", "content-type", "date", "dkim-signature", "from", "message-id", "mime-version", "reply-to", "subject", "to", "x-auto-response-suppress"}
	if diff := cmp.Diff(headers, got.Headers); diff != "" {
		t.Errorf("want -, got +\n%s", diff)
	}
	if got.Text != "Hello\n" || got.HTML != "" {
		t.Errorf("text %q, HTML %q", got.Text, got.HTML)
	}
	verify(t, mails[1].Text, record)
}

// Postfix takes our mails by each of its doors, with SCRAM, and delivers them unharmed.
func TestPostfix(t *testing.T) {
	server := postfix.New(t)
	for name, of := range map[string]config.SMTP{
		"StartTLS": {Host: "localhost", Port: server.StartTLS, Security: config.SMTPStartTLS, Signed: true},
		"TLS":      {Host: "127.0.0.1", Port: server.TLS, Signed: true},
		"None":     {Host: "127.0.0.1", Port: server.Plain, Security: config.SMTPNone},
	} {
		t.Run(name, func(t *testing.T) {
			s, record := sender(t, server.Authority(), of)
			before := len(server.Mails(t, postfix.Anna))
			m := message("n-"+name, postfix.Anna)
			m.Attachments = []channel.Attachment{{Name: "invoice.pdf", MediaType: "application/pdf", Body: bytes.Repeat([]byte{0, 255, '\n'}, 10000)}}
			result, err := s.Send(t.Context(), m)
			if err != nil {
				t.Fatalf("%v\n%s", err, server.Log())
			}
			if !strings.HasPrefix(result.ProviderID, "Ok: queued as ") {
				t.Errorf("Postfix's name of it is %q", result.ProviderID)
			}
			mails := server.Wait(t, postfix.Anna, before+1)
			text := mails[len(mails)-1]
			verify(t, text, record)
			var got parsed
			npm(t, "mail", text, &got)
			if got.MessageID != "<n-"+name+"@acme.example>" || got.Subject != m.Subject || got.Text != m.Text || len(got.Attachments) != 1 || got.Attachments[0].Size != 30000 {
				t.Errorf("got %+v", got)
			}
		})
	}
	if log := server.Log(); strings.Count(log, "sasl_method=SCRAM-SHA-256, sasl_username="+postfix.User+"@"+postfix.Domain) != 2 {
		t.Errorf("not signed in with SCRAM twice:\n%s", log)
	}
}

func TestWhatPostfixRefuses(t *testing.T) {
	server := postfix.New(t)
	signed := config.SMTP{Host: "127.0.0.1", Port: server.TLS, Signed: true}
	open := config.SMTP{Host: "127.0.0.1", Port: server.Plain, Security: config.SMTPNone}
	for _, test := range []struct {
		name     string
		of       config.SMTP
		password string
		change   func(*channel.Message)
		class    channel.Class
		code     string
	}{
		{"a wrong password", signed, "wrong", nil, channel.Broken, "535 5.7.8"},
		{"no sign-in", config.SMTP{Host: "127.0.0.1", Port: server.TLS}, "", nil, channel.Temporary, "554 5.7.1"},
		{"TLS where there is none", config.SMTP{Host: "127.0.0.1", Port: server.Plain}, "", nil, channel.Broken, channel.CodeTLS},
		{"no such person", open, "", func(m *channel.Message) { m.To = "nobody@" + postfix.Domain }, channel.Permanent, "550 5.1.1"},
		{"relaying", open, "", func(m *channel.Message) { m.To = "anna@elsewhere.example" }, channel.Temporary, "554 5.7.1"},
		{"greylisting", open, "", func(m *channel.Message) { m.To = postfix.Later }, channel.Temporary, "450 4.7.1"},
		{"too big", open, "", func(m *channel.Message) { m.Text = strings.Repeat("0123456789\n", postfix.MaxBytes/10) }, channel.Permanent, channel.CodeMessage},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, _ := sender(t, server.Authority(), test.of)
			if test.password != "" {
				s = wrong(t, server, test.of, test.password)
			}
			m := message("n1", postfix.Bob)
			if test.change != nil {
				test.change(&m)
			}
			_, err := s.Send(t.Context(), m)
			var got *channel.Error
			if !errors.As(err, &got) || got.Class != test.class || got.Code != test.code {
				t.Errorf("got %v, want %s %q", err, test.class, test.code)
			}
		})
	}
	if n := len(server.Mails(t, postfix.Bob)); n != 0 {
		t.Errorf("%d mails arrived", n)
	}
}

// wrong is a sender with another password.
func wrong(t *testing.T, server *postfix.Server, of config.SMTP, password string) *email.Sender {
	t.Helper()
	dir := t.TempDir()
	secret(t, dir, "smtp/ca.crt", server.Authority())
	secret(t, dir, "smtp/username", postfix.User)
	secret(t, dir, "smtp/password", password)
	s := email.New(email.Options{
		Channel:    func() config.EmailChannel { return config.EmailChannel{From: "billing@acme.example", SMTP: of} },
		SecretsDir: dir, Guard: loopback, Now: time.Now,
	})
	t.Cleanup(func() { s.Close() })
	return s
}

// Many at once arrive once each.
func TestManyMailsThroughPostfix(t *testing.T) {
	server := postfix.New(t)
	s, _ := sender(t, server.Authority(), config.SMTP{Host: "127.0.0.1", Port: server.TLS, Signed: true})
	const mails = 100
	var senders sync.WaitGroup
	for n := range mails {
		senders.Go(func() {
			m := message(fmt.Sprint("n", n), postfix.Anna)
			m.CC = []string{postfix.Bob, "nobody@" + postfix.Domain}
			result, err := s.Send(t.Context(), m)
			if err != nil || len(result.Refused) != 1 || !strings.HasPrefix(result.Refused[0], "nobody@"+postfix.Domain+": 550 5.1.1") {
				t.Errorf("%v, %v", result, err)
			}
		})
	}
	senders.Wait()
	for _, box := range []string{postfix.Anna, postfix.Bob} {
		ids := map[string]bool{}
		for _, text := range server.Wait(t, box, mails) {
			_, after, _ := strings.Cut(string(text), "Message-ID: <")
			id, _, _ := strings.Cut(after, "@")
			ids[id] = true
		}
		if len(ids) != mails {
			t.Errorf("%d different mails came to %s", len(ids), box)
		}
	}
	if n := strings.Count(server.Log(), "sasl_method="); n < mails {
		t.Errorf("only %d mails were signed in for", n)
	}
	if n := strings.Count(server.Log(), "/smtpd["); n == 0 || strings.Count(server.Log(), ": connect from") > email.Connections+1 {
		t.Errorf("%d connections:\n%s", strings.Count(server.Log(), ": connect from"), server.Log())
	}
}

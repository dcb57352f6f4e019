package email

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/notify/channel"
)

var tenant = config.EmailChannel{From: "Acme Télécom <billing@acme.example>", ReplyTo: "Help Desk <help@acme.example>"}

// composed is a message as a mail.
func composed(t testing.TB, m channel.Message) *letter {
	t.Helper()
	l, failure := compose(m, tenant, nil, noon)
	if failure != nil {
		t.Fatal(failure)
	}
	return l
}

// read is a mail as package net/mail reads it.
func read(t testing.TB, text []byte) *mail.Message {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return m
}

// headerOf is a header of a mail, as it is written.
func headerOf(t testing.TB, text []byte, name string) string {
	t.Helper()
	return read(t, text).Header.Get(name)
}

// part is a leaf of a mail.
type part struct {
	Type, File string
	Body       string
}

// parts are the leaves of a mail or of a part, below the multiparts that hold them.
func parts(t testing.TB, header textproto.MIMEHeader, body io.Reader) (leaves []part) {
	t.Helper()
	of, parameters, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		t.Fatalf("Content-Type %q: %v", header.Get("Content-Type"), err)
	}
	if strings.HasPrefix(of, "multipart/") {
		reader := multipart.NewReader(body, parameters["boundary"])
		for {
			p, err := reader.NextRawPart()
			if err == io.EOF {
				return leaves
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, leaf := range parts(t, p.Header, p) {
				leaf.Type = of + " > " + leaf.Type
				leaves = append(leaves, leaf)
			}
		}
	}
	switch header.Get("Content-Transfer-Encoding") {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	content, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	_, disposition, err := mime.ParseMediaType(header.Get("Content-Disposition"))
	if err != nil && header.Get("Content-Disposition") != "" {
		t.Fatal(err)
	}
	return []part{{Type: of, File: disposition["filename"], Body: strings.ReplaceAll(string(content), "\r\n", "\n")}}
}

func TestHeaders(t *testing.T) {
	m := message("0199a1b2-c3d4-7000-8000-000000000001")
	m.To, m.CC, m.BCC = "Änna Muster <anna@example.com>", []string{"bob@example.com", "Carla <carla@example.com>"}, []string{"archive@acme.example"}
	m.Subject, m.Locale, m.Priority = "Ihre Rechnung für März", "de-CH", "High"
	m.Unsubscribe = "https://my.acme.example/unsubscribe/abc.def"
	decoder := mime.WordDecoder{}
	got := map[string]string{}
	for name, values := range read(t, composed(t, m).text).Header {
		value, err := decoder.DecodeHeader(strings.Join(values, "|"))
		if err != nil {
			t.Fatal(err)
		}
		got[name] = value
	}
	if !strings.HasPrefix(got["Content-Type"], "multipart/alternative;") {
		t.Error(got["Content-Type"])
	}
	delete(got, "Content-Type") // its boundary is always another
	want := map[string]string{
		"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "OOF, AutoReply",
		"Cc":               `<bob@example.com>, "Carla" <carla@example.com>`,
		"Content-Language": "de-CH", "Date": "Sun, 22 Nov 2026 12:00:00 +0000",
		"From":       "Acme Télécom <billing@acme.example>",
		"Importance": "high", "Priority": "urgent", "X-Priority": "1",
		"List-Unsubscribe": "<https://my.acme.example/unsubscribe/abc.def>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
		"Message-Id":   "<0199a1b2-c3d4-7000-8000-000000000001@acme.example>",
		"Mime-Version": "1.0", "Reply-To": `"Help Desk" <help@acme.example>`,
		"Subject": "Ihre Rechnung für März", "To": "Änna Muster <anna@example.com>",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +\n%s", diff)
	}
}

// What a mail does not need is not in it.
// A name is read as it was meant, whatever is in it.
func TestSendersNames(t *testing.T) {
	for _, name := range []string{"Acme, Inc.", "Acme: Rechnungen", "Acme [EU]; x", "Acme (Germany)", `Acme "the best" \o/`, "Acmé (Suisse), S.à r.l."} {
		of := config.EmailChannel{From: name + " <billing@acme.example>"}
		l, failure := compose(message("n1"), of, nil, noon)
		if failure != nil {
			t.Errorf("%s: %v", name, failure)
			continue
		}
		wellFormed(t, l.text)
		from, err := mail.ParseAddress(headerOf(t, l.text, "From"))
		if err != nil || from.Name != name || from.Address != "billing@acme.example" || !l.own {
			t.Errorf("%s is read as %v (%v)", name, from, err)
		}
	}
}

func TestFewHeaders(t *testing.T) {
	m := message("n1")
	m.Locale, m.HTML, m.From = "not a language", "", "sales@other.example"
	header := read(t, composed(t, m).text).Header
	for _, name := range []string{"Cc", "Content-Language", "Importance", "List-Unsubscribe", "List-Unsubscribe-Post", "Priority", "User-Agent", "X-Mailer", "X-Priority", "Bcc"} {
		if value := header.Get(name); value != "" {
			t.Errorf("%s: %s", name, value)
		}
	}
	if got := header.Get("Message-ID"); got != "<n1@other.example>" {
		t.Errorf("Message-ID %s is not of the sender's domain", got)
	}
}

func TestBodies(t *testing.T) {
	const text, html = "Grüezi\n.\n.a line that begins with a dot\n", "<p>Grüezi &amp; guten Tag</p>\n"
	pdf := channel.Attachment{Name: "invoice.pdf", MediaType: "application/pdf", Body: []byte("%PDF-1.7\n.\r\n\x00\xff")}
	odd := channel.Attachment{Name: "../Rechnung \"März\".csv\r\nBcc: x@example.com", MediaType: "no type\r\n", Body: []byte("a;b\n")}
	for _, test := range []struct {
		name       string
		text, html string
		attached   []channel.Attachment
		want       []part
	}{
		{"text", text, "", nil, []part{{"text/plain", "", text}}},
		{"html", "", html, nil, []part{{"text/html", "", html}}},
		{"nothing", "", "", nil, []part{{"text/plain", "", ""}}},
		{"both", text, html, nil, []part{{"multipart/alternative > text/plain", "", text}, {"multipart/alternative > text/html", "", html}}},
		{"all", text, html, []channel.Attachment{pdf, odd}, []part{
			{"multipart/mixed > multipart/alternative > text/plain", "", text}, {"multipart/mixed > multipart/alternative > text/html", "", html},
			{"multipart/mixed > application/pdf", "invoice.pdf", "%PDF-1.7\n.\n\x00\xff"},
			{"multipart/mixed > application/octet-stream", ".._Rechnung _März_.csv Bcc_ x@example.com", "a;b\n"},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := message("n1")
			m.Text, m.HTML, m.Attachments = test.text, test.html, test.attached
			mail := read(t, composed(t, m).text)
			if diff := cmp.Diff(test.want, parts(t, textproto.MIMEHeader(mail.Header), mail.Body)); diff != "" {
				t.Errorf("want -, got +\n%s", diff)
			}
		})
	}
}

func TestSubjects(t *testing.T) {
	for _, text := range []string{
		"Hello", "", "two  spaces\tand a tab", "Grüße", "=?utf-8?q?not_encoded?=", strings.Repeat("long", 500), strings.Repeat("ä", 500),
		strings.Repeat("😀 ", 200), strings.Repeat("a ", 500), "a " + strings.Repeat("b", 100) + " c", "\u2028\u0085",
	} {
		m := message("n1")
		m.Subject = text
		got, err := new(mime.WordDecoder).DecodeHeader(headerOf(t, composed(t, m).text, "Subject"))
		if err != nil {
			t.Fatal(err)
		}
		if want := strings.Join(strings.Fields(text), " "); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestNothingGetsIntoAHeader(t *testing.T) {
	for name, change := range map[string]func(*channel.Message, string){
		"subject":     func(m *channel.Message, s string) { m.Subject += s },
		"to":          func(m *channel.Message, s string) { m.To += s },
		"name":        func(m *channel.Message, s string) { m.To = "Anna" + s + " <anna@example.com>" },
		"from":        func(m *channel.Message, s string) { m.From = "a@example.com" + s },
		"id":          func(m *channel.Message, s string) { m.ID += s },
		"unsubscribe": func(m *channel.Message, s string) { m.Unsubscribe = "https://my.acme.example/" + s },
	} {
		for _, end := range []string{"\r\n", "\n", "\r", "\x00"} {
			m := message("n1")
			change(&m, end+"Bcc: eve@example.com")
			_, failure := compose(m, tenant, nil, noon)
			if failure == nil || failure.Class != channel.Permanent {
				t.Errorf("%s with %q: %v", name, end, failure)
			}
		}
	}
}

func TestMessagesThatAreNone(t *testing.T) {
	for name, change := range map[string]func(*channel.Message){
		"no recipient":      func(m *channel.Message) { m.To = "" },
		"two recipients":    func(m *channel.Message) { m.To = "a@example.com, b@example.com" },
		"a quoted one":      func(m *channel.Message) { m.To = `"a> SIZE=1 <b"@example.com` },
		"a space":           func(m *channel.Message) { m.To = `"a b"@example.com` },
		"no host":           func(m *channel.Message) { m.To = "a@" },
		"an odd host":       func(m *channel.Message) { m.To = "a@exa^mple.com" },
		"a literal":         func(m *channel.Message) { m.To = "a@[192.0.2.1]" },
		"too long":          func(m *channel.Message) { m.To = strings.Repeat("a", 250) + "@example.com" },
		"no id":             func(m *channel.Message) { m.ID = "" },
		"an id with spaces": func(m *channel.Message) { m.ID = "a b" },
		"plain http":        func(m *channel.Message) { m.Unsubscribe = "http://my.acme.example/" },
		"too much": func(m *channel.Message) {
			m.Attachments = []channel.Attachment{{Name: "a", Body: make([]byte, channel.MaxAttachments)}, {Name: "b", Body: []byte("b")}}
		},
		"text that is none": func(m *channel.Message) { m.Subject = "\xff" },
	} {
		t.Run(name, func(t *testing.T) {
			m := message("n1")
			change(&m)
			_, failure := compose(m, tenant, nil, noon)
			if failure == nil || failure.Class != channel.Permanent || failure.Code != channel.CodeMessage {
				t.Errorf("got %v", failure)
			}
		})
	}
}

func TestTheBiggestAttachment(t *testing.T) {
	m := message("n1")
	body := bytes.Repeat([]byte("0123456789abcdef"), channel.MaxAttachments/16)
	m.Attachments = []channel.Attachment{{Name: "all.bin", MediaType: "application/octet-stream", Body: body}}
	mail := read(t, composed(t, m).text)
	leaves := parts(t, textproto.MIMEHeader(mail.Header), mail.Body)
	if got := leaves[2]; got.Body != string(body) {
		t.Errorf("%d bytes of %d came", len(got.Body), len(body))
	}
}

// signed is a mail that is signed, and the record of DNS that verifies it.
func signed(t testing.TB, m channel.Message, key crypto.Signer) (text []byte, record string) {
	t.Helper()
	of := tenant
	of.DKIM = config.DKIM{Selector: "foyer"}
	l, failure := compose(m, of, key, noon)
	if failure != nil {
		t.Fatal(failure)
	}
	if public, ok := key.Public().(ed25519.PublicKey); ok {
		return slices.Concat(l.signature, l.text), "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(l.signature, l.text), "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(public)
}

// verify says what a library makes of the signature that did not make it.
func verify(t testing.TB, text []byte, record string) error {
	t.Helper()
	verifications, err := dkim.VerifyWithOptions(bytes.NewReader(text), &dkim.VerifyOptions{LookupTXT: func(domain string) ([]string, error) {
		if domain != "foyer._domainkey.acme.example" {
			return nil, fmt.Errorf("no record of %s", domain)
		}
		return []string{record}, nil
	}})
	if err != nil {
		return err
	}
	if len(verifications) != 1 || verifications[0].Domain != "acme.example" {
		t.Fatalf("got %d signatures", len(verifications))
	}
	return verifications[0].Err
}

func keys(t testing.TB) map[string]crypto.Signer {
	t.Helper()
	old, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, short, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]crypto.Signer{"rsa": old, "ed25519": short}
}

func TestSignatures(t *testing.T) {
	m := message("n1")
	m.CC = []string{"bob@example.com"}
	m.Subject = "Ihre Rechnung " + strings.Repeat("für März und April ", 20)
	m.Text = "Trailing spaces   \n\n.\nand empty lines\n\n\n"
	m.Unsubscribe = "https://my.acme.example/unsubscribe/" + strings.Repeat("a", 300)
	m.Attachments = []channel.Attachment{{Name: "Übersicht.pdf", MediaType: "application/pdf", Body: bytes.Repeat([]byte{0, 255}, 5000)}}
	for name, key := range keys(t) {
		t.Run(name, func(t *testing.T) {
			text, record := signed(t, m, key)
			if err := verify(t, text, record); err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			for _, change := range [][2]string{
				{"Subject: ", "Subject: Not "}, {"\r\nTo: <anna", "\r\nTo: <eve"}, {"Cc: <bob", "Cc: <eve"}, {"unsubscribe/", "somewhere/"},
				{"One-Click", "Two-Click"}, {"empty lines", "no lines"}, {"From: ", "From: eve@example.com\r\nFrom: "},
				{"Reply-To: ", "Reply-To: eve@example.com\r\nReply-To: "}, {"Subject: ", "Subject: New\r\nSubject: "},
			} {
				forged := bytes.Replace(text, []byte(change[0]), []byte(change[1]), 1)
				if bytes.Equal(forged, text) {
					t.Fatalf("no %q in\n%s", change[0], text[:2000])
				}
				if verify(t, forged, record) == nil {
					t.Errorf("%q instead of %q is believed", change[1], change[0])
				}
			}
		})
	}
}

// wellFormed checks what every server may ask of a mail.
func wellFormed(t *testing.T, text []byte) {
	t.Helper()
	if !utf8.Valid(text) {
		t.Error("not UTF-8")
	}
	lines := strings.Split(string(text), "\r\n")
	for _, line := range lines {
		if strings.ContainsAny(line, "\r\n\x00") {
			t.Fatalf("a line break alone, or a NUL, in %q", line)
		}
		if len(line) > 998 {
			t.Fatalf("a line of %d bytes", len(line))
		}
	}
}

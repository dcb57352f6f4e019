package email

import (
	"crypto/ed25519"
	"mime"
	"net/textproto"
	"slices"
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/notify/channel"
)

// headerNames are all that a mail has.
var headerNames = []string{
	"Auto-Submitted", "Cc", "Content-Language", "Content-Transfer-Encoding", "Content-Type", "Date", "Dkim-Signature", "From", "Importance",
	"List-Unsubscribe", "List-Unsubscribe-Post", "Message-Id", "Mime-Version", "Priority", "Reply-To", "Subject", "To",
	"X-Auto-Response-Suppress", "X-Priority",
}

// FuzzCompose: whatever a message holds, the mail has the headers that it should, each once,
// with lines that servers take; its text arrives, and its signature is good.
func FuzzCompose(f *testing.F) {
	for _, s := range []string{"", "Hello", "\r\nBcc: eve@example.com\r\n\r\n", "=?utf-8?q?=0D=0ABcc=3A_eve?=", "ä\u2028\u0085\x00", strings.Repeat("x", 3000), "\n.\r\n.\r", "\"a\\\" <b>, c"} {
		f.Add(s, "text", "<p>html</p>", s, "de", s)
		f.Add("subject", s, s, "file"+s, s, "anna@example.com")
		f.Add(s, s, "", "Anna "+s+" <anna@example.com>", "en", "https://my.acme.example/"+s)
	}
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	f.Fuzz(func(t *testing.T, subject, text, html, name, locale, address string) {
		m := message("n1")
		m.Subject, m.Text, m.HTML, m.Locale = subject, text, html, locale
		m.CC = []string{address, name}
		m.Attachments = []channel.Attachment{{Name: name, MediaType: address, Body: []byte(text)}}
		if _, failure := compose(m, tenant, nil, noon); failure != nil {
			if failure.Class != channel.Permanent {
				t.Fatal(failure)
			}
			return
		}
		signed, record := signed(t, m, key)
		wellFormed(t, signed)
		mail := read(t, signed)
		for name, values := range mail.Header {
			if !slices.Contains(headerNames, name) || len(values) != 1 {
				t.Errorf("header %s: %q", name, values)
			}
		}
		got, err := new(mime.WordDecoder).DecodeHeader(mail.Header.Get("Subject"))
		if want := strings.Join(strings.Fields(subject), " "); err != nil || got != want {
			t.Errorf("subject %q became %q (%v)", want, got, err)
		}
		leaves := parts(t, textproto.MIMEHeader(mail.Header), mail.Body)
		if html == "" && len(leaves) != 2 || html != "" && text != "" && len(leaves) != 3 {
			t.Errorf("%d parts", len(leaves))
		}
		if err := verify(t, signed, record); err != nil {
			t.Errorf("the signature: %v", err)
		}
	})
}

// FuzzFileName: no name of a file is a path or holds what ends a header.
func FuzzFileName(f *testing.F) {
	for _, s := range []string{"", "..", "a/b", `a\b`, "a\r\nb", "ä.pdf", strings.Repeat("x", 300), "\u202e", "a\"b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name := fileName(text)
		if name == "" || strings.ContainsAny(name, "/\\\r\n\"\x00") || len([]rune(name)) > 100 || strings.Trim(name, ".") == "" {
			t.Fatalf("%q became %q", text, name)
		}
	})
}

// FuzzAnswer: whatever a server says, something follows from it, and what is kept of it is
// short and one line.
func FuzzAnswer(f *testing.F) {
	f.Add(550, "5.1.1 no such person")
	f.Add(250, "2.0.0 Ok: queued as 4F2A")
	f.Add(421, "4.3.2\nGoodbye\r\n\x00")
	f.Add(334, "")
	f.Add(-1, "5.7.1")
	f.Fuzz(func(t *testing.T, status int, words string) {
		answer := &textproto.Error{Code: status, Msg: words}
		outcomes := []outcome{
			answered(words, nil), answered("", answer), (&connection{}).senderRefused(answer, &letter{own: true}),
			{failure: channel.Fail(classOf(answer), code(answer), said(answer))}, {failure: cut(answer)}, {failure: broken(answer)},
		}
		for _, o := range outcomes {
			kept := []string{o.result.ProviderID}
			if o.failure != nil {
				kept = append(kept, o.failure.Code, o.failure.Detail)
				if o.failure.Class == "" || o.failure.Code == "" {
					t.Errorf("nothing follows: %v", o.failure)
				}
			}
			for _, text := range kept {
				if len([]rune(text)) > 500 || strings.ContainsAny(text, "\r\n\x00") {
					t.Errorf("kept %q", text)
				}
			}
		}
	})
}

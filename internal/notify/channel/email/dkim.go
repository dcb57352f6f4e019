package email

import (
	"bytes"
	"cmp"
	"crypto"
	"fmt"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/message/address"
)

// signedHeaders say who says what to whom; RFC 8058 wants those of unsubscribing signed,
// too. One of the list that is not there cannot be added by others.
var signedHeaders = []string{
	"From", "To", "Cc", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version",
	"Content-Type", "Content-Transfer-Encoding", "Content-Language", "Auto-Submitted", "List-Unsubscribe", "List-Unsubscribe-Post",
}

// sign signs the mail (RFC 6376).
func (l *letter) sign(of config.DKIM, key crypto.Signer, now time.Time) error {
	signer := gomail.NewDKIMSigner(cmp.Or(of.Domain, address.Host(l.from)), of.Selector, key)
	signer.SignHeaders(signedHeaders...)
	signer.OversignHeaders("From", "To", "Reply-To", "Subject", "Date") // a second one is not ours
	signer.NowFunc = func() time.Time { return now }
	end := bytes.Index(l.text, []byte("\r\n\r\n"))
	if end < 0 {
		return fmt.Errorf("the mail has no body to sign")
	}
	signature, err := signer.Sign(l.text[:end+2], l.text[end+4:])
	if err != nil {
		return fmt.Errorf("sign with the key of %s: %w", config.DKIMSecretDir, err)
	}
	l.signature = []byte(refold(signature))
	return nil
}

// signatureLine is how much of a signature is on a line.
const signatureLine = 72

// refold breaks the lines of a signature where it has spaces, and within its last tag, in
// which verifiers skip them. go-mail 0.8.1 breaks a long list of headers within a name, and
// nobody can verify that.
func refold(signature string) string {
	signature = strings.ReplaceAll(strings.TrimSuffix(signature, "\r\n"), "\r\n ", "")
	at := strings.LastIndex(signature, "; b=") + len("; b=")
	var out strings.Builder
	out.WriteString(strings.ReplaceAll(signature[:at], "; ", ";\r\n "))
	for rest := signature[at:]; rest != ""; {
		n := min(len(rest), signatureLine)
		out.WriteString("\r\n " + rest[:n])
		rest = rest[n:]
	}
	return out.String() + "\r\n"
}

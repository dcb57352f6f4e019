package deliver

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/testenv/postfix"
)

// through has the tenant send by a Postfix, to whoever the words of an event name.
func (w *world) through(t *testing.T, server *postfix.Server, of config.SMTP) (record string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"smtp/ca.crt": server.Authority(), "smtp/username": postfix.User, "smtp/password": postfix.Password,
		"dkim/key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	} {
		path := filepath.Join(w.channels, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w.tenant.Email.SMTP, w.tenant.Email.DKIM = of, config.DKIM{Domain: "acme.example", Selector: "foyer"}
	w.routes.Templates = nil
	for name, address := range map[string]string{"anna": postfix.Anna, "bob": postfix.Bob, "later": postfix.Later, "nobody": "nobody@" + postfix.Domain} {
		w.template(name, "custom.said", `data.words == "`+name+`"`, config.Action{Name: "mail", Type: "Email",
			Email: &config.Email{To: []string{address}, Subject: w.body("Grüezi {{.data.words}}"), Text: w.body("It says: {{.data.words}}")}})
	}
	w.apply(t)
	return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)
}

// What a mail server that we did not write says decides what becomes of a mail: with TLS and a
// sign-in it takes one, signed, puts another one off, and refuses a third.
func TestThroughPostfix(t *testing.T) {
	server := postfix.New(t)
	w := newWorld(t)
	record := w.through(t, server, config.SMTP{Host: "localhost", Port: server.StartTLS, Security: config.SMTPStartTLS, Signed: true})
	w.run(t)
	w.say(t, "A", "anna", "later", "nobody")
	w.states(t, "Dead refused 1, Retry failed 1, Sent 1")
	want := []string{
		postfix.Anna + " 1 Sent  ",
		postfix.Later + " 1 Retry temporary 450 4.7.1",
		"nobody@" + postfix.Domain + " 1 Dead permanent 550 5.1.1",
	}
	if diff := cmp.Diff(want, w.attempts(t)); diff != "" {
		t.Errorf("attempts (-want +got):\n%s\n%s", diff, server.Log())
	}
	text := server.Wait(t, postfix.Anna, 1)[0]
	found, err := dkim.VerifyWithOptions(bytes.NewReader(text), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
		if name != "foyer._domainkey.acme.example" {
			return nil, os.ErrNotExist
		}
		return []string{record}, nil
	}})
	if err != nil || len(found) != 1 || found[0].Err != nil || found[0].Domain != "acme.example" {
		t.Errorf("signatures %v, %v of\n%s", found, err, text)
	}
	if !strings.Contains(server.Log(), "sasl_username="+postfix.User+"@"+postfix.Domain) {
		t.Error("nobody signed in")
	}
}

// A connection that is cut after Postfix has taken the mail, before it can say so: the mail is
// sent once more, and who gets it twice can tell by its Message-ID.
func TestCutAfterPostfixHasTakenIt(t *testing.T) {
	server := postfix.New(t)
	w := newWorld(t)
	port := cutAfterText(t, server.Plain)
	w.through(t, server, config.SMTP{Host: "127.0.0.1", Port: port, Security: config.SMTPNone})
	w.run(t)
	w.say(t, "A", "bob")
	w.states(t, "Sent 1")
	if diff := cmp.Diff([]string{postfix.Bob + " 1 Retry uncertain connection", postfix.Bob + " 2 Sent  "}, w.attempts(t)); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	ids := map[string]bool{}
	for _, text := range server.Wait(t, postfix.Bob, 2) {
		m, err := mail.ReadMessage(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		ids[m.Header.Get("Message-Id")] = true
	}
	if len(ids) != 1 {
		t.Errorf("the same mail has the Message-IDs %v", ids)
	}
}

// cutAfterText stands before a mail server and cuts the first connection when the server
// answers to a text.
func cutAfterText(t *testing.T, port int32) int32 {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	var cut atomic.Bool
	pass := func(client net.Conn) {
		defer client.Close()
		behind, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port))))
		if err != nil {
			return
		}
		defer behind.Close()
		go io.Copy(behind, client) //nolint:errcheck // it ends with the connection
		lines := bufio.NewReader(behind)
		for {
			line, err := lines.ReadString('\n')
			if err != nil || strings.Contains(line, "queued as") && cut.CompareAndSwap(false, true) {
				return
			}
			if _, err := io.WriteString(client, line); err != nil {
				return
			}
		}
	}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go pass(client)
		}
	}()
	return int32(listener.Addr().(*net.TCPAddr).Port) //nolint:gosec // a port fits
}

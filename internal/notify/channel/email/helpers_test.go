package email

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/notify/channel"
	"github.com/foyerhq/foyer/internal/notify/channel/outbound"
	"github.com/foyerhq/foyer/internal/testenv/smtp"
)

var loopback = outbound.NewGuard([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")})

// fixture is a sender whose settings, secrets and time can change.
type fixture struct {
	*Sender
	channel atomic.Pointer[config.EmailChannel]
	now     atomic.Pointer[time.Time]
	secrets string
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// newFixture makes a sender to a server, whose certificate it trusts.
func newFixture(t testing.TB, server *smtp.Server, security config.SMTPSecurity) *fixture {
	t.Helper()
	f := &fixture{secrets: t.TempDir()}
	f.now.Store(&noon)
	f.channel.Store(&config.EmailChannel{
		From: "Acme Télécom <billing@acme.example>",
		SMTP: config.SMTP{Host: server.Host(), Port: server.Port(), Security: security},
	})
	f.secret(t, "smtp/ca.crt", server.Authority())
	f.Sender = New(Options{
		Channel: func() config.EmailChannel { return *f.channel.Load() }, SecretsDir: f.secrets, Guard: loopback,
		Now: func() time.Time { return *f.now.Load() },
	})
	t.Cleanup(func() { f.Close() })
	return f
}

// secret writes a file as a kubelet does: the old one is there until the new one is.
func (f *fixture) secret(t testing.TB, name, content string) {
	t.Helper()
	path := filepath.Join(f.secrets, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) remove(t testing.TB, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(f.secrets, name)); err != nil {
		t.Fatal(err)
	}
}

// signIn has the sender sign in.
func (f *fixture) signIn(t testing.TB, username, password string) {
	t.Helper()
	f.secret(t, "smtp/username", username+"\n")
	f.secret(t, "smtp/password", password+"\n")
	f.edit(func(c *config.EmailChannel) { c.SMTP.Signed = true })
}

func (f *fixture) edit(change func(*config.EmailChannel)) {
	c := *f.channel.Load()
	change(&c)
	f.channel.Store(&c)
}

func (f *fixture) pass(d time.Duration) {
	now := f.now.Load().Add(d)
	f.now.Store(&now)
}

// message is a mail that nothing is wrong with.
func message(id string) channel.Message {
	return channel.Message{
		ID: id, Attempt: 1, AccountID: "10042", To: "anna@example.com", Subject: "Your invoice", Text: "Dear Anna,\n\nhere it is.\n",
		HTML: "<p>Dear Anna,</p><p>here it is.</p>", Locale: "en-GB", At: noon,
	}
}

// must sends a mail that has to arrive.
func (f *fixture) must(t testing.TB, m channel.Message) channel.Result {
	t.Helper()
	result, err := f.Send(t.Context(), m)
	if err != nil {
		t.Fatalf("send %s: %v", m.ID, err)
	}
	return result
}

// failure is the error of a mail that must not arrive.
func failure(t testing.TB, err error) *channel.Error {
	t.Helper()
	var of *channel.Error
	if !errors.As(err, &of) {
		t.Fatalf("got error %v, not one of the channel", err)
	}
	return of
}

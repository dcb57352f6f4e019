package email

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/notify/channel"
	"github.com/foyerhq/foyer/internal/notify/channel/outbound"
	"github.com/foyerhq/foyer/internal/testenv/smtp"
)

const username, password = "acme", "correct horse battery staple"

func TestConnectionsAreSecretAndSignedIn(t *testing.T) {
	for _, test := range []struct {
		security  smtp.Security
		as        config.SMTPSecurity
		mechanism string
	}{
		{smtp.TLS, "", "PLAIN"},
		{smtp.TLS, config.SMTPTLS, "LOGIN"},
		{smtp.StartTLS, config.SMTPStartTLS, "PLAIN"},
		{smtp.StartTLS, config.SMTPStartTLS, "LOGIN"},
		{smtp.StartTLS, config.SMTPStartTLS, ""},
		{smtp.None, config.SMTPNone, ""},
	} {
		t.Run(fmt.Sprint(test.security, test.as, test.mechanism), func(t *testing.T) {
			o := smtp.Options{Security: test.security}
			if test.mechanism != "" {
				o.Users, o.Mechanisms = map[string]string{username: password}, []string{test.mechanism}
			}
			server := smtp.New(t, o)
			f := newFixture(t, server, test.as)
			want := smtp.Mail{Connection: 1, Hello: "acme.example", TLS: test.security != smtp.None, From: "billing@acme.example", To: []string{"anna@example.com"}}
			if test.mechanism != "" {
				f.signIn(t, username, password)
				want.User = username
			}
			f.must(t, message("n1"))
			got := server.Wait(t, 1)[0]
			got.Text, got.At = nil, time.Time{}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("want -, got +\n%s", diff)
			}
		})
	}
}

// A Secret whose only key is the authority of the server's certificate is no sign-in; one
// without anything is not whole.
func TestAnAuthorityAlone(t *testing.T) {
	server := smtp.New(t, smtp.Options{Security: smtp.TLS})
	f := newFixture(t, server, config.SMTPTLS)
	f.edit(func(c *config.EmailChannel) { c.SMTP.Signed = true })
	f.must(t, message("n1"))
	if got := server.Wait(t, 1)[0]; got.User != "" || !got.TLS {
		t.Errorf("it was sent by %q, TLS: %t", got.User, got.TLS)
	}
	f = newFixture(t, server, config.SMTPTLS)
	f.edit(func(c *config.EmailChannel) { c.SMTP.Signed = true })
	f.remove(t, "smtp/ca.crt")
	_, err := f.Send(t.Context(), message("n2"))
	if got := failure(t, err); got.Code != channel.CodeSettings {
		t.Errorf("without any key: %s (%s)", got.Code, got.Detail)
	}
}

// What keeps a connection from being made is everybody's failure, and tells no secret.
func TestABrokenChannel(t *testing.T) {
	users := map[string]string{username: password}
	for _, test := range []struct {
		name   string
		server smtp.Options
		as     config.SMTPSecurity
		change func(t *testing.T, f *fixture, server *smtp.Server)
		code   string
	}{
		{"a password without TLS", smtp.Options{Security: smtp.None, Users: users}, config.SMTPNone,
			func(t *testing.T, f *fixture, _ *smtp.Server) { f.signIn(t, username, password) }, channel.CodeSignIn},
		{"a wrong password", smtp.Options{Security: smtp.TLS, Users: users}, config.SMTPTLS,
			func(t *testing.T, f *fixture, _ *smtp.Server) { f.signIn(t, username, "wrong") }, "535 5.7.8"},
		{"no password where one is wanted", smtp.Options{Security: smtp.TLS, Users: users}, config.SMTPTLS, nil, "530 5.7.0"},
		{"a password where none is wanted", smtp.Options{Security: smtp.TLS}, config.SMTPTLS,
			func(t *testing.T, f *fixture, _ *smtp.Server) { f.signIn(t, username, password) }, channel.CodeSignIn},
		{"a Secret without a key", smtp.Options{Security: smtp.TLS, Users: users}, config.SMTPTLS,
			func(t *testing.T, f *fixture, _ *smtp.Server) {
				f.signIn(t, username, password)
				f.remove(t, "smtp/password")
			}, channel.CodeSettings},
		{"no STARTTLS", smtp.Options{Security: smtp.None}, config.SMTPStartTLS, nil, channel.CodeTLS},
		{"TLS with a server that has none", smtp.Options{Security: smtp.None}, config.SMTPTLS, nil, channel.CodeTLS},
		{"a certificate that nobody vouches for", smtp.Options{Security: smtp.TLS}, config.SMTPTLS,
			func(t *testing.T, f *fixture, _ *smtp.Server) { f.remove(t, "smtp/ca.crt") }, channel.CodeTLS},
		{"a certificate of another name", smtp.Options{Address: "127.0.0.2:0", Security: smtp.StartTLS}, config.SMTPStartTLS, nil, channel.CodeTLS},
		{"an authority that is none", smtp.Options{Security: smtp.TLS}, config.SMTPTLS,
			func(t *testing.T, f *fixture, _ *smtp.Server) { f.secret(t, "smtp/ca.crt", "nothing") }, channel.CodeSettings},
		{"nobody listens", smtp.Options{Security: smtp.TLS}, config.SMTPTLS,
			func(t *testing.T, _ *fixture, server *smtp.Server) {
				if err := server.Close(); err != nil {
					t.Fatal(err)
				}
			}, channel.CodeConnection},
		{"a private address", smtp.Options{Security: smtp.TLS}, config.SMTPTLS,
			func(_ *testing.T, f *fixture, _ *smtp.Server) { f.options.Guard = outbound.NewGuard(nil) }, channel.CodeBlocked},
		{"no server", smtp.Options{Security: smtp.TLS}, config.SMTPTLS,
			func(_ *testing.T, f *fixture, _ *smtp.Server) {
				f.edit(func(c *config.EmailChannel) { c.SMTP.Host = "" })
			}, channel.CodeSettings},
		{"no sender", smtp.Options{Security: smtp.TLS}, config.SMTPTLS,
			func(_ *testing.T, f *fixture, _ *smtp.Server) {
				f.edit(func(c *config.EmailChannel) { c.From = "" })
			}, channel.CodeSettings},
		{"a key of DKIM that is none", smtp.Options{Security: smtp.TLS}, config.SMTPTLS,
			func(t *testing.T, f *fixture, _ *smtp.Server) {
				f.secret(t, "dkim/key", "nothing")
				f.edit(func(c *config.EmailChannel) { c.DKIM.Selector = "foyer" })
			}, channel.CodeSettings},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := smtp.New(t, test.server)
			f := newFixture(t, server, test.as)
			if test.change != nil {
				test.change(t, f, server)
			}
			_, err := f.Send(t.Context(), message("n1"))
			got := failure(t, err)
			if got.Class != channel.Broken || got.Code != test.code {
				t.Errorf("got %s %q (%s), want broken %q", got.Class, got.Code, got.Detail, test.code)
			}
			if strings.Contains(err.Error(), password) || strings.Contains(err.Error(), "Dear Anna") {
				t.Errorf("%v tells a secret", err)
			}
			if server.Count(smtp.SignIn) > 0 || len(server.Mails()) > 0 {
				t.Error("the server got a password or a mail")
			}
		})
	}
}

func TestWhatTheServerSays(t *testing.T) {
	at := func(stage smtp.Stage, fault smtp.Fault) func(smtp.Moment) smtp.Fault {
		return func(m smtp.Moment) smtp.Fault {
			if m.Stage == stage && m.Nth == 1 {
				return fault
			}
			return smtp.Fault{}
		}
	}
	answer := func(code int, status ...int) smtp.Fault {
		return smtp.Fault{Code: code, Status: [3]int(status), Words: "so\r\nit is"}
	}
	own := func(m *channel.Message) { m.From = "Sales <sales@other.example>" }
	for _, test := range []struct {
		name        string
		script      func(smtp.Moment) smtp.Fault
		change      func(*channel.Message)
		class       channel.Class
		code        string
		arrived     int // of the first mail, before the second is sent
		connections int // that two mails take
	}{
		{"too busy", at(smtp.Connect, answer(421, 4, 3, 2)), nil, channel.Broken, "421 4.3.2", 0, 2},
		{"not for us", at(smtp.Connect, answer(554, 5, 7, 1)), nil, channel.Broken, "554 5.7.1", 0, 2},
		{"the sender, now", at(smtp.Sender, answer(451, 4, 7, 1)), nil, channel.Temporary, "451 4.7.1", 0, 1},
		{"the tenant's sender, never", at(smtp.Sender, answer(550, 5, 7, 1)), nil, channel.Broken, "550 5.7.1", 0, 1},
		{"the size", at(smtp.Sender, answer(552, 5, 3, 4)), nil, channel.Permanent, "552 5.3.4", 0, 1},
		{"the tenant's sender by name, never", at(smtp.Sender, answer(550, 5, 7, 1)), func(m *channel.Message) { m.From = "Acme Billing <billing@acme.example>" }, channel.Broken, "550 5.7.1", 0, 1},
		{"an action's sender, never", at(smtp.Sender, answer(553, 5, 7, 1)), own, channel.Permanent, "553 5.7.1", 0, 1},
		{"goodbye to the sender", at(smtp.Sender, answer(421, 4, 7, 0)), nil, channel.Broken, "421 4.7.0", 0, 2},
		{"cut at the sender", at(smtp.Sender, smtp.Fault{Cut: true}), nil, channel.Broken, "connection", 0, 2},
		{"no such person", at(smtp.Recipient, answer(550, 5, 1, 1)), nil, channel.Permanent, "550 5.1.1", 0, 1},
		{"those who did not sign in", at(smtp.Recipient, answer(554, 5, 7, 1)), nil, channel.Temporary, "554 5.7.1", 0, 1},
		{"a full mailbox", at(smtp.Recipient, answer(452, 4, 2, 2)), nil, channel.Temporary, "452 4.2.2", 0, 1},
		{"cut at the recipient", at(smtp.Recipient, smtp.Fault{Cut: true}), nil, channel.Temporary, "connection", 0, 2},
		{"goodbye to the recipient", at(smtp.Recipient, answer(421, 4, 3, 0)), nil, channel.Temporary, "421 4.3.0", 0, 2},
		{"no space", at(smtp.Answer, answer(452, 4, 3, 1)), nil, channel.Temporary, "452 4.3.1", 0, 1},
		{"spam", at(smtp.Answer, answer(554, 5, 7, 1)), nil, channel.Permanent, "554 5.7.1", 0, 1},
		{"spam, shortly", at(smtp.Text, answer(554, 5, 6, 0)), nil, channel.Permanent, "554 5.6.0", 0, 1},
		{"goodbye after the text", at(smtp.Answer, answer(421, 4, 3, 0)), nil, channel.Temporary, "421 4.3.0", 0, 2},
		{"cut after the text, taken", at(smtp.Answer, smtp.Fault{Cut: true, Keep: true}), nil, channel.Uncertain, "connection", 1, 2},
		{"cut after the text, lost", at(smtp.Answer, smtp.Fault{Cut: true}), nil, channel.Uncertain, "connection", 0, 2},
	} {
		for _, security := range []smtp.Security{smtp.TLS, smtp.None} {
			t.Run(fmt.Sprint(test.name, security), func(t *testing.T) {
				server := smtp.New(t, smtp.Options{Security: security})
				f := newFixture(t, server, config.SMTPSecurity(security))
				server.Script(test.script)
				m := message("n1")
				if test.change != nil {
					test.change(&m)
				}
				_, err := f.Send(t.Context(), m)
				got := failure(t, err)
				if got.Class != test.class || got.Code != test.code {
					t.Errorf("got %s %q (%s), want %s %q", got.Class, got.Code, got.Detail, test.class, test.code)
				}
				if strings.ContainsAny(got.Detail, "\r\n") {
					t.Errorf("detail %q has a line break", got.Detail)
				}
				if arrived := len(server.Mails()); arrived != test.arrived {
					t.Errorf("%d mails arrived, want %d", arrived, test.arrived)
				}
				f.must(t, message("n2"))
				if got := server.Count(smtp.Connect); got != test.connections {
					t.Errorf("two mails took %d connections, want %d", got, test.connections)
				}
			})
		}
	}
}

// Of those who signed in a server refuses the recipient, not them.
func TestSignedInAndRefused(t *testing.T) {
	server := smtp.New(t, smtp.Options{Security: smtp.TLS, Users: map[string]string{username: password}})
	f := newFixture(t, server, config.SMTPTLS)
	f.signIn(t, username, password)
	server.Script(func(m smtp.Moment) smtp.Fault {
		return smtp.Fault{Code: map[smtp.Stage]int{smtp.Recipient: 554}[m.Stage], Status: [3]int{5, 7, 1}, Words: "No"}
	})
	_, err := f.Send(t.Context(), message("n1"))
	if got := failure(t, err); got.Class != channel.Permanent || got.Code != "554 5.7.1" {
		t.Error(got)
	}
}

func TestGreylisting(t *testing.T) {
	server := smtp.New(t, smtp.Options{Security: smtp.TLS})
	f := newFixture(t, server, config.SMTPTLS)
	server.Script(smtp.Greylist())
	m := message("n1")
	_, err := f.Send(t.Context(), m)
	if got := failure(t, err); got.Class != channel.Temporary || got.Code != "450 4.2.0" {
		t.Error(got)
	}
	m.Attempt++
	f.must(t, m)
	if got := server.Count(smtp.Connect); got != 1 {
		t.Errorf("%d connections", got)
	}
}

func TestCutBeforeTheGreeting(t *testing.T) {
	for security, code := range map[smtp.Security]string{smtp.TLS: channel.CodeTLS, smtp.StartTLS: channel.CodeConnection, smtp.None: channel.CodeConnection} {
		server := smtp.New(t, smtp.Options{Security: security})
		f := newFixture(t, server, config.SMTPSecurity(security))
		server.Script(func(m smtp.Moment) smtp.Fault { return smtp.Fault{Cut: m.Stage == smtp.Connect && m.Nth == 1} })
		_, err := f.Send(t.Context(), message("n1"))
		if got := failure(t, err); got.Class != channel.Broken || got.Code != code {
			t.Errorf("%s: %v", security, got)
		}
		f.must(t, message("n2"))
	}
}

// When the time is up, what is known of the mail depends on how far it got.
func TestTheTimeIsUp(t *testing.T) {
	for stage, want := range map[smtp.Stage]channel.Class{
		smtp.Connect: channel.Broken, smtp.Sender: channel.Temporary, smtp.Recipient: channel.Temporary, smtp.Answer: channel.Uncertain,
	} {
		t.Run(string(stage), func(t *testing.T) {
			server := smtp.New(t, smtp.Options{Security: smtp.None})
			f := newFixture(t, server, config.SMTPNone)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			server.Script(func(m smtp.Moment) smtp.Fault {
				if m.Stage == stage && m.Nth == 1 {
					cancel()
					return smtp.Fault{Delay: time.Hour}
				}
				return smtp.Fault{}
			})
			_, err := f.Send(ctx, message("n1"))
			if got := failure(t, err); got.Class != want || got.Code != channel.CodeTimeout {
				t.Errorf("got %v, want %s", got, want)
			}
			f.must(t, message("n2"))
		})
	}
}

func TestConnectionsAreKept(t *testing.T) {
	server := smtp.New(t, smtp.Options{Security: smtp.TLS})
	f := newFixture(t, server, config.SMTPTLS)
	for n := range 10 {
		f.must(t, message(fmt.Sprint("n", n)))
	}
	if got := server.Count(smtp.Connect); got != 1 {
		t.Errorf("10 mails took %d connections", got)
	}
	if err := server.Cut(); err != nil { // as a server does with those that are idle
		t.Fatal(err)
	}
	f.must(t, message("n11"))
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f.must(t, message("n12"))
	if got := server.Count(smtp.Connect); got != 3 {
		t.Errorf("12 mails took %d connections, want 3", got)
	}
	if got := len(server.Mails()); got != 12 {
		t.Errorf("%d mails arrived", got)
	}
}

func TestOneConnectionTakesSoManyMails(t *testing.T) {
	server := smtp.New(t, smtp.Options{Security: smtp.None})
	f := newFixture(t, server, config.SMTPNone)
	for n := range maxMails + 1 {
		f.must(t, message(fmt.Sprint("n", n)))
	}
	if got := server.Count(smtp.Connect); got != 2 {
		t.Errorf("%d mails took %d connections, want 2", maxMails+1, got)
	}
}

func TestManyAtOnce(t *testing.T) {
	server := smtp.New(t, smtp.Options{Security: smtp.TLS})
	f := newFixture(t, server, config.SMTPTLS)
	var senders sync.WaitGroup
	for n := range 100 {
		senders.Go(func() {
			if _, err := f.Send(t.Context(), message(fmt.Sprint("n", n))); err != nil {
				t.Error(err)
			}
		})
	}
	senders.Wait()
	if got := server.Count(smtp.Connect); got > Connections {
		t.Errorf("%d connections, want at most %d", got, Connections)
	}
	ids := map[string]bool{}
	for _, mail := range server.Mails() {
		ids[headerOf(t, mail.Text, "Message-ID")] = true
	}
	if len(ids) != 100 {
		t.Errorf("%d different mails arrived", len(ids))
	}
}

// Who waits for a connection does not wait longer than they may.
func TestWaitingForAConnection(t *testing.T) {
	server := smtp.New(t, smtp.Options{Security: smtp.None})
	f := newFixture(t, server, config.SMTPNone)
	for range Connections {
		f.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := f.Send(ctx, message("n1"))
	if got := failure(t, err); got.Class != channel.Temporary || got.Code != channel.CodeTimeout {
		t.Error(got)
	}
}

func TestSecretsAreReadAgain(t *testing.T) {
	server := smtp.New(t, smtp.Options{Security: smtp.TLS, Users: map[string]string{"old": "a", "new": "b"}})
	f := newFixture(t, server, config.SMTPTLS)
	f.signIn(t, "old", "a")
	f.must(t, message("n1"))
	f.signIn(t, "new", "b")
	f.must(t, message("n2")) // less than a second ago
	f.pass(secretsAge)
	f.must(t, message("n3"))
	f.pass(secretsAge)
	f.must(t, message("n4"))
	var users []string
	for _, mail := range server.Wait(t, 4) {
		users = append(users, fmt.Sprint(mail.Connection, mail.User))
	}
	if diff := cmp.Diff([]string{"1old", "1old", "2new", "2new"}, users); diff != "" {
		t.Errorf("want -, got +\n%s", diff)
	}
}

func TestChangedSettingsTakeEffect(t *testing.T) {
	one, other := smtp.New(t, smtp.Options{Security: smtp.None}), smtp.New(t, smtp.Options{Security: smtp.None})
	f := newFixture(t, one, config.SMTPNone)
	f.must(t, message("n1"))
	f.edit(func(c *config.EmailChannel) { c.SMTP.Port = other.Port() })
	f.must(t, message("n2"))
	f.edit(func(c *config.EmailChannel) { c.From = "new@acme.example" })
	f.must(t, message("n3"))
	if len(one.Mails()) != 1 || len(other.Mails()) != 2 {
		t.Errorf("%d and %d mails arrived, want 1 and 2", len(one.Mails()), len(other.Mails()))
	}
	if got := other.Mails()[1].From; got != "new@acme.example" {
		t.Errorf("from %s", got)
	}
}

func TestAConnectionThatNobodyUsesIsClosed(t *testing.T) {
	server := smtp.New(t, smtp.Options{Security: smtp.None})
	f := newFixture(t, server, config.SMTPNone)
	f.must(t, message("n1"))
	first := f.idle.connections[0]
	f.must(t, message("n2"))
	f.idle.expire(first, 1) // the timer of its first turn comes too late
	if len(f.idle.connections) != 1 {
		t.Fatal("a connection was closed that somebody had used since")
	}
	f.idle.expire(first, 2)
	if len(f.idle.connections) != 0 {
		t.Fatal("an idle connection is kept")
	}
	f.must(t, message("n3"))
	if got := server.Count(smtp.Connect); got != 2 {
		t.Errorf("%d connections, want 2", got)
	}
}

package smtp

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// listener counts connections and may refuse them.
type listener struct {
	net.Listener
	server *Server
	secret *tls.Config // what a refusal is wrapped in; nil: nothing
	ready  chan net.Conn
	mutex  sync.Mutex
	open   map[*conn]struct{}
	count  int
}

// conn is a connection with its number.
type conn struct {
	net.Conn
	listener *listener
	number   int
}

// accept takes connections until the server ends. One that has to wait keeps no other.
func (l *listener) accept() {
	for {
		raw, err := l.Listener.Accept()
		if err != nil {
			return // it was closed
		}
		l.mutex.Lock()
		l.count++
		c := &conn{Conn: raw, listener: l, number: l.count}
		l.open[c] = struct{}{}
		l.mutex.Unlock()
		go l.greet(c)
	}
}

// greet hands a connection to go-smtp, or refuses it.
func (l *listener) greet(c *conn) {
	fault := l.server.ask(Moment{Stage: Connect, Connection: c.number})
	var over net.Conn = c
	if l.secret != nil {
		over = tls.Server(c, l.secret)
	}
	switch {
	case fault.Cut:
		c.Close() //nolint:errcheck // that is the fault
	case fault.Code != 0:
		io.WriteString(over, fault.greeting()) //nolint:errcheck // who is refused may have left
		over.Close()                           //nolint:errcheck // that is the fault
	default:
		select {
		case l.ready <- over:
		case <-l.server.done:
			c.Close() //nolint:errcheck // the server has ended
		}
	}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.ready:
		return c, nil
	case <-l.server.done:
		return nil, net.ErrClosed
	}
}

func (c *conn) Close() error {
	c.listener.mutex.Lock()
	delete(c.listener.open, c)
	c.listener.mutex.Unlock()
	return c.Conn.Close()
}

// cut breaks what is open.
func (l *listener) cut() error {
	l.mutex.Lock()
	var all []*conn
	for c := range l.open {
		all = append(all, c)
	}
	l.mutex.Unlock()
	var problems []error
	for _, c := range all {
		if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// session is one connection after its EHLO.
type session struct {
	server *Server
	smtp   *smtp.Conn
	number int
	user   string
	mail   Mail
}

var _ smtp.AuthSession = (*session)(nil)

// numbered finds the connection's number below TLS.
func numbered(c net.Conn) int {
	for {
		switch of := c.(type) {
		case *conn:
			return of.number
		case interface{ NetConn() net.Conn }:
			c = of.NetConn()
		default:
			return 0
		}
	}
}

func (s *Server) session(c *smtp.Conn) (smtp.Session, error) {
	return &session{server: s, smtp: c, number: numbered(c.Conn())}, nil
}

// reach asks the script. The error is the answer, or that of a connection which was cut.
func (c *session) reach(stage Stage, to string) error { return c.suffer(c.ask(stage, to)) }

func (c *session) ask(stage Stage, to string) Fault {
	return c.server.ask(Moment{Stage: stage, Connection: c.number, From: c.mail.From, To: to})
}

// suffer has a fault happen.
func (c *session) suffer(fault Fault) error {
	if fault.Cut {
		return errors.Join(errCut, c.smtp.Conn().Close())
	}
	return fault.answer()
}

var errCut = errors.New("the connection was cut")

func (c *session) Reset() { c.mail = Mail{} }

func (c *session) Logout() error { return nil }

func (c *session) Mail(from string, o *smtp.MailOptions) error {
	_, secret := c.smtp.TLSConnectionState()
	if c.server.options.Security == StartTLS && !secret {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Must issue a STARTTLS command first"}
	}
	if len(c.server.options.Users) > 0 && c.user == "" {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	c.mail = Mail{Connection: c.number, Hello: c.smtp.Hostname(), User: c.user, TLS: secret, UTF8: o.UTF8, From: from}
	return c.reach(Sender, "")
}

func (c *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := c.reach(Recipient, to); err != nil {
		return err
	}
	c.mail.To = append(c.mail.To, to)
	return nil
}

func (c *session) Data(r io.Reader) error {
	if err := c.reach(Text, c.mail.To[0]); err != nil {
		return err
	}
	var text bytes.Buffer
	if _, err := text.ReadFrom(r); err != nil {
		return err
	}
	fault := c.ask(Answer, c.mail.To[0])
	if fault.answer() == nil && (!fault.Cut || fault.Keep) {
		mail := c.mail
		mail.Text, mail.At = text.Bytes(), time.Now()
		c.server.keep(mail)
	}
	return c.suffer(fault)
}

// AuthMechanisms are the ways to sign in.
func (c *session) AuthMechanisms() []string {
	o := c.server.options
	switch {
	case len(o.Users) == 0:
		return nil
	case len(o.Mechanisms) > 0:
		return o.Mechanisms
	default:
		return []string{sasl.Plain, sasl.Login}
	}
}

// Auth lets somebody sign in.
func (c *session) Auth(mechanism string) (sasl.Server, error) {
	check := func(username, password string) error {
		if want, ok := c.server.options.Users[username]; !ok || want != password {
			return smtp.ErrAuthFailed
		}
		c.user = username
		return c.reach(SignIn, "")
	}
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, username, password string) error { return check(username, password) }), nil
	case sasl.Login:
		return &login{check: check}, nil
	default:
		return nil, fmt.Errorf("%w: %s", smtp.ErrAuthUnknownMechanism, mechanism)
	}
}

// login is the mechanism LOGIN, which go-sasl has for clients only.
type login struct {
	check    func(username, password string) error
	step     int
	username string
}

func (l *login) Next(response []byte) (challenge []byte, done bool, err error) {
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.username = string(response)
		return []byte("Password:"), false, nil
	default:
		return nil, true, l.check(l.username, string(response))
	}
}

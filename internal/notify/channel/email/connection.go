package email

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/notify/channel"
	"github.com/foyerhq/foyer/internal/notify/channel/outbound"
)

// How long the server may take. What RFC 5321 recommends is longer: other mails wait.
const (
	dialPatience    = 30 * time.Second // until the connection is ready, sign-in included
	commandPatience = time.Minute
	answerPatience  = 5 * time.Minute // to the text: the shorter, the more mails go twice
	quitPatience    = time.Second
	// maxAnswer is how much a server may say to one command.
	maxAnswer = 256 << 10
)

// way is how a connection is made. Mails go over one that was made as it would be now.
type way struct {
	config.SMTP
	name                            string // that we say is ours: the domain of the sender
	username, password, authorities string
}

// address is that of the server.
func (w way) address() string {
	port := w.Port
	if port == 0 && w.tls() {
		port = 465
	} else if port == 0 {
		port = 587
	}
	return net.JoinHostPort(w.Host, strconv.Itoa(int(port)))
}

func (w way) tls() bool { return w.Security == "" || w.Security == config.SMTPTLS }

// connection is one to the server, signed in. It has one user at a time.
type connection struct {
	way    way
	wire   *wire
	client *smtp.Client
	mails  int         // that went over it
	expiry *time.Timer // while nobody uses it
}

// wire bounds what is read.
type wire struct {
	net.Conn
	left int
}

var errTooLong = errors.New("the server's answer has no end")

func (w *wire) Read(p []byte) (int, error) {
	if w.left <= 0 {
		return 0, errTooLong
	}
	n, err := w.Conn.Read(p[:min(len(p), w.left)])
	w.left -= n
	return n, err
}

// allow gives the server time for what comes next. The error is the context's: it may have
// ended before, when interrupt could not know of the new deadline.
func (w *wire) allow(ctx context.Context, patience time.Duration) error {
	w.left = maxAnswer
	if err := w.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	return ctx.Err()
}

// interrupt ends what the connection does now.
func (c *connection) interrupt() {
	c.wire.SetDeadline(time.Unix(1, 0)) //nolint:errcheck // a connection that is closed has ended
}

// quit says goodbye and closes.
func (c *connection) quit() { c.close(true) }

// close closes the connection; a server that still listens is told.
func (c *connection) close(listens bool) {
	if listens && c.wire.allow(context.Background(), quitPatience) == nil {
		c.client.Quit() //nolint:errcheck // it is closed in any case
	}
	c.wire.Close() //nolint:errcheck // nothing more is to be had from it
}

// dial makes a connection.
func (s *Sender) dial(ctx context.Context, w way, roots *x509.CertPool) (*connection, *channel.Error) {
	if w.Host == "" {
		return nil, channel.Fail(channel.Broken, channel.CodeSettings, "the Tenant has no mail server: set spec.email.smtp")
	}
	ctx, cancel := context.WithTimeout(ctx, dialPatience)
	defer cancel()
	raw, err := s.options.Guard.Dialer().DialContext(ctx, "tcp", w.address())
	if err != nil {
		return nil, broken(err)
	}
	c := &connection{way: w, wire: &wire{Conn: raw}}
	stop := context.AfterFunc(ctx, c.interrupt)
	failure := c.open(ctx, &tls.Config{ServerName: w.Host, RootCAs: roots, MinVersion: tls.VersionTLS12})
	if failure == nil && !stop() {
		failure = channel.Fail(channel.Broken, channel.CodeTimeout, "the server took too long to greet")
	}
	if failure != nil {
		stop()
		c.wire.Close() //nolint:errcheck // it was of no use
		return nil, failure
	}
	return c, nil
}

// open greets, makes the connection secret, and signs in.
func (c *connection) open(ctx context.Context, secret *tls.Config) *channel.Error {
	if err := c.wire.allow(ctx, dialPatience); err != nil {
		return broken(err)
	}
	var conn net.Conn = c.wire
	if c.way.tls() {
		over := tls.Client(c.wire, secret)
		if err := over.HandshakeContext(ctx); err != nil {
			return unsecured(err)
		}
		conn = over
	}
	client, err := smtp.NewClient(conn, c.way.Host)
	if err != nil {
		return broken(err)
	}
	c.client = client
	if err := client.Hello(c.way.name); err != nil {
		return broken(err)
	}
	if c.way.Security == config.SMTPStartTLS {
		if offered, _ := client.Extension("STARTTLS"); !offered {
			return channel.Fail(channel.Broken, channel.CodeTLS, "the server does not offer STARTTLS, and without it nothing is sent")
		}
		if err := client.StartTLS(secret); err != nil {
			return unsecured(err)
		}
	}
	if c.way.username != "" {
		return c.signIn()
	}
	return nil
}

// signIn proves who we are. What the server says is not repeated: it may echo the password.
func (c *connection) signIn() *channel.Error {
	_, list := c.client.Extension("AUTH")
	mechanisms := strings.Fields(strings.ToUpper(list))
	user, password := c.way.username, c.way.password
	var auth smtp.Auth
	switch _, secret := c.client.TLSConnectionState(); {
	case slices.Contains(mechanisms, "SCRAM-SHA-256"):
		auth = smtp.ScramSHA256Auth(user, password)
	case slices.Contains(mechanisms, "SCRAM-SHA-1"):
		auth = smtp.ScramSHA1Auth(user, password)
	case secret && slices.Contains(mechanisms, "PLAIN"):
		auth = smtp.PlainAuth("", user, password, c.way.Host, false)
	case secret && slices.Contains(mechanisms, "LOGIN"):
		auth = smtp.LoginAuth(user, password, c.way.Host, false)
	case len(mechanisms) == 0:
		return channel.Fail(channel.Broken, channel.CodeSignIn, "the server offers no sign-in on this port: leave secretRef out, or use another port")
	default:
		return channel.Fail(channel.Broken, channel.CodeSignIn, "the server offers no way to sign in that Foyer would use here: PLAIN and LOGIN take TLS, else SCRAM-SHA-256")
	}
	err := c.client.Auth(auth)
	if err == nil {
		return nil
	}
	var answer *textproto.Error
	if errors.As(err, &answer) {
		return channel.Fail(channel.Broken, code(answer), "the server refuses username and password")
	}
	if outbound.Code(err) == channel.CodeTimeout {
		return channel.Fail(channel.Broken, channel.CodeTimeout, "the server took too long to sign us in")
	}
	return channel.Fail(channel.Broken, channel.CodeSignIn, "the sign-in was cut short")
}

// broken is a failure of the connection itself.
func broken(err error) *channel.Error {
	if answer := (*textproto.Error)(nil); errors.As(err, &answer) {
		return channel.Fail(channel.Broken, code(answer), "the server does not want to talk: "+answer.Msg)
	}
	return channel.Fail(channel.Broken, outbound.Code(err), err.Error())
}

// unsecured is a failure to make a connection secret.
func unsecured(err error) *channel.Error {
	failure := broken(err)
	if failure.Code == channel.CodeConnection {
		failure = channel.Fail(channel.Broken, channel.CodeTLS, "the connection was cut before it was secret: "+err.Error())
	}
	return failure
}

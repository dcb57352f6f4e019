// Package postfix gives tests a real mail server that we did not write: Postfix of Debian's
// package postfix, with its own configuration, queue and mailboxes in a temporary directory.
// The users' passwords are kept and checked by Cyrus SASL (packages sasl2-bin and
// libsasl2-modules).
//
// Postfix runs as root only.
package postfix

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/testenv/certificate"
)

// What the server knows.
const (
	Domain   = "example.test" // of its mailboxes
	User     = "acme"
	Password = "correct horse battery staple"
	Anna     = "anna@" + Domain  // has a mailbox
	Bob      = "bob@" + Domain   // has one too
	Later    = "later@" + Domain // is refused for now; anybody else for good
	// MaxBytes is how big a mail may be.
	MaxBytes = 1 << 20
)

// patience bounds the start and waiting for mails. It only matters when they fail.
const patience = time.Minute

// Server is a running Postfix.
type Server struct {
	dir       string
	authority []byte

	StartTLS int32 // the port that takes mails after STARTTLS and a sign-in
	TLS      int32 // the port that has TLS from the first byte, and wants a sign-in
	Plain    int32 // the port that wants neither
}

// New starts a server until the test ends.
func New(t testing.TB) *Server {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("Postfix runs as root only: run this test as root")
	}
	s, err := start(t.TempDir())
	if s != nil {
		t.Cleanup(func() {
			if err := s.command("postfix", "stop"); err != nil {
				t.Error(err)
			}
		})
	}
	if err != nil {
		t.Fatalf("start Postfix for tests: %v", err)
	}
	return s
}

func start(dir string) (*Server, error) {
	s := &Server{dir: dir}
	for _, port := range []*int32{&s.StartTLS, &s.TLS, &s.Plain} {
		free, err := freePort()
		if err != nil {
			return nil, err
		}
		*port = free
	}
	if err := s.configure(); err != nil {
		return nil, err
	}
	if err := s.command("postfix", "start"); err != nil {
		return nil, err
	}
	return s, s.ready()
}

// Authority is the certificate, in PEM, that the server's own one can be verified with.
func (s *Server) Authority() string { return string(s.authority) }

// configure writes everything that Postfix reads.
func (s *Server) configure() error {
	owner, err := user.Lookup("postfix")
	if err != nil {
		return fmt.Errorf("find Postfix's user (apt-get install postfix): %w", err)
	}
	uid, err := strconv.Atoi(owner.Uid)
	if err != nil {
		return err
	}
	authority, key, err := certificate.New()
	if err != nil {
		return err
	}
	s.authority = authority
	// The directory of a test is open to its user alone, and Postfix leaves root behind.
	for path := s.dir; path != os.TempDir() && path != "/"; path = filepath.Dir(path) {
		if err := os.Chmod(path, 0o755); err != nil { //nolint:gosec // see above
			return err
		}
	}
	for _, name := range []string{"queue", "data", "mail", "sasl"} {
		if err := os.Mkdir(s.path(name), 0o755); err != nil { //nolint:gosec // see above
			return err
		}
	}
	for _, name := range []string{"data", "mail"} {
		if err := os.Chown(s.path(name), uid, -1); err != nil {
			return err
		}
	}
	for name, content := range map[string]string{
		"main.cf": s.main(owner.Uid), "master.cf": s.master(), "ca.crt": string(authority), "key.pem": string(key),
		"sasl/smtpd.conf": "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: " + s.path("users.db") + "\nmech_list: SCRAM-SHA-256 PLAIN LOGIN\n",
	} {
		if err := os.WriteFile(s.path(name), []byte(content), 0o644); err != nil { //nolint:gosec // see above
			return err
		}
	}
	return s.addUser(uid)
}

// addUser makes the file of passwords.
func (s *Server) addUser(uid int) error {
	add := exec.Command("saslpasswd2", "-p", "-c", "-f", s.path("users.db"), "-u", Domain, User) //nolint:gosec,noctx // it ends at once
	add.Stdin = strings.NewReader(Password)
	if out, err := add.CombinedOutput(); err != nil {
		return fmt.Errorf("saslpasswd2 (apt-get install sasl2-bin): %w\n%s", err, out)
	}
	return os.Chown(s.path("users.db"), uid, -1)
}

func (s *Server) path(name string) string { return filepath.Join(s.dir, name) }

// main is main.cf.
func (s *Server) main(uid string) string {
	return strings.NewReplacer("DIR", s.dir, "UID", uid, "DOMAIN", Domain, "ANNA", Anna, "BOB", Bob, "LATER", Later, "BYTES", strconv.Itoa(MaxBytes)).Replace(`
compatibility_level = 3.6
queue_directory = DIR/queue
data_directory = DIR/data
meta_directory = /etc/postfix
maillog_file = DIR/log
maillog_file_prefixes = DIR
mail_owner = postfix
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.DOMAIN
mydestination =
mynetworks =
alias_maps =
smtpd_peername_lookup = no
smtpd_banner = mx.DOMAIN ESMTP
message_size_limit = BYTES
virtual_mailbox_limit = BYTES
smtputf8_enable = yes

smtpd_tls_cert_file = DIR/ca.crt
smtpd_tls_key_file = DIR/key.pem
smtpd_sasl_path = smtpd
cyrus_sasl_config_path = DIR/sasl
smtpd_sasl_local_domain = DOMAIN

virtual_mailbox_domains = DOMAIN
virtual_mailbox_base = DIR/mail
virtual_mailbox_maps = inline:{ { ANNA = anna/ }, { BOB = bob/ }, { LATER = later/ } }
virtual_minimum_uid = 1
virtual_uid_maps = static:UID
virtual_gid_maps = static:UID
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions =
    check_recipient_access inline:{ { LATER = 450 4.7.1 Greylisted } }
`)
}

// master is master.cf: no service is jailed.
func (s *Server) master() string {
	const signedIn = " -o smtpd_sasl_auth_enable=yes -o smtpd_client_restrictions=permit_sasl_authenticated,reject"
	lines := []string{
		fmt.Sprintf("127.0.0.1:%d inet n - n - - smtpd -o smtpd_tls_security_level=encrypt -o smtpd_tls_auth_only=yes%s", s.StartTLS, signedIn),
		fmt.Sprintf("127.0.0.1:%d inet n - n - - smtpd -o smtpd_tls_wrappermode=yes%s", s.TLS, signedIn),
		fmt.Sprintf("127.0.0.1:%d inet n - n - - smtpd", s.Plain),
		"postlog unix-dgram n - n - 1 postlogd",
		"pickup unix n - n 60 1 pickup",
		"cleanup unix n - n - 0 cleanup",
		"qmgr unix n - n 300 1 qmgr",
		"tlsmgr unix - - n 1000? 1 tlsmgr",
		"rewrite unix - - n - - trivial-rewrite",
		"bounce unix - - n - 0 bounce",
		"defer unix - - n - 0 bounce",
		"trace unix - - n - 0 bounce",
		"verify unix - - n - 1 verify",
		"flush unix n - n 1000? 0 flush",
		"proxymap unix - - n - - proxymap",
		"error unix - - n - - error",
		"retry unix - - n - - error",
		"discard unix - - n - - discard",
		"virtual unix - n n - - virtual",
		"anvil unix - - n - 1 anvil",
		"scache unix - - n - 1 scache",
	}
	return strings.Join(lines, "\n") + "\n"
}

// command runs one of Postfix's programs.
func (s *Server) command(program string, args ...string) error {
	var out bytes.Buffer
	command := exec.Command(program, append([]string{"-c", s.dir}, args...)...) //nolint:gosec,noctx // Postfix's own programs; a server outlives whoever starts it
	command.Stdout, command.Stderr = &out, &out
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s%s", program, strings.Join(args, " "), err, out.String(), s.Log())
	}
	return nil
}

// Log is what Postfix wrote.
func (s *Server) Log() string {
	text, err := os.ReadFile(s.path("log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// ready waits until the server takes connections.
func (s *Server) ready() error {
	deadline := time.After(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(s.Plain)))) //nolint:noctx // it returns at once
		if err == nil {
			return conn.Close()
		}
		select {
		case <-deadline:
			return fmt.Errorf("it takes no connections: %w\n%s", err, s.Log())
		case <-tick.C:
		}
	}
}

// Mails are those in a mailbox, the oldest first.
func (s *Server) Mails(t testing.TB, address string) [][]byte {
	t.Helper()
	box, _, _ := strings.Cut(address, "@")
	folder := s.path(filepath.Join("mail", box, "new"))
	files, err := os.ReadDir(folder) // sorted by name, which begins with the time
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var mails [][]byte
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(folder, file.Name())) //nolint:gosec // a mailbox of the test
		if err != nil {
			t.Fatal(err)
		}
		mails = append(mails, bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))) // a Maildir has the lines of its system
	}
	return mails
}

// Wait returns the mails in a mailbox when there are so many.
func (s *Server) Wait(t testing.TB, address string, n int) [][]byte {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		mails := s.Mails(t, address)
		if len(mails) >= n {
			return mails
		}
		select {
		case <-deadline:
			t.Fatalf("%d mails came to %s, not %d\n%s", len(mails), address, n, s.Log())
		case <-tick.C:
		}
	}
}

func freePort() (int32, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it returns at once
	if err != nil {
		return 0, err
	}
	defer l.Close()                                 //nolint:errcheck // it only found a port
	return int32(l.Addr().(*net.TCPAddr).Port), nil //nolint:gosec // a port fits
}

// Package smtp gives tests, benchmarks and the demo a real mail server of their own. It
// takes every mail, keeps it, and fails as a script says.
//
//	server := smtp.New(t, smtp.Options{Security: smtp.TLS})
//	server.Script(func(at smtp.Moment) smtp.Fault { ... })
//	...
//	mails := server.Wait(t, 3)
//
// Its certificate is made when it starts and good for 127.0.0.1 and localhost; who is to
// trust it takes [Server.Authority].
package smtp

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/foyerhq/foyer/internal/testenv/certificate"
)

// Security says how connections are protected.
type Security string

// The ways.
const (
	None     Security = "None"
	TLS      Security = "TLS"      // from the first byte
	StartTLS Security = "StartTLS" // required before a mail
)

// Options say what server it is.
type Options struct {
	Address    string // empty: a free port of 127.0.0.1
	Security   Security
	Users      map[string]string // passwords by name; empty: nobody signs in
	Mechanisms []string          // PLAIN, LOGIN; empty: both
	MaxBytes   int64             // of a mail; 0: no bound
	UTF8       bool              // it takes addresses in all letters
	// Certificate is that of the server; nil: one that is made when it starts.
	Certificate *tls.Certificate
	// OnMail gets each mail instead of [Server.Mails], as it comes.
	OnMail func(Mail)
}

// Mail is a mail that was taken, and how it came.
type Mail struct {
	Connection int // counted from 1
	Hello      string
	User       string // who signed in
	TLS        bool
	UTF8       bool // it was announced as one with addresses in all letters
	From       string
	To         []string // of the envelope
	Text       []byte
	At         time.Time
}

// patience bounds waiting. It only matters when something fails.
const patience = time.Minute

// Server is a running mail server.
type Server struct {
	options   Options
	authority string
	listener  *listener
	server    *smtp.Server
	done      chan struct{} // closed when the server ends

	mutex  sync.Mutex
	script func(Moment) Fault
	counts map[Stage]int
	mails  []Mail
	came   chan struct{} // closed and made anew with each mail
}

// New starts a server until the test ends.
func New(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Start starts a server. The caller closes it.
func Start(o Options) (*Server, error) {
	authority, key, err := certificate.New()
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(authority, key)
	if err != nil {
		return nil, err
	}
	if o.Certificate != nil {
		pair, authority = *o.Certificate, nil
	}
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	raw, err := net.Listen("tcp", o.Address) //nolint:noctx // it returns at once
	if err != nil {
		return nil, fmt.Errorf("start a mail server: %w", err)
	}
	s := &Server{options: o, authority: string(authority), done: make(chan struct{}), counts: map[Stage]int{}, came: make(chan struct{})}
	s.listener = &listener{Listener: raw, server: s, ready: make(chan net.Conn), open: map[*conn]struct{}{}}
	s.server = smtp.NewServer(smtp.BackendFunc(s.session))
	s.server.Domain = "localhost"
	s.server.MaxMessageBytes = o.MaxBytes
	s.server.EnableSMTPUTF8 = o.UTF8
	s.server.AllowInsecureAuth = o.Security == None
	s.server.ErrorLog = log.New(io.Discard, "", 0) // connections break: that is its work
	secret := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	switch o.Security {
	case TLS:
		s.listener.secret = secret
	case StartTLS:
		s.server.TLSConfig = secret
	}
	go s.listener.accept()
	go s.server.Serve(s.listener) //nolint:errcheck // it ends when the server is closed
	return s, nil
}

// Close ends the server and its connections.
func (s *Server) Close() error {
	select {
	case <-s.done:
		return nil
	default:
		close(s.done)
	}
	err := s.listener.Listener.Close()
	s.server.Close() //nolint:errcheck // it closes the same listener
	return errors.Join(err, s.listener.cut())
}

// Host is where the server listens.
func (s *Server) Host() string { return s.listener.Addr().(*net.TCPAddr).IP.String() }

// Port is where the server listens.
func (s *Server) Port() int32 { return int32(s.listener.Addr().(*net.TCPAddr).Port) } //nolint:gosec // a port fits

// Authority is the certificate, in PEM, that the one made for the server can be verified with.
func (s *Server) Authority() string { return s.authority }

// Script replaces what decides about faults. It is asked by many connections at once.
func (s *Server) Script(script func(Moment) Fault) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.script = script
}

// Cut breaks the connections that are open.
func (s *Server) Cut() error { return s.listener.cut() }

// Count says how often a stage was reached.
func (s *Server) Count(stage Stage) int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.counts[stage]
}

// Mails are those that were kept, in the order in which they came.
func (s *Server) Mails() []Mail {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Clone(s.mails)
}

// Wait returns the mails when there are so many.
func (s *Server) Wait(t testing.TB, n int) []Mail {
	t.Helper()
	deadline := time.After(patience)
	for {
		s.mutex.Lock()
		mails, came := slices.Clone(s.mails), s.came
		s.mutex.Unlock()
		if len(mails) >= n {
			return mails
		}
		select {
		case <-came:
		case <-deadline:
			t.Fatalf("%d mails came, not %d", len(mails), n)
		}
	}
}

// keep takes a mail.
func (s *Server) keep(m Mail) {
	if s.options.OnMail != nil {
		s.options.OnMail(m)
		return
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.mails = append(s.mails, m)
	close(s.came)
	s.came = make(chan struct{})
}

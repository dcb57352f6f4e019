package reach

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
	"unicode"

	"golang.org/x/net/http/httpproxy"

	"github.com/foyerhq/foyer/internal/integration"
)

// API is the integration API of one tenant.
type API struct {
	Client *integration.Client
	Name   string // tells it from others, for people and in files
	Tenant string // unknown where the API is reached by its address

	transport *http.Transport
	drop      func() // of what the connections go through
	token     func(context.Context) (string, error)
}

// NewToken reads the token again after it was refused, and says whether it is another one,
// as after a rotation. No request may run.
func (a *API) NewToken(ctx context.Context) bool {
	token, err := a.token(ctx)
	if err != nil || token == a.Client.Token {
		return false // the refusal says more
	}
	a.Client.Token = token
	return true
}

// Renew leaves the connections, so that the next request makes a new one, to another pod
// if the former is gone.
func (a *API) Renew() {
	a.drop()
	a.transport.CloseIdleConnections()
}

func newAPI(base, name, token string, transport *http.Transport, drop func()) *API {
	client := &http.Client{
		Transport: transport,
		// The token is for the address that was named, and for no other.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &API{Client: &integration.Client{BaseURL: base, Token: token, HTTP: client}, Name: name, transport: transport, drop: drop}
}

// Server is an API that is reached by its address.
type Server struct {
	URL                  string
	TokenFile            string
	CertificateAuthority string // a file; empty: what the system trusts
}

// ServerAPI reaches an API by its address.
func ServerAPI(s Server) (*API, error) {
	base, err := s.base()
	if err != nil {
		return nil, err
	}
	token, err := readToken(s.TokenFile)
	if err != nil {
		return nil, err
	}
	roots, err := s.roots()
	if err != nil {
		return nil, err
	}
	transport := newTransport(dialLocalhost)
	transport.Proxy = newProxy()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	api := newAPI(base, base, token, transport, func() {})
	api.token = func(context.Context) (string, error) { return readToken(s.TokenFile) }
	return api, nil
}

// base is the address without an end that a person may have copied with it.
func (s Server) base() (string, error) {
	address, err := url.Parse(s.URL)
	if err != nil || address.Host == "" || address.Scheme != "https" && address.Scheme != "http" {
		return "", errors.New("--server must be an address such as https://api.acme.example")
	}
	if address.User != nil || address.RawQuery != "" || address.Fragment != "" {
		return "", errors.New("--server must be an address alone, without user, query or fragment, such as https://api.acme.example")
	}
	if address.Scheme == "http" && !isLocal(address.Hostname()) {
		return "", errors.New("--server must be https: the token would be readable on its way")
	}
	return strings.TrimSuffix(strings.TrimSuffix(address.String(), "/"), "/api/v1"), nil
}

func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// newProxy finds the proxy of the environment, but none for what is on this machine: that
// is asked in clear text as well.
func newProxy() func(*http.Request) (*url.URL, error) {
	proxy := httpproxy.FromEnvironment().ProxyFunc()
	return func(request *http.Request) (*url.URL, error) {
		if isLocal(request.URL.Hostname()) {
			return nil, nil
		}
		return proxy(request.URL)
	}
}

// roots are the authorities of the file; nil are those of the system.
func (s Server) roots() (*x509.CertPool, error) {
	if s.CertificateAuthority == "" {
		return nil, nil
	}
	text, err := os.ReadFile(s.CertificateAuthority)
	if err != nil {
		return nil, fmt.Errorf("read the certificate authority: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("there is no certificate in %s, PEM is wanted", s.CertificateAuthority)
	}
	return pool, nil
}

func readToken(file string) (string, error) {
	text, err := os.ReadFile(file) //nolint:gosec // the file that a person names
	if err != nil {
		return "", fmt.Errorf("read the token: %w", err)
	}
	return checkToken(string(text), file)
}

// checkToken leaves out the end of the line. What is no token is not shown.
func checkToken(text, where string) (string, error) {
	token := strings.TrimSpace(text)
	if token == "" {
		return "", fmt.Errorf("there is no token in %s", where)
	}
	if strings.ContainsFunc(token, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r > unicode.MaxASCII }) {
		return "", fmt.Errorf("what is in %s is not a token alone", where)
	}
	return token, nil
}

func newTransport(dial func(ctx context.Context, network, address string) (net.Conn, error)) *http.Transport {
	return &http.Transport{
		DialContext:         dial,
		ForceAttemptHTTP2:   true,
		MaxIdleConns:        2,
		IdleConnTimeout:     30 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second,
		WriteBufferSize:     32 << 10, // each is a frame of a tunnel
	}
}

var dialer = net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}

// dialLocalhost finds every name below localhost on this machine (RFC 6761), which few
// resolvers do.
func dialLocalhost(ctx context.Context, network, address string) (net.Conn, error) {
	if host, port, err := net.SplitHostPort(address); err == nil && strings.HasSuffix(host, ".localhost") {
		address = net.JoinHostPort("localhost", port)
	}
	return dialer.DialContext(ctx, network, address)
}

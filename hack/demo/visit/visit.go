// Package visit is a person who uses a site of the running demo: a client that signs
// in, keeps its cookie, opens pages and sends forms.
package visit

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/foyerhq/foyer/hack/demo/edge"
)

// Person is someone's visit to one site.
type Person struct {
	Client *http.Client
	Origin string // as "https://acme.localhost"
}

// SignIn opens a site and signs in.
func SignIn(ctx context.Context, stateDir, host, user, password string) (*Person, error) {
	client, err := Client(stateDir)
	if err != nil {
		return nil, err
	}
	if client.Jar, err = cookiejar.New(nil); err != nil {
		return nil, fmt.Errorf("make a cookie jar: %w", err)
	}
	p := &Person{client, "https://" + host}
	body, err := p.Post(ctx, "/sign-in", url.Values{"login": {user}, "password": {password}})
	if err != nil {
		return nil, err
	}
	if !strings.Contains(body, "/sign-out") {
		return nil, errors.New("the page after sign-in offers no sign-out, so sign-in failed")
	}
	return p, nil
}

// Cookies returns the value of the Cookie header that the person's browser sends.
func (p *Person) Cookies() (string, error) {
	origin, err := url.Parse(p.Origin)
	if err != nil {
		return "", fmt.Errorf("address of the site: %w", err)
	}
	var pairs []string
	for _, cookie := range p.Client.Jar.Cookies(origin) {
		pairs = append(pairs, cookie.Name+"="+cookie.Value)
	}
	return strings.Join(pairs, "; "), nil
}

// Expect opens a page and says what is not as expected: the status, or a text that
// is missing.
func (p *Person) Expect(ctx context.Context, path string, status int, texts []string) error {
	got, body, err := p.Get(ctx, path)
	if err != nil {
		return err
	}
	if got != status {
		return fmt.Errorf("%s answers %d, expected %d", path, got, status)
	}
	for _, text := range texts {
		if !strings.Contains(body, text) {
			return fmt.Errorf("%s does not show %q", path, text)
		}
	}
	return nil
}

// Post sends a form as the site's own page would.
func (p *Person) Post(ctx context.Context, path string, form url.Values) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.Origin+path, strings.NewReader(form.Encode()))
	if err != nil {
		return "", fmt.Errorf("send %s: %w", path, err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", p.Origin)
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	status, body, err := p.do(request)
	if err != nil {
		return "", err
	}
	if status != http.StatusOK {
		return "", fmt.Errorf("%s answers %d, expected 200 after its redirect", path, status)
	}
	return body, nil
}

func (p *Person) do(request *http.Request) (int, string, error) {
	response, err := p.Client.Do(request)
	if err != nil {
		return 0, "", fmt.Errorf("reach the site: %w", err)
	}
	defer response.Body.Close() //nolint:errcheck // read only
	body, err := io.ReadAll(io.LimitReader(response.Body, 4<<20))
	if err != nil {
		return 0, "", fmt.Errorf("read %s: %w", request.URL.Path, err)
	}
	return response.StatusCode, string(body), nil
}

// Get opens a page.
func (p *Person) Get(ctx context.Context, path string) (status int, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.Origin+path, nil)
	if err != nil {
		return 0, "", fmt.Errorf("ask for %s: %w", path, err)
	}
	return p.do(request)
}

// Client trusts only the authority of the demo whose state is in stateDir, and finds
// every site on loopback.
func Client(stateDir string) (*http.Client, error) {
	certificate, err := os.ReadFile(filepath.Join(stateDir, edge.CertificateFile)) //nolint:gosec // the demo's own state
	if err != nil {
		return nil, fmt.Errorf("the demo's certificate is missing, run make demo: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(certificate) {
		return nil, fmt.Errorf("the demo's certificate in %s is not readable", stateDir)
	}
	client := edge.LocalClient(roots, edge.Address)
	client.Timeout = 60 * time.Second
	return client, nil
}

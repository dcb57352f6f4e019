package backoffice

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/integration/signature"
	"github.com/foyerhq/foyer/internal/store"
)

// What is read of who may be a stranger is bounded, in bytes and in requests at once.
const (
	maxSignedBytes   = 1 << 20
	maxSigned        = 32
	signedPatience   = 2 * time.Second
	maxSecretBytes   = 16 << 10
	eventSecretFile  = "secret"
	signatureScheme  = "signature"
	signedActor      = "signature"
	detailUnsettled  = "requests with a signature cannot be verified at the moment: the secret of the tenant cannot be read"
	detailManySigned = "too many requests with a signature come in at once, try again"
)

// EventKeys reads the secrets that sign events from a mounted directory, at each request,
// so that one that is changed is in force at once. Errors do not show them.
func EventKeys(dir string) func() (signature.Keys, error) {
	return func() (signature.Keys, error) {
		file, err := os.Open(filepath.Join(dir, eventSecretFile)) //nolint:gosec // the directory is a flag of the process
		if err != nil {
			return nil, fmt.Errorf("the Secret of spec.backoffice.eventSigningSecretRef has no key %s: add it: %w", eventSecretFile, err)
		}
		defer file.Close() //nolint:errcheck // only read
		text, err := io.ReadAll(io.LimitReader(file, maxSecretBytes))
		if err != nil {
			return nil, fmt.Errorf("read the secret that signs events: %w", err)
		}
		keys, err := signature.Parse(string(text))
		if err != nil {
			return nil, fmt.Errorf("the Secret of spec.backoffice.eventSigningSecretRef: %w", err)
		}
		return keys, nil
	}
}

// isSigned says whether a request comes with a signature in place of a token. Only events do.
func (a *api) isSigned(r *http.Request) bool {
	return a.EventKeys != nil && r.Method == http.MethodPost && r.URL.Path == pathEvents &&
		r.Header.Get("Authorization") == "" && r.Header.Get(signature.HeaderSignature) != ""
}

// verify finds out whether a request with a signature is one of the tenant's systems. The
// body is read for it, as it was sent.
func (a *api) verify(w http.ResponseWriter, r *http.Request, ip string) (caller, *integration.Problem) {
	if !a.strangers.mayAsk(r.Context(), ip) {
		return caller{}, tooMany(w.Header(), time.Second, "too many wrong signatures come in")
	}
	own, _ := a.signers.enter(networkOf(ip)) // a stranger who sends slowly keeps nobody else out
	if own == nil {
		return caller{}, takeTurns(contendedRetry, detailManySigned)
	}
	defer own()
	leave := a.signed.enter(r.Context())
	if leave == nil {
		return caller{}, takeTurns(contendedRetry, detailManySigned)
	}
	defer leave()
	keys, err := a.EventKeys()
	if err != nil {
		a.Log.ErrorContext(r.Context(), "events with a signature are refused", "error", err)
		return caller{}, comeBack(wholeRetry, detailUnsettled)
	}
	text, wrong := a.readSigned(w, r)
	if wrong == nil {
		if _, err := keys.Verify(r.Header, text, a.now()); err != nil {
			a.strangers.failed(ip) // and not for a body that is too large: its sender may be honest
			wrong = problem(http.StatusUnauthorized, err.Error())
		}
	}
	if wrong != nil {
		return caller{}, wrong
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	return caller{Token: store.Token{ID: signatureScheme, Scopes: []string{scopeSendEvents}}, ip: ip, signed: true}, nil
}

// readSigned reads a body that somebody has signed as it came, compressed or not.
func (a *api) readSigned(w http.ResponseWriter, r *http.Request) ([]byte, *integration.Problem) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(a.bodyTime)) // not supported by test recorders only
	text, err := io.ReadAll(&limitedReader{reader: r.Body, left: maxSignedBytes})
	if err == nil {
		_ = control.SetReadDeadline(time.Time{})
		return text, nil
	}
	w.Header().Set("Connection", "close")
	switch {
	case errors.Is(err, errBodyTooLarge):
		return nil, problem(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes, which a request with a signature may have: send fewer events at once", maxSignedBytes))
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, problem(http.StatusRequestTimeout, fmt.Sprintf("the body did not come within %.0f seconds", a.bodyTime.Seconds()))
	}
	return nil, problem(http.StatusBadRequest, "the body broke off or is damaged")
}

// turnstile lets so many in at once.
type turnstile chan struct{}

// enter waits a moment for a place; nil: there is none.
func (t turnstile) enter(ctx context.Context) (leave func()) {
	select {
	case t <- struct{}{}:
		return func() { <-t }
	case <-ctx.Done():
	case <-time.After(signedPatience):
	}
	return nil
}

package people

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/foyerhq/foyer/internal/integration"
)

// Send brings a provider's customers into Foyer as its billing system would: in bulk by
// imports, the rest one by one. note is told what was done.
func Send(ctx context.Context, api *integration.Client, p Provider, passwordHash string, today time.Time, note func(format string, args ...any)) error {
	imports := Lines(p, passwordHash, today)
	for _, lines := range imports {
		refused := ""
		summary, err := api.Import(ctx, lines.Kind, bytes.NewReader(lines.Body), func(r integration.Refusal) {
			refused = fmt.Sprintf("line %d, %s: %s", r.Line, r.Field, r.Message)
		})
		if err != nil {
			return err
		}
		if summary.Refused > 0 {
			return fmt.Errorf("%d of %d %s refused, the last: %s", summary.Refused, summary.Received, lines.Kind, refused)
		}
		note("%-9s %5d lines: %d new, %d changed, %d as before", lines.Kind, summary.Received, summary.Created, summary.Updated, summary.Unchanged)
	}
	s := sender{api}
	puts := Details(p, passwordHash, today)
	for _, put := range puts {
		if err := s.put(ctx, put); err != nil {
			return err
		}
	}
	note("%-9s %5d of sites, numbers, services, orders, tickets", "one by one", len(puts))
	if p.Shown == "" {
		return nil
	}
	account := p.accountIDs()[p.Shown]
	document, err := invoiceDocument(imports, withDocument(account), p.Name)
	if err != nil {
		return err
	}
	if err := s.document(ctx, withDocument(account), document); err != nil {
		return err
	}
	return s.invite(ctx, invited(account))
}

// sender sends requests one by one.
type sender struct{ api *integration.Client }

// put makes one PUT, which tells nobody: it is a first load. Its idempotency key is that
// of its content: when the answer is lost, the same request may be sent again.
func (s sender) put(ctx context.Context, put Put) error {
	path := put.Path + "?notify=none"
	key := sha256.Sum256(append([]byte(path+"\n"), put.Body...))
	_, err := Ask(ctx, s.api, http.MethodPut, path, map[string]string{"Content-Type": "application/json", "Idempotency-Key": hex.EncodeToString(key[:])}, put.Body)
	return err
}

// document uploads the PDF of an invoice.
func (s sender) document(ctx context.Context, invoice string, pdf []byte) error {
	_, err := Ask(ctx, s.api, http.MethodPut, "invoices/"+invoice+"/document", map[string]string{"Content-Type": "application/pdf"}, pdf)
	return err
}

// invite sends a contact the mail to create a sign-in, unless it has been sent before.
func (s sender) invite(ctx context.Context, contact string) error {
	text, err := Ask(ctx, s.api, http.MethodGet, "contacts/"+contact, nil, nil)
	if err != nil {
		return err
	}
	var known integration.Contact
	if err := json.Unmarshal(text, &known); err != nil {
		return fmt.Errorf("contact %s: %w", contact, err)
	}
	if known.PortalAccess != integration.PortalNotInvited {
		return nil
	}
	_, err = Ask(ctx, s.api, http.MethodPost, "contacts/"+contact+"/create-mail", nil, nil)
	return err
}

// Ask makes a request to the API and returns the body of the answer, which must be a good
// one. path is without the first part, that all have.
func Ask(ctx context.Context, api *integration.Client, method, path string, header map[string]string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, api.BaseURL+"/api/v1/"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+api.Token)
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := api.HTTP.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer response.Body.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(io.LimitReader(response.Body, 16<<20))
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	if response.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s %s: %s: %s", method, path, response.Status, text)
	}
	return text, nil
}

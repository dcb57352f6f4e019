package people

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/foyerhq/foyer/internal/integration"
)

// Send brings a provider's customers into Foyer as its billing system would: in bulk by
// imports, the rest one by one. note is told what was done.
func Send(ctx context.Context, api *integration.Client, p Provider, passwordHash string, today time.Time, note func(format string, args ...any)) error {
	for _, lines := range Lines(p, passwordHash, today) {
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
	puts := Details(p, today)
	for _, put := range puts {
		if err := send(ctx, api, put); err != nil {
			return fmt.Errorf("PUT %s: %w", put.Path, err)
		}
	}
	note("%-9s %5d of sites, numbers, services, orders, tickets", "one by one", len(puts))
	return nil
}

// send makes one request, which tells nobody: it is a first load. Its idempotency key is that of its content: when the answer is
// lost, the same request may be sent again.
func send(ctx context.Context, api *integration.Client, put Put) error {
	path := put.Path + "?notify=none"
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, api.BaseURL+"/api/v1/"+path, bytes.NewReader(put.Body))
	if err != nil {
		return err
	}
	key := sha256.Sum256(append([]byte(path+"\n"), put.Body...))
	request.Header.Set("Authorization", "Bearer "+api.Token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", hex.EncodeToString(key[:]))
	response, err := api.HTTP.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusCreated {
		return fmt.Errorf("%s: %s", response.Status, text)
	}
	return nil
}

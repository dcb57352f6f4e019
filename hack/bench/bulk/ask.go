package bulk

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// asked is how often each question is asked.
const asked = 301

// askAll returns the median time of each question over many accounts, in wall time: one
// request after the other, on one connection.
func (w *world) askAll(ctx context.Context, accounts int) (map[string]time.Duration, error) {
	medians := map[string]time.Duration{}
	for name, path := range map[string]func(n int) string{
		"account-settings": func(n int) string { return "/api/v1/accounts/" + accountID(n) + "/settings" },
		"account-page": func(n int) string {
			return fmt.Sprintf("/api/v1/accounts?limit=100&accountProfile=%s", []string{"business", "residential"}[n%2])
		},
		"settings-page": func(int) string { return "/api/v1/settings?limit=100" },
		"invoices-of":   func(n int) string { return "/api/v1/invoices?limit=100&accountId=" + accountID(n) },
		"calls-of":      func(n int) string { return "/api/v1/calls?limit=100&accountId=" + accountID(n) },
	} {
		var times []time.Duration
		for i := range asked {
			began := time.Now()
			if err := w.ask(ctx, path(i*7907%accounts)); err != nil {
				return nil, err
			}
			times = append(times, time.Since(began))
		}
		slices.Sort(times)
		medians[name] = Median(times)
	}
	return medians, nil
}

func (w *world) ask(ctx context.Context, path string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.api.BaseURL+path, nil)
	if err != nil {
		return fmt.Errorf("ask for %s: %w", path, err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask for %s: %w", path, err)
	}
	defer response.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("the answer is %s: %s", response.Status, body)
	}
	if err != nil {
		return fmt.Errorf("ask for %s: %w", path, err)
	}
	return nil
}

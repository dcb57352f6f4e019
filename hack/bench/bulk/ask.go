package bulk

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// asked is how often each question is asked: often enough for a clock that ticks a
// hundred times a second.
const asked = 1000

// questions are what a billing system asks for, by name: the path of the request about
// account number n. Pages are asked for also where a list is long behind and before them.
func (w *world) questions(ctx context.Context, accounts int) (map[string]func(n int) string, error) {
	var middle time.Time
	err := w.rows.QueryRow(ctx, "SELECT updated_at FROM account ORDER BY updated_at, id OFFSET $1 LIMIT 1", accounts/2).Scan(&middle)
	if err != nil {
		return nil, fmt.Errorf("find the time when half was there: %w", err)
	}
	late, err := w.next(ctx, "/api/v1/accounts?limit=1000", accounts/2/1000)
	if err != nil {
		return nil, err
	}
	head, err := w.next(ctx, "/api/v1/changes?after=latest", 1)
	if err != nil {
		return nil, err
	}
	same := func(path string) func(int) string { return func(int) string { return path } }
	return map[string]func(n int) string{
		"account-settings": func(n int) string { return "/api/v1/accounts/" + accountID(n) + "/settings" },
		"account-page": func(n int) string {
			return fmt.Sprintf("/api/v1/accounts?limit=100&accountProfile=%s", []string{"business", "residential"}[n%2])
		},
		"account-late-page": same("/api/v1/accounts?limit=100&cursor=" + late),
		"accounts-of-group": same("/api/v1/accounts?limit=100&group=" + group),
		"accounts-changed":  same("/api/v1/accounts?limit=100&updatedSince=" + middle.UTC().Format(time.RFC3339Nano)),
		"settings-page":     same("/api/v1/settings?limit=100"),
		"changes-at-end":    same("/api/v1/changes?after=" + head),
		"invoices-of":       func(n int) string { return "/api/v1/invoices?limit=100&accountId=" + accountID(n) },
		"calls-of":          func(n int) string { return "/api/v1/calls?limit=100&accountId=" + accountID(n) },
	}, nil
}

// askAll returns what an answer to each question costs among so many accounts: the
// processor time of the backoffice and of PostgreSQL.
func (w *world) askAll(ctx context.Context, accounts int) (map[string]time.Duration, error) {
	questions, err := w.questions(ctx, accounts)
	if err != nil {
		return nil, err
	}
	costs := map[string]time.Duration{}
	for name, path := range questions {
		spent, err := w.spend(func() error {
			for i := range asked {
				if _, err := w.ask(ctx, path(i*7907%accounts)); err != nil {
					return err
				}
			}
			return nil
		}, "backoffice", "postgres")
		if err != nil {
			return nil, err
		}
		costs[name] = spent / asked
	}
	return costs, nil
}

// next follows a list for so many pages and returns where it goes on.
func (w *world) next(ctx context.Context, path string, pages int) (string, error) {
	after, from := path, ""
	for range pages {
		body, err := w.ask(ctx, after)
		if err != nil {
			return "", err
		}
		var page struct{ Next string }
		if err := json.Unmarshal(body, &page); err != nil {
			return "", fmt.Errorf("read a page of %s: %w", path, err)
		}
		if page.Next == "" {
			return "", fmt.Errorf("%s ends early", path)
		}
		from = url.QueryEscape(page.Next)
		after = path + "&cursor=" + from
	}
	return from, nil
}

func (w *world) ask(ctx context.Context, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.api.BaseURL+path, nil)
	if err != nil {
		return nil, fmt.Errorf("ask for %s: %w", path, err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask for %s: %w", path, err)
	}
	defer response.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("the answer is %s: %s", response.Status, body)
	}
	if err != nil {
		return nil, fmt.Errorf("ask for %s: %w", path, err)
	}
	return body, nil
}

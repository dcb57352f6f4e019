package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// exchange sends a request with a JSON body, if it is not nil, and reads the answer.
func exchange[T any](ctx context.Context, c *Client, doing, method, path string, body any) (T, error) {
	var answer T
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return answer, fmt.Errorf("%s: %w", doing, err)
		}
		content = bytes.NewReader(text)
	}
	request, err := c.request(ctx, method, path, content)
	if err != nil {
		return answer, fmt.Errorf("%s: %w", doing, err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.do(request)
	if err != nil {
		return answer, fmt.Errorf("%s: %w", doing, err)
	}
	defer response.Body.Close() //nolint:errcheck // only read
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return answer, fmt.Errorf("%s: read the answer: %w", doing, err)
	}
	return answer, nil
}

// Upcoming asks who would be sent what in the coming days.
func (c *Client) Upcoming(ctx context.Context, q UpcomingQuery) (Upcoming, error) {
	return exchange[Upcoming](ctx, c, "ask what is upcoming", http.MethodPost, "/api/v1/upcoming", q)
}

// Render asks what an account would get for an event.
func (c *Client) Render(ctx context.Context, q RenderQuery) (Rendered, error) {
	return exchange[Rendered](ctx, c, "ask what account "+q.AccountID+" would get", http.MethodPost, "/api/v1/render", q)
}

// NotificationSummary asks how delivery has been going since a time.
func (c *Client) NotificationSummary(ctx context.Context, since time.Time) (NotificationSummary, error) {
	query := url.Values{"since": {since.UTC().Format(time.RFC3339)}}
	return exchange[NotificationSummary](ctx, c, "ask how delivery is going", http.MethodGet, "/api/v1/notifications/summary?"+query.Encode(), nil)
}

// NotificationQuery says which notifications a page has: the newest first.
type NotificationQuery struct {
	AccountID string // empty: of all
	State     string // empty: in any
	Since     time.Time
	Cursor    string // Next of the page before
	Limit     int
}

// NotificationPage is a page of notifications.
type NotificationPage struct {
	Items []Notification `json:"items"`
	Next  string         `json:"next"`
}

// Notifications asks for a page of notifications.
func (c *Client) Notifications(ctx context.Context, q NotificationQuery) (NotificationPage, error) {
	query := url.Values{"since": {q.Since.UTC().Format(time.RFC3339)}, "limit": {fmt.Sprint(q.Limit)}}
	for name, value := range map[string]string{"accountId": q.AccountID, "state": q.State, "cursor": q.Cursor} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return exchange[NotificationPage](ctx, c, "list notifications", http.MethodGet, "/api/v1/notifications?"+query.Encode(), nil)
}

// Cancel keeps a notification from being sent that waits.
func (c *Client) Cancel(ctx context.Context, id string) (NotificationDetail, error) {
	return exchange[NotificationDetail](ctx, c, "cancel notification "+id, http.MethodPost, "/api/v1/notifications/"+url.PathEscape(id)+"/cancel", nil)
}

// Redrive has a notification tried again.
func (c *Client) Redrive(ctx context.Context, id string) (NotificationDetail, error) {
	return exchange[NotificationDetail](ctx, c, "try notification "+id+" again", http.MethodPost, "/api/v1/notifications/"+url.PathEscape(id)+"/redrive", nil)
}

package inbox

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Client reads an inbox by its JSON.
type Client struct {
	URL  string // as https://inbox.localhost
	HTTP *http.Client
}

// List returns messages, the oldest first.
func (c *Client) List(ctx context.Context, f Filter) ([]Message, error) {
	query := url.Values{"tenant": {f.Tenant}, "to": {f.To}, "after": {strconv.Itoa(f.After)}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+"/api/messages?"+query.Encode(), nil)
	if err != nil {
		return nil, fmt.Errorf("read the inbox: %w", err)
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return nil, fmt.Errorf("read the inbox: %w", err)
	}
	defer response.Body.Close() //nolint:errcheck // read only
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read the inbox: it answers %s", response.Status)
	}
	var list []Message
	if err := json.NewDecoder(response.Body).Decode(&list); err != nil {
		return nil, fmt.Errorf("read the inbox: %w", err)
	}
	return list, nil
}

// Wait asks until the messages of a filter are as many as wanted, and returns those that
// there are by the deadline of ctx.
func (c *Client) Wait(ctx context.Context, f Filter, wanted int) (list []Message, err error) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		found, err := c.List(ctx, f)
		if err == nil {
			list = found
		} else if ctx.Err() == nil {
			return nil, err
		}
		if len(list) >= wanted || ctx.Err() != nil {
			return list, nil
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

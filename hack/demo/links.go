package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/foyerhq/foyer/hack/demo/people"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

// linkKind is what an event brings to somebody's mail.
type linkKind struct {
	purpose store.LinkPurpose
	path    string // of the link, with its secret behind
	object  string // of the payload, that says until when the link works
	about   string
}

// linkKinds are the event types whose subject is the id of a link.
func linkKinds() map[string]linkKind {
	return map[string]linkKind{
		"portal.credentialCreate": {store.LinkCreate, "/credentials/", "credential", "create a sign-in"},
		"portal.passwordReset":    {store.LinkReset, "/credentials/", "credential", "choose a new password"},
		"contact.invited":         {store.LinkInvite, "/invitation/", "invitation", "accept an invitation"},
		"contact.verifyEmail":     {store.LinkVerifyEmail, "/verify/", "verification", "confirm an address"},
	}
}

// sentLink is a link as the mail to its first address would have it.
type sentLink struct {
	who, about, url string
	account         string
	expiresAt       time.Time
}

// mostLinks bounds how many links of a tenant are shown.
const mostLinks = 10

// links prints the newest links of every tenant that still work, without looking for their
// mails.
func links(ctx context.Context) error {
	d := &demo{}
	if err := d.readCluster(ctx); err != nil {
		return err
	}
	return printLinks(ctx, d)
}

func printLinks(ctx context.Context, d *demo) error {
	for _, s := range sites() {
		found, err := d.openLinks(ctx, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.tenant, err)
		}
		fmt.Printf("\n%s, https://%s\n", s.tenant, s.host)
		if len(found) == 0 {
			fmt.Println("  no open link: send one with POST /contacts/{id}/create-mail of the API, or by \"Forgot your password?\"")
		}
		for _, l := range found {
			fmt.Printf("  %s, account %s: to %s, until %s\n    %s\n", l.who, l.account, l.about, l.expiresAt.Local().Format("2 Jan 15:04"), l.url)
		}
	}
	return nil
}

func (d *demo) openLinks(ctx context.Context, s site) ([]sentLink, error) {
	keys, err := d.linkKeys(ctx, s)
	if err != nil {
		return nil, err
	}
	api, err := d.api(ctx, s)
	if err != nil {
		return nil, err
	}
	reader := apiReader{api}
	events, err := reader.linkEvents(ctx)
	if err != nil {
		return nil, err
	}
	sent, err := linksOf(events, keys, "https://"+s.host, time.Now())
	if err != nil {
		return nil, err
	}
	var open []sentLink
	for _, l := range sent {
		if works, err := asksForPress(ctx, api.HTTP, l.url); err != nil {
			return nil, err
		} else if !works {
			continue
		}
		if l.who == "" {
			if l.who, err = reader.invited(ctx, l.account); err != nil {
				return nil, err
			}
		}
		if open = append(open, l); len(open) == mostLinks {
			break
		}
	}
	return open, nil
}

// linkKeys reads the tenant's keys, with the user's own Kubernetes rights.
func (d *demo) linkKeys(ctx context.Context, s site) (*identity.Keys, error) {
	text, err := d.kube(ctx, nil, "--namespace", s.namespace, "get", "secret", s.tenant+"-keys", "-o", "json")
	if err != nil {
		return nil, err
	}
	var secret struct {
		Data map[string][]byte `json:"data"`
	}
	if err := json.Unmarshal([]byte(text), &secret); err != nil {
		return nil, fmt.Errorf("secret %s-keys: %w", s.tenant, err)
	}
	keys, err := identity.ParseKeys(secret.Data[identity.LinkKeyFile], secret.Data[identity.SealKeyFile])
	if err != nil {
		return nil, fmt.Errorf("secret %s-keys: %w", s.tenant, err)
	}
	return keys, nil
}

// linksOf makes the links of events, the newest first, but for those whose time is over.
func linksOf(events []integration.Event, keys *identity.Keys, origin string, now time.Time) ([]sentLink, error) {
	var sent []sentLink
	kinds := linkKinds()
	for _, e := range slices.Backward(events) {
		kind, ok := kinds[e.Type]
		if !ok {
			continue
		}
		expiresAt, err := time.Parse(time.RFC3339, textOf(e.Data, kind.object, "expiresAt"))
		if err != nil {
			return nil, fmt.Errorf("event %s, %s: %w", e.ID, e.Type, err)
		}
		if !now.Before(expiresAt) {
			continue
		}
		token, err := keys.LinkToken(kind.purpose, e.Subject, 0)
		if err != nil {
			return nil, fmt.Errorf("event %s, %s: %w", e.ID, e.Type, err)
		}
		sent = append(sent, sentLink{recipient(e.Data), kind.about, origin + kind.path + token, e.AccountID, expiresAt})
	}
	return sent, nil
}

// recipient is who an event is for, as far as its payload says so.
func recipient(data map[string]any) string {
	name := strings.TrimSpace(textOf(data, "contact", "firstName") + " " + textOf(data, "contact", "lastName"))
	return cmp.Or(name, textOf(data, "contact", "email"), textOf(data, "credential", "username"))
}

func textOf(data map[string]any, object, field string) string {
	fields, _ := data[object].(map[string]any)
	text, _ := fields[field].(string)
	return text
}

// asksForPress says whether the page of a link offers its button. Opening it changes
// nothing; that of a link that is over leads elsewhere, or is none.
func asksForPress(ctx context.Context, client *http.Client, link string) (bool, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return false, fmt.Errorf("open a link: %w", err)
	}
	stay := *client
	stay.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := stay.Do(request)
	if err != nil {
		return false, fmt.Errorf("open a link: %w", err)
	}
	defer response.Body.Close() //nolint:errcheck // read only
	page, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return false, fmt.Errorf("open a link: %w", err)
	}
	at, err := url.Parse(link)
	return err == nil && response.StatusCode == http.StatusOK && strings.Contains(string(page), `action="`+at.EscapedPath()+`"`), nil
}

// apiReader reads lists of the integration API of a tenant.
type apiReader struct{ api *integration.Client }

// linkEvents are all events by which links are sent, the oldest first.
func (a apiReader) linkEvents(ctx context.Context) ([]integration.Event, error) {
	types := make([]string, 0, len(linkKinds()))
	for name := range linkKinds() {
		types = append(types, name)
	}
	query := url.Values{"limit": {"1000"}, "type": {strings.Join(types, ",")}}
	var all []integration.Event
	for {
		var page integration.Events
		if err := a.read(ctx, "events?"+query.Encode(), &page); err != nil {
			return nil, err
		}
		if all = append(all, page.Items...); !page.More {
			return all, nil
		}
		query.Set("after", page.Next)
	}
}

// invited names who of an account has an open link, for events that do not say it.
func (a apiReader) invited(ctx context.Context, account string) (string, error) {
	var page struct {
		Items []integration.Contact `json:"items"`
	}
	if err := a.read(ctx, "contacts?limit=1000&accountId="+url.QueryEscape(account), &page); err != nil {
		return "", err
	}
	var names []string
	for _, c := range page.Items {
		if c.PortalAccess == "Invited" {
			names = append(names, cmp.Or(strings.TrimSpace(c.FirstName+" "+c.LastName), c.Email))
		}
	}
	return cmp.Or(strings.Join(names, " or "), "a contact"), nil
}

func (a apiReader) read(ctx context.Context, path string, into any) error {
	text, err := people.Ask(ctx, a.api, http.MethodGet, path, nil, nil)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("answer of the API to %s: %w", path, err)
	}
	return nil
}

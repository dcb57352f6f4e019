package portal

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

const unsubscribePattern = "POST /unsubscribe/{token}"

func (p *Portal) unsubscribeRoutes() []route {
	return []route{
		{pattern: "GET /unsubscribe/{token}", open: everybody, handle: p.unsubscribePage},
		{pattern: unsubscribePattern, open: everybody, handle: p.unsubscribe},
	}
}

// newOrigin refuses forms of other sites. The link in a mail is pressed by the program that
// shows the mail (List-Unsubscribe-Post, RFC 8058), which may be a page of another site or
// no browser at all. To take its request is safe: the address itself proves that somebody
// has the mail, no cookie is asked for, and it can do nothing but stop one kind of messages
// to one contact, who can have them again on their preferences page.
func newOrigin() *http.CrossOriginProtection {
	origin := http.NewCrossOriginProtection()
	origin.AddInsecureBypassPattern(unsubscribePattern)
	return origin
}

// unsubscribePage is the page of the link in a mail by which its reader has no more of them.
type unsubscribePage struct {
	Page     web.Page
	Account  string
	Address  string
	Category string
	Action   string
	Done     bool
	HasPage  bool // of preferences, where they can have these messages again
}

// unsubscribing is whom a link is about, and which messages.
type unsubscribing struct {
	store.Reader
	contact, category string
}

// findReader reads who a link is about. It works for as long as the contact exists, since
// mails are kept.
func (p *Portal) findReader(r *http.Request) (unsubscribing, error) {
	contact, category, ok := p.Keys().OpenUnsubscribeToken(r.PathValue("token"))
	if !ok || !slices.Contains(store.OptOutCategories, category) {
		return unsubscribing{}, noSuchLink()
	}
	reader, err := p.Store.Reader(r.Context(), contact)
	if errors.Is(err, store.ErrNotFound) {
		return unsubscribing{}, noSuchLink()
	}
	return unsubscribing{reader, contact, category}, err
}

// unsubscribePage changes nothing: programs that look for malware in mails open every link.
func (p *Portal) unsubscribePage(w http.ResponseWriter, r *http.Request, v *visit) error {
	found, err := p.findReader(r)
	if err != nil {
		return err
	}
	return p.showUnsubscribe(w, r, v, found, slices.Contains(found.OptedOut, found.category))
}

func (p *Portal) showUnsubscribe(w http.ResponseWriter, r *http.Request, v *visit, found unsubscribing, done bool) error {
	title := v.T("Do you want to unsubscribe?")
	if done {
		title = v.T("You are unsubscribed")
	}
	return v.show(w, r, http.StatusOK, unsubscribeView(unsubscribePage{
		Page:    web.Page{Title: title, Brand: v.brand(), Bare: true},
		Account: found.Account.Name, Address: hint(found.Email), Category: v.T(categoryTitles[found.category]), Action: r.URL.EscapedPath(), Done: done,
		HasPage: found.SignsIn && v.live.For(found.Account.Account).HasPortal(),
	}))
}

// unsubscribe answers with the page itself: those who press for people follow no redirect.
func (p *Portal) unsubscribe(w http.ResponseWriter, r *http.Request, v *visit) error {
	found, err := p.findReader(r)
	if err != nil {
		return err
	}
	err = p.Store.Write(r.Context(), p.stranger(r, v), func(ctx context.Context, w *store.Writer) error {
		_, err := w.OptOut(ctx, found.contact, found.category)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return noSuchLink()
	}
	if err != nil {
		return err
	}
	return p.showUnsubscribe(w, r, v, found, true)
}

// hint shows of an address what its owner recognises: a mail that was passed on must not
// tell others an address that the contact has by now.
func hint(email string) string {
	name, domain, found := strings.Cut(email, "@")
	if !found {
		return ""
	}
	_, first := utf8.DecodeRuneInString(name)
	return name[:first] + "…@" + domain
}

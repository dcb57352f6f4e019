package portal

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// newRequestPage is the form of a service request. Its key becomes the id of the request:
// sending it again leads to the request that is there.
type newRequestPage struct {
	Page     web.Page
	Problems []web.FieldProblem
	Key      string
	Subject  string
	Text     string
	Site     string
	Sites    []web.Option // none: the account has no sites
	Without  bool         // the account has sites, of which the person's are gone
}

func (p *Portal) newRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	sites, err := p.Store.SitesOf(r.Context(), v.reach())
	if err != nil {
		return err
	}
	return p.showNewRequest(w, r, &form{v: v}, uuid.NewString(), sites, http.StatusOK)
}

func (p *Portal) showNewRequest(w http.ResponseWriter, r *http.Request, f *form, key string, sites []store.Site, status int) error {
	v := f.v
	page := newRequestPage{
		Page: v.page(v.T("New service request"), "/requests"), Problems: f.problems, Key: key,
		Subject: f.get("subject"), Text: f.get("text"), Site: f.get("site"),
		Sites: v.siteOptions(sites), Without: len(sites) == 0 && len(v.session.Sites) > 0,
	}
	return v.show(w, r, status, newRequestView(page))
}

// siteOptions are the sites that a person may choose. Who is limited to sites has to name
// one of them; with only one it is chosen already.
func (v *visit) siteOptions(sites []store.Site) []web.Option {
	if len(sites) == 0 {
		return nil
	}
	var options []web.Option
	if len(v.session.Sites) == 0 {
		options = append(options, web.Option{Label: v.T("No site in particular")})
	} else if len(sites) > 1 {
		options = append(options, web.Option{Label: v.T("Please choose")})
	}
	for _, s := range sites {
		label := s.Name
		if s.Address != "" {
			label += ", " + s.Address
		}
		options = append(options, web.Option{Value: s.ID, Label: label})
	}
	return options
}

func (p *Portal) sendRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := v.readForm(w, r)
	if err != nil {
		return err
	}
	key, err := f.oneTimeKey()
	if err != nil {
		return err
	}
	if _, err := p.Store.RequestOf(r.Context(), v.reach(), key); !errors.Is(err, store.ErrNotFound) {
		return p.toRequest(w, r, key, err)
	}
	sites, err := p.Store.SitesOf(r.Context(), v.reach())
	if err != nil {
		return err
	}
	request := f.request(sites)
	if !f.ok() {
		return p.showNewRequest(w, r, f, key, sites, http.StatusUnprocessableEntity)
	}
	err = p.Store.Write(r.Context(), v.origin(r, p.Trusted), func(ctx context.Context, w *store.Writer) error {
		return putRequest(ctx, w, key, request)
	})
	if errors.Is(err, store.ErrRefused) { // the same form was sent twice at the same time, or the site is gone
		_, err = p.Store.RequestOf(r.Context(), v.reach(), key)
		if errors.Is(err, store.ErrNotFound) && request.SiteID != "" {
			f.wrong("site", v.T("This site is not there any more. Please choose another."))
			return p.showNewRequest(w, r, f, key, sites, http.StatusUnprocessableEntity)
		}
	}
	return p.toRequest(w, r, key, err)
}

// request reads the form.
func (f *form) request(sites []store.Site) store.Request {
	v := f.v
	request := store.Request{
		Row: store.Row{AccountID: v.session.Account.ID}, Status: store.RequestNew, OpenedBy: v.person(), OpenedAt: v.now, Author: v.person(),
		Subject: f.text("subject", rule{required: true, most: 150}),
		Text:    f.text("text", rule{required: true, most: 5000, lines: true}),
		SiteID:  f.get("site"),
	}
	known := slices.ContainsFunc(sites, func(s store.Site) bool { return s.ID == request.SiteID })
	switch {
	case request.SiteID == "" && len(v.session.Sites) > 0:
		f.wrong("site", v.T("Please choose the site that this is for."))
	case request.SiteID != "" && !known:
		f.wrong("site", v.T("This site is not there any more. Please choose another."))
	}
	return request
}

// putRequest writes a new service request with the next number.
func putRequest(ctx context.Context, w *store.Writer, id string, request store.Request) error {
	var err error
	if request.Number, err = w.RequestNumber(ctx); err != nil {
		return err
	}
	written, err := w.PutRequests(ctx, []store.Item[store.Request]{{ID: id, IfNone: true, Decide: func(*store.Request) (store.Request, *store.Refusal) {
		return request, nil
	}}})
	return cmp.Or(err, refused(written))
}

func (p *Portal) toRequest(w http.ResponseWriter, r *http.Request, id string, err error) error {
	if err == nil {
		http.Redirect(w, r, requestPath(id)+"?done=sent", http.StatusSeeOther) //nolint:gosec // a path of the portal, the id is escaped
	}
	return err
}

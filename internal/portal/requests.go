package portal

import (
	"net/http"
	"net/url"

	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

const requestsPerPage = 25

// requestRow is one service request in words.
type requestRow struct {
	Number    string
	Path      string
	Subject   string
	Site      string
	Opened    string
	By        string
	Scheduled string // empty: no day is set
	Comment   string
	State     string
	StateKind string
}

type requestsPage struct {
	Page    web.Page
	Limited bool // the person sees what is at some sites only
	Rows    []requestRow
	Newest  string
	Older   string
}

// requestPage shows one service request.
type requestPage struct {
	Page    web.Page
	Done    string
	Request requestRow
	Text    string
}

func (p *Portal) requestRoutes() []route {
	return []route{
		{pattern: "GET /requests", feature: settings.RequestService, handle: p.requests},
		{pattern: "POST /requests", feature: settings.RequestService, handle: p.sendRequest},
		{pattern: "GET /requests/new", feature: settings.RequestService, handle: p.newRequest},
		{pattern: "GET /requests/{id}", feature: settings.RequestService, handle: p.request},
	}
}

func (p *Portal) requests(w http.ResponseWriter, r *http.Request, v *visit) error {
	after, err := readNewest(r.URL.Query().Get("after"))
	if err != nil {
		return web.BadRequest(err)
	}
	list, next, err := p.Store.RequestsOf(r.Context(), v.reach(), after, requestsPerPage)
	if err != nil {
		return err
	}
	page := requestsPage{
		Page: v.page(v.T("Service requests"), "/requests"), Limited: len(v.session.Sites) > 0,
		Newest: newestPath("/requests", after), Older: olderPath("/requests", next),
	}
	for _, one := range list {
		page.Rows = append(page.Rows, v.requestRow(one))
	}
	return v.show(w, r, http.StatusOK, requestsView(page))
}

func (p *Portal) request(w http.ResponseWriter, r *http.Request, v *visit) error {
	found, err := p.Store.RequestOf(r.Context(), v.reach(), r.PathValue("id"))
	if err != nil {
		return err
	}
	page := requestPage{Page: v.page(v.T("Service request %s", found.Number), "/requests"), Request: v.requestRow(found), Text: found.Text}
	if r.URL.Query().Get("done") == "sent" {
		page.Done = v.T("Thank you. Your request is with %s.", page.Page.Brand.Name)
	}
	return v.show(w, r, http.StatusOK, requestView(page))
}

var requestStates = map[string]state{
	store.RequestNew:        {web.Text("New#request"), "accent"},
	store.RequestScheduled:  {web.Text("Scheduled#request"), "accent"},
	store.RequestInProgress: {web.Text("In progress#request"), "accent"},
	store.RequestCompleted:  {web.Text("Completed#request"), "good"},
	store.RequestDeclined:   {web.Text("Declined#request"), "warn"},
}

func (v *visit) requestRow(r store.RequestAtSite) requestRow {
	row := requestRow{
		Number: r.Number, Path: requestPath(r.ID), Subject: r.Subject, Site: r.Site, By: r.OpenedBy, Comment: r.Comment,
		Opened: locale.DateTime(v.locale(), r.OpenedAt, v.zone()),
		State:  v.T(requestStates[r.Status].words), StateKind: requestStates[r.Status].kind,
	}
	if r.ScheduledOn != nil {
		row.Scheduled = locale.Date(v.locale(), *r.ScheduledOn)
	}
	return row
}

func requestPath(id string) string { return "/requests/" + url.PathEscape(id) }

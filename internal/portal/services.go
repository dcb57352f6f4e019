package portal

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

const (
	servicesPerPage = 25
	// filterFrom is how many rows there are before it helps to see some of them only.
	filterFrom = 10
)

// serviceRow is one service in words.
type serviceRow struct {
	Name        string
	Description string
	Number      string
	Site        string
	Price       string
	Since       string
	Until       string // empty: nobody said when it ends
	Why         string // it was cancelled
	State       string
	StateKind   string
}

type servicesPage struct {
	Page    web.Page
	Limited bool // the person sees what is at some sites only
	Filters []filterLink
	Rows    []serviceRow
	None    string // what stands there instead of rows, and why there are none
	Why     string
	Newest  string
	Older   string
}

// filterLink leads to a part of a list.
type filterLink struct {
	Title   string
	Count   int
	Path    string
	Current bool
}

func (p *Portal) serviceRoutes() []route {
	return []route{{pattern: "GET /services", feature: settings.ViewServices, handle: p.services}}
}

// reach is what the person sees of the account: what is at sites is limited to those of
// the person's grants. What belongs to the account and to no site, as orders, is not.
func (v *visit) reach() store.Reach {
	return store.Reach{AccountID: v.session.Account.ID, Sites: v.session.Sites}
}

func (p *Portal) services(w http.ResponseWriter, r *http.Request, v *visit) error {
	query := r.URL.Query()
	after, err := readNameCursor(query.Get("after"))
	if err != nil {
		return web.BadRequest(err)
	}
	status := query.Get("status")
	if status != "" && serviceStates[status].words == "" {
		return web.BadRequest(errCursor)
	}
	list, err := p.Store.ServicesOf(r.Context(), v.reach(), status, after, servicesPerPage)
	if err != nil {
		return err
	}
	page := servicesPage{Page: v.page(v.T("Services"), "/services"), Limited: len(v.session.Sites) > 0, Filters: v.serviceFilters(list.Counts, status)}
	for _, s := range list.Services {
		page.Rows = append(page.Rows, v.serviceRow(s))
	}
	page.None, page.Why = v.T("No services here yet"), v.T("They appear here as soon as %s has set up the first.", page.Page.Brand.Name)
	switch {
	case status != "":
		page.None, page.Why = v.T("No service has this status"), v.T("Choose another status, or all of them.")
	case page.Limited:
		page.Why = v.T("There are none at the sites that are open to you.")
	}
	if after.ID != "" {
		page.Newest = servicesPath(status, store.NameCursor{})
	}
	if list.Next != nil {
		page.Older = servicesPath(status, *list.Next)
	}
	return v.show(w, r, http.StatusOK, servicesView(page))
}

func servicesPath(status string, after store.NameCursor) string {
	query := url.Values{}
	if status != "" {
		query.Set("status", status)
	}
	if after.ID != "" {
		query.Set("after", writeNameCursor(after))
	}
	if len(query) == 0 {
		return "/services"
	}
	return "/services?" + query.Encode()
}

// state is a status in words, with its tint.
type state struct{ words, kind string }

// statuses is the order in which the filters stand.
var (
	serviceStatuses = []string{store.ServiceActive, store.ServicePending, store.ServiceSuspended, store.ServiceCancelled}
	serviceStates   = map[string]state{
		store.ServicePending:   {web.Text("Being set up"), "accent"},
		store.ServiceActive:    {web.Text("Active#service"), "good"},
		store.ServiceSuspended: {web.Text("Suspended#service"), "warn"},
		store.ServiceCancelled: {web.Text("Cancelled#service"), ""},
	}
)

// serviceFilters are there where the list is long, or is filtered already.
func (v *visit) serviceFilters(counts map[string]int, chosen string) []filterLink {
	total := 0
	for _, n := range counts {
		total += n
	}
	if total < filterFrom && chosen == "" || len(counts) < 2 && chosen == "" {
		return nil
	}
	filters := []filterLink{{v.T("All"), total, "/services", chosen == ""}}
	for _, status := range serviceStatuses {
		if counts[status] > 0 || status == chosen {
			filters = append(filters, filterLink{v.T(serviceStates[status].words), counts[status], servicesPath(status, store.NameCursor{}), status == chosen})
		}
	}
	return filters
}

func (v *visit) serviceRow(s store.ServiceAtSite) serviceRow {
	row := serviceRow{
		Name: s.Name, Description: s.Description, Number: s.Number, Site: s.Site,
		State: v.T(serviceStates[s.Status].words), StateKind: serviceStates[s.Status].kind,
	}
	today := v.now.In(v.zone()).Format(time.DateOnly)
	starts := locale.Date(v.locale(), s.StartsOn)
	row.Since = v.T("Since %s", starts)
	if s.StartsOn.Format(time.DateOnly) > today {
		row.Since = v.T("From %s on", starts)
	}
	if s.EndsOn != nil {
		row.Until = v.T("Until %s", locale.Date(v.locale(), *s.EndsOn))
		if s.EndsOn.Format(time.DateOnly) < today {
			row.Until = v.T("Ended on %s", locale.Date(v.locale(), *s.EndsOn))
		}
	}
	if s.Status == store.ServiceCancelled {
		row.Why = s.CancelReason
	}
	if s.Price != nil {
		row.Price = v.priceWords(s.Currency, *s.Price, s.BillingMonths)
	}
	return row
}

// priceWords says what something costs and how often that is paid: "€45.00 a month".
func (v *visit) priceWords(currency, amount string, months int64) string {
	money := locale.Money(v.locale(), currency, amount)
	switch {
	case months == 0:
		return v.T("%s once", money)
	case months == 1:
		return v.T("%s a month", money)
	case months == 12:
		return v.T("%s a year", money)
	case months%12 == 0:
		return v.T("%s every %d years", money, months/12)
	}
	return v.T("%s every %d months", money, months)
}

// A cursor of names is the name, encoded, and the id of the last row of a page.
func writeNameCursor(c store.NameCursor) string {
	return base64.RawURLEncoding.EncodeToString([]byte(c.Name)) + "~" + c.ID
}

func readNameCursor(text string) (store.NameCursor, error) {
	if text == "" {
		return store.NameCursor{}, nil
	}
	encoded, id, found := strings.Cut(text, "~")
	name, err := base64.RawURLEncoding.DecodeString(encoded)
	if !found || err != nil || id == "" || !isText(string(name)) || !isText(id) {
		return store.NameCursor{}, errCursor
	}
	return store.NameCursor{Name: string(name), ID: id}, nil
}

// A cursor of what has the newest first is the moment and the id of the last row of a page.
func writeNewest(c store.Newest) string {
	return c.At.UTC().Format(time.RFC3339Nano) + "~" + c.ID
}

func readNewest(text string) (store.Newest, error) {
	if text == "" {
		return store.Newest{}, nil
	}
	moment, id, found := strings.Cut(text, "~")
	at, err := time.Parse(time.RFC3339Nano, moment)
	if !found || err != nil || id == "" || !isText(id) {
		return store.Newest{}, errCursor
	}
	return store.Newest{At: at, ID: id}, nil
}

// isText says whether a part of an address can be looked for: nothing that is stored has
// NUL or what is not UTF-8, and a page that found nothing for it would say what is not true.
func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// olderPath is the address of the next page of what has the newest first, empty on the last.
func olderPath(path string, next *store.Newest) string {
	if next == nil {
		return ""
	}
	return path + "?after=" + url.QueryEscape(writeNewest(*next))
}

// newestPath is the address of the first page, empty where that is this one.
func newestPath(path string, after store.Newest) string {
	if after.ID == "" {
		return ""
	}
	return path
}

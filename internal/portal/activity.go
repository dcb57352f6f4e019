package portal

import (
	"net/http"
	"strconv"

	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/web"
)

const activitiesPerPage = 25

// activityRow is one entry in words.
type activityRow struct {
	When string
	Who  string
	What string
	From string
}

type activityPage struct {
	Page   web.Page
	Zone   string // in whose time the page is written
	Rows   []activityRow
	Newest string // addresses of other pages, empty where there are none
	Older  string
}

func (p *Portal) activity(w http.ResponseWriter, r *http.Request, v *visit) error {
	var before int64
	if text := r.URL.Query().Get("before"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n <= 0 {
			return web.BadRequest(errCursor)
		}
		before = n
	}
	list, err := p.Store.Activity(r.Context(), v.session.Account.ID, before, activitiesPerPage)
	if err != nil {
		return err
	}
	page := activityPage{Page: v.page(v.T("Activity"), "/activity"), Zone: v.zoneWords(v.effective.Attributes.TimeZone.Value)}
	if before > 0 {
		page.Newest = "/activity"
	}
	for _, entry := range list.Entries {
		row := activityRow{When: locale.DateTime(v.locale(), entry.At, v.zone()), Who: entry.Actor, What: v.actionWords(entry), From: entry.IP}
		switch {
		case entry.ByUser:
		case entry.Actor == somebody:
			row.Who = v.T("Somebody")
		default:
			row.Who, row.From = v.live.Tenant.DisplayName, ""
		}
		page.Rows = append(page.Rows, row)
	}
	if list.Next > 0 {
		page.Older = "/activity?before=" + strconv.FormatInt(list.Next, 10)
	}
	return v.show(w, r, http.StatusOK, activityView(page))
}

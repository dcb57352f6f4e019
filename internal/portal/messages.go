package portal

import (
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

const messagesPerPage = 25

// messageRow is one message that was sent to the person, in words.
type messageRow struct {
	Path     string
	Subject  string
	Category string
	Channel  string
	Address  string
	Sent     string
}

type messagesPage struct {
	Page   web.Page
	Rows   []messageRow
	Newest string
	Older  string
}

// messagePage shows one message.
type messagePage struct {
	Page     web.Page
	Message  messageRow
	Body     string
	Security bool // its text is never kept
}

func (p *Portal) messageRoutes() []route {
	return []route{
		{pattern: "GET /messages", feature: settings.ViewEmails, handle: p.messages},
		{pattern: "GET /messages/{id}", feature: settings.ViewEmails, handle: p.message},
	}
}

// messages are those to the person, in the role of a contact of the account: what was sent
// to others of the account is not theirs to read.
func (p *Portal) messages(w http.ResponseWriter, r *http.Request, v *visit) error {
	after, err := readNewest(r.URL.Query().Get("after"))
	if err != nil {
		return web.BadRequest(err)
	}
	if after.ID != "" && uuid.Validate(after.ID) != nil {
		return web.BadRequest(errCursor)
	}
	list, next, err := p.Store.Notifications(r.Context(), v.session.Account.ID, v.session.ContactID, after, messagesPerPage)
	if err != nil {
		return err
	}
	page := messagesPage{Page: v.page(v.T("Messages"), "/messages"), Newest: newestPath("/messages", after), Older: olderPath("/messages", next)}
	for _, n := range list {
		page.Rows = append(page.Rows, v.messageRow(n))
	}
	return v.show(w, r, http.StatusOK, messagesView(page))
}

func (p *Portal) message(w http.ResponseWriter, r *http.Request, v *visit) error {
	id, err := uuid.Parse(r.PathValue("id"))
	if err != nil {
		return web.NotFound()
	}
	n, err := p.Store.Notification(r.Context(), v.session.Account.ID, v.session.ContactID, id.String())
	if err != nil {
		return err
	}
	row := v.messageRow(n)
	page := messagePage{Page: v.page(row.Subject, "/messages"), Message: row, Body: n.Body, Security: n.Category == securityMessages}
	return v.show(w, r, http.StatusOK, messageView(page))
}

// securityMessages is the category of messages about signing in.
const securityMessages = "Security"

var channelWords = map[string]string{"Email": web.Text("Email#channel"), "SMS": web.Text("Text message#channel")}

func (v *visit) messageRow(n store.Notification) messageRow {
	row := messageRow{
		Path: "/messages/" + url.PathEscape(n.ID), Subject: n.Subject, Category: v.T(categoryTitles[n.Category]), Channel: v.T(channelWords[n.Channel]),
		Address: n.Address, Sent: locale.DateTime(v.locale(), n.SentAt, v.zone()),
	}
	if row.Subject == "" { // text messages have none
		row.Subject = v.T("Message of %s", row.Sent)
	}
	return row
}

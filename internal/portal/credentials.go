package portal

import (
	"context"
	"errors"
	"net/http"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

func (p *Portal) credentialRoutes() []route {
	return []route{
		{pattern: "GET /credentials/{token}", open: everybody, handle: p.credentialLink},
		{pattern: "POST /credentials/{token}", open: everybody, handle: p.spendCredentialLink},
		{pattern: "GET /forgot", open: everybody, handle: p.forgotPage},
		{pattern: "POST /forgot", open: everybody, handle: p.forgot},
		{pattern: "GET /invitation/{token}", open: everybody, handle: p.invitation},
		{pattern: "POST /invitation/{token}", open: everybody, handle: p.spendInvitation},
		{pattern: "GET /security/password", open: customer, handle: p.passwordPage},
		{pattern: "POST /security/password", open: customer, handle: p.changePassword},
		{pattern: "GET /security/username", open: customer, recent: true, handle: p.usernamePage},
		{pattern: "POST /security/username", open: customer, recent: true, handle: p.changeUsername},
		{pattern: "GET /set-up", open: everybody, handle: p.setUpPage},
		{pattern: "POST /set-up", open: everybody, handle: p.setUp},
		{pattern: "GET /set-up/join", open: customer, recent: true, handle: p.joinPage},
		{pattern: "POST /set-up/join", open: customer, recent: true, handle: p.join},
		{pattern: "GET /set-up/joined", open: customer, handle: p.joined},
	}
}

// notice is what the sign-in page says to somebody who was led there.
type notice struct{ kind, title, text string }

// signInNotices are those notices, by the word in the address.
var signInNotices = map[string]notice{
	"created": {"good", web.Text("Your sign-in is ready"), web.Text("Sign in with the username and password that you chose.")},
	"reset": {"good", web.Text("Your password is changed"),
		web.Text("Sign in with the new one. For your safety you were signed out everywhere.")},
	"link-spent": {"warn", web.Text("That link was used already"),
		web.Text("A link works once. If you have a password, sign in. If not, ask for a new link under “Forgot your password?”, or ask us to send one.")},
	"link-voided": {"warn", web.Text("That link does not work any more"),
		web.Text("It was sent again, or something about your access changed. Use the newest mail, or sign in if you have a password.")},
	"link-expired": {"warn", web.Text("That link is too old"),
		web.Text("Links work for a limited time. Ask for a new one under “Forgot your password?”, or ask us to send one.")},
	"set-up-over": {"warn", web.Text("The time to finish is over"),
		web.Text("A link that was opened has to be finished within 15 minutes. Ask for a new one under “Forgot your password?”, or ask us to send one.")},
}

// linkNotices say on the sign-in page what has become of a link.
var linkNotices = map[store.LinkState]string{
	store.LinkSpent: "link-spent", store.LinkUsed: "link-spent", store.LinkVoided: "link-voided", store.LinkExpired: "link-expired",
}

func toSignIn(w http.ResponseWriter, r *http.Request, note string) {
	http.Redirect(w, r, "/sign-in?note="+note, http.StatusSeeOther)
}

// presentedLink is the link that the token in the address opens.
type presentedLink struct {
	store.Link
	address int
}

// findLink finds the link of a token for one of the purposes. A token of another tenant,
// for another purpose or with a letter changed is the same as one of no link.
func (p *Portal) findLink(r *http.Request, purposes ...store.LinkPurpose) (presentedLink, error) {
	for _, purpose := range purposes {
		id, address, ok := p.Keys().OpenLinkToken(purpose, r.PathValue("token"))
		if !ok {
			continue
		}
		link, err := p.Store.Link(r.Context(), id, purpose)
		if errors.Is(err, store.ErrNotFound) {
			break
		}
		return presentedLink{link, address}, err
	}
	return presentedLink{}, noSuchLink()
}

func noSuchLink() *web.Problem {
	return &web.Problem{Status: http.StatusNotFound, Title: web.Text("This link does not work"),
		Text: web.Text("Perhaps a part of it was lost on the way. Open the link in the mail again, or copy all of it into the address line of your browser.")}
}

func (p *Portal) credentialLink(w http.ResponseWriter, r *http.Request, v *visit) error {
	return p.showLink(w, r, v, store.LinkCreate, store.LinkReset)
}

func (p *Portal) invitation(w http.ResponseWriter, r *http.Request, v *visit) error {
	return p.showLink(w, r, v, store.LinkInvite)
}

// linkPage is the page of a link: one button, which spends it.
type linkPage struct {
	Page    web.Page
	Title   string
	Text    string
	Account string
	Action  string
	Button  string
}

// showLink changes nothing: programs that look for malware in mails open every link.
func (p *Portal) showLink(w http.ResponseWriter, r *http.Request, v *visit, purposes ...store.LinkPurpose) error {
	link, err := p.findLink(r, purposes...)
	if err != nil {
		return err
	}
	if state := link.State(link.address, v.now); state != store.LinkOpen {
		toSignIn(w, r, linkNotices[state])
		return nil
	}
	return v.show(w, r, http.StatusOK, linkView(v.linkPage(r, link.Link)))
}

func (v *visit) linkPage(r *http.Request, link store.Link) linkPage {
	page := linkPage{Account: link.Account.Name, Action: r.URL.EscapedPath(), Button: v.T("Continue")}
	provider := v.live.Tenant.DisplayName
	switch {
	case link.Purpose == store.LinkReset:
		page.Title = v.T("Choose a new password")
		page.Text = v.T("This is for your sign-in %s to the portal of %s. If you did not ask for it, close this page: your password stays as it is.", link.Username, provider)
	case link.Purpose == store.LinkInvite && link.InvitedBy != "":
		page.Title = v.T("You are invited")
		page.Text = v.T("%s invites you to the portal of %s. You will see there what concerns you, with a sign-in of your own.", link.InvitedBy, provider)
	case link.Purpose == store.LinkInvite:
		page.Title = v.T("You are invited")
		page.Text = v.T("%s invites you to its portal. You will see there what concerns you, with a sign-in of your own.", provider)
	default:
		page.Title = v.T("Create your sign-in")
		page.Text = v.T("With a username and a password you can use the portal of %s.", provider)
	}
	page.Page = web.Page{Title: page.Title, Brand: v.brand(), Bare: true}
	return page
}

func (p *Portal) spendCredentialLink(w http.ResponseWriter, r *http.Request, v *visit) error {
	return p.spendLink(w, r, v, store.LinkCreate, store.LinkReset)
}

func (p *Portal) spendInvitation(w http.ResponseWriter, r *http.Request, v *visit) error {
	return p.spendLink(w, r, v, store.LinkInvite)
}

// spendLink spends the link and opens a set-up in this browser, under a secret that is new.
func (p *Portal) spendLink(w http.ResponseWriter, r *http.Request, v *visit, purposes ...store.LinkPurpose) error {
	found, err := p.findLink(r, purposes...)
	if err != nil {
		return err
	}
	secret, hash := identity.NewSessionSecret()
	link := found.Link
	err = p.Store.Write(r.Context(), p.stranger(r, v), func(ctx context.Context, w *store.Writer) error {
		spent, err := w.SpendLink(ctx, found.ID, found.Purpose, found.address)
		if err != nil {
			link = spent
			return err
		}
		return w.BeginSetUp(ctx, hash, found.ID, found.address)
	})
	if errors.Is(err, store.ErrLinkOver) {
		toSignIn(w, r, linkNotices[link.State(found.address, v.now)])
		return nil
	}
	if err != nil {
		return err
	}
	setCeremony(w, store.CeremonySetUp, secret, store.SetUpLifetime)
	http.Redirect(w, r, "/set-up", http.StatusSeeOther)
	return nil
}

// stranger is the origin of what somebody does who is not signed in.
func (p *Portal) stranger(r *http.Request, v *visit) store.Origin {
	return store.Origin{Actor: somebody, Stranger: true, IP: process.ClientIP(r, p.Trusted), Browser: v.browserWords(r.UserAgent()), Now: v.now}
}

package portal

import (
	"context"
	"net/http"
	"time"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// sessionsPage lists where a person is signed in.
type sessionsPage struct {
	Page   web.Page
	Done   string
	Groups []sessionGroup // by account
	Many   bool           // accounts
	Others bool           // there are sessions besides this one
}

type sessionGroup struct {
	Account string
	Rows    []sessionRow
}

// sessionRow is one session in words.
type sessionRow struct {
	ID           string
	Browser      string
	IP           string
	Began        string
	Used         string
	This         bool
	SecondFactor bool
}

func (v *visit) sessionLimits() store.SessionLimits {
	s := v.live.Tenant.Session
	return store.SessionLimits{Idle: time.Duration(s.IdleSeconds) * time.Second, Max: time.Duration(s.MaxSeconds) * time.Second}
}

func (p *Portal) sessions(w http.ResponseWriter, r *http.Request, v *visit) error {
	list, err := p.Store.Sessions(r.Context(), v.session.UserID, v.now, v.sessionLimits())
	if err != nil {
		return err
	}
	page := sessionsPage{Page: v.page(v.T("Where you are signed in"), "/security"), Done: v.doneText(r), Others: len(list) > 1}
	places := map[string]int{}
	for _, s := range list {
		at, known := places[s.AccountID]
		if !known {
			at = len(page.Groups)
			places[s.AccountID] = at
			page.Groups = append(page.Groups, sessionGroup{Account: s.AccountName})
		}
		page.Groups[at].Rows = append(page.Groups[at].Rows, v.sessionRow(s))
	}
	page.Many = len(page.Groups) > 1
	return v.show(w, r, http.StatusOK, sessionsView(page))
}

func (v *visit) sessionRow(s store.ListedSession) sessionRow {
	row := sessionRow{
		ID: s.ID, Browser: v.browserWords(s.UserAgent), IP: s.IP, This: s.ID == v.session.SessionID, SecondFactor: s.SecondFactor,
		Began: locale.DateTime(v.locale(), s.CreatedAt, v.zone()), Used: locale.DateTime(v.locale(), s.LastSeenAt, v.zone()),
	}
	if row.Browser == "" {
		row.Browser = v.T("Unknown browser")
	}
	return row
}

// endSession ends one session of the person; their own is signing out.
func (p *Portal) endSession(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := v.readForm(w, r)
	if err != nil {
		return err
	}
	id := f.get("session")
	if id == v.session.SessionID {
		return p.signOut(w, r, v)
	}
	err = p.Store.Write(r.Context(), v.origin(r, p.Trusted), func(ctx context.Context, w *store.Writer) error {
		w.Audit(v.session.Account.ID, store.ActionSessionEnded, nil)
		return w.EndSessionOf(ctx, v.session.UserID, id)
	})
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/sessions?done=session-ended", http.StatusSeeOther)
	return nil
}

// writeRenewed writes a change of the person of the session and gives the session another
// secret with it, all or none: who has a copy of the one before is out.
func (p *Portal) writeRenewed(w http.ResponseWriter, r *http.Request, v *visit, change func(context.Context, *store.Writer) error) error {
	secret, hash := identity.NewSessionSecret()
	err := p.Store.Write(r.Context(), v.origin(r, p.Trusted), func(ctx context.Context, w *store.Writer) error {
		if err := change(ctx, w); err != nil {
			return err
		}
		return w.Rotate(ctx, v.presented, hash)
	})
	if err == nil {
		setSession(w, secret, v.live.Tenant.Session)
	}
	return err
}

// endOtherSessions signs the person out everywhere else. Browsers that they used before
// are strangers again, and so is who has a copy of this session's secret.
func (p *Portal) endOtherSessions(w http.ResponseWriter, r *http.Request, v *visit) error {
	_, thisDevice := presentedSecret(r, deviceCookie)
	err := p.writeRenewed(w, r, v, func(ctx context.Context, w *store.Writer) error {
		w.Audit(v.session.Account.ID, store.ActionSessionsEnded, nil)
		return w.EndOtherSessions(ctx, v.session.UserID, v.session.SessionID, thisDevice)
	})
	if err != nil {
		return orEnded(err)
	}
	http.Redirect(w, r, "/sessions?done=sessions-ended", http.StatusSeeOther)
	return nil
}

package portal

import (
	"context"
	"errors"
	"net/http"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

const maxPasskeyName = 60

// beginPasskey has the person's browser make a passkey.
func (p *Portal) beginPasskey(w http.ResponseWriter, r *http.Request, v *visit) error {
	if !v.factorsOn() {
		return web.NotFound()
	}
	e := v.self()
	passkeys, owner, err := p.passkeysOf(r, v, e.user.UserID, e.user.Username, e.contact.Name)
	if err != nil {
		return err
	}
	made, err := passkeys.New(owner)
	if err != nil {
		return err
	}
	state := enrolState{Passkey: made, Name: v.passkeyName(r)}
	if err := p.startCeremony(w, r, v, store.Ceremony{Kind: store.CeremonyEnrol, UserID: v.session.UserID}, state, enrolTime); err != nil {
		return err
	}
	http.Redirect(w, r, "/security/passkeys/new", http.StatusSeeOther)
	return nil
}

func (p *Portal) newPasskeyPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	state, _, err := p.enrolment(r, v)
	if errors.Is(err, store.ErrNotFound) || err == nil && state.Passkey == nil {
		toSecurity(w, r, "")
		return nil
	}
	if err != nil {
		return err
	}
	return v.showNewPasskey(w, r, http.StatusOK, state, nil)
}

func (v *visit) showNewPasskey(w http.ResponseWriter, r *http.Request, status int, state enrolState, problems []web.FieldProblem) error {
	title := v.T("Add a passkey")
	return v.show(w, r, status, newPasskeyView(newPasskeyPage{
		Page: v.page(title, "/security"), Options: string(state.Passkey.Options), Name: state.Name, Problems: problems,
	}))
}

// newPasskeyPage is where a passkey gets its name and is made.
type newPasskeyPage struct {
	Page     web.Page
	Options  string
	Name     string
	Problems []web.FieldProblem
}

func (p *Portal) addPasskey(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := v.readForm(w, r)
	if err != nil {
		return err
	}
	state, hash, err := p.enrolment(r, v)
	if errors.Is(err, store.ErrNotFound) || err == nil && state.Passkey == nil {
		toSecurity(w, r, "")
		return nil
	}
	if err != nil {
		return err
	}
	suggested := state.Name
	state.Name = f.text("name", rule{required: true, most: maxPasskeyName})
	if f.ok() {
		err = p.addFactor(w, r, v, hash, state, f, "passkey")
		var wrong errWrongFactor
		if !errors.As(err, &wrong) {
			return err
		}
		f.wrong("", v.T(wrong.text))
	}
	if state.Name == "" {
		state.Name = suggested
	}
	return v.showNewPasskey(w, r, http.StatusUnprocessableEntity, state, f.problems)
}

// passkeyEdit is the page of one passkey.
type passkeyEdit struct {
	Page     web.Page
	Passkey  passkeyRow
	Name     string
	Problems []web.FieldProblem
}

func (p *Portal) passkeyEditPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	k, err := p.passkeyOf(r, v)
	if err != nil {
		return err
	}
	return v.showPasskey(w, r, http.StatusOK, passkeyEdit{Passkey: v.passkeyRow(k), Name: k.Name})
}

func (v *visit) showPasskey(w http.ResponseWriter, r *http.Request, status int, page passkeyEdit) error {
	page.Page = v.page(v.T("Passkey"), "/security")
	return v.show(w, r, status, passkeyEditView(page))
}

func (p *Portal) renamePasskey(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := v.readForm(w, r)
	if err != nil {
		return err
	}
	k, err := p.passkeyOf(r, v)
	if err != nil {
		return err
	}
	name := f.text("name", rule{required: true, most: maxPasskeyName})
	if !f.ok() {
		return v.showPasskey(w, r, http.StatusUnprocessableEntity, passkeyEdit{Passkey: v.passkeyRow(k), Name: f.get("name"), Problems: f.problems})
	}
	err = p.Store.Write(r.Context(), v.origin(r, p.Trusted), func(ctx context.Context, w *store.Writer) error {
		w.Audit(v.session.Account.ID, actionPasskeyRenamed, map[string]string{detailName: name})
		return w.RenamePasskey(ctx, v.session.UserID, k.ID, name)
	})
	if err != nil {
		return err
	}
	toSecurity(w, r, "?done=passkey-named")
	return nil
}

func (p *Portal) removePasskey(w http.ResponseWriter, r *http.Request, v *visit) error {
	k, err := p.passkeyOf(r, v)
	if err != nil {
		return err
	}
	return p.removeFactor(w, r, v, "passkey-gone", func(ctx context.Context, w *store.Writer) error {
		if err := w.RemovePasskey(ctx, v.session.UserID, k.ID); err != nil {
			return err
		}
		return w.FactorChanged(ctx, v.session.ContactID, actionPasskeyRemoved, map[string]string{detailName: k.Name})
	})
}

package portal

import (
	"context"
	"errors"
	"fmt"
	"image"
	"net/http"
	"strconv"
	"strings"

	"github.com/boombuler/barcode/qr"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// appSetUp is what a page shows of an authenticator app that is being added.
type appSetUp struct {
	Key      string // in groups, for those who type it
	QR       qrCode
	Problems []web.FieldProblem
}

// qrCode is drawn by the page itself. Path is in units of one module.
type qrCode struct {
	Size string
	Path string
}

// newAppSetUp opens the sealed secret for the one page that shows it. errAgain: the keys
// are others now.
func (p *Portal) newAppSetUp(v *visit, sealed []byte, userID, username string) (appSetUp, error) {
	secret, err := p.Keys().Open(sealed, userID)
	if err != nil {
		return appSetUp{}, errAgain{}
	}
	code, err := drawQR(identity.TOTPAddress(secret, v.live.Tenant.DisplayName, username))
	if err != nil {
		return appSetUp{}, err
	}
	return appSetUp{Key: inGroups(identity.TOTPText(secret)), QR: code}, nil
}

func inGroups(text string) string {
	var b strings.Builder
	for i, r := range text {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// quietZone is the border that readers of QR codes need.
const quietZone = 4

func drawQR(text string) (qrCode, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return qrCode{}, fmt.Errorf("draw QR code: %w", err)
	}
	var path strings.Builder
	size := code.Bounds().Dx()
	for y := range size {
		for x := 0; x < size; x++ {
			from := x
			for x < size && isDark(code, x, y) {
				x++
			}
			if x > from {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", from+quietZone, y+quietZone, x-from, x-from)
			}
		}
	}
	return qrCode{Size: strconv.Itoa(size + 2*quietZone), Path: path.String()}, nil
}

// enrolForm is what a person sees who has to add a second factor before they get in.
type enrolForm struct {
	App     appSetUp
	Passkey string // options for the browser
	Problem string // with the passkey
}

func (p *Portal) enrolPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	s, err := p.pendingSignIn(r, v, true)
	if err != nil {
		return orAgain(w, r, store.CeremonySignIn, err)
	}
	return p.showEnrol(w, r, v, s, http.StatusOK, nil)
}

func (p *Portal) showEnrol(w http.ResponseWriter, r *http.Request, v *visit, s pending, status int, problems []web.FieldProblem) error {
	app, err := p.newAppSetUp(v, s.state.Sealed, s.user.UserID, s.user.Username)
	if err != nil {
		return orAgain(w, r, store.CeremonySignIn, err)
	}
	f := enrolForm{App: app, Passkey: string(s.state.Passkey.Options), Problem: web.ProblemAt(problems, "answer")}
	if f.Problem == "" {
		f.App.Problems = problems
	}
	return v.show(w, r, status, enrolView(v.signInFrame(v.T("One more thing to set up")), f))
}

// enrol adds the second factor, and lets the person in.
func (p *Portal) enrol(w http.ResponseWriter, r *http.Request, v *visit) error {
	s, err := p.pendingSignIn(r, v, true)
	if err != nil {
		return orAgain(w, r, store.CeremonySignIn, err)
	}
	f, err := v.readForm(w, r)
	if err != nil {
		return err
	}
	if err := p.Store.TakeAttempt(r.Context(), s.hash, ceremonyAttempts, v.now); err != nil {
		return p.endAttempts(w, r, s, err)
	}
	codes, err := p.addFirst(r, v, s, f)
	var wrong errWrongFactor
	if errors.As(err, &wrong) {
		f.wrong(wrong.field, v.T(wrong.text))
		return p.showEnrol(w, r, v, s, http.StatusUnprocessableEntity, f.problems)
	}
	if err != nil {
		return orAgain(w, r, store.CeremonySignIn, err)
	}
	s.secondFactor = true
	if err := p.letIn(w, r, v, s, s.limit()); err != nil {
		return orAgain(w, r, store.CeremonySignIn, err)
	}
	return v.show(w, r, http.StatusOK, codesView(v.signInFrame(v.T("Your recovery codes")), codesPage{Codes: codes, Next: s.next}))
}

// addFirst adds the second factor of a person who has none, and returns their recovery
// codes. errAgain: they have one by now, since minutes go by after the password was
// checked, or another request was faster.
func (p *Portal) addFirst(r *http.Request, v *visit, s pending, f *form) ([]string, error) {
	add, err := p.newFactor(r, v, s.entrance, enrolState{Sealed: s.state.Sealed, Passkey: s.state.Passkey, Name: v.passkeyName(r)}, f)
	if err != nil {
		return nil, err
	}
	codes, hashes := identity.NewRecoveryCodes(s.user.UserID)
	err = p.Store.Write(r.Context(), p.originOf(r, v, s.entrance), func(ctx context.Context, w *store.Writer) error {
		factors, err := w.Factors(ctx, s.user.UserID)
		if err != nil {
			return err
		}
		if factors.Any() {
			return errAgain{}
		}
		if err := endCeremony(ctx, w, s.hash); err != nil {
			return err
		}
		if err := add(ctx, w); err != nil {
			return err
		}
		if err := w.PutRecoveryCodes(ctx, s.user.UserID, hashes); err != nil {
			return err
		}
		return w.EndOtherSessions(ctx, s.user.UserID, "", s.state.Device)
	})
	return codes, err
}

// endCeremony ends what was begun together with what it leads to. errAgain: another
// request was faster.
func endCeremony(ctx context.Context, w *store.Writer, hash []byte) error {
	err := w.EndCeremony(ctx, hash)
	if errors.Is(err, store.ErrNotFound) {
		return errAgain{}
	}
	return err
}

// enrolState is what is kept of a second factor that is being added.
type enrolState struct {
	Sealed  []byte                    `json:"sealed,omitempty"`  // secret of the app
	Passkey *identity.PasskeyCeremony `json:"passkey,omitempty"` // to be made
	Name    string                    `json:"name,omitempty"`    // of the passkey
}

// newFactor checks what a person sent to add a factor, and returns what writes it.
func (p *Portal) newFactor(r *http.Request, v *visit, e entrance, state enrolState, f *form) (func(context.Context, *store.Writer) error, error) {
	userID, contactID := e.user.UserID, e.contact.ContactID
	if answer := f.get("answer"); answer != "" && state.Passkey != nil {
		made, err := p.madePasskey(r, v, e, state.Passkey, answer)
		if err != nil {
			return nil, err
		}
		made.Name = state.Name
		return func(ctx context.Context, w *store.Writer) error {
			added, err := w.AddPasskey(ctx, userID, made)
			if err == nil && !added {
				err = errWrongKey
			}
			if err != nil {
				return err
			}
			return w.FactorChanged(ctx, contactID, actionPasskeyAdded, map[string]string{detailName: made.Name})
		}, nil
	}
	if state.Sealed == nil {
		return nil, errWrongKey
	}
	if f.get("code") == "" {
		return nil, errNoAppCode
	}
	step, err := p.matchSealed(v, userID, state.Sealed, f.get("code"))
	switch {
	case errors.Is(err, errWrongCode):
		err = errWrongAppCode
	case errors.Is(err, identity.ErrSealed):
		err = errAgain{}
	}
	return func(ctx context.Context, w *store.Writer) error {
		if err := w.PutTOTP(ctx, userID, state.Sealed, step); err != nil {
			return err
		}
		return w.FactorChanged(ctx, contactID, actionAppAdded, nil)
	}, err
}

var (
	errNoAppCode    = errWrongFactor{"code", web.Text("Type the code of 6 digits that your app shows.")}
	errWrongAppCode = errWrongFactor{"code", web.Text("This code is not right. Look at the app again, and see that the clock of your device is right.")}
)

func (p *Portal) madePasskey(r *http.Request, v *visit, e entrance, c *identity.PasskeyCeremony, answer string) (store.Passkey, error) {
	passkeys, owner, err := p.passkeysOf(r, v, e.user.UserID, e.user.Username, nameOf(e.contact, e.user))
	if err != nil {
		return store.Passkey{}, err
	}
	if len(owner.Passkeys) >= store.MaxPasskeys {
		return store.Passkey{}, errManyKeys
	}
	made, err := passkeys.Made(owner, c, answer)
	if errors.Is(err, identity.ErrPasskey) {
		p.Log.InfoContext(r.Context(), "new passkey refused", "id", process.RequestID(r.Context()), "error", err)
		return made, errWrongKey
	}
	return made, err
}

// passkeyName is what a passkey is called until its owner calls it something else.
func (v *visit) passkeyName(r *http.Request) string {
	if browser := v.browserWords(r.UserAgent()); browser != "" {
		return browser
	}
	return v.T("Passkey")
}

func isDark(code image.Image, x, y int) bool {
	brightness, _, _, _ := code.At(x, y).RGBA()
	return brightness == 0
}

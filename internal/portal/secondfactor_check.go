package portal

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// The actions of second factors in the audit trail.
const (
	actionFactorFailed    = "secondFactorFailed"
	actionAppAdded        = "authenticator.added"
	actionAppRemoved      = "authenticator.removed"
	actionCodesMade       = "recoveryCodes.made"
	actionCodeUsed        = "recoveryCode.used"
	actionPasskeyAdded    = "passkey.added"
	actionPasskeyRenamed  = "passkey.renamed"
	actionPasskeyRemoved  = "passkey.removed"
	actionPasskeyMaybeTwo = "passkey.copied"
	detailName            = "name"
)

// errWrongFactor is what a person is told of a second factor that is not right.
type errWrongFactor struct{ field, text string }

func (e errWrongFactor) Error() string { return e.text }

var (
	errWrongCode = errWrongFactor{"code", web.Text("This code is not right, or it was used already. Wait for the next one, or type a recovery code.")}
	errLostApp   = errWrongFactor{"code", web.Text("We cannot check the codes of your app any more. Type one of your recovery codes or use your passkey, and then set the app up again. If you have neither, ask us for help.")}
	errNoCode    = errWrongFactor{"code", web.Text("Type the code of 6 digits, or a recovery code.")}
	errWrongKey  = errWrongFactor{"answer", web.Text("This passkey cannot be used here. Try another one, or type a code.")}
	errManyKeys  = errWrongFactor{"answer", web.Text("You have as many passkeys as there can be. Remove one, and then add this one.")}
	errCopiedKey = errWrongFactor{"answer", web.Text("This passkey may have been copied, so it was not accepted. Sign in another way, and then remove it.")}
)

// proveFactor checks the second factor of a form: a passkey, a code of the app, or a
// recovery code, which is used up. errWrongFactor says what is wrong with it.
func (p *Portal) proveFactor(r *http.Request, v *visit, e entrance, f *form, passkey *identity.PasskeyCeremony) error {
	answer, code := f.get("answer"), f.get("code")
	var err error
	switch {
	case answer != "" && passkey != nil:
		err = p.usePasskey(r, v, e, passkey, answer)
	case code == "":
		return errNoCode
	case identity.LooksLikeTOTP(code):
		err = p.useApp(r, v, e.user.UserID, code)
	default:
		err = p.useRecoveryCode(r, v, e, code)
	}
	if errors.As(err, &errWrongFactor{}) {
		if err := p.auditFactor(r, v, e, actionFactorFailed, nil); err != nil {
			return err
		}
	}
	return err
}

func (p *Portal) auditFactor(r *http.Request, v *visit, e entrance, action string, detail map[string]string) error {
	return p.Store.Audit(r.Context(), store.AuditEntry{
		AccountID: e.contact.AccountID, UserID: e.user.UserID, Actor: nameOf(e.contact, e.user),
		Action: action, Detail: detail, IP: process.ClientIP(r, p.Trusted), At: v.now,
	})
}

// useApp uses a code of an authenticator app up.
func (p *Portal) useApp(r *http.Request, v *visit, userID, code string) error {
	sealed, err := p.Store.TOTP(r.Context(), userID)
	if errors.Is(err, store.ErrNotFound) {
		return errWrongCode
	}
	if err != nil {
		return err
	}
	step, err := p.matchSealed(v, userID, sealed, code)
	if errors.Is(err, identity.ErrSealed) { // the person can do nothing about it here, and gets in another way
		p.Log.ErrorContext(r.Context(), "code of an authenticator app cannot be checked", "id", process.RequestID(r.Context()), "error", err)
		return errLostApp
	}
	if err != nil {
		return err
	}
	fresh, err := p.Store.UseTOTPStep(r.Context(), userID, step)
	if err == nil && !fresh {
		err = errWrongCode
	}
	return err
}

// matchSealed returns the time step of a code of an app, errWrongCode, or
// [identity.ErrSealed].
func (p *Portal) matchSealed(v *visit, userID string, sealed []byte, code string) (step int64, err error) {
	secret, err := p.Keys().Open(sealed, userID)
	if err != nil {
		return 0, fmt.Errorf("secret of an authenticator app: %w", err)
	}
	step, ok, err := identity.MatchTOTP(secret, code, v.now)
	if err == nil && !ok {
		err = errWrongCode
	}
	return step, err
}

func (p *Portal) useRecoveryCode(r *http.Request, v *visit, e entrance, code string) error {
	hash, ok := identity.HashRecoveryCode(e.user.UserID, code)
	if !ok {
		return errWrongCode
	}
	err := p.Store.Write(r.Context(), p.originOf(r, v, e), func(ctx context.Context, w *store.Writer) error {
		w.Audit(e.contact.AccountID, actionCodeUsed, nil)
		return w.UseRecoveryCode(ctx, e.user.UserID, hash)
	})
	if errors.Is(err, store.ErrNotFound) {
		return errWrongCode
	}
	return err
}

// usePasskey checks a browser's answer with the passkeys of a user.
func (p *Portal) usePasskey(r *http.Request, v *visit, e entrance, c *identity.PasskeyCeremony, answer string) error {
	assertion, err := identity.ReadAssertion(answer)
	if err == nil {
		err = p.checkPasskey(r, v, e, c, assertion)
	}
	if errors.Is(err, identity.ErrPasskey) {
		p.Log.InfoContext(r.Context(), "passkey refused", "id", process.RequestID(r.Context()), "error", err)
		return errWrongKey
	}
	return err
}

// checkPasskey checks an assertion, and stores how often the passkey was used. One that
// may exist twice is marked, and refused.
func (p *Portal) checkPasskey(r *http.Request, v *visit, e entrance, c *identity.PasskeyCeremony, assertion *identity.Assertion) error {
	passkeys, owner, err := p.passkeysOf(r, v, e.user.UserID, e.user.Username, nameOf(e.contact, e.user))
	if err != nil {
		return err
	}
	used, err := passkeys.Check(owner, c, assertion)
	if err != nil {
		return err
	}
	if err := p.Store.UsePasskey(r.Context(), e.user.UserID, used, v.now); err != nil {
		return err
	}
	if !used.Copied {
		return nil
	}
	if err := p.auditFactor(r, v, e, actionPasskeyMaybeTwo, nil); err != nil {
		return err
	}
	return errCopiedKey
}

// passkeysOf are the portal's passkeys and those of a user.
func (p *Portal) passkeysOf(r *http.Request, v *visit, userID, username, name string) (*identity.Passkeys, identity.PasskeyUser, error) {
	owner := identity.PasskeyUser{ID: userID, Username: username, Name: name}
	passkeys, err := v.passkeys(r)
	if err != nil {
		return nil, owner, err
	}
	owner.Passkeys, err = p.Store.Passkeys(r.Context(), userID)
	return passkeys, owner, err
}

func (v *visit) passkeys(r *http.Request) (*identity.Passkeys, error) {
	return identity.NewPasskeys(v.live.Tenant.Hostname, v.live.Tenant.DisplayName, r.Host)
}

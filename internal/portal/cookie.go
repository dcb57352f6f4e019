package portal

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
)

// The cookies have the prefix that binds them to this very host over TLS.
const (
	sessionCookie = "__Host-foyer"
	deviceCookie  = "__Host-foyer-device"
)

// maxNext bounds the address to return to after sign-in.
const maxNext = 512

func presentedSession(r *http.Request) []byte {
	_, hash := presentedSecret(r, sessionCookie)
	return hash
}

// presentedSecret is the secret in a cookie; hash is nil without one.
func presentedSecret(r *http.Request, name string) (secret string, hash []byte) {
	cookie, err := r.Cookie(name)
	if err != nil {
		return "", nil
	}
	hash, ok := identity.HashSessionSecret(cookie.Value)
	if !ok {
		return "", nil
	}
	return cookie.Value, hash
}

func setSession(w http.ResponseWriter, secret string, limits config.Session) {
	http.SetCookie(w, newCookie(sessionCookie, secret, int(limits.MaxSeconds)))
}

// clearSession takes the cookie of a session back, and has the browser forget what it kept
// of its pages, so that the next person at it does not go back to them. Other cookies stay:
// the one of the device is no secret of the session.
func clearSession(w http.ResponseWriter) {
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	http.SetCookie(w, newCookie(sessionCookie, "", -1))
}

// setDevice stays in the browser when the person signs out.
func setDevice(w http.ResponseWriter, secret string) {
	http.SetCookie(w, newCookie(deviceCookie, secret, int(store.DeviceLifetime.Seconds())))
}

// ceremonyCookie is the cookie of what a browser has begun. Each kind has its own, so that
// one is not lost to another.
func ceremonyCookie(kind store.CeremonyKind) string {
	return "__Host-foyer-" + strings.ToLower(string(kind))
}

func setCeremony(w http.ResponseWriter, kind store.CeremonyKind, secret string, lifetime time.Duration) {
	http.SetCookie(w, newCookie(ceremonyCookie(kind), secret, int(lifetime.Seconds())))
}

func clearCeremony(w http.ResponseWriter, kind store.CeremonyKind) {
	http.SetCookie(w, newCookie(ceremonyCookie(kind), "", -1))
}

func newCookie(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: maxAge,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

// safeNext returns an address of this site to go to after sign-in, else "/". A browser
// reads a backslash as a slash and drops control characters, so both are refused.
func safeNext(next string) string {
	if len(next) > maxNext || !strings.HasPrefix(next, "/") || strings.ContainsFunc(next, notInAddress) {
		return "/"
	}
	u, err := url.Parse(next)
	if err != nil || u.Host != "" || strings.HasPrefix(next, "//") || strings.HasPrefix(u.Path, "//") {
		return "/"
	}
	if slices.ContainsFunc(notNext, func(path string) bool { return u.Path == path || strings.HasPrefix(u.Path, path+"/") }) {
		return "/"
	}
	return next
}

// notNext are no places to go on to: they lead away from where they were asked for.
var notNext = []string{"/sign-in", "/sign-out", "/confirm", "/assets"}

func notInAddress(r rune) bool { return r == '\\' || unicode.IsControl(r) }

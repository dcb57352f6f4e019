package portal

import (
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/identity"
)

// sessionCookie has the prefix that binds it to this very host over TLS.
const sessionCookie = "__Host-foyer"

// maxNext bounds the address to return to after sign-in.
const maxNext = 512

func presentedSession(r *http.Request) []byte {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return nil
	}
	hash, ok := identity.HashSessionSecret(cookie.Value)
	if !ok {
		return nil
	}
	return hash
}

func setSession(w http.ResponseWriter, secret string, limits config.Session) {
	http.SetCookie(w, newCookie(secret, int(limits.MaxSeconds)))
}

func clearSession(w http.ResponseWriter) {
	http.SetCookie(w, newCookie("", -1))
}

func newCookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{Name: sessionCookie, Value: value, Path: "/", MaxAge: maxAge,
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
	if u.Path == "/sign-in" || u.Path == "/sign-out" || strings.HasPrefix(u.Path, "/assets/") {
		return "/"
	}
	return next
}

func notInAddress(r rune) bool { return r == '\\' || unicode.IsControl(r) }

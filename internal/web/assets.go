package web

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/foyerhq/foyer/internal/colour"
)

//go:embed assets/foyer.css
var stylesheet []byte

//go:embed assets/passkey.js
var passkeyScript []byte

var passkeyScriptPath = "/assets/passkey-" + contentHash(passkeyScript) + ".js"

var stylesheetPath = "/assets/foyer-" + contentHash(stylesheet) + ".css"

func contentHash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:8])
}

// StylesheetPath is the address of the design system. It changes with the content.
func StylesheetPath() string { return stylesheetPath }

// PasskeyScriptPath is the address of the one script, which pages with passkeys load.
func PasskeyScriptPath() string { return passkeyScriptPath }

// BrandPath is the address of the stylesheet of an accent colour. The colour is part of
// the name, so that every replica can serve it, whatever settings it has loaded.
func BrandPath(accent string) string { return pathsOf(accent).brand }

// IconPath is the address of the site's icon in an accent colour.
func IconPath(accent string) string { return pathsOf(accent).icon }

// paths are the addresses of what one accent colour makes.
type paths struct{ accent, brand, icon string }

// lastPaths are those of the last page: a tenant has one colour, and to derive the shades
// of a bright one takes longer than all the rest of a page.
var lastPaths atomic.Pointer[paths]

func pathsOf(accent string) *paths {
	if last := lastPaths.Load(); last != nil && last.accent == accent {
		return last
	}
	made := &paths{accent, brandPath(normalAccent(accent)), iconPath(normalAccent(accent))}
	lastPaths.Store(made)
	return made
}

func brandPath(accent string) string {
	return "/assets/brand-" + accent[1:] + "-" + contentHash(brandCSS(accent)) + ".css"
}

func iconPath(accent string) string {
	return "/assets/icon-" + accent[1:] + "-" + contentHash(icon(accent)) + ".svg"
}

func normalAccent(accent string) string {
	if _, ok := colour.Parse(accent); !ok {
		return DefaultAccent
	}
	return strings.ToLower(accent)
}

// icon draws an open door on the accent colour.
func icon(accent string) []byte {
	light, _ := Palette(accent)
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">`+
		`<rect width="32" height="32" rx="8" fill="%s"/><path d="M10 25V14a6 6 0 0 1 12 0v11z" fill="%s"/></svg>`,
		light.Accent, light.OnAccent)
}

// Assets serves the stylesheets, the icon and the script. A name with another hash than ours comes
// from a page of another release while replicas change: it gets what we have, not cached.
func Assets(w http.ResponseWriter, r *http.Request) error {
	content, path, kind := asset(r.URL.Path)
	if content == nil {
		return NotFound()
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store")
	if path == r.URL.Path {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(content)))
	_, _ = w.Write(content) //nolint:gosec // our own bytes; of the address only a checked colour is in them
	return nil
}

func asset(requested string) (content []byte, path, kind string) {
	name := strings.TrimPrefix(requested, "/assets/")
	if rest, found := strings.CutPrefix(name, "foyer-"); found && strings.HasSuffix(rest, ".css") {
		return stylesheet, StylesheetPath(), "text/css; charset=utf-8"
	}
	if rest, found := strings.CutPrefix(name, "passkey-"); found && strings.HasSuffix(rest, ".js") {
		return passkeyScript, passkeyScriptPath, "text/javascript; charset=utf-8"
	}
	if accent, ok := accentOf(name, "brand-", ".css"); ok {
		return brandCSS(accent), brandPath(accent), "text/css; charset=utf-8"
	}
	if accent, ok := accentOf(name, "icon-", ".svg"); ok {
		return icon(accent), iconPath(accent), "image/svg+xml"
	}
	return nil, "", ""
}

// accentOf reads the colour from a name as brand-0a5fb4-1f2e3d4c5b6a7988.css.
func accentOf(name, prefix, suffix string) (accent string, ok bool) {
	rest, found := strings.CutPrefix(name, prefix)
	if !found || !strings.HasSuffix(rest, suffix) || len(rest) < 7 || rest[6] != '-' {
		return "", false
	}
	accent = "#" + rest[:6]
	_, ok = colour.Parse(accent)
	return accent, ok && accent == strings.ToLower(accent)
}

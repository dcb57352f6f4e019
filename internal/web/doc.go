// Package web is what the sites share: the layout, small components, errors, security
// headers and assets. It knows nothing of accounts or of the database.
//
// # Look
//
// assets/foyer.css is the whole design system, and needs no script. A tenant's accent
// colour becomes a small generated stylesheet ([Palette]), whose contrast meets WCAG AA
// in light and dark whatever colour was chosen. Both are served under names that hold
// a digest of their content, so a browser keeps them for good.
//
// # Pages
//
// Pages are templ components inside [Layout]. No page holds a style or a script: the
// Content-Security-Policy of [SecurityHeaders] would block it.
//
// # Errors
//
// A handler returns an error. A [Problem] has words for the person, and a cause for the
// log that never reaches the page.
package web

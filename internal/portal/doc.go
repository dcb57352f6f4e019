// Package portal is the customers' site: sign-in, home, and one page per feature.
//
// A request goes cookie -> session -> person, account -> what applies to the account
// now, from the settings document in memory -> identity.Authorize -> the page's own
// query. Session, contact and account are one round trip to PostgreSQL, the page is
// another. Nothing of the settings is kept in the session, so a changed profile shows
// in the next request.
//
// Every address stands in one table ([Portal.routes]) with who may open it; whatever
// is not marked open to everybody asks for a session. Handlers return errors, and
// [Portal.fail] is the one place that logs them and shows a page for them. Pages for
// errors need no database.
//
// A person who has no right to a page that the portal knows is greeted by name and
// told why, what is open to them, and whom to ask. What does not exist, or belongs to
// another account, is a plain 404: the two cannot be told apart.
//
// A person whose grants are limited to sites sees the services and service requests at
// those sites, in lists and by address, and nothing of what is at no site. What has no site
// at all, as orders and invoices, is open to whoever was granted its page.
package portal

// Package backoffice serves the integration API of one tenant: what a provider's own
// systems call. The types are those of package integration.
//
//	POST /api/v1/import/{groups,accounts,contacts,invoices}
//	GET  /api/v1/accounts/{id}/settings
//	GET  /api/v1/version
//
// Every request needs a bearer token of the tenant. Errors are problem+json.
//
// An import streams: lines are read, checked and written in batches, each in one
// transaction, so memory does not grow with the body. What needs no database is
// checked when a line is read (package integration); profiles are checked against the
// settings document as it is when the batch is written; accounts, groups and user
// names are checked by the store. When an import ends early, every batch before is
// whole, and the answer says from which line to send again.
package backoffice

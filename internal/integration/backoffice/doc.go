// Package backoffice serves the integration API of one tenant: what a provider's own
// systems call. The types are those of package integration.
//
//	POST /api/v1/import/{groups,accounts,contacts,invoices,payments,calls}
//	GET  /api/v1/accounts/{id}/settings
//	GET  /api/v1/version
//
// Every request needs a bearer token of the tenant. Errors are problem+json.
//
// An import streams: lines are read, checked and written in batches, so memory does not
// grow with the body. What needs no database is checked when a line is read (package
// integration); what it becomes is decided by the same code that a PUT or a PATCH of the
// collection runs, under the settings document as it is when the batch is written; what
// it refers to is checked by the store. By lines a batch is one transaction: when the
// import ends early, every batch before is whole, and the answer says from which line to
// send again. Whole, all batches are one transaction, in which each is a savepoint.
package backoffice

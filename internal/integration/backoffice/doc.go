// Package backoffice serves the integration API of one tenant: what a provider's own
// systems call. The types are those of package integration.
//
// Every operation is registered by [handle] (huma) or handleRaw, with the scope that it
// needs, and so is in the OpenAPI document: /api/v1/openapi.json, shown to people at
// /api/v1/docs and committed as docs/openapi.json. A collection is one [resource].
//
// A request passes, from the outside in: gzip of the answer, the token and its rate
// (guarded), the address (route), the scope, Accept, and the body, read whole and bounded
// (takesBody). Errors are problem+json wherever they come from.
//
// An import streams: lines are read, checked and written in batches, so memory does not
// grow with the body. What needs no database is checked when a line is read (package
// integration); what it becomes is decided by the same code that a PUT or a PATCH of the
// collection runs, under the settings document as it is when the batch is written; what
// it refers to is checked by the store. By lines a batch is one transaction: when the
// import ends early, every batch before is whole, and the answer says from which line to
// send again. Whole, all batches are one transaction, in which each is a savepoint.
package backoffice

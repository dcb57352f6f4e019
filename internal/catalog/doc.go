// Package catalog declares every type of event once: what it means, what it carries, a
// sample, whom it interests. From it come the check and the rendering of templates, the
// environment of conditions, the schema of what is sent in, the documentation and the
// preview, so that none of them can say anything else than the others. It is pure.
//
// The payload of an event is a tree of objects: those that every event has (tenant,
// account, event), the recipient, which templates alone can use, and those of its type,
// as invoice. A template writes {{.invoice.number}}, a condition invoice.balance >= 10.0.
// In JSON, money and other decimals are strings, dates are "2026-11-21", times are in
// RFC 3339, and an amount of money is in the currency that the field currency of the
// same object names, or else in the account's.
//
// [BuiltIn] has the types of every tenant; [New] adds a tenant's own, whose fields are
// in the object data.
package catalog

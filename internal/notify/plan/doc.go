// Package plan decides who is told what, when, and by which channel. It is pure: documents,
// an event or an invoice, the state of an account and the time go in, notifications come
// out, each to be sent or suppressed with a reason. The dispatcher stores and sends them;
// the API shows with the same code what would be sent in the coming days.
package plan

// Package integration is the integration API as types: the lines of a bulk import,
// how they are read, the answer, and a small client. It is shared by the server and
// by whoever calls it.
//
// # Import
//
// A request to /api/v1/import/{kind} carries NDJSON: one JSON object per line, at most
// [MaxLineBytes] long; empty lines are skipped. Kinds depend on each other in the
// order of [Kinds]: groups, accounts, contacts, invoices. Every line is written as if
// alone: good lines are applied, bad ones are refused and named. Sending a line again
// changes nothing.
//
// The answer is NDJSON too: a [Refusal] per bad line while the import runs, and a
// last line with a [Result].
//
// # Lines
//
// [Group] {"name", "displayName"}; "id" may be written for "name".
//
// [Account] {"id", "name", "status", "accountProfile", "myAccountProfile", "groups",
// "attributes"}. A field that is left out stays as it is; null clears it. A new
// account needs a name, and is Active unless the line says otherwise.
//
// [Contact] {"id", "accountId", "firstName", "lastName", "email", "owner", "grants",
// "access", "user"}. The line is the whole contact. A user that is left out stays; a
// password hash is only taken by a user that has none.
//
// [Invoice] {"id", "accountId", "number", "issuedOn", "dueOn", "currency", "total",
// "balance", "status"}. The line is the whole invoice. Without dueOn the account's
// trading terms decide, once: the due date stays when the terms change. Without
// currency it is the account's, also once. Without balance it is the total while Open, else 0.
package integration

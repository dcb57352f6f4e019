// Package integration is the integration API as types: its bodies and the lines of its
// bulk imports, how they are read, the answers, and a client. It is shared by the server
// and by whoever calls it.
//
// # Rules
//
// A type says by the tags of its fields what is required and what is allowed (see
// rules.go). The OpenAPI document is made of the same tags, and [Decode] reads by them:
// a body of one row as a line of an import, with every rule that is broken. [DecodePatch]
// does so with what a merge patch makes of a row.
//
// # Import
//
// A request to /api/v1/import/{kind} carries NDJSON: one JSON object per line, at most
// [MaxLineBytes] long; empty lines, a byte order mark and ends of lines as \r\n are fine.
// Kinds depend on each other in the order of [Kinds].
//
// A line is what a PUT of the row takes, with its id. Of an account that is there it is a
// merge patch: what it leaves out stays, null clears. A call is one by its id and its
// start, and never changes. Sending a line again changes nothing. The same id twice at
// about the same place (in the same batch of a few thousand lines) is a slip: the second
// line is refused.
//
// By [ModeLines] every line is handled as if alone: good ones are applied, bad ones are
// refused and named. By [ModeWhole] one refusal, and nothing is applied. An import tells
// nobody of what it changes, unless it is asked to by [NotifyAll].
//
// The answer is NDJSON too: a [Refusal] per bad line while the import runs, and a last
// line with a [Result]. An import by lines that ended early says from which line to send
// again; a whole one is sent again from its first line.
package integration

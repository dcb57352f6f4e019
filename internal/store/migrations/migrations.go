// Package migrations holds the schema of a tenant as numbered SQL files. They only go
// forward: each release must run against the schema of the release before and after
// it, so a change is an expansion first and a contraction a release later.
//
// The manager applies them as the schema's owner, with the search path on the
// tenant's schema; so no file names a schema.
package migrations

import "embed"

// Files are the migrations, in the form that goose reads.
//
//go:embed *.sql
var Files embed.FS

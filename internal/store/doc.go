// Package store is PostgreSQL for everything that Foyer keeps about a tenant's
// customers. It is the only place of the project with SQL, together with the packages
// below it: migrations (the schema) and admin (servers, roles and what only the
// manager may do).
//
// A [Store] speaks to the schema of one tenant. Its connections carry the tenant's
// login role, and the role carries the search path, timeouts and the least rights that
// its component needs; so no statement names a schema or a tenant. Every method that
// reads or changes data of one account takes the account's id and touches nothing else.
//
// # Errors
//
// [ErrNotFound] is the answer for a row that does not exist or belongs to another
// account. [Unavailable] tells a database that is away or overloaded from a fault.
//
// # Time
//
// What decides by time takes the time as a parameter. Only bookkeeping columns
// (created_at, updated_at) use the clock of the server.
package store

// Package admin is what only the manager does in PostgreSQL: it makes the schema and
// the roles of a tenant on a declared server, migrates the schema, and reads what the
// replicas report and how many accounts use a profile.
//
// # Roles
//
// The role of the server's URI may be an ordinary one. It needs CREATEROLE and CREATE
// on the database; it should own the database, so that nobody else may connect to it.
// Per tenant it makes
//
//	foyer_<hash>              NOLOGIN, owns the schema of the same name and all in it
//	foyer_<hash>_portal       LOGIN, the least that the portal needs
//	foyer_<hash>_backoffice   LOGIN, the least that the backoffice needs
//	foyer_<hash>_dispatcher   LOGIN, the least that the dispatcher needs
//
// where the hash is over cluster, namespace and name of the Tenant. Each login role has a
// second one, whose name ends in _2, that it takes turns with when passwords are rotated:
// see [Login]. The manager works in a
// tenant's schema by SET LOCAL ROLE only; passwords are sent as SCRAM verifiers, so
// that none is in a log of the server.
//
// # Prepare
//
// [Server.Prepare] brings a tenant to the desired state. The table installation in the
// schema says whose the data is, and keeps a digest of the state that was last applied:
// a Prepare that has nothing to do takes one look and writes nothing.
//
// A schema of another owner is only touched when the server's Secret lists it under
// adopt. So a rebuilt cluster gets its tenants' data back: list the old schemas before
// the Tenants are made, and each Tenant takes over the one of its namespace and name,
// under a new name. The old cluster finds an empty schema of the old name, and stalls.
//
// [Server.Drop] deletes all of it.
//
// # Errors
//
// What the platform team can act on is a [Problem], with a reason and a message for a
// status. No error holds a password.
package admin

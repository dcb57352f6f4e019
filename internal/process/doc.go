// Package process is what every binary of the data plane needs around its handlers.
//
// [Run] is the whole life of such a binary: it reads the flags ([Flags]), opens the
// settings document and the database, starts the admin listener, serves, and stops
// gracefully. A binary only says what it is and how it answers ([Program]).
//
// The parts can be used alone:
//
//   - [Pool] is a connection pool that follows the credentials in a mounted directory.
//   - [Health] and [Admin] are the admin listener: /livez, /readyz, /metrics.
//   - [Acknowledger] writes which settings document the replica runs.
//   - [Serve] stops a server without cutting requests.
//   - [Observe] and [Recover] are the middleware that logs, counts and survives panics.
//   - [ClientIP] finds the client behind trusted proxies.
//
// A replica is ready when its settings are loaded and it has reached a database with
// a schema that is new enough, once. The present state of the database does not
// count: a replica without database must still serve its page that says so.
package process

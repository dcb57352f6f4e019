// Package postgres gives tests a real PostgreSQL server of their own.
//
//	var server *postgres.Server
//
//	func TestMain(m *testing.M) { os.Exit(postgres.Run(m, &server)) }
//
//	func TestX(t *testing.T) {
//		uri := server.Database(t) // a fresh database, dropped after the test
//		...
//	}
//
// One server per test binary is enough: tests run beside each other, each in its own
// database or schema. A test that takes the server away ([Server.Stop],
// [Server.Restart]) starts one for itself with [Start].
//
// The binaries are those in $FOYER_PG_BIN, else the newest of /usr/lib/postgresql,
// else those of test/postgres18. PostgreSQL refuses to run as root; then the server runs
// as user postgres, or nobody. Its data is in a temporary directory and is not synced to disk.
package postgres

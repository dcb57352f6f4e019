package store

import (
	"context"
	"time"
)

// Replica is what one pod runs. Error is empty, or says why it could not load the
// newest document; the digests are then what it still runs.
type Replica struct {
	Pod       string
	Component string
	Digest    string // of the settings document
	Routing   string // of the routing document, which dispatchers alone have
	Error     string
	// Login is the role by which it reaches the database; empty while it still has
	// connections of another one.
	Login string
	Age   time.Duration // since it said so, by the clock of the database, which alone says that
}

// Acknowledge records what a replica runs.
func (s *Store) Acknowledge(ctx context.Context, r Replica) error {
	_, err := s.db.Exec(ctx, `
INSERT INTO replica (pod, component, digest, routing_digest, error, login) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (pod) DO UPDATE SET component = excluded.component, digest = excluded.digest, routing_digest = excluded.routing_digest,
    error = excluded.error, login = excluded.login, updated_at = now()`,
		r.Pod, r.Component, r.Digest, r.Routing, cleanText(r.Error), r.Login)
	if err != nil {
		return fail("acknowledge", err)
	}
	return nil
}

// ServerTime returns the time by the clock of the database.
func (s *Store) ServerTime(ctx context.Context) (at time.Time, err error) {
	if err := s.db.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&at); err != nil {
		return time.Time{}, fail("ask for the time", err)
	}
	return at, nil
}

// SchemaVersion returns the newest migration that was applied. A process needs at
// least RequiredSchemaVersion.
func (s *Store) SchemaVersion(ctx context.Context) (int64, error) {
	var version int64
	err := s.db.QueryRow(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&version)
	if err != nil {
		return 0, fail("read schema version", err)
	}
	return version, nil
}

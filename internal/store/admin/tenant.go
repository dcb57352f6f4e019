package admin

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/store"
)

// Tenant is the manager's view of one prepared schema.
type Tenant struct {
	server *Server
	schema string
}

// Tenant returns the view of a schema that Prepare returned.
func (s *Server) Tenant(schema string) *Tenant { return &Tenant{s, schema} }

func (t *Tenant) read(ctx context.Context, doing string, work func(context.Context, pgx.Tx) error) error {
	return t.server.explain(doing, t.server.asOwner(ctx, t.schema, readOnly, work))
}

func (t *Tenant) write(ctx context.Context, doing string, work func(context.Context, pgx.Tx) error) error {
	return t.server.explain(doing, t.server.asOwner(ctx, t.schema, readWrite, work))
}

// Usage counts accounts by profile, pin and groups, and looks up those accounts that
// profiles name as their customer. It sees one moment and scans no accounts.
func (t *Tenant) Usage(ctx context.Context, customers []string) (config.Usage, error) {
	usage := config.Usage{Customers: map[string]config.Bucket{}}
	err := t.read(ctx, "count accounts", func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
SELECT account_profile, my_account_profile, groups, sum(accounts)::bigint FROM account_bucket
GROUP BY 1, 2, 3 HAVING sum(accounts) <> 0 ORDER BY 1, 2, 3`)
		if err != nil {
			return err
		}
		if usage.Buckets, err = pgx.CollectRows(rows, pgx.RowToStructByPos[config.Bucket]); err != nil {
			return err
		}
		for _, bucket := range usage.Buckets {
			usage.Accounts += bucket.Accounts
		}
		return readCustomers(ctx, tx, customers, usage.Customers)
	})
	if err != nil {
		return config.Usage{}, err
	}
	return usage, nil
}

func readCustomers(ctx context.Context, tx pgx.Tx, ids []string, into map[string]config.Bucket) error {
	if len(ids) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, `
SELECT id, coalesce(account_profile, ''), coalesce(my_account_profile, ''), groups FROM account WHERE id = ANY($1)`, ids)
	if err != nil {
		return err
	}
	for rows.Next() {
		var id string
		bucket := config.Bucket{Accounts: 1}
		if err := rows.Scan(&id, &bucket.AccountProfile, &bucket.MyAccountProfile, &bucket.Groups); err != nil {
			rows.Close()
			return err
		}
		into[id] = bucket
	}
	return rows.Err()
}

// Deltas that arrive meanwhile are not seen by the statement and stay for the next
// fold; of two folds at once, the second finds its rows gone and adds nothing.
const foldSQL = `
WITH crowded AS (
    SELECT account_profile, my_account_profile, groups FROM account_bucket
    GROUP BY 1, 2, 3 HAVING count(*) > 1 OR sum(accounts) = 0
), taken AS (
    DELETE FROM account_bucket b USING crowded c
    WHERE b.account_profile = c.account_profile AND b.my_account_profile = c.my_account_profile AND b.groups = c.groups
    RETURNING b.account_profile, b.my_account_profile, b.groups, b.accounts
)
INSERT INTO account_bucket
SELECT account_profile, my_account_profile, groups, sum(accounts) FROM taken
GROUP BY 1, 2, 3 HAVING sum(accounts) <> 0`

const foldAttributesSQL = `
WITH crowded AS (
    SELECT account_profile, attribute FROM attribute_use
    GROUP BY 1, 2 HAVING count(*) > 1 OR sum(accounts) = 0
), taken AS (
    DELETE FROM attribute_use u USING crowded c
    WHERE u.account_profile = c.account_profile AND u.attribute = c.attribute
    RETURNING u.account_profile, u.attribute, u.accounts
)
INSERT INTO attribute_use
SELECT account_profile, attribute, sum(accounts) FROM taken
GROUP BY 1, 2 HAVING sum(accounts) <> 0`

// Fold merges the deltas of the counts. It writes only where there is something to
// merge.
func (t *Tenant) Fold(ctx context.Context) error {
	return t.write(ctx, "fold counts", func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, foldSQL); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, foldAttributesSQL)
		return err
	})
}

// Replicas returns what the replicas reported, by pod. It reads a schema of an earlier
// release as well, which a paused tenant keeps: there they run no routing document.
func (t *Tenant) Replicas(ctx context.Context) ([]store.Replica, error) {
	var replicas []store.Replica
	err := t.read(ctx, "read replicas", func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT pod, component, digest, coalesce(to_jsonb(r) ->> 'routing_digest', ''), error, coalesce(to_jsonb(r) ->> 'login', ''), now() - updated_at FROM replica r ORDER BY pod`)
		if err != nil {
			return err
		}
		replicas, err = pgx.CollectRows(rows, pgx.RowToStructByPos[store.Replica])
		return err
	})
	return replicas, err
}

// Adopted says whether nothing is sent because the schema was taken over from another
// owner, and nobody has looked at what waits: a settings document with mode Hold ends it.
func (t *Tenant) Adopted(ctx context.Context) (adopted bool, err error) {
	err = t.read(ctx, "read the state of delivery", func(ctx context.Context, tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT adopted FROM delivery`).Scan(&adopted)
	})
	return adopted, err
}

// ForgetReplicas removes the reports of all pods but those to keep.
func (t *Tenant) ForgetReplicas(ctx context.Context, keep []string) error {
	if keep == nil {
		keep = []string{} // a null array would match nothing
	}
	return t.write(ctx, "forget replicas", func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM replica WHERE pod <> ALL($1)`, keep)
		return err
	})
}

// keptDocuments is how many documents of a kind a tenant keeps. They say which
// configuration was in force at a time, as when a customer saw or was sent something:
// a hundred edits are months of a tenant in operation, and one document may have a
// megabyte or, packed as text, a third more.
const keptDocuments = 100

// SaveDocument keeps a document that goes live, as text: its digest names what the text
// stands for. One that went live before becomes the latest again; what is older than the
// newest keptDocuments goes. The events are those of what changes by it; they are left
// out for a document that is the latest already, because it was saved with them.
func (t *Tenant) SaveDocument(ctx context.Context, kind, digest, text string, events ...store.Event) error {
	return t.write(ctx, "save document", func(ctx context.Context, tx pgx.Tx) error {
		saved, err := tx.Exec(ctx, `
INSERT INTO document AS d (digest, kind, body, created_at) VALUES ($1, $2, $3, clock_timestamp())
ON CONFLICT (digest) DO UPDATE SET body = excluded.body, created_at = excluded.created_at
WHERE d.created_at < (SELECT max(created_at) FROM document WHERE kind = $2) OR d.body <> excluded.body`, digest, kind, text)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
DELETE FROM document WHERE kind = $1 AND digest <> $2
AND digest NOT IN (SELECT digest FROM document WHERE kind = $1 ORDER BY created_at DESC LIMIT $3)`, kind, digest, keptDocuments)
		if err != nil || saved.RowsAffected() == 0 {
			return err
		}
		return store.AppendEvents(ctx, tx, events)
	})
}

// LatestAgain makes a document the one that went live last, if the latest is a copy that was
// saved and did not go live. Any other latest one stays: it was saved since.
func (t *Tenant) LatestAgain(ctx context.Context, kind, digest, notLive string) error {
	return t.write(ctx, "order documents", func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
UPDATE document SET created_at = clock_timestamp() WHERE kind = $1 AND digest = $2
AND $3 = (SELECT digest FROM document WHERE kind = $1 ORDER BY created_at DESC, digest LIMIT 1)`, kind, digest, notLive)
		return err
	})
}

// LatestDocument hands over the documents of a kind, the one that went live last first,
// until one is taken. If none is, the error is store.ErrNotFound.
func (t *Tenant) LatestDocument(ctx context.Context, kind string, take func(digest, text string) bool) error {
	return t.read(ctx, "read document", func(ctx context.Context, tx pgx.Tx) error {
		for place := 0; ; place++ { // one at a time: the first is nearly always taken
			var digest, text string
			err := tx.QueryRow(ctx, `SELECT digest, body FROM document WHERE kind = $1 ORDER BY created_at DESC, digest LIMIT 1 OFFSET $2`,
				kind, place).Scan(&digest, &text)
			if errors.Is(err, pgx.ErrNoRows) {
				return store.ErrNotFound
			}
			if err != nil || take(digest, text) {
				return err
			}
		}
	})
}

// EnsureToken makes the API token of a name the given one, which may do everything and
// does not expire, whoever made the one that has the name. The database keeps its hash
// only.
func (t *Tenant) EnsureToken(ctx context.Context, name, token string) error {
	return t.write(ctx, "store the API token", func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM api_token WHERE name <> $1 AND secret_hash = $2`, name, store.TokenHash(token)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
INSERT INTO api_token AS t (name, secret_hash, scopes, created_by) VALUES ($1, $2, '{*}', 'manager')
ON CONFLICT (name) DO UPDATE SET secret_hash = excluded.secret_hash, scopes = excluded.scopes, created_by = excluded.created_by,
    expires_at = NULL, created_at = now(), last_used_at = NULL
WHERE (t.secret_hash, t.scopes, t.created_by) <> (excluded.secret_hash, excluded.scopes, excluded.created_by) OR t.expires_at IS NOT NULL`, name, store.TokenHash(token))
		return err
	})
}

// RotateToken makes the API token of a name another one. The former one is valid until then,
// under a name of its own; any that had these names besides is not.
func (t *Tenant) RotateToken(ctx context.Context, name, former, token string, until time.Time) error {
	old := store.TokenHash(former)
	return t.write(ctx, "rotate the API token", func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM api_token WHERE name IN ($1, $1 || '-former') AND secret_hash <> $2`, name, old); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE api_token SET name = $1 || '-former', expires_at = $3 WHERE secret_hash = $2`, name, old, until); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO api_token (name, secret_hash, scopes, created_by) VALUES ($1, $2, '{*}', 'manager')`, name, store.TokenHash(token))
		return err
	})
}

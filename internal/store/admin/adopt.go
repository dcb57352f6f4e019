package admin

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// adoptable finds, among the schemas that may be taken over, one that holds the data
// of a Tenant of this namespace and name in another cluster. A schema's name comes from
// its cluster, so a rebuilt cluster looks for another name than the one before.
func (p *preparation) adoptable(ctx context.Context) (*preparation, error) {
	for _, schema := range p.adopt {
		if schema == p.schema {
			continue
		}
		old := &preparation{Server: p.Server, owner: p.owner, schema: schema, components: p.components}
		var err error
		if old.found, err = p.inspect(ctx, schema); err != nil {
			return nil, err
		}
		if old.found.SchemaOwner != schema || !old.found.Installed {
			continue // not there, or not one of ours
		}
		if err := old.actAsOwner(ctx); err != nil {
			return nil, err
		}
		is, err := old.readInstallation(ctx)
		if err != nil {
			return nil, err
		}
		if is.owner.Namespace == p.owner.Namespace && is.owner.Name == p.owner.Name {
			return old, nil
		}
	}
	return nil, nil
}

// takeOver gives an adopted schema and its roles the names of the new owner, all or
// nothing. Whoever still uses the old names is signed out and cannot sign in any more. An
// empty schema of the old name stays, which the new owner's role owns: the old cluster,
// should it be alive or come back, finds it and stalls, where it would begin with no data.
func (p *preparation) takeOver(ctx context.Context, old *preparation) error {
	if err := p.rename(ctx, old); err != nil {
		return err
	}
	var err error
	if p.found, err = p.inspect(ctx, p.schema); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return pgx.BeginFunc(ctx, p.pool, func(tx pgx.Tx) error {
		for _, role := range p.found.Logins {
			if err := p.deniedEnd(signOut(ctx, tx, p.found, role), p.found, role); err != nil {
				return err
			}
			if err := runAll(ctx, tx, leave(p.found, role)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (p *preparation) rename(ctx context.Context, old *preparation) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var goes []string // what was left when this owner's data was taken over before
	if p.found.SchemaOwner != "" {
		goes = []string{fmt.Sprintf("DROP SCHEMA %s", name(p.schema))}
	}
	err := pgx.BeginFunc(ctx, p.pool, func(tx pgx.Tx) error {
		if err := p.renameRoles(ctx, tx, old.schema); err != nil {
			return err
		}
		if err := inherit(ctx, tx, p.found, p.schema, true); err != nil {
			return err
		}
		if err := runAll(ctx, tx, append(goes,
			fmt.Sprintf("ALTER SCHEMA %s RENAME TO %s", name(old.schema), name(p.schema)),
			fmt.Sprintf("CREATE SCHEMA %s AUTHORIZATION %s", name(old.schema), name(p.schema)))); err != nil {
			return err
		}
		if err := pinFunctions(ctx, tx, p.schema); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, fmt.Sprintf("UPDATE %s.installation SET cluster_uid = $1, prepared = $2", name(p.schema)), p.owner.ClusterUID, takenOver)
		if err != nil {
			return err
		}
		return inherit(ctx, tx, p.found, p.schema, false)
	})
	return denied(err, "role %q may not take over schema %s: as a superuser run GRANT %s TO %s, the same for its login roles, each WITH ADMIN OPTION",
		p.found.Role, old.schema, name(old.schema), name(p.found.Role))
}

// takenOver is what an installation has in prepared from when its schema was taken over to
// the end of Prepare.
const takenOver = "taken over"

// holdAdopted keeps the dispatcher of a schema with a new owner from sending what waits in
// it: the cluster before may have done so since it was copied, or may be doing it now.
func (p *preparation) holdAdopted(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `
UPDATE delivery SET mode = 'Hold', settled = false, adopted = true
WHERE EXISTS (SELECT FROM installation WHERE prepared = $1 OR (cluster_uid, namespace, name) <> ($2, $3, $4))`,
		takenOver, p.owner.ClusterUID, p.owner.Namespace, p.owner.Name)
	return err
}

// renameRoles also removes what an interrupted Prepare made under the new names: it
// owns nothing, because the schema of the new name does not exist.
func (p *preparation) renameRoles(ctx context.Context, tx pgx.Tx, old string) error {
	renames := map[string]string{old: p.schema}
	for i, role := range loginRoles(old) {
		renames[role] = loginRoles(p.schema)[i]
	}
	for from, to := range renames {
		var exists bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`, from).Scan(&exists); err != nil {
			return err
		}
		if !exists {
			continue
		}
		statements := []string{fmt.Sprintf("DROP ROLE IF EXISTS %s", name(to)), fmt.Sprintf("ALTER ROLE %s RENAME TO %s", name(from), name(to))}
		if err := runAll(ctx, tx, statements); err != nil {
			return err
		}
	}
	return nil
}

// inherit lets the manager use the rights of an owner role for a moment: SET ROLE is
// not enough to rename a schema, which takes rights of both. On PostgreSQL 15 a member
// has them anyway.
func inherit(ctx context.Context, tx pgx.Tx, f found, role string, on bool) error {
	if f.Superuser || f.Version < 160000 {
		return nil
	}
	return runAll(ctx, tx, []string{fmt.Sprintf("GRANT %s TO %s WITH SET TRUE, INHERIT %t", name(role), name(f.Role), on)})
}

// pinFunctions sets the pinned search path of functions to the schema's new name.
func pinFunctions(ctx context.Context, tx pgx.Tx, schema string) error {
	rows, err := tx.Query(ctx, `
SELECT oid::regprocedure::text FROM pg_proc
WHERE pronamespace = $1::text::regnamespace AND EXISTS (SELECT FROM unnest(proconfig) s WHERE s LIKE 'search_path=%')`, schema)
	if err != nil {
		return err
	}
	functions, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	if len(functions) == 0 {
		return errors.New("the schema to take over has no function with a pinned search path, it is not one of Foyer's")
	}
	var statements []string
	for _, function := range functions {
		statements = append(statements, fmt.Sprintf("ALTER FUNCTION %s SET search_path TO %s, pg_temp", function, name(schema)))
	}
	return runAll(ctx, tx, statements)
}

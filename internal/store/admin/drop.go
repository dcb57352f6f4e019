package admin

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Drop deletes what Prepare made for a Tenant, for good: its schema with all data, and its
// roles. Whoever is signed in as one of them is signed out first. It can be repeated, and
// finishes what was interrupted.
//
// A schema that is not the owner's by its table installation is left as it is, and so are
// its roles: the error is a Problem with reason OwnedByAnother.
func (s *Server) Drop(ctx context.Context, owner Owner) error {
	for try := 1; ; try++ {
		err := s.drop(ctx, owner)
		if err == nil || try == prepareTries || !overtaken(err) {
			return s.explain("delete the data of "+owner.Namespace+"/"+owner.Name, err)
		}
	}
}

func (s *Server) drop(ctx context.Context, owner Owner) error {
	schema := owner.Schema()
	is, err := s.inspect(ctx, schema)
	if err != nil {
		return err
	}
	if err := s.checkOwned(ctx, owner, is); err != nil {
		return err
	}
	roles := is.Logins
	if is.OwnerRole {
		roles = append(roles, schema)
	}
	var also []string
	if is.SchemaOwner != "" {
		also = append(also, fmt.Sprintf("DROP SCHEMA %s CASCADE", name(schema)))
	}
	return s.endRoles(ctx, is, schema, roles, also...)
}

// checkOwned refuses a schema that holds what is somebody else's.
func (s *Server) checkOwned(ctx context.Context, owner Owner, is found) error {
	schema := owner.Schema()
	switch is.SchemaOwner {
	case "": // only roles are left, or nothing
		return nil
	case schema:
	default:
		return ownedByRole(schema, is.SchemaOwner)
	}
	if !is.Installed {
		return nil // the first Prepare was interrupted: nobody's data
	}
	p := &preparation{Server: s, owner: owner, schema: schema, found: is}
	if err := p.actAsOwner(ctx); err != nil {
		return err
	}
	var has Owner
	err := s.asOwner(ctx, schema, readOnly, func(ctx context.Context, tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT cluster_uid, namespace, name FROM installation`).Scan(&has.ClusterUID, &has.Namespace, &has.Name)
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return err
	case has != owner:
		return problem(OwnedByAnother, "schema %s holds the data of %s", schema, has)
	}
	return nil
}

// ownedByRole is about a schema of the right name that another role owns: one whose data
// was taken over leaves that behind, or somebody else made it.
func ownedByRole(schema, role string) *Problem {
	if isSchemaName(role) {
		return problem(OwnedByAnother, "the data of this Tenant was taken over by one of another cluster, and is in schema %s now: "+
			"to take it back, list that schema under adopt in the server's Secret", role)
	}
	return problem(OwnedByAnother, "schema %s belongs to role %q, which Foyer did not make", schema, role)
}

package admin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Login is what Prepare has to know of a component that signs in.
//
// A role has one password, and not every pod has a new one at the same moment. So there
// are two login roles for each component, which take turns: the one that is next is made
// while pods still use the other, and that one goes when no pod does any more. At rest
// there is one.
type Login struct {
	Password string
	Second   bool   // it is the second one's turn
	Next     string // the password of the other one, if that is to be made; empty: it is not
	Replicas int32  // the pods that are asked for: the connection limit follows them
}

// loginRole is the name of a component's login role.
func loginRole(schema, component string, second bool) string {
	if second {
		return schema + "_" + component + "_2"
	}
	return schema + "_" + component
}

// loginRoles are the names of all login roles that a tenant can have.
func loginRoles(schema string) []string {
	var roles []string
	for component := range logins {
		roles = append(roles, loginRole(schema, component, false), loginRole(schema, component, true))
	}
	slices.Sort(roles)
	return roles
}

// IsSecondLogin says whether a role is the second one of the two that a component of any
// tenant signs in as.
func IsSecondLogin(role string) bool { return strings.HasSuffix(role, "_2") }

// LoginRole is the role that a component of the owner signs in as.
func (o Owner) LoginRole(component string, second bool) string {
	return loginRole(o.Schema(), component, second)
}

// signIn is one login role as it is to be.
type signIn struct {
	component string
	role      string
	password  string
	replicas  int32
}

// signIns are the login roles that are to be there.
func (p *preparation) signIns() []signIn {
	var list []signIn
	for _, component := range p.components {
		l := p.logins[component]
		list = append(list, signIn{component, loginRole(p.schema, component, l.Second), l.Password, l.Replicas})
		if l.Next != "" {
			list = append(list, signIn{component, loginRole(p.schema, component, !l.Second), l.Next, l.Replicas})
		}
	}
	return list
}

// former are the components of which a login role is left whose turn is over. Pods may
// still use it, so it stays as it is until EndLogin.
func (p *preparation) former() []string {
	var list []string
	for _, component := range p.components {
		l := p.logins[component]
		if l.Next == "" && slices.Contains(p.found.Logins, loginRole(p.schema, component, !l.Second)) {
			list = append(list, component)
		}
	}
	return list
}

// endTimeout bounds the end of roles, and of all that belongs to a tenant.
const endTimeout = time.Minute

// EndLogin ends the login role of a component whose turn is over: whoever still uses it is
// signed out, and it is gone. The one that is in turn stays.
func (s *Server) EndLogin(ctx context.Context, owner Owner, component string, second bool) error {
	schema := owner.Schema()
	is, err := s.inspect(ctx, schema)
	if err == nil {
		role := loginRole(schema, component, !second)
		err = s.endRoles(ctx, is, schema, intersect(is.Logins, role))
	}
	return s.explain("end a login role of "+owner.Namespace+"/"+owner.Name, err)
}

func intersect(list []string, wanted ...string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return !slices.Contains(wanted, s) })
}

// endRoles ends roles, the first ones first. Nobody signs in as one of them any more when
// their sessions are ended; all else is one transaction, with what is to be done in it.
func (s *Server) endRoles(ctx context.Context, is found, schema string, roles []string, also ...string) error {
	ctx, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	s.rights.Lock()
	defer s.rights.Unlock()
	for _, role := range roles {
		if _, err := s.pool.Exec(ctx, fmt.Sprintf("ALTER ROLE %s NOLOGIN", name(role))); err != nil {
			return s.deniedEnd(err, is, role)
		}
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := runAll(ctx, tx, []string{"SET LOCAL lock_timeout TO '10s'"}); err != nil {
			return err
		}
		for _, role := range roles {
			if err := s.deniedEnd(signOut(ctx, tx, is, role), is, role); err != nil {
				return err
			}
		}
		if is.OwnerRole { // the rights of the roles are those that it gave
			if err := inherit(ctx, tx, is, schema, true); err != nil {
				return s.deniedEnd(err, is, schema)
			}
		}
		statements := also
		for _, role := range roles {
			statements = append(statements, "DROP OWNED BY "+name(role), "DROP ROLE "+name(role))
		}
		if err := runAll(ctx, tx, statements); err != nil || !is.OwnerRole || slices.Contains(roles, schema) {
			return err
		}
		return inherit(ctx, tx, is, schema, false)
	})
}

func (s *Server) deniedEnd(err error, is found, role string) error {
	return denied(err, "role %q may not end role %s, which another role made: as a superuser run GRANT %s TO %s WITH ADMIN OPTION",
		is.Role, role, name(role), name(is.Role))
}

// signOut ends the sessions of a role. Who does that to another role has to be a member of
// it, with its rights, and stays it until the role or the membership is gone.
func signOut(ctx context.Context, tx pgx.Tx, is found, role string) error {
	if err := runAll(ctx, tx, join(is, role)); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = $1 AND pid <> pg_backend_pid()`, role)
	return err
}

// join makes the manager a member of a role, with its rights.
func join(is found, role string) []string {
	switch {
	case is.Superuser:
		return nil
	case is.Version < 160000: // there, members always have the rights
		return []string{fmt.Sprintf("GRANT %s TO %s", name(role), name(is.Role))}
	}
	return []string{fmt.Sprintf("GRANT %s TO %s WITH INHERIT TRUE", name(role), name(is.Role))}
}

// leave undoes join.
func leave(is found, role string) []string {
	if is.Superuser {
		return nil
	}
	return []string{fmt.Sprintf("REVOKE %s FROM %s", name(role), name(is.Role))}
}

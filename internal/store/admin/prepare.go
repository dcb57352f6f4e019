package admin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/foyerhq/foyer/internal/store"
)

// Prepared is where a tenant lives, ready for its workloads.
type Prepared struct {
	Schema        string
	SchemaVersion int64
	Adopted       bool // and nothing is sent yet: Tenant.Adopted
	// Former are the components that have a login role left whose turn is over: EndLogin.
	Former []string
	// Migration is how long the migrations took; 0: all was in place already.
	Migration time.Duration
}

// Prepare brings schema, roles, rights and migrations of a tenant to the desired
// state. logins holds the login of each component. A schema that
// another owner left is only taken over if adopt lists it. When nothing is to do it
// only reads.
func (s *Server) Prepare(ctx context.Context, owner Owner, logins map[string]Login, adopt []string) (Prepared, error) {
	list, err := components(logins)
	if err != nil {
		return Prepared{}, err
	}
	p := &preparation{Server: s, owner: owner, schema: owner.Schema(), components: list, logins: logins, adopt: adopt}
	for try := 1; ; try++ {
		prepared, err := p.run(ctx)
		if err == nil {
			return prepared, nil
		}
		if try == prepareTries || !overtaken(err) {
			return Prepared{}, s.explain("prepare the database of "+owner.Namespace+"/"+owner.Name, err)
		}
	}
}

// prepareTries bounds how often Prepare starts again when another manager prepares the
// same tenant, as for a moment when the leader changes.
const prepareTries = 5

// overtaken recognises that another session made or changed the same object: unique
// violations in the catalogue, duplicates, and "tuple concurrently updated", which has
// no code of its own.
func overtaken(err error) bool {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return false
	}
	return slices.Contains([]string{"23505", "42710", "42P06", "40001", "40P01"}, pgErr.Code) ||
		pgErr.Code == "XX000" && strings.HasPrefix(pgErr.Message, "tuple concurrently")
}

// preparation is one run of Prepare.
type preparation struct {
	*Server
	owner      Owner
	schema     string
	components []string
	logins     map[string]Login
	adopt      []string
	found      found
}

func (p *preparation) run(ctx context.Context) (Prepared, error) {
	prepared, done, err := p.look(ctx)
	if err != nil {
		return Prepared{}, err
	}
	if done {
		prepared.Former = p.former()
		prepared.Adopted, err = p.Tenant(p.schema).Adopted(ctx)
		return prepared, err
	}
	if err := p.checkRights(p.found); err != nil {
		return Prepared{}, err
	}
	if err := p.makeRoles(ctx); err != nil {
		return Prepared{}, err
	}
	if err := p.restrictDatabase(ctx); err != nil {
		return Prepared{}, err
	}
	began := time.Now()
	if err := p.migrate(ctx, p.schema); err != nil {
		return Prepared{}, err
	}
	took := time.Since(began)
	prepared, err = p.finish(ctx)
	prepared.Migration = took
	return prepared, err
}

// look finds out what there is, and whether that is all there should be. It refuses a
// server that is too old and a schema that is somebody else's, and takes over one that
// may be adopted.
func (p *preparation) look(ctx context.Context) (prepared Prepared, done bool, err error) {
	if p.found, err = p.inspect(ctx, p.schema); err != nil {
		return Prepared{}, false, err
	}
	if err := checkVersion(p.found.Version); err != nil {
		return Prepared{}, false, err
	}
	if p.found.SchemaOwner == "" || p.takesBack() {
		return Prepared{}, false, p.lookForOld(ctx)
	}
	if p.found.SchemaOwner != p.schema {
		return Prepared{}, false, ownedByRole(p.schema, p.found.SchemaOwner)
	}
	if !p.found.Installed {
		return Prepared{}, false, nil
	}
	if err := p.actAsOwner(ctx); err != nil {
		return Prepared{}, false, err
	}
	is, err := p.readInstallation(ctx)
	if err != nil {
		return Prepared{}, false, err
	}
	if is.owner != (Owner{}) && is.owner != p.owner && !slices.Contains(p.adopt, p.schema) {
		return Prepared{}, false, problem(OwnedByAnother, "schema %s holds the data of %s: to take it over, list the schema under adopt in the server's Secret", p.schema, is.owner)
	}
	complete := is.owner == p.owner && is.prepared == p.desired()+" "+is.actual && is.version >= store.RequiredSchemaVersion
	return Prepared{Schema: p.schema, SchemaVersion: is.version}, complete, nil
}

// takesBack says whether the tenant's data was taken over, and may be taken back.
func (p *preparation) takesBack() bool {
	return isSchemaName(p.found.SchemaOwner) && p.found.SchemaOwner != p.schema && slices.Contains(p.adopt, p.found.SchemaOwner)
}

// lookForOld takes over the schema of the tenant's earlier cluster, if there is one
// that may be adopted.
func (p *preparation) lookForOld(ctx context.Context) error {
	old, err := p.adoptable(ctx)
	if err != nil {
		return err
	}
	if old == nil {
		if p.found.SchemaOwner != "" {
			return ownedByRole(p.schema, p.found.SchemaOwner)
		}
		return nil
	}
	if err := p.takeOver(ctx, old); err != nil {
		return err
	}
	p.found, err = p.inspect(ctx, p.schema)
	return err
}

// installation is the row that says who owns a schema, and what the schema is like.
type installation struct {
	owner    Owner
	prepared string // desired and actual, when Prepare last ended
	version  int64
	actual   string
}

func (p *preparation) readInstallation(ctx context.Context) (installation, error) {
	var is installation
	err := p.asOwner(ctx, p.schema, readOnly, func(ctx context.Context, tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
SELECT cluster_uid, namespace, name, prepared, (SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied), `+actualSQL+`
FROM installation`, p.schema, tables, loginRoles(p.schema)).Scan(&is.owner.ClusterUID, &is.owner.Namespace, &is.owner.Name, &is.prepared, &is.version, &is.actual)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return installation{}, nil // the first Prepare was interrupted: nobody's yet
	}
	return is, err
}

// desired is a digest of everything that Prepare applies, passwords included.
func (p *preparation) desired() string {
	parts := []string{fmt.Sprint(store.RequiredSchemaVersion), fmt.Sprint(p.found.OwnsDatabase)}
	for _, l := range p.signIns() {
		parts = append(parts, roleSettings(p.schema, l)...)
		parts = append(parts, grantStatements(p.schema, l)...)
		parts = append(parts, l.password)
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

// actAsOwner makes sure that the manager may SET ROLE to the tenant's owner role. From
// PostgreSQL 16 on, even the role that made another one has to grant itself that.
func (p *preparation) actAsOwner(ctx context.Context) error {
	if p.found.ActAsOwner {
		return nil
	}
	grant := fmt.Sprintf("GRANT %s TO %s", name(p.schema), name(p.found.Role))
	if p.found.Version >= 160000 {
		grant += " WITH SET TRUE, INHERIT FALSE"
	}
	if _, err := p.pool.Exec(ctx, grant); err != nil {
		return denied(err, "role %q may not act as role %s: as a superuser run %s", p.found.Role, p.schema, grant)
	}
	p.found.ActAsOwner = true
	return nil
}

// denied turns "insufficient privilege" into the Problem that says what helps.
func denied(err error, format string, args ...any) error {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.Code == "42501" {
		return problem(MissingRights, format, args...)
	}
	return err
}

// makeRoles makes the roles and the schema, or sets existing ones right.
func (p *preparation) makeRoles(ctx context.Context) error {
	if !p.found.OwnerRole {
		if err := p.createRole(ctx, p.schema, "NOLOGIN"); err != nil {
			return err
		}
	}
	if err := p.actAsOwner(ctx); err != nil {
		return err
	}
	if p.found.SchemaOwner == "" {
		if _, err := p.pool.Exec(ctx, fmt.Sprintf("CREATE SCHEMA IF NOT EXISTS %s AUTHORIZATION %s", name(p.schema), name(p.schema))); err != nil {
			return err
		}
	}
	for _, l := range p.signIns() {
		if err := p.makeLogin(ctx, l); err != nil {
			return err
		}
	}
	return nil
}

// createRole: that the role is there already is the trace of an interrupted Prepare.
func (p *preparation) createRole(ctx context.Context, role, kind string) error {
	_, err := p.pool.Exec(ctx, fmt.Sprintf("CREATE ROLE %s %s", name(role), kind))
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && (pgErr.Code == "42710" || pgErr.Code == "23505") {
		return nil
	}
	return err
}

func (p *preparation) makeLogin(ctx context.Context, l signIn) error {
	verifier, err := scramVerifier(l.password)
	if err != nil {
		return fmt.Errorf("role %s: %w", l.role, err)
	}
	if err := p.createRole(ctx, l.role, "LOGIN NOINHERIT"); err != nil {
		return err
	}
	statements := append(roleSettings(p.schema, l), fmt.Sprintf("ALTER ROLE %s PASSWORD %s", name(l.role), quote(verifier)))
	err = pgx.BeginFunc(ctx, p.pool, func(tx pgx.Tx) error { return runAll(ctx, tx, statements) })
	if err != nil {
		return denied(err, "role %q may not change role %s, which another role made: as a superuser run GRANT %s TO %s WITH ADMIN OPTION",
			p.found.Role, l.role, name(l.role), name(p.found.Role))
	}
	return nil
}

func runAll(ctx context.Context, tx pgx.Tx, statements []string) error {
	for _, statement := range statements {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// restrictDatabase lets only the login roles connect. Only the database's owner can
// take that right from everyone; another manager's role leaves it as it is, and is
// refused when its login roles cannot connect.
func (p *preparation) restrictDatabase(ctx context.Context) error {
	if !p.found.OwnsDatabase {
		return p.checkConnect(ctx)
	}
	p.rights.Lock()
	defer p.rights.Unlock()
	database := name(p.database)
	var statements []string
	for _, l := range p.signIns() {
		statements = append(statements, fmt.Sprintf("GRANT CONNECT ON DATABASE %s TO %s", database, name(l.role)))
	}
	statements = append(statements, fmt.Sprintf("REVOKE CONNECT, TEMPORARY ON DATABASE %s FROM PUBLIC", database))
	return pgx.BeginFunc(ctx, p.pool, func(tx pgx.Tx) error {
		if err := runAll(ctx, tx, statements); err != nil {
			return err
		}
		return restrictPublicSchema(ctx, tx)
	})
}

// restrictPublicSchema takes from everyone the right to make objects in schema public,
// which databases that were made before PostgreSQL 15 still give.
func restrictPublicSchema(ctx context.Context, tx pgx.Tx) error {
	var open bool
	err := tx.QueryRow(ctx, `
SELECT EXISTS (SELECT FROM pg_namespace n, aclexplode(n.nspacl) a
    WHERE n.nspname = 'public' AND a.grantee = 0 AND a.privilege_type = 'CREATE' AND pg_has_role(n.nspowner, 'USAGE'))`).Scan(&open)
	if err != nil || !open {
		return err
	}
	_, err = tx.Exec(ctx, "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
	return err
}

func (p *preparation) checkConnect(ctx context.Context) error {
	for _, l := range p.signIns() {
		var can bool
		if err := p.pool.QueryRow(ctx, `SELECT has_database_privilege($1::text::name, current_database(), 'CONNECT')`, l.role).Scan(&can); err != nil {
			return err
		}
		if can {
			continue
		}
		return problem(MissingRights, "the tenants' roles may not connect to database %q: make role %q its owner (ALTER DATABASE %s OWNER TO %s), or run GRANT CONNECT ON DATABASE %s TO PUBLIC",
			p.database, p.found.Role, name(p.database), name(p.found.Role), name(p.database))
	}
	return nil
}

// finish records the owner, gives the rights and records what was applied, all in one
// transaction.
func (p *preparation) finish(ctx context.Context) (Prepared, error) {
	prepared := Prepared{Schema: p.schema, Former: p.former()}
	err := p.asOwner(ctx, p.schema, readWrite, func(ctx context.Context, tx pgx.Tx) error {
		for _, l := range p.signIns() {
			if err := runAll(ctx, tx, grantStatements(p.schema, l)); err != nil {
				return err
			}
		}
		if err := firstPartitions(ctx, tx, time.Now()); err != nil {
			return err
		}
		if err := p.holdAdopted(ctx, tx); err != nil {
			return err
		}
		if err := p.record(ctx, tx); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `SELECT max(version_id), (SELECT adopted FROM delivery) FROM goose_db_version WHERE is_applied`).
			Scan(&prepared.SchemaVersion, &prepared.Adopted)
	})
	return prepared, err
}

func (p *preparation) record(ctx context.Context, tx pgx.Tx) error {
	var actual string
	if err := tx.QueryRow(ctx, "SELECT "+actualSQL, p.schema, tables, loginRoles(p.schema)).Scan(&actual); err != nil {
		return err
	}
	row := []any{p.owner.ClusterUID, p.owner.Namespace, p.owner.Name, p.desired() + " " + actual}
	tag, err := tx.Exec(ctx, `UPDATE installation SET cluster_uid = $1, namespace = $2, name = $3, prepared = $4`, row...)
	if err != nil || tag.RowsAffected() > 0 {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO installation (cluster_uid, namespace, name, prepared) VALUES ($1, $2, $3, $4)`, row...)
	return err
}

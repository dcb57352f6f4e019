package controllers

import (
	"bytes"
	"cmp"
	"context"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// sql runs statements, each by itself, as the server's superuser in the database of the
// tenants; the connection stays open until the test ends.
func (w *world) sql(statements ...string) *pgx.Conn {
	w.t.Helper()
	uri, err := url.Parse(cmp.Or(w.superuser, postgreSQL.URI()))
	if err != nil {
		w.t.Fatal(err)
	}
	uri.Path = "/" + w.database()
	conn, err := pgx.Connect(w.t.Context(), uri.String())
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = conn.Close(context.Background()) })
	for _, statement := range statements {
		if _, err := conn.Exec(w.t.Context(), statement); err != nil {
			w.t.Fatalf("%s: %v", statement, err)
		}
	}
	return conn
}

// database is the name of the one that the tenants are in.
func (w *world) database() string {
	w.t.Helper()
	uri, err := url.Parse(w.uri)
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.TrimPrefix(uri.Path, "/")
}

// dropConnections is for those that still have the old settings, as each keeps what it
// began with. Nobody drops the operator's when all is well again.
const (
	dropConnections = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
	dropReplicas    = dropConnections + " AND application_name <> 'foyer-manager'"
)

// harm is how a database ceases to take a document, and what the status says of it.
type harm struct {
	begin  func(w *world, schema string) (end func())
	reason string
	words  []string
}

var harms = map[string]harm{
	"read-only": {
		begin: func(w *world, _ string) func() {
			database := pgx.Identifier{w.database()}.Sanitize()
			w.sql("ALTER DATABASE "+database+" SET default_transaction_read_only = on", dropConnections)
			return func() {
				w.sql("SET default_transaction_read_only = off", "ALTER DATABASE "+database+" RESET default_transaction_read_only", dropReplicas)
			}
		},
		reason: "ReadOnly", words: []string{"read-only", "primary"},
	},
	"full": {
		begin: func(w *world, schema string) func() {
			w.sql("CREATE FUNCTION "+schema+`.no_space() RETURNS trigger LANGUAGE plpgsql AS $$
				BEGIN RAISE EXCEPTION 'could not extend file "base/1/2": No space left on device' USING ERRCODE = 'disk_full'; END $$`,
				"CREATE TRIGGER no_space BEFORE INSERT OR UPDATE ON "+schema+".document FOR EACH ROW EXECUTE FUNCTION "+schema+".no_space()")
			return func() { w.sql("DROP FUNCTION " + schema + ".no_space CASCADE") }
		},
		reason: "DiskFull", words: []string{"space", "No space left on device"},
	},
	"slow": {
		begin: func(w *world, schema string) func() {
			conn := w.sql("BEGIN", "LOCK TABLE "+schema+".document IN SHARE ROW EXCLUSIVE MODE")
			return func() {
				if _, err := conn.Exec(w.t.Context(), "ROLLBACK"); err != nil {
					w.t.Fatal(err)
				}
			}
		},
		reason: "Unreachable", words: []string{"answers, but", "in time"},
	},
}

// TestDatabaseThatTakesNoDocument: what cannot be kept in the database does not go live,
// the status says why, and all goes on by itself.
func TestDatabaseThatTakesNoDocument(t *testing.T) {
	t.Parallel()
	for name, harm := range harms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, tenant := readyWorld(t)
			profile, template := w.accountProfile("acme", "business"), w.eventTemplate("acme", "reminders", "business")
			w.create(profile, template)
			w.expect(profile, "Ready=True")
			w.expect(template, "Programmed=True")
			w.expect(tenant, "Ready=True")
			before := w.liveVersions("acme")

			end := harm.begin(w, pgx.Identifier{tenant.Status.Database.Schema}.Sanitize())
			edit(w, profile, func(p *v1alpha1.AccountProfile) { p.Spec.DisplayName = "Companies" })
			edit(w, template, func(t *v1alpha1.EventTemplate) { t.Spec.Actions[0].Email.Subject = "Companies" })
			w.expect(tenant, "Ready=False/"+harm.reason, "DatabaseReady=False/"+harm.reason, "Reconciling=True", "PortalAvailable=True")
			w.expect(profile, "Ready=False", "Accepted=True", "Reconciling=True")
			w.expect(template, "Ready=False", "Accepted=True", "Reconciling=True")
			for _, word := range harm.words {
				if said := message(tenant, "DatabaseReady"); !strings.Contains(said, word) {
					t.Errorf("DatabaseReady does not speak of %q: %s", word, said)
				}
			}
			if profile.Status.LiveGeneration != 1 || template.Status.LiveGeneration != 1 {
				t.Errorf("live generations: %d and %d", profile.Status.LiveGeneration, template.Status.LiveGeneration)
			}
			if after := w.liveVersions("acme"); after != before {
				t.Errorf("something was written: versions %v, they were %v", after, before)
			}

			end()
			w.expect(tenant, "Ready=True", "DatabaseReady=True")
			w.expect(profile, "Ready=True")
			w.expect(template, "Programmed=True")
			w.checkNewestCopies(tenant, "Companies")
		})
	}
}

// liveVersions are those of the documents and of a workload.
func (w *world) liveVersions(tenant string) [3]string {
	w.t.Helper()
	return [3]string{
		w.documentMap(tenant, settingsKind).ResourceVersion, w.documentMap(tenant, routingKind).ResourceVersion,
		w.deployment(tenant + "-portal").ResourceVersion,
	}
}

// checkNewestCopies makes sure that what is live holds a text, is the newest copy in the
// database, and has no second one.
func (w *world) checkNewestCopies(tenant *v1alpha1.Tenant, text string) {
	w.t.Helper()
	conn := w.sql()
	for _, kind := range []*documentKind{settingsKind, routingKind} {
		body, err := kind.unpack(w.documentMap(tenant.Name, kind))
		if err != nil || !bytes.Contains(body, []byte(text)) {
			w.t.Errorf("%q is not in the live %s document (%v):\n%s", text, kind.name, err, body)
		}
		kept, err := kind.pack(body)
		if err != nil {
			w.t.Fatal(err)
		}
		var newest string
		var copies int
		err = conn.QueryRow(w.t.Context(), "SELECT (array_agg(digest ORDER BY created_at DESC))[1], count(*) FILTER (WHERE body = $2) FROM "+
			pgx.Identifier{tenant.Status.Database.Schema}.Sanitize()+".document WHERE kind = $1", kind.name, kind.keep(kept)).Scan(&newest, &copies)
		if err != nil {
			w.t.Fatal(err)
		}
		if newest != config.Digest(body) || copies != 1 {
			w.t.Errorf("the newest copy of %s is %s, there are %d of what is live, %s", kind.name, newest, copies, config.Digest(body))
		}
	}
}

// TestServerIsReadOnlyFromTheBeginning: as when its uri names a standby.
func TestServerIsReadOnlyFromTheBeginning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	end := harms["read-only"].begin(w, "")
	tenant := w.tenant("acme")
	w.create(tenant)
	w.expect(tenant, "Ready=False/ReadOnly", "DatabaseReady=False/ReadOnly", "Reconciling=True", "PortalAvailable=False")
	end()
	w.expect(tenant, "Ready=True")
}

// proxy stands before a database server, and cuts all connections at the k-th message
// that does some work.
type proxy struct {
	t        *testing.T
	target   string
	listener net.Listener

	mu    sync.Mutex
	conns map[net.Conn]bool
	left  int  // messages until the cut; 0: none
	late  bool // the message still arrives, and the answer does not
	cuts  int
}

func startProxy(t *testing.T, uri string) (p *proxy, through string) {
	t.Helper()
	parsed, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	p = &proxy{t: t, target: parsed.Host, conns: map[net.Conn]bool{}}
	if p.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := p.listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { p.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = p.listener.Close()
		p.cut()
		serving.Wait()
	})
	parsed.Host = p.listener.Addr().String()
	return p, parsed.String()
}

func (p *proxy) serve(from net.Conn) {
	to, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = from.Close()
		return
	}
	p.mu.Lock()
	p.conns[from], p.conns[to] = true, true
	p.mu.Unlock()
	var copying sync.WaitGroup
	copying.Go(func() { p.copy(to, from, p.cutsAt) })
	copying.Go(func() { p.copy(from, to, func([]byte) (bool, bool) { return false, false }) })
	copying.Wait()
	p.mu.Lock()
	delete(p.conns, from)
	delete(p.conns, to)
	p.mu.Unlock()
}

func (p *proxy) copy(to, from net.Conn, cutsAt func([]byte) (cut, late bool)) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buffer := make([]byte, 1<<16)
	for {
		n, err := from.Read(buffer)
		cut, late := cutsAt(buffer[:n])
		if !cut || late {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if cut {
			p.cut()
		}
		if err != nil || cut {
			return
		}
	}
}

// cutsAt counts what a client sends, pings apart.
func (p *proxy) cutsAt(message []byte) (cut, late bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(message) == 0 || p.left == 0 || bytes.Contains(message, []byte("-- ping")) {
		return false, false
	}
	p.left--
	if p.left == 0 {
		p.cuts++
		return true, p.late
	}
	return false, false
}

func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		_ = conn.Close()
	}
}

// after arms the proxy.
func (p *proxy) after(k int, late bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left, p.late = k, late
}

func (p *proxy) cutsSoFar() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts
}

// messagesOfAnEdit is more than the messages by which a pass keeps a document.
const messagesOfAnEdit = 12

// TestDatabaseGoesAwayAnywhere cuts the connections at every message of a pass, before it
// arrives and after that.
func TestDatabaseGoesAwayAnywhere(t *testing.T) {
	t.Parallel()
	w := quietWorld(t)
	p, through := startProxy(t, w.uri)
	w.declareServer("default", through, w.tenants)
	w.startOperator(cluster.Config, nil)
	tenant, profile, template := w.tenant("acme"), w.accountProfile("acme", "business"), w.eventTemplate("acme", "reminders", "business")
	w.create(tenant, profile, template)
	w.expect(profile, "Programmed=False/NoReadyReplica")
	w.expect(template, "Programmed=False/NoReadyReplica")
	for k := 1; k <= messagesOfAnEdit; k++ {
		for _, late := range []bool{false, true} {
			p.after(k, late)
			text := "Companies " + strings.Repeat("x", k)
			if late {
				text += " late"
			}
			patch(w, profile, func(p *v1alpha1.AccountProfile) { p.Spec.DisplayName = text })
			patch(w, template, func(t *v1alpha1.EventTemplate) { t.Spec.Actions[0].Email.Subject = text })
			kube.Eventually(t, "the edits are live", func() error {
				w.expect(profile, "Accepted=True", "Programmed=False/NoReadyReplica")
				w.expect(template, "Programmed=False/NoReadyReplica")
				return nil
			})
			w.expect(tenant, "DatabaseReady=True")
			w.checkNewestCopies(tenant, text)
		}
	}
	p.after(0, false)
	if cuts := p.cutsSoFar(); cuts < messagesOfAnEdit {
		t.Errorf("the connections were cut %d times only", cuts)
	}
	if s := w.configMap("acme"); !strings.Contains(s.Data[provision.KeySettings], " late") {
		t.Error("the last edit is not live")
	}
}

package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

func settingsDocument(t *testing.T, displayName string) string {
	t.Helper()
	document, err := config.Encode(config.Settings{Format: config.Format, Tenant: config.Entry{
		Name: "acme", UID: "u", Generation: 1,
		Content: []byte(fmt.Sprintf(`{"namespace":"acme","displayName":%q,"hostname":"my.acme.example","session":{"idleSeconds":60,"maxSeconds":600}}`, displayName)),
	}})
	if err != nil {
		t.Fatal(err)
	}
	return string(document)
}

// replica is a program that runs in the test.
type replica struct {
	settings, database string // directories
	log                *lockedBuffer
	stop               context.CancelFunc
	stopped            chan error
}

// start runs a program whose page is the tenant's display name.
func start(t *testing.T, document, uri string) *replica {
	t.Helper()
	return startProgram(t, document, uri, func(rt *Runtime) (http.Handler, error) {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, rt.Settings().Tenant.DisplayName) }), nil
	})
}

func startProgram(t *testing.T, document, uri string, handler func(*Runtime) (http.Handler, error)) *replica {
	t.Helper()
	program := Program{Component: "portal", Version: "v1", Listen: ":0", Handler: handler}
	return run(t, program, document, uri, "--listen=127.0.0.1:0", "--drain-seconds=0")
}

func run(t *testing.T, program Program, document, uri string, args ...string) *replica {
	t.Helper()
	t.Setenv("POD_NAME", "acme-"+program.Component+"-1")
	r := &replica{settings: t.TempDir(), database: t.TempDir(), log: &lockedBuffer{}, stopped: make(chan error, 1)}
	if document != "" {
		mount(t, r.settings, config.File, document)
	}
	mount(t, r.database, "uri", uri)
	args = append(args, "--admin-listen=127.0.0.1:0", "--settings-dir="+r.settings, "--database-dir="+r.database)
	ctx, cancel := context.WithCancel(t.Context())
	r.stop = cancel
	go func() { r.stopped <- Run(ctx, program, args, r.log) }()
	t.Cleanup(func() {
		cancel()
		if err := <-r.stopped; err != nil {
			t.Errorf("the program ended with %v", err)
		}
		close(r.stopped)
	})
	return r
}

var addressPattern = regexp.MustCompile(`"msg":"(admin listener|serving)".*"address":"([^"]+)"`)

// url waits for a listener: "admin listener" or "serving".
func (r *replica) url(t *testing.T, listener string) string {
	t.Helper()
	url := ""
	eventually(t, listener, func() bool {
		for _, found := range addressPattern.FindAllStringSubmatch(r.log.String(), -1) {
			if found[1] == listener {
				url = "http://" + found[2]
			}
		}
		return url != ""
	})
	return url
}

func (r *replica) page(t *testing.T, want string) {
	t.Helper()
	url := r.url(t, "serving")
	eventually(t, "the page shows "+want, func() bool { _, body := get(t, url); return body == want })
}

func (r *replica) ready(t *testing.T, status int, body string) {
	t.Helper()
	url := r.url(t, "admin listener") + "/readyz"
	last := ""
	defer func() {
		if t.Failed() {
			t.Logf("readyz: %s\n%s", last, r.log.String())
		}
	}()
	eventually(t, fmt.Sprintf("readyz says %d %s", status, body), func() bool {
		got, text := get(t, url)
		last = fmt.Sprintf("%d %s", got, text)
		return got == status && strings.Contains(text, body)
	})
}

func acknowledged(t *testing.T, tenant *storetest.Tenant, want store.Replica) {
	t.Helper()
	want.Login = tenant.Schema + "_portal"
	var got []store.Replica
	eventually(t, "the replica acknowledges "+want.Digest+" "+want.Error, func() bool {
		var err error
		if got, err = tenant.Admin.Replicas(t.Context()); err != nil || len(got) != 1 {
			return false
		}
		got[0].Age = want.Age
		return got[0].Digest == want.Digest && got[0].Error == want.Error && got[0].Login == want.Login
	})
	if diff := cmp.Diff([]store.Replica{want}, got); diff != "" {
		t.Errorf("replicas (-want +got):\n%s", diff)
	}
}

func TestRunFollowsTheSettings(t *testing.T) {
	tenant := storetest.New(t, server)
	one, two := settingsDocument(t, "One"), settingsDocument(t, "Two")
	r := start(t, one, tenant.PortalURI)
	r.ready(t, 200, "ok")
	r.page(t, "One")
	acknowledged(t, tenant, store.Replica{Pod: "acme-portal-1", Component: "portal", Digest: config.Digest([]byte(one))})

	mount(t, r.settings, config.File, two)
	r.page(t, "Two")
	acknowledged(t, tenant, store.Replica{Pod: "acme-portal-1", Component: "portal", Digest: config.Digest([]byte(two))})

	mount(t, r.settings, config.File, `{"format":99}`)
	_, loadError := config.Load([]byte(`{"format":99}`))
	acknowledged(t, tenant, store.Replica{
		Pod: "acme-portal-1", Component: "portal", Digest: config.Digest([]byte(two)),
		Error: "load settings.json: " + loadError.Error(),
	})
	r.page(t, "Two")
	r.ready(t, 200, "ok") // it serves the last good one
	_, metrics := get(t, r.url(t, "admin listener")+"/metrics")
	for _, want := range []string{"foyer_settings_last_reload_successful 0", `foyer_database_connections{state="used"}`, "foyer_database_connections_max 5"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}

	// The row was lost, as by a restored backup: a rotation writes it again.
	if err := tenant.Admin.ForgetReplicas(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	mount(t, r.settings, config.File, one)
	acknowledged(t, tenant, store.Replica{Pod: "acme-portal-1", Component: "portal", Digest: config.Digest([]byte(one))})
	if strings.Contains(r.log.String(), storetest.Password) {
		t.Error("the log holds the password of the database")
	}
}

func TestRunWithoutSettingsWaits(t *testing.T) {
	tenant := storetest.New(t, server)
	r := start(t, "", tenant.PortalURI)
	r.ready(t, 503, "settings: read the mounted file")
	mount(t, r.settings, config.File, "{")
	r.ready(t, 503, "settings: load settings.json: settings document is not readable")
	acknowledged(t, tenant, store.Replica{
		Pod: "acme-portal-1", Component: "portal",
		Error: "load settings.json: settings document is not readable: unexpected end of JSON input",
	})
	mount(t, r.settings, config.File, settingsDocument(t, "One"))
	r.page(t, "One")
	r.ready(t, 200, "ok")
}

// A replica that reached its database once stays ready: it has a page for when the
// database is away.
func TestRunAndAnOutage(t *testing.T) {
	own, err := postgres.Start(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { own.Close() })
	tenant := storetest.New(t, own)
	if err := own.Stop(); err != nil {
		t.Fatal(err)
	}
	one, two := settingsDocument(t, "One"), settingsDocument(t, "Two")
	r := start(t, one, tenant.PortalURI)
	r.page(t, "One")
	r.ready(t, 503, "database: it does not answer, or refuses this replica: the log says why\n")
	eventually(t, "the log says why", func() bool { return strings.Contains(r.log.String(), "failed to connect to") })
	if err := own.Start(); err != nil {
		t.Fatal(err)
	}
	r.ready(t, 200, "ok")
	acknowledged(t, tenant, store.Replica{Pod: "acme-portal-1", Component: "portal", Digest: config.Digest([]byte(one))})

	if err := own.Stop(); err != nil {
		t.Fatal(err)
	}
	mount(t, r.settings, config.File, two)
	r.page(t, "Two")
	r.ready(t, 200, "ok")
	eventually(t, "the log says that it cannot acknowledge", func() bool {
		return strings.Contains(r.log.String(), "could not acknowledge what this replica runs")
	})
	if err := own.Start(); err != nil {
		t.Fatal(err)
	}
	acknowledged(t, tenant, store.Replica{Pod: "acme-portal-1", Component: "portal", Digest: config.Digest([]byte(two))})
}

// A schema that is too old: the operator migrates it, and the replica waits.
func TestRunWaitsForTheSchema(t *testing.T) {
	tenant := storetest.New(t, server)
	r := start(t, settingsDocument(t, "One"), server.Database(t))
	r.ready(t, 503, "database: its schema cannot be read yet: the log says why\n")
	eventually(t, "the log says why", func() bool { return strings.Contains(r.log.String(), "goose_db_version") })
	mount(t, r.database, "uri", tenant.PortalURI)
	r.ready(t, 200, "ok")
}

// A program that needs more files is not ready before it has them, and keeps the last good
// ones.
func TestRunFollowsFiles(t *testing.T) {
	tenant := storetest.New(t, server)
	dir := t.TempDir()
	r := startProgram(t, settingsDocument(t, "One"), tenant.PortalURI, func(rt *Runtime) (http.Handler, error) {
		words, err := follow(rt, "words", dir, []string{"a"}, func(files [][]byte) (*string, error) {
			if word := string(files[0]); word != "" {
				return &word, nil
			}
			return nil, errors.New("there is no word")
		})
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, *words()) }), err
	})
	r.ready(t, 503, "process: is starting\nwords: read the mounted file")
	mount(t, dir, "a", "")
	r.ready(t, 503, "process: is starting\nwords: load a: there is no word\n")
	mount(t, dir, "a", "secret1")
	r.page(t, "secret1")
	r.ready(t, 200, "ok")
	mount(t, dir, "a", "")
	eventually(t, "the log says that the last good one stays", func() bool {
		return strings.Contains(r.log.String(), "the newest words could not be loaded")
	})
	r.ready(t, 200, "ok")
	r.page(t, "secret1")
	mount(t, dir, "a", "secret2")
	r.page(t, "secret2")
	if log := r.log.String(); strings.Contains(log, "secret") || strings.Contains(log, config.Digest([]byte("secret1"))) {
		t.Errorf("the log shows the files:\n%s", log)
	}
}

// One that is asked to stop while it waits ends as well as any other.
func TestRunStopsWhileItWaitsForFiles(t *testing.T) {
	tenant := storetest.New(t, server)
	r := startProgram(t, settingsDocument(t, "One"), tenant.PortalURI, func(rt *Runtime) (http.Handler, error) {
		_, err := follow(rt, "words", t.TempDir(), []string{"a"}, func([][]byte) (*string, error) { return nil, nil })
		return nil, err
	})
	r.ready(t, 503, "words: read the mounted file")
	r.stop() // that it ends without an error is looked at in the end of every test
}

func TestRunRefuses(t *testing.T) {
	program := Program{Component: "portal", Listen: ":0"}
	for want, args := range map[string][]string{
		"flag provided but not defined: -x":                     {"-x"},
		"--admin-listen: listen tcp: ":                          {"--admin-listen=256.0.0.1:0", "--database-dir=" + t.TempDir()},
		"read the database address, which the operator mounts:": {"--admin-listen=127.0.0.1:0", "--database-dir=" + t.TempDir()},
	} {
		err := Run(t.Context(), program, args, io.Discard)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v: got %v, want %s...", args, err, want)
		}
	}
}

package admin_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/store/admin"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

func TestUnreachable(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and never answers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() }) //nolint:errcheck // the test is over
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close() //nolint:errcheck // nobody listens now
	for what, address := range map[string]string{"nobody listens": gone.Addr().String(), "nobody answers": silent.Addr().String()} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			server := open(t, "postgres://manager:"+secret+"@"+address+"/foyer?sslmode=disable")
			begin := time.Now()
			_, err := server.Prepare(t.Context(), newOwner(), storetest.Logins(), nil)
			wantProblem(t, err, admin.Unreachable, address)
			if took := time.Since(begin); took > 9*time.Second {
				t.Errorf("took %s", took)
			}
			_, err = server.Tenant("foyer_0123456789abcdef").Replicas(t.Context())
			wantProblem(t, err, admin.Unreachable, address)
		})
	}
}

func TestUnauthorized(t *testing.T) {
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		t.Parallel()
		uri := server.Manager(t)
		role := mustParse(t, uri).User.Username()
		elsewhere := mustParse(t, as(t, uri, role, "postgres"))
		elsewhere.Path = "/nowhere"
		for what, test := range map[string]struct {
			uri   string
			words []string
		}{
			"wrong password": {as(t, uri, role, secret), []string{role, "sign in"}},
			"unknown role":   {as(t, uri, "stranger", secret), []string{"stranger", "sign in"}},
			"no database":    {elsewhere.String(), []string{`no database "nowhere"`}},
		} {
			t.Run(what, func(t *testing.T) {
				_, err := open(t, test.uri).Prepare(t.Context(), newOwner(), storetest.Logins(), nil)
				wantProblem(t, err, admin.Unauthorized, test.words...)
			})
		}
	})
}

func TestOpenRefusesWithoutSecrets(t *testing.T) {
	good := "postgres://m:" + secret + "@db/foyer"
	for what, config := range map[string]admin.Config{
		"empty":           {},
		"keywords":        {URI: "host=db user=m password=" + secret},
		"another scheme":  {URI: "mysql://m:" + secret + "@db"},
		"raw % in it":     {URI: "postgres://m:%zz" + secret + "@db"},
		"raw # in it":     {URI: "postgres://m:a#" + secret + "@db"},
		"odd port":        {URI: "postgres://m:" + secret + "@db:port/foyer"},
		"odd sslmode":     {URI: good + "?sslmode=perhaps"},
		"odd pool":        {URI: good + "?pool_max_conns=many"},
		"odd direct URI":  {URI: good, DirectURI: "postgres://m:" + secret + "@db:port/foyer"},
		"no certificates": {URI: good + "?sslmode=verify-full&sslrootcert=/nowhere/ca.crt"},
	} {
		_, err := admin.Open(config)
		if err == nil {
			t.Errorf("%s: opened", what)
			continue
		}
		wantProblem(t, err, admin.Unreachable, "the server's")
	}
}

func TestConfigKeepsItsSecrets(t *testing.T) {
	config := admin.Config{URI: "postgres://m:" + secret + "@db", DirectURI: "postgres://m:" + secret + "@db2"}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("opened", "config", config)
	for _, text := range []string{config.String(), fmt.Sprintf("%v %+v %#v %s", config, config, config, config), log.String()} {
		if strings.Contains(text, secret) {
			t.Errorf("%s", text)
		}
	}
}

// TestPingOfABusyServer: that the manager uses all its connections is no outage.
func TestPingOfABusyServer(t *testing.T) {
	t.Parallel()
	server := open(t, newest.Manager(t))
	release, err := server.Fill(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := server.Ping(ctx); err != nil {
		t.Error(err)
	}
}

// TestOutage: the server goes away under open connections and comes back.
func TestOutage(t *testing.T) {
	t.Parallel()
	server, err := postgres.Start(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() }) //nolint:errcheck // the test is over
	tenant := storetest.New(t, server)
	prepare := func(ctx context.Context) error {
		_, err := tenant.Server.Prepare(ctx, tenant.Owner, storetest.Logins(), nil)
		return err
	}
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, prepare(t.Context()), admin.Unreachable, "cannot be reached")
	err = tenant.Admin.LatestDocument(t.Context(), "settings", func(string, string) bool { return true })
	wantProblem(t, err, admin.Unreachable, "cannot be reached")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	if err := prepare(t.Context()); err != nil {
		t.Errorf("after the outage: %v", err)
	}
}

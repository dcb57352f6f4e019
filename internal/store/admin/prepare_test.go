package admin_test

import (
	"os"
	"testing"

	"github.com/foyerhq/foyer/internal/store/admin"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

var server *postgres.Server

func TestMain(m *testing.M) { os.Exit(postgres.Run(m, &server)) }

func TestPrepareOnce(t *testing.T) {
	tenant := storetest.New(t, server)
	again, err := tenant.Server.Prepare(t.Context(), tenant.Owner, storetest.Logins(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(again)
	v, err := tenant.Portal.SchemaVersion(t.Context())
	t.Log(v, err)
	_ = admin.Portal
}

// Package browser walks through the portal in a real browser (tests/*.spec.js), as
// customers do: the binaries of two tenants on a real database, configured by the
// samples and filled with the people of the demo, behind TLS under the names that the
// demo has too. `make test` installs what it needs.
package browser

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

var server *postgres.Server

func TestMain(m *testing.M) { os.Exit(postgres.Run(m, &server)) }

// world is what the tests in the browser know of the tenants, in FOYER_BROWSER.
type world struct {
	Port    string            `json:"port"` // where all host names lead
	Tenants map[string]access `json:"tenants"`
}

// access is how the tests reach one tenant besides its portal: by its API, and with the
// key that its links are signed with.
type access struct {
	API     string `json:"api"`
	Token   string `json:"token"`
	LinkKey string `json:"linkKey"`
	Tell    string `json:"tell"` // where a test says what people were told
}

func TestPortal(t *testing.T) {
	if _, err := os.Stat("node_modules"); err != nil {
		t.Fatal("the browser tests are not installed: run npm ci --prefix test/browser (make test does)")
	}
	binaries := build(t)
	edge := newEdge(t)
	w := world{Tenants: map[string]access{}}
	for _, tenant := range tenants() {
		w.Tenants[tenant.name] = start(t, binaries, edge, tenant)
	}
	_, w.Port, _ = net.SplitHostPort(edge.Listener.Addr().String())
	given, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	arguments := []string{"playwright", "test"}
	if only := os.Getenv("SPEC"); only != "" { // SPEC=contacts: one file, while it is written
		arguments = append(arguments, strings.Fields(only)...)
	}
	command := exec.CommandContext(t.Context(), "npx", arguments...) //nolint:gosec // tests of our own
	command.Env = append(os.Environ(), "FOYER_BROWSER="+string(given), "NO_COLOR=1")
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	if err := command.Run(); err != nil {
		t.Fatalf("npx playwright test: %v", err)
	}
}

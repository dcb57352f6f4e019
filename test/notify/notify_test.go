// Package notify tests what the channels send with programs of others at the other end: a
// mail server (Postfix), a parser of mails and the library of Standard Webhooks (npm), and a
// verifier of DKIM that signs nothing of ours. `make test` installs what it needs.
package notify

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/foyerhq/foyer/internal/notify/channel/outbound"
	"github.com/foyerhq/foyer/internal/testenv/https"
)

func TestMain(m *testing.M) { os.Exit(https.Run(m)) }

var loopback = outbound.NewGuard([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")})

// npm runs a script of package.json with an input and reads the JSON that it writes.
func npm(t *testing.T, script string, input []byte, result any) {
	t.Helper()
	if _, err := os.Stat("node_modules"); err != nil {
		t.Fatal("the libraries are not installed: run npm ci --prefix test/notify (make test does)")
	}
	command := exec.CommandContext(t.Context(), "npm", "run", "--silent", script) //nolint:gosec // a script of our own
	command.Stdin = bytes.NewReader(input)
	var problems bytes.Buffer
	command.Stderr = &problems
	out, err := command.Output()
	if err != nil {
		t.Fatalf("npm run %s: %v\n%s", script, err, problems.String())
	}
	if err := json.Unmarshal(out, result); err != nil {
		t.Fatalf("npm run %s: %v in\n%s", script, err, out)
	}
}

// secret writes a mounted Secret.
func secret(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

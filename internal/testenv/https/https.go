// Package https has a test program trust the servers of net/http/httptest, as it trusts
// those of the internet: without a setting that only tests would use.
//
//	func TestMain(m *testing.M) { os.Exit(https.Run(m)) }
package https

import (
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

// Run is a TestMain. The authorities of the system are read once, so it must come before
// any test.
func Run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "foyer-https-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a directory of tests
	server := httptest.NewTLSServer(nil)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}) // all servers have the same
	server.Close()
	file := filepath.Join(dir, "ca.crt")
	if err := os.WriteFile(file, certificate, 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := os.Setenv("SSL_CERT_FILE", file); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

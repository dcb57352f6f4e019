package edge

import (
	"crypto/x509"
	"testing"
)

// Browsers that are told to trust the authority believe it about nothing but this machine.
func TestAuthorityVouchesForThisMachineOnly(t *testing.T) {
	authority, err := LoadAuthority(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(authority.certificate)
	for host, trusted := range map[string]bool{
		"acme.localhost": true, "127.0.0.1": true, "10.88.0.1": true, "acme.example": false, "10.0.0.1": false, "203.0.113.7": false, "::1": false,
	} {
		leaf, err := authority.Certificate(host)
		if err != nil {
			t.Fatal(err)
		}
		certificate, err := x509.ParseCertificate(leaf.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err = certificate.Verify(x509.VerifyOptions{Roots: roots, DNSName: host}); (err == nil) != trusted {
			t.Errorf("%s: %v", host, err)
		}
	}
}

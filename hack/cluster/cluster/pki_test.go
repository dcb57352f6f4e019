package main

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
)

func TestEveryCertificateIsGoodForItsPurpose(t *testing.T) {
	dir := t.TempDir()
	if err := writePKI(dir); err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(filepath.Join(dir, "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	for _, id := range identities {
		t.Run(id.file, func(t *testing.T) {
			file := filepath.Join(dir, id.file)
			pair, err := tls.LoadX509KeyPair(file+".crt", file+".key")
			if err != nil {
				t.Fatal(err)
			}
			client := x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
			if _, err := pair.Leaf.Verify(client); err != nil {
				t.Errorf("not good for a client: %v", err)
			}
			for _, name := range append(id.dns, id.ips...) {
				if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: name}); err != nil {
					t.Errorf("not good for a server at %s: %v", name, err)
				}
			}
			if len(id.ips) == 0 {
				if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots}); err == nil {
					t.Error("a client's certificate is good for a server")
				}
			}
		})
	}
}

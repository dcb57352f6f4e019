package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const certificateLife = 5 * 365 * 24 * time.Hour

// authority is the cluster's own certificate authority. Its key is written
// nowhere: all certificates are made when the cluster is made.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

// identity is a certificate to be issued: who it names and where it may serve.
type identity struct {
	file   string
	name   string
	groups []string
	dns    []string
	ips    []string
}

// identities lists every certificate of the cluster. Names and groups of the
// clients are those that Kubernetes' built-in roles are bound to.
var identities = []identity{
	{file: "apiserver", name: "kube-apiserver",
		dns: []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"},
		ips: []string{gateway, serviceIP, "127.0.0.1"}},
	{file: "kubelet-server", name: nodeName, dns: []string{nodeName}, ips: []string{gateway}},
	{file: "etcd", name: "etcd", dns: []string{"localhost"}, ips: []string{"127.0.0.1"}},
	{file: "etcd-client", name: "kube-apiserver"},
	{file: "apiserver-kubelet-client", name: "kube-apiserver", groups: []string{"system:masters"}},
	{file: "admin", name: "foyer-admin", groups: []string{"system:masters"}},
	{file: "controller-manager", name: "system:kube-controller-manager"},
	{file: "scheduler", name: "system:kube-scheduler"},
	{file: "kubelet", name: "system:node:" + nodeName, groups: []string{"system:nodes"}},
	{file: "kube-proxy", name: "system:kube-proxy"},
	{file: "policies", name: "foyer-policies", groups: []string{"system:masters"}},
}

// writePKI makes a new authority, every certificate and the key pair that signs
// service account tokens.
func writePKI(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	ca, err := newAuthority()
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(dir, "ca.crt"), "CERTIFICATE", ca.certificate.Raw); err != nil {
		return err
	}
	for _, id := range identities {
		if err := ca.issue(dir, id); err != nil {
			return fmt.Errorf("certificate %s: %w", id.file, err)
		}
	}
	return writeServiceAccountKeys(dir)
}

func newAuthority() (authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return authority{}, err
	}
	template := certificateTemplate("foyer-cluster-ca", nil)
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return authority{}, err
	}
	certificate, err := x509.ParseCertificate(raw)
	return authority{certificate: certificate, key: key}, err
}

// issue writes FILE.crt and FILE.key. A certificate with an address may serve.
func (ca authority) issue(dir string, id identity) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := certificateTemplate(id.name, id.groups)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	template.DNSNames = id.dns
	for _, ip := range id.ips {
		template.IPAddresses = append(template.IPAddresses, net.ParseIP(ip))
	}
	if len(id.ips) > 0 {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, ca.certificate, key.Public(), ca.key)
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(dir, id.file+".crt"), "CERTIFICATE", raw); err != nil {
		return err
	}
	return writeKey(filepath.Join(dir, id.file+".key"), key)
}

func certificateTemplate(name string, groups []string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name, Organization: groups},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(certificateLife),
	}
}

func writeServiceAccountKeys(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(dir, "service-account.pub"), "PUBLIC KEY", public); err != nil {
		return err
	}
	return writeKey(filepath.Join(dir, "service-account.key"), key)
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	raw, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return writePEM(path, "EC PRIVATE KEY", raw)
}

func writePEM(path, kind string, raw []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw}), 0o600)
}

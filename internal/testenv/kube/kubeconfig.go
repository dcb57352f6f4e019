package kube

import (
	"os"
	"path/filepath"
	"testing"
)

// WithoutCRDs starts an API server that has none of our kinds yet.
func WithoutCRDs(c *Cluster) error {
	c.env.CRDDirectoryPaths = nil
	return nil
}

// Kubeconfig writes a file by which programs reach the API server as an administrator.
func (c *Cluster) Kubeconfig(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, c.env.KubeConfig, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

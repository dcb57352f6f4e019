package admin

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// The components that sign in to the database.
const (
	Portal     = "portal"
	Backoffice = "backoffice"
	Dispatcher = "dispatcher"
)

// Owner is the Tenant that a schema belongs to.
type Owner struct {
	ClusterUID string
	Namespace  string
	Name       string
}

// Schema is the name of the owner's schema and of the role that owns it.
func (o Owner) Schema() string {
	sum := sha256.Sum256([]byte(o.ClusterUID + "/" + o.Namespace + "/" + o.Name))
	return schemaPrefix + hex.EncodeToString(sum[:8])
}

// schemaPrefix begins the name of every schema that Foyer makes.
const schemaPrefix = "foyer_"

// isSchemaName says whether a role has the name of one that owns a tenant's schema.
func isSchemaName(role string) bool {
	hash, ours := strings.CutPrefix(role, schemaPrefix)
	_, err := hex.DecodeString(hash)
	return ours && err == nil && len(hash) == 16
}

func (o Owner) String() string {
	return fmt.Sprintf("Tenant %s/%s of cluster %s", o.Namespace, o.Name, o.ClusterUID)
}

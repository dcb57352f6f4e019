package admin

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
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
	return "foyer_" + hex.EncodeToString(sum[:8])
}

func (o Owner) String() string {
	return fmt.Sprintf("Tenant %s/%s of cluster %s", o.Namespace, o.Name, o.ClusterUID)
}

// loginRole is the name of a component's login role.
func loginRole(schema, component string) string { return schema + "_" + component }

// Package reach finds the integration API of a tenant for `kubectl foyer`.
//
// [ClusterAPI] reaches it with a person's own rights in the cluster: the token is in the Secret
// TENANT-cli, and requests go through a port-forward to a ready pod behind the Service
// TENANT-api. When that pod goes, the next connection is to another one. It needs the
// verb get on that Secret and that Service, list on pods and create on pods/portforward,
// and list on tenants where no tenant is named.
//
// [ServerAPI] reaches it by its address, from wherever that is open, with a token from a
// file.
//
// A token is in no message and in no error.
package reach

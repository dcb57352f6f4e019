package store

// ConnectionsPerPod is how many connections a pod of a tenant opens at most. The
// connection limits of the login roles follow from it.
const ConnectionsPerPod = 5

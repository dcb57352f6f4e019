// Package provision renders the objects that a Tenant owns. It is pure: the same
// Params give the same objects, byte for byte, and nothing is read or written.
//
//	provision.SettingsMap(p)   the ConfigMap of the settings document
//	provision.RoutingMap(p)    the ConfigMap of the routing document
//	provision.Objects(p)       Deployments of portal, backoffice and dispatcher, and all that goes
//	                           with them, from Services to an HTTPRoute
//	provision.Sites            the sites that are reached from outside the cluster
//	provision.NotAskedFor      what an earlier declaration asked for, and this one does not
//	provision.NamedSecrets     the Secrets that a Tenant names, which others make
//	provision.DatabaseSecret   how a component reaches the database
//	provision.TokenSecret      the first token of the integration API
//
// Every object is an apply configuration, has the Tenant as controller and carries
// the labels by which the manager's cache finds it. Package apply writes them.
//
// The pod templates hold nothing that changes with the configuration, neither the
// document nor its digest: a pod restarts when its image, its resources or this
// package change, and for no other reason. Nor do they hold a secret: pods mount
// Secrets by name.
package provision

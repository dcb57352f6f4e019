// Package controllers is the control plane: one pass over one tenant, run by any change
// of any of its objects, even when the Tenant itself is missing.
//
// A pass is a row of small phases, each in the file of its name:
//
//	gather       the Tenant and every profile and template that names it, from the cache
//	guard        its finalizer, if its data goes with it, and the deletion of that data
//	live         the documents that are live: their ConfigMaps, or their copies in the database
//	compile      objects + live documents -> documents to write + an outcome per object (pure)
//	database     schema, roles and Secrets; prepared beside the pass, see preparations
//	usage        how many accounts use what, asked once a minute
//	publish      the settings document: first to the table, then to the ConfigMap
//	workloads    Services and Deployments
//	publish      the routing document, in the same way
//	acknowledge  pods are told to look, and asked what they run
//	secrets      do the Secrets exist that the Tenant names?
//	report       the status of the Tenant and of each profile and template, where it differs
//
// A tenant has two documents, which are handled by one piece of code, see [document]. Each
// is decided by both, so nothing new goes live while one of them is not known; what is lost
// is restored in any state of the tenant. The settings document is what customers have, and
// goes live first; the routing document follows once the settings that it was decided with
// are live. That it cannot be written holds up no settings, but for an edit of the Tenant
// that live templates would have to follow: that one is refused.
//
// What a pass remembers between two runs ([memory]) only saves work: all of it can be
// lost at any moment. What decides is read: the objects, the ConfigMaps, the database.
//
// Nothing that can be slow holds up a pass. Servers that are away are polled beside it,
// and preparing a schema, migrations included, runs in a bounded pool; both run the
// pass again when they have something to say. Where hundreds of statuses differ at once, a
// pass writes them for half a second and leaves the rest to the next one.
//
// A pass that finds everything as it should be writes nothing.
package controllers

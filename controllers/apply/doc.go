// Package apply writes rendered objects to the API server, and only when there is
// something to write.
//
// An object is applied (server-side apply, field owner "foyer") when the digest that
// it carries differs from the rendered one, which sees what a release no longer
// renders, or when the live object does not contain what is rendered, which sees what
// somebody changed by hand. Otherwise nothing is sent: an operator at rest is silent.
//
// An object of our name that the Tenant does not control is somebody else's. It is
// never touched; Foreign tells the caller, who names it in the Tenant's status.
package apply

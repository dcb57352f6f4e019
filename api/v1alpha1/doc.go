// Package v1alpha1 is the API of Foyer: the kinds that a platform team declares in
// YAML. It imports apimachinery only, so that any client can link it.
//
//   - [Tenant]: one service provider, with its portal, backoffice and dispatcher
//   - [AccountProfile]: how accounts are treated
//   - [MyAccountProfile]: what an account's people see and may do in the portal
//   - [EventTemplate]: which event sends whom which message
//
// All kinds are namespaced and in the category "foyer". A reference names an object
// in the same namespace. An attribute that is not set is inherited.
//
// +kubebuilder:object:generate=true
// +kubebuilder:ac:generate=true
// +groupName=foyer.dev
package v1alpha1

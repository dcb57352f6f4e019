// Package settings holds the two registries of Foyer and the rules that resolve
// them. It is pure: no I/O, no clock, no Kubernetes.
//
// # Attributes
//
// An attribute is a setting of an account with a value per layer. An unset
// attribute inherits from the next layer, and the built-in value ends the chain:
//
//	account > account profile > tenant > built-in
//
// [Resolve] returns each value together with the layer that decided it, so that
// every page, API answer and status can say why a value is what it is. Some
// attributes have no built-in value: where no layer sets them the source is
// [SourceUnset] and the value is zero, and empty as text.
//
// Foyer enforces an attribute itself, or publishes it to the provider's systems
// ([Use]). The fields of an object inherit one by one, and so do the provider's
// own attributes, name by name: each has a key of its own, as "lateFee.amount" or
// "custom.segment". Quiet hours are one value. [Attributes.Keys] lists the keys that
// one layer sets, [Diff] those that changed.
//
// What says something about one customer, as "disputed", is of an account only: the
// kinds have no field for it.
//
// # Features
//
// A feature is something that a person may see or do in the portal. What a
// person has is the intersection of three sets ([Permit]):
//
//	the account's MyAccount profile  ∩  the contact's grants  ∩  the account's status
//
// Both registries ([AttributeRegistry], [FeatureRegistry]) are the single place
// where a key, its bounds, its default and its description are declared. The CRD
// enums are tested against them.
package settings

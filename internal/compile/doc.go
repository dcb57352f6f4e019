// Package compile turns the objects of one tenant into its settings document. It
// is pure: no clock, no client, no log. The same input gives the same bytes, in
// whatever order the objects come, and its own output changes nothing.
//
// [Compile] takes the objects as they are now, the document that is live, and the
// usage of profiles by accounts. It returns the document to write and, for each
// object, whether its newest generation was accepted and what of it is live.
//
// # The rules of carrying forward
//
//  1. What is rejected changes nothing: a refused generation keeps the last accepted
//     entry. While the Tenant itself is missing, refused or paused, or while the
//     document is too large, nothing at all is written.
//  2. What is deleted changes no customer by accident: the entry of a deleted profile
//     that is used by name stays, marked retired. It is dropped when every replica
//     knows that it cannot be assigned any more and nobody uses it. Rights that came
//     by customer or customer group end with the object.
//  3. The holder keeps: a hostname or a customer stays with the entry that is live;
//     age decides only over what nobody holds.
//  4. Changed surroundings: entries that are carried forward take part in every check,
//     so that the edit that would break them is the one that is refused. A check that
//     is stricter than the one that accepted a live entry only warns.
//  5. Entries are carried as raw JSON, so that fields of a newer release survive. A
//     document of an unknown format is an error. What is returned has been loaded by
//     the real loader.
//  6. A name is the identity: the same name with another uid is an edit, a new name is
//     a new entry.
package compile

// Package compile turns the objects of one tenant into its two documents: settings
// (the tenant and its profiles) and routing (its event templates). It is pure: no
// clock, no client, no log. The same input gives the same bytes, in whatever order
// the objects come, and its own output changes nothing.
//
// [Compile] takes the objects as they are now, the documents that are live, and the
// usage of profiles by accounts. It returns the documents to write and, for each
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
//
// # Event templates
//
// A template is checked as a whole, with every text and condition, against the payload
// of its event. What is live by an older, laxer release warns. Nobody has a right to a
// message, so the entry of a deleted template ends at once. A template is no user of the
// account profiles that it names: one that it was accepted with may go.
//
// Two enabled actions on one slot (event, account profile, channel and, of a dated event,
// day) conflict, which refuses nothing: the template that is live with the slot fires,
// else that of the older object, and what the other does not do is written down as
// withheld. Within one template it is refused.
//
// An edit of the tenant's own events that would break a template as it is live is
// refused, unless a generation of the template goes with it.
//
// While accounts that name no profile have the built-in one, it can be named by the name
// that the Tenant gives its default, else as "default".
//
// A routing document that is too large stays as it is, and the settings go on.
package compile

// Package config defines the documents that the control plane writes and the data
// plane runs. It is pure: types, canonical encoding, digest, and the questions
// that a replica asks of a loaded document.
//
// The settings document holds one tenant: its own entry and one entry for each
// profile. An entry is what customers have now, which is not always the newest
// generation of its object: a refused edit keeps the last accepted entry, and a
// deleted profile that accounts use by name stays as a retired one.
//
// The routing document holds the event templates of that tenant, each text once, by its
// digest. It is [Pack]ed into its ConfigMap, and only the dispatcher runs it.
//
// [Encode] and [EncodeRouting] write canonical JSON (sorted keys, no white space that
// depends on the writer), so that the [Digest] of equal content is equal. [Load] and
// [OpenRouting] parse a document into a live one; they ignore unknown fields, so that a
// release can add a field before every replica knows it, and refuse an unknown format
// version.
//
// Contents stay raw JSON inside an entry: what an older writer carried on is never
// re-encoded by a reader that does not know all of its fields.
package config

// Package manifest reads objects from YAML and JSON files as people keep them in
// repositories, and remembers where each field of them is.
//
// A file has any number of documents. Values are read as kubectl reads them. What
// cannot be read is a [Problem] with its place, and does not keep the other documents
// from being read.
package manifest

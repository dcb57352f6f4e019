// Package lint checks the objects of files without a cluster, by the code that judges
// them in one: package schema as the API server does, package compile as the operator.
//
// Files are often a part of a configuration. What an object names and the files do not
// have is replaced by a stand-in, so that the rest of the object is checked, and told
// as a note; with [Options].Complete it is an error, because nothing else will come.
//
// Nothing is live here, so that nothing is held or carried forward: of two objects in
// the files that exclude each other neither was first, and both are named.
package lint

// Package cli is `kubectl foyer`: what people who write Foyer's objects need on their
// own machines and in pipelines. Everything that it does is done by files alone, by
// the code of the API server and of the operator; it reaches no cluster and no database.
//
//	lint     checks objects before they are applied
//	events   tells which events there are and what they carry
//	render   fills in the texts of an event template
//
// [Main] runs it. It ends with one of three codes, for scripts: 0 all is well, 1 there is
// something to mend in the files or in the payload, 2 wrong usage, or nothing to read.
package cli
